"""Rows of scripts/bench that need a particular load: sign-ons beside other requests, a hundred thousand people who wait, and
hours of traffic."""

import os
import re
import resource
import select
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self

from tests.support.node import Node
from tests.support.processes import clean_environment, wait_until
from tests.support.texts import found

from .bench_lab import LOAD_CPU, cpu_seconds, gates, median, private_kib
from .bench_rows import Measurements

GROUPS = ("latency", "waiting", "open_requests", "instructions", "steady")
LONG = ("steady", "growth")
# Instructions of a gated request above a plain one, as last looked at (callgrind, user space).
MOST_INSTRUCTIONS = 9200
# wrk waits between a connection's requests: what arrives does not depend on how fast the last one was answered.
UNHURRIED = "function delay() return math.random(2, 18) end"


class Loads(Measurements):
    # Other requests of a worker that handles sign-ons.

    def latency(self) -> None:
        token, _, _ = self.lab.people.sign_in(lifetime="10 hours")
        headers = [("Cookie", f"__Host-anteroom={token}")]
        pairs = []
        self.lab.keep_others_off()
        for _ in range(self.rounds):
            quiet = self.lab.wrk("/work", 4, headers, script=UNHURRIED, undisturbed=True)
            ready = self.responses(400)
            with SignOnsASecond(self, ready, 100) as signing_on:
                busy = self.lab.wrk("/work", 4, headers, script=UNHURRIED, undisturbed=True)
            assert signing_on.done >= 380, signing_on.done
            pairs.append((quiet.p99_ms, busy.p99_ms))
        ratio = median(busy / quiet for quiet, busy in pairs)
        self.row("p99 of other requests beside 100 sign-ons a second", "≤ 1.2 ×", f"{ratio:.2f} ×", ratio <= 1.2,
                 f"{median(quiet for quiet, _ in pairs):.2f} ms, then {median(busy for _, busy in pairs):.2f} ms")

    # The Waiting Room.

    def waiting(self, wanted: int = 100000, each: int = 10) -> None:
        """Where a process may not have as many descriptors, fewer people wait and what they cost is multiplied. Nothing in front
        cuts what is silent for less than five minutes."""
        self.lab.node.yaml += "pages: { stream_heartbeat: 5m }\n"
        self.lab.node.reload()
        count = descriptors_for(wanted) // each * each
        people = self.lab.people.sql(f"""INSERT INTO users (id, email, name, status)
                SELECT md5('w' || n)::uuid, 'w' || n || '@corp.test', 'W', 'waiting'
                FROM generate_series(1, {count // each}) n;
            SELECT id FROM users WHERE email LIKE 'w%@corp.test'""")
        tokens = self.lab.people.sessions(people, len(people))
        self.lab.people.sql("ANALYZE")  # or autovacuum does it meanwhile, and counts as ours
        before_memory = private_kib(self.lab.worker)
        idle = self.share_of_core(20)  # what a worker does anyway grows with nobody
        streams: list[socket.socket] = []
        poll = select.epoll()
        for i in range(count):
            streams.append(open_stream(self.lab.node, tokens[i % len(tokens)], f"127.0.1.{1 + i // 20000}"))
            poll.register(streams[-1], select.EPOLLIN)
        memory = (private_kib(self.lab.worker) - before_memory) / count
        reader = Reader(poll, streams)
        statements = self.lab.statements()
        busy = self.share_of_core(300, lambda seconds: reader.read(for_seconds=seconds))
        share = (busy - idle) * wanted / count
        asked = self.lab.statements() - statements
        self.row(f"{wanted:,} people in the Waiting Room", "≤ 1 % of a core", f"{share * 100:.2f} %", share <= 0.01,
                 f"measured with {count:,}, beside {idle * 100:.2f} % without any; {memory:.1f} KiB of memory each; "
                 f"{reader.lines} signs of life read")
        self.row("statements for them in five minutes", "0", str(asked), asked == 0)
        self.lab.people.sql("UPDATE users SET status = 'disabled' WHERE email = 'w1@corp.test'")
        begun, reader.changed = time.monotonic(), 0
        while reader.changed < each and time.monotonic() < begun + 30:
            reader.read(for_seconds=0.01)
        took = time.monotonic() - begun
        self.row("until one of them hears of a change", "≤ 2 s", f"{took:.2f} s", took <= 2)
        for stream in streams:
            stream.close()

    def share_of_core(self, seconds: float, meanwhile: Callable[[float], object] = time.sleep) -> float:
        before, begun = cpu_seconds(self.lab.worker), time.monotonic()
        meanwhile(seconds)
        return (cpu_seconds(self.lab.worker) - before) / (time.monotonic() - begun)

    # Requests that stay open: event streams, long polls, downloads.

    def open_requests(self, wanted: int = 10000, each: int = 10) -> None:
        """Each to an app that never answers, through the gate and, for what nginx takes by itself, beside it."""
        count = descriptors_for(2 * wanted) // 2 // each * each
        people = self.lab.people.sql(f"""INSERT INTO users (id, email, name, status)
                SELECT md5('o' || n)::uuid, 'o' || n || '@corp.test', 'O', 'active'
                FROM generate_series(1, {count // each}) n;
            INSERT INTO grants (user_id, level) SELECT id, 'viewer' FROM users WHERE email LIKE 'o%@corp.test';
            SELECT id FROM users WHERE email LIKE 'o%@corp.test'""")
        tokens = self.lab.people.sessions(people, len(people))
        self.lab.people.sql("ANALYZE")
        for token in tokens:  # all at once would be more than wait for the database
            assert self.lab.node.ask("/work", token).status == 200
        memory = {}
        with SilentApp(self.lab.hold_port) as app:
            for host, gated in (("plain.test", False), (self.lab.node.host, True)):
                idle, before = self.share_of_core(20), private_kib(self.lab.worker)
                streams = [open_request(self.lab.node, host, tokens[i % len(tokens)]) for i in range(count)]
                wait_until(lambda: app.taken >= count, 60, "all to reach the app")
                memory[gated] = (private_kib(self.lab.worker) - before) / count
                statements = self.lab.statements()
                busy = self.share_of_core(60)
                asked = self.lab.statements() - statements
                if gated:
                    break
                app.forget()
                for stream in streams:
                    stream.close()
                time.sleep(1)
            share = (busy - idle) * wanted / count
            self.row(f"{wanted:,} open requests, watched", "≤ 1 % of a core", f"{share * 100:.2f} %", share <= 0.01,
                     f"measured with {count:,}, beside {idle * 100:.2f} % without any; {memory[True]:.1f} KiB of memory each, "
                     f"{memory[False]:.1f} KiB without a gate")
            self.row("statements for them in a minute", "0", str(asked), asked == 0)
            theirs = streams[0::len(people)]
            poll = select.epoll()
            for stream in theirs:
                poll.register(stream, select.EPOLLIN | select.EPOLLONESHOT)
            self.lab.people.sql(f"UPDATE users SET status = 'disabled' WHERE id = '{people[0]}'")
            begun, ended = time.monotonic(), 0
            while ended < len(theirs) and time.monotonic() < begun + 30:
                ended += len(poll.poll(0.05))
            took = time.monotonic() - begun
            self.row("until those of one who is switched off have ended", "≤ 2 s", f"{took:.2f} s", took <= 2)
            for stream in streams:
                stream.close()

    # Instructions.

    def instructions(self) -> None:
        token, _, _ = self.lab.people.sign_in(lifetime="10 hours")
        self.lab.node.stop()
        node = self.lab.node
        conf = node.nginx_conf.replace("daemon off;", "daemon off; master_process off;")
        (node.directory / "one.conf").write_text(conf)
        server = subprocess.Popen(["/usr/bin/valgrind", "--tool=callgrind", f"--callgrind-out-file={node.directory}/callgrind",
                                   "/usr/sbin/nginx", "-p", node.directory, "-c", node.directory / "one.conf"],
                                  env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: is_answering(node), 120, "nginx under valgrind")
            counts = {kind: instructions_each(node, server.pid, host, cookie)
                      for kind, (host, cookie) in gates("login.test", token).items()}
        finally:
            server.terminate()
            server.wait(60)
        more = counts["gated"] - counts["plain"]
        self.row("instructions of a gated request above a plain one", f"≤ {MOST_INSTRUCTIONS}", f"{more:.0f}", more <= MOST_INSTRUCTIONS,
                 ", ".join(f"{kind} {count:.0f}" for kind, count in counts.items()))

    # Hours of traffic.

    def steady(self, requests: int = 1000000, sign_ons: int = 50000) -> None:
        token, _, _ = self.lab.people.sign_in(lifetime="10 hours")
        headers = [("Cookie", f"__Host-anteroom={token}")]
        self.lab.wrk("/work", 10, headers)
        self.sign_on_often(sign_ons // 10)
        before, asked = private_kib(self.lab.worker), 0
        while asked < requests:
            asked += self.lab.wrk("/work", 10, headers).requests
        between = private_kib(self.lab.worker)
        self.sign_on_often(sign_ons)
        after = private_kib(self.lab.worker)
        self.row(f"a worker's memory after {asked:,} requests", "+ ≤ 1 MiB", f"{(between - before) / 1024:+.2f} MiB",
                 between - before <= 1024)
        self.row(f"and after {sign_ons:,} sign-ons more", "+ ≤ 2 MiB", f"{(after - between) / 1024:+.2f} MiB", after - between <= 2048)

    def sign_on_often(self, count: int) -> None:
        connection = self.lab.node.connect()
        for _ in range(count // 100):
            for body, cookie in self.responses(100):
                assert self.post(connection, body, cookie).status == 303


class SignOnsASecond:
    """Posts what is ready at a fixed rate, from threads of its own; whoever is late is not waited for."""

    def __init__(self, bench: Measurements, ready: list[tuple[bytes, str]], rate: float) -> None:
        self._bench, self._ready, self._rate = bench, ready, rate
        self.done = 0
        self._begun = time.monotonic()
        self._threads = [threading.Thread(target=self._post, args=[k], daemon=True) for k in range(4)]

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join(30)

    def _post(self, first: int) -> None:
        os.sched_setaffinity(0, {int(LOAD_CPU)})  # of this thread
        connection = self._bench.lab.node.connect()
        for number in range(first, len(self._ready), len(self._threads)):
            time.sleep(max(0.0, self._begun + number / self._rate - time.monotonic()))
            assert self._bench.post(connection, *self._ready[number]).status == 303
            self.done += 1


class Reader:
    """Reads what many streams say."""

    def __init__(self, poll: select.epoll, streams: Iterable[socket.socket]) -> None:
        self._poll, self._by_fd = poll, {stream.fileno(): stream for stream in streams}
        self.lines, self.changed = 0, 0

    def read(self, for_seconds: float) -> None:
        end = time.monotonic() + for_seconds
        while (left := end - time.monotonic()) > 0:
            for fd, _ in self._poll.poll(left, 10000):
                said = self._by_fd[fd].recv(4096)
                assert said, "a stream has ended"
                self.lines += said.count(b"event: alive")
                self.changed += said.count(b"event: changed")


class SilentApp:
    """Takes connections, and answers nothing."""

    def __init__(self, port: int) -> None:
        self._listening = socket.create_server(("127.0.0.1", port), backlog=4096)
        self._taken: list[socket.socket] = []
        self._thread = threading.Thread(target=self._take, daemon=True)

    @property
    def taken(self) -> int:
        return len(self._taken)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listening.close()
        self.forget()

    def _take(self) -> None:
        os.sched_setaffinity(0, {int(LOAD_CPU)})  # of this thread
        while True:
            try:
                self._taken.append(self._listening.accept()[0])
            except OSError:
                return

    def forget(self) -> None:
        for connection in self._taken:
            connection.close()
        self._taken.clear()


def open_request(node: Node, host: str, token: str) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", node.port), timeout=30)
    stream.sendall(f"GET /hold HTTP/1.1\r\nHost: {host}\r\nCookie: __Host-anteroom={token}\r\n\r\n".encode())
    return stream


def descriptors_for(wanted: int, others: int = 1000) -> int:
    """How many of the wanted connections this process and nginx may have."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted + others, max(wanted + others, hard)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return min(wanted, hard - others)
    return wanted


def open_stream(node: Node, token: str, source: str) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", node.port), source_address=(source, 0), timeout=30)
    stream.sendall(f"GET /auth/waiting/events HTTP/1.1\r\nHost: {node.host}\r\nCookie: __Host-anteroom={token}\r\n\r\n".encode())
    said = stream.recv(4096)
    assert b"text/event-stream" in said, said[:300]
    return stream


def is_answering(node: Node) -> bool:
    try:
        return node.ask("/work").status == 302
    except OSError:
        return False


def instructions_each(node: Node, pid: int, host: str, cookie: str, count: int = 400) -> float:
    """By callgrind, of requests on one connection, the work around them left out."""
    connection = node.connect(timeout=120)

    def ask(times: int) -> None:
        for _ in range(times):
            assert node.ask("/work", host=host, cookies=[cookie], connection=connection).status == 200

    def control(*what: str) -> None:
        subprocess.run(["/usr/bin/callgrind_control", *what, str(pid)], check=True, capture_output=True, env=clean_environment())

    totals = []
    for times in (count, 3 * count):
        ask(20)
        for old in Path(node.directory).glob("callgrind.*"):
            old.unlink()
        control("--zero")
        ask(times)
        control("--dump")
        wait_until(lambda: list(Path(node.directory).glob("callgrind.*")), 30, "the counts")
        totals.append(max(int(found(r"^(?:totals|summary): (\d+)", path.read_text(), re.MULTILINE))
                          for path in Path(node.directory).glob("callgrind.*")))
    connection.close()
    return (totals[1] - totals[0]) / (2 * count)
