"""A Debian 12 that has nothing of ours: a directory to chroot into, with a network of its own for its servers."""

import ctypes
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

from processes import Process, StartError, clean_environment, run

CLONE_NEWNET = 0x40000000
# What the commands of the documentation are run with; a chroot has no sudo.
PRELUDE = """set -e
sudo() { if [ "$1" = -u ]; then local user=$2; shift 2; runuser -u "$user" -- "$@"; else "$@"; fi; }
"""
NO_SERVICES = "#!/bin/sh\nexit 101\n"


def archive_sources():
    """Where this machine has its Debian packages from."""
    lists = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.sources"))]
    return [path for path in lists if path.exists() and "debian" in path.read_text()]


def archive_settings():
    """How this machine reaches them (proxies and the like), as apt.conf."""
    said = run(["/usr/bin/apt-config", "dump", "Acquire"])
    return "".join(f"{line}\n" for line in said.splitlines() if line.startswith(("Acquire::http", "Acquire::Check")))


class CleanRoot:
    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="anteroom-root-", dir="/var/tmp"))
        self.log = Path(f"{self.path}.log")
        self._running = []
        self._holder = None
        try:
            self._create()
        except BaseException:
            self.close()
            raise

    def _create(self):
        run(["/usr/bin/mmdebstrap", "--mode=root", "--variant=minbase", "--quiet", "bookworm", self.path,
             *archive_sources()], timeout=600)
        files = {"usr/sbin/policy-rc.d": NO_SERVICES, "etc/apt/apt.conf.d/99machine": archive_settings(),
                 "etc/dpkg/dpkg.cfg.d/fast": "force-unsafe-io\n"}
        for name, text in files.items():
            (self.path / name).write_text(text)
        (self.path / "usr/sbin/policy-rc.d").chmod(0o755)
        run(["/usr/bin/mount", "-t", "proc", "proc", self.path / "proc"])
        self._holder = subprocess.Popen(["/usr/bin/unshare", "--net", "/bin/sh", "-c", "ip link set lo up; echo; exec cat"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment())
        if not self._holder.stdout.readline():
            raise StartError("there can be no network of its own here")

    def close(self):
        for process in reversed(self._running):
            process.stop()
        if self._holder is not None:
            self._holder.communicate()
        subprocess.run(["/usr/bin/umount", self.path / "proc"], check=False, capture_output=True)
        if not any((self.path / "proc").iterdir() if (self.path / "proc").exists() else ()):
            shutil.rmtree(self.path, ignore_errors=True)
        self.log.unlink(missing_ok=True)

    @property
    def network(self):
        """A process that is in it."""
        return self._holder.pid

    def command(self, *words, is_online=False):
        """To run these words inside. Online: in this machine's network, for apt; its servers can't be reached then."""
        inside = ["/usr/sbin/chroot", self.path, *words]
        return inside if is_online else ["/usr/bin/nsenter", f"--net=/proc/{self._holder.pid}/ns/net", *inside]

    def shell(self, script, *, is_online=False, expected=0):
        """Standard output and error of a script, which has to end with that exit code."""
        done = subprocess.run(self.command("/bin/bash", "-c", PRELUDE + script, is_online=is_online), text=True, cwd="/",
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
                              env=clean_environment(DEBIAN_FRONTEND="noninteractive", HOME="/root"), check=False)
        assert done.returncode == expected, f"{script}\nended with {done.returncode}:\n{done.stdout[-3000:]}"
        return done.stdout

    def start(self, name, *words):
        process = Process(name, self.command(*words), self.log, environment=clean_environment())
        self._running.append(process)
        return process

    def in_network(self, function):
        """What the function returns, called where its sockets are made in the network of these servers."""
        result = []

        def enter():
            with open(f"/proc/{self._holder.pid}/ns/net", "rb") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            result.append(function())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return result[0]

    def write(self, path, text):
        (self.path / path).parent.mkdir(parents=True, exist_ok=True)
        (self.path / path).write_text(text)

    def read(self, path):
        return (self.path / path).read_text()

    def has(self, path):
        return os.path.lexists(self.path / path)
