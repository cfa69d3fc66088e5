"""A connection to each worker of a node: what one of them knows, the next may not know yet."""

import contextlib
import http.client
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

from .node import Node
from .processes import wait_until


def _inode(port: int, client_port: int) -> str | None:
    """Of the socket at the server's end: proc(5), /proc/net/tcp."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{port:04X}") and fields[2].endswith(f":{client_port:04X}"):
            return fields[9]
    return None


def _has(worker: int, inode: str | None) -> bool:
    with contextlib.suppress(FileNotFoundError):  # a file that was closed while we looked
        return any(os.readlink(file) == f"socket:[{inode}]" for file in Path(f"/proc/{worker}/fd").iterdir())
    return False


def send(workers: Iterable[int], number: int) -> None:
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, number)


def connect_to(node: Node, worker: int) -> http.client.HTTPConnection:
    """One that this worker has taken: the others stand still until it has. The kernel wakes one worker for each connection,
    and may choose one that stands still: there are more connections than workers."""
    others = node.workers() - {worker}
    tried: list[http.client.HTTPConnection] = []

    def taken() -> list[http.client.HTTPConnection]:
        return [one for one in tried if _has(worker, _inode(node.port, one.sock.getsockname()[1]))]

    def is_taken() -> bool:
        tried.append(node.connect())
        tried[-1].connect()
        return bool(taken())

    try:
        send(others, signal.SIGSTOP)
        wait_until(is_taken, 10, f"worker {worker}'s taking a connection")
    finally:
        send(others, signal.SIGCONT)
        kept = next(iter(taken()), None)
        for connection in tried:
            if connection is not kept:
                connection.close()
    assert kept is not None
    return kept


@contextlib.contextmanager
def each_worker(node: Node) -> Iterator[list[http.client.HTTPConnection]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(connect_to(node, worker))) for worker in sorted(node.workers())]
