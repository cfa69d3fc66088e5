"""A Debian 12 that has nothing of ours: a directory with an init system, processes and a network of its own."""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from tests.support.processes import Process, StartError, clean_environment, run, wait_until

CLONE_NEWNET = 0x40000000
CONTROL_GROUPS = Path("/sys/fs/cgroup")
# What the commands of the documentation are run with; a clean root has no sudo.
PRELUDE = """set -e
sudo() { if [ "$1" = -u ]; then local user=$2; shift 2; runuser -u "$user" -- "$@"; else "$@"; fi; }
"""
# Its arguments: the directory, then its control groups. On an older kernel's layout systemd wants two of them.
BOOT = """set -e
for group in "${@:2}"; do mkdir "$group"; echo $$ > "$group/cgroup.procs"; done
exec unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child=KILL --propagation private /bin/sh -c '
  set -e
  mount --bind "$1" "$1"
  cd "$1"
  mount -t proc proc proc
  mount -t sysfs -o ro sysfs sys
  mount -t tmpfs tmpfs run
  if [ $# -eq 2 ]; then
    mount -t cgroup2 cgroup2 sys/fs/cgroup
  else
    mount -t tmpfs tmpfs sys/fs/cgroup
    mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
    mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
  fi
  hostname clean
  exec chroot . /usr/bin/env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
' boot "$@"
"""


def archive_sources():
    """Where this machine has its Debian packages from."""
    lists = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.sources"))]
    return [path for path in lists if path.exists() and "debian" in path.read_text()]


def archive_settings():
    """How this machine reaches them (proxies and the like), as apt.conf."""
    said = run(["/usr/bin/apt-config", "dump", "Acquire"])
    return "".join(f"{line}\n" for line in said.splitlines() if line.startswith(("Acquire::http", "Acquire::Check")))


def control_groups(name):
    if (CONTROL_GROUPS / "cgroup.procs").exists():
        return [CONTROL_GROUPS / name]
    return [CONTROL_GROUPS / "systemd" / name, CONTROL_GROUPS / "unified" / name]


class CleanRoot:
    def __init__(self):
        self._directory = Path(tempfile.mkdtemp(prefix="anteroom-root-", dir="/var/tmp"))
        self._log = Path(f"{self._directory}.log")
        self._groups = control_groups(self._directory.name)
        self._boot = None
        try:
            self._create()
            self._start()
        except BaseException:
            self.close()
            raise

    def _create(self):
        run(["/usr/bin/mmdebstrap", "--mode=root", "--variant=minbase", "--include=systemd-sysv,dbus", "--quiet", "bookworm",
             self._directory, *archive_sources()], timeout=600)
        files = {"etc/apt/apt.conf.d/99machine": archive_settings(), "etc/dpkg/dpkg.cfg.d/fast": "force-unsafe-io\n",
                 "etc/systemd/journald.conf": "[Journal]\nReadKMsg=no\n"}
        for name, text in files.items():
            (self._directory / name).write_text(text)
        for terminal in ("getty@tty1", "console-getty"):  # that is this machine's
            (self._directory / f"etc/systemd/system/{terminal}.service").symlink_to("/dev/null")

    def _start(self):
        self._boot = Process("the clean root's init", ["/bin/bash", "-c", BOOT, "boot", self._directory, *self._groups],
                             self._log, stop_signal=signal.SIGKILL)
        self._boot.wait_until(lambda: self.says("systemctl is-system-running") in ("running", "degraded"), 60)

    def close(self):
        if self._boot is not None:
            self._boot.stop()
            wait_until(lambda: all(map(self._is_gone, self._groups)), 20, "the end of the clean root's processes")
        shutil.rmtree(self._directory, ignore_errors=True)
        self._log.unlink(missing_ok=True)

    @staticmethod
    def _is_gone(group):
        """Removes a control group and what is below it, as far as nobody is in there any more."""
        subprocess.run(["/usr/bin/find", group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"], check=False,
                       capture_output=True)
        return not group.exists()

    @property
    def _init(self):
        """Its process here, or None while there is none."""
        children = Path(f"/proc/{self._boot.pid}/task/{self._boot.pid}/children").read_text().split()
        return children[0] if children else None

    @property
    def files(self):
        """Its root directory, with all that is mounted there."""
        return Path(f"/proc/{self._init}/root")

    def _command(self, *words, is_online):
        space = [f"--{kind}" for kind in ("mount", "pid", "uts", "ipc", "cgroup", *([] if is_online else ["net"]))]
        return ["/usr/bin/nsenter", "--target", self._init, *space, "/usr/sbin/chroot", self._directory, *words]

    def says(self, script):
        """Standard output of a script, whatever its end; empty while there is nobody to run it."""
        if self._init is None:
            return ""
        done = subprocess.run(self._command("/bin/sh", "-c", script, is_online=False), text=True, capture_output=True,
                              cwd="/", env=clean_environment(), timeout=60, check=False)
        return done.stdout.strip()

    def shell(self, script, *, is_online=False, expected=0):
        """Standard output and error of a script, which has to end with that exit code. Online: in this machine's network,
        for apt; its own servers can't be reached then."""
        done = subprocess.run(self._command("/bin/bash", "-c", PRELUDE + script, is_online=is_online), text=True, cwd="/",
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
                              env=clean_environment(DEBIAN_FRONTEND="noninteractive", HOME="/root"), check=False)
        assert done.returncode == expected, f"{script}\nended with {done.returncode}:\n{done.stdout[-3000:]}"
        return done.stdout

    def wait_for(self, condition, what, seconds=30):
        """Until it is true; else what the services said last."""
        try:
            wait_until(condition, seconds, what)
        except StartError as error:
            raise StartError(f"{error}\n{self.says('journalctl -n 40 --no-pager')}") from None

    def workers(self):
        """Processes of nginx's workers."""
        return set(self.says("grep -l '^nginx: worker' /proc/[0-9]*/cmdline").split())

    def in_network(self, function):
        """What the function returns, called where its sockets are made in the network of these servers."""
        result = []

        def enter():
            with open(f"/proc/{self._init}/ns/net", "rb") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            result.append(function())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return result[0]

    def write(self, path, text):
        (self.files / path).parent.mkdir(parents=True, exist_ok=True)
        (self.files / path).write_text(text)

    def make_certificate(self, path):
        """PATH.pem and PATH.key."""
        run(["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=example.com",
             "-keyout", self.files / f"{path}.key", "-out", self.files / f"{path}.pem"])

    def has(self, path):
        return os.path.lexists(self.files / path)
