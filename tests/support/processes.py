"""Child processes that never outlive us: the building block of every server the demo and the tests start."""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
MEMORY_FOR_SCRATCH = 4 << 30  # bytes
PATIENCE = 4  # how many times longer a busy machine may take than one that does nothing else
_libc = ctypes.CDLL(None, use_errno=True)
_given: set[int] = set()  # ports


class StartError(Exception):
    """A server did not start; the message says what to look at."""


def service_user(preferred: str) -> pwd.struct_passwd | None:
    """The account a server runs as: None (ourselves) unless we are root, then `preferred`."""
    return pwd.getpwnam(preferred) if os.geteuid() == 0 else None


def clean_environment(**extra: str) -> dict[str, str]:
    """An environment that does not depend on the caller's: no proxies, no locale, no libpq or Python settings."""
    kept = {name: os.environ[name] for name in ("HOME", "USER", "TERM") if name in os.environ}
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", **kept, **extra}


def sanitizer_options(*more: str) -> str:
    """The value of ASAN_OPTIONS: undefined behaviour is reported as the illegal instruction that it ends at."""
    return ":".join(("handle_sigill=2", *more))


def scratch_directory(prefix: str) -> Path:
    """A new one for what is written a lot and kept by nobody: in memory where there is plenty, for a database makes a thousand files
    and a disk may take its time over each that goes. Its path is short (a socket's may have 107 characters)."""
    memory = Path("/dev/shm")
    has_room = os.access(memory, os.W_OK | os.X_OK) and shutil.disk_usage(memory).free >= MEMORY_FOR_SCRATCH
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=memory if has_room else "/tmp"))
    path.chmod(0o755)
    return path


def free_port() -> int:
    """A TCP port on the loopback interface that nobody listens on now, another one each time."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


def is_port_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def is_port_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Polls `condition` until it is true; StartError naming `what` if that takes far longer than the `seconds` that it takes."""
    deadline = time.monotonic() + PATIENCE * seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise StartError(f"{what} took longer than {PATIENCE * seconds:g} s")


def tail(path: Path, lines: int = 15) -> str:
    try:
        return "\n".join(Path(path).read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def _identity(user: pwd.struct_passwd | None) -> Any:
    """What makes a child process run as that account."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Process:
    """One server in a process group of its own, its output in a log file.

    It gets `stop_signal` when we die, however we die, and is killed if it does not end within
    `patience` seconds of stop().
    """

    def __init__(self, name: str, command: Sequence[object], log: Path, *, environment: dict[str, str] | None = None,
                 user: pwd.struct_passwd | None = None, stop_signal: signal.Signals = signal.SIGTERM,
                 patience: float = 10, directory: str | Path = "/") -> None:
        self.name = name
        self.log = Path(log)
        self._stop_signal = stop_signal
        self._patience = patience

        def die_with_parent() -> None:
            _libc.prctl(PR_SET_PDEATHSIG, int(stop_signal))

        with open(self.log, "ab") as output:
            # The death signal is set after the change of user, which would clear it.
            self._child = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, cwd=directory, env=environment or clean_environment(),
                start_new_session=True, preexec_fn=die_with_parent, **_identity(user))  # noqa: PLW1509 (it calls prctl alone)

    @property
    def pid(self) -> int:
        return self._child.pid

    def is_running(self) -> bool:
        return self._child.poll() is None

    def wait_until(self, condition: Callable[[], object], seconds: float = 20, what: str = "to be ready") -> None:
        def ready() -> object:
            if not self.is_running():
                raise StartError(f"{self.name} ended with status {self._child.returncode}; the end of {self.log}:\n"
                                 f"{tail(self.log)}")
            return condition()

        try:
            wait_until(ready, seconds, f"{self.name} {what}")
        except StartError as error:
            if str(self.log) in str(error):
                raise
            raise StartError(f"{error}; the end of {self.log}:\n{tail(self.log)}") from None

    def wait_for_port(self, port: int, seconds: float = 20) -> None:
        self.wait_until(lambda: is_port_open(port), seconds, f"to listen on port {port}")

    def signal(self, number: int) -> None:
        if self.is_running():
            self._child.send_signal(number)

    def stop(self) -> None:
        """Ends the process and all that it started; idempotent."""
        if self.is_running():
            self._child.send_signal(self._stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(self._patience)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()


def run(command: Sequence[object], *, environment: dict[str, str] | None = None, user: pwd.struct_passwd | None = None,
        input_text: str | None = None, timeout: float = 120) -> str:
    """Runs a command to its end and returns its standard output; StartError with what it said if it fails."""
    done = subprocess.run([str(part) for part in command], env=environment or clean_environment(),
                          input=input_text, capture_output=True, text=True, timeout=timeout, cwd="/",
                          stdin=subprocess.DEVNULL if input_text is None else None, check=False, **_identity(user))
    if done.returncode != 0:
        raise StartError(f"{Path(str(command[0])).name} failed with status {done.returncode}: "
                         f"{(done.stderr or done.stdout).strip()}")
    return done.stdout
