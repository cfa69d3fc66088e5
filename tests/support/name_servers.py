"""DNS servers on the loopback interface: NSD, dnsmasq, and those that answer nothing, or rubbish."""

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from .processes import Process, free_port, run, wait_until

HEAD = """$ORIGIN {zone}.
$TTL 1
@ SOA ns.{zone}. postmaster.{zone}. {serial} 1 1 1 1
@ NS ns.{zone}.
ns A 127.0.0.1
"""


class Nsd:
    """Serves zones as they are written; a zone that cannot be read is answered for with SERVFAIL, any other with REFUSED."""

    def __init__(self, directory: Path, zones: tuple[str, ...]) -> None:
        self._directory = directory
        self._zones = zones
        self._serial = 0
        self.port = free_port()
        self._process: Process | None = None
        for zone in zones:
            self._write(zone, "")
        (directory / "nsd.conf").write_text(f"""
server:
  ip-address: 127.0.0.1@{self.port}
  server-count: 1
  username: ""
  chroot: ""
  database: ""
  zonesdir: {directory}
  zonelistfile: {directory}/zone.list
  xfrdfile: {directory}/xfrd.state
  xfrdir: {directory}
  pidfile: {directory}/nsd.pid
remote-control:
  control-enable: no
""" + "".join(f"zone:\n  name: {zone}\n  zonefile: {zone}.zone\n" for zone in zones))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _write(self, zone: str, records: str) -> None:
        self._serial += 1
        (self._directory / f"{zone}.zone").write_text(HEAD.format(zone=zone, serial=self._serial) + records + "\n")

    def serve(self, zone: str, records: str) -> None:
        """From now on, instead of what there was; lines as in a zone file."""
        self._write(zone, records)
        if self._process is None:
            return
        said = self._process.log.read_text().count(f"zone {zone} ")
        self._process.signal(signal.SIGHUP)
        process = self._process
        process.wait_until(lambda: process.log.read_text().count(f"zone {zone} ") > said, 10, f"to read the zone {zone}")

    def __enter__(self) -> "Nsd":
        run(["/usr/sbin/nsd-checkconf", self._directory / "nsd.conf"])
        self._process = Process("NSD", ["/usr/sbin/nsd", "-d", "-V", "3", "-c", self._directory / "nsd.conf"], self._directory / "nsd.log")
        self._process.wait_for_port(self.port)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.stop()


@contextlib.contextmanager
def dnsmasq(directory: Path, *options: str) -> Iterator[str]:
    """Its address. Options such as `--txt-record=NAME,TEXT`."""
    port = free_port()
    process = Process("dnsmasq", ["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--pid-file=",
                                  "--no-resolv", "--no-hosts", "--bind-interfaces", "--listen-address=127.0.0.1", f"--port={port}",
                                  "--auth-ttl=1", *options], directory / "dnsmasq.log")
    try:
        process.wait_for_port(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.stop()


@contextlib.contextmanager
def odd_server(answer: bytes | None) -> Iterator[str]:
    """The address of one that says the same to everybody, behind the question's own number; None: it never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.1)
        is_over = threading.Event()

        def serve() -> None:
            while not is_over.is_set():
                with contextlib.suppress(TimeoutError):
                    question, sender = server.recvfrom(4096)
                    if answer is not None:
                        server.sendto(question[:2] + answer, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            is_over.set()
            thread.join()
            wait_until(lambda: not thread.is_alive(), 5, "the odd name server")
