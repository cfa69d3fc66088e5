"""Ends a worker while it holds the lock of shared memory: followed from outside, one instruction at a time."""

import ctypes
import os
import signal
from pathlib import Path

SINGLE_STEP, ATTACH, DETACH = 9, 16, 17
WAIT_ALL = 0x40000000  # waitpid(2): __WALL
MOST_STEPS = 3_000_000  # a worker that hears of something has done with it long before
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request: int, pid: int, data: int = 0) -> None:
    if _libc.ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request} of {pid}")


def lock_of_zone(pid: int, size: int) -> int:
    """Where the lock of the zone of `size` bytes stands; its value is the process that holds it."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        begin, end = (int(number, 16) for number in line.split()[0].split("-"))
        if line.split()[1] == "rw-s" and end - begin == size:
            return begin
    raise AssertionError(f"worker {pid} has no shared memory of {size} bytes")


class Followed:
    """A worker that stands still until it is followed."""

    def __init__(self, pid: int, zone_size: int) -> None:
        self.pid = pid
        self._lock = lock_of_zone(pid, zone_size)
        self._memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
        _ptrace(ATTACH, pid)
        os.waitpid(pid, WAIT_ALL)

    def _step(self, number: int = 0) -> int:
        _ptrace(SINGLE_STEP, self.pid, number)
        _, status = os.waitpid(self.pid, WAIT_ALL)
        assert os.WIFSTOPPED(status), "the worker ended by itself"
        stopped_by = os.WSTOPSIG(status)
        return 0 if stopped_by == signal.SIGTRAP else stopped_by

    def _is_inside(self) -> bool:
        return int.from_bytes(os.pread(self._memory, 8, self._lock), "little") == self.pid

    def inside(self, longer_than: int = 0, at: int | None = None) -> int:
        """Goes on until a stay inside the lock that takes more than so many instructions has ended; how many it took.
        With `at`: until it has come that far, and no further."""
        number = taken = 0
        for _ in range(MOST_STEPS):
            number = self._step(number)
            if self._is_inside():
                taken += 1
                if at is not None and taken == at:
                    return taken
            elif taken > longer_than:
                return taken
            else:
                taken = 0
        raise AssertionError(f"no such stay in the lock in {MOST_STEPS} instructions")

    def let_go(self) -> None:
        os.close(self._memory)
        _ptrace(DETACH, self.pid)

    def kill(self) -> None:
        os.close(self._memory)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, WAIT_ALL)
