"""People who ask without a pause, and surroundings that go wrong."""

import contextlib
import hashlib
import json
import secrets
import selectors
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import uuid
from pathlib import Path

import pytest

from tests.support.laboratory import app, cluster, keys, lab, own_cluster, workspace
from tests.support.processes import wait_until
from tests.support.saml import live
from tests.support.saml.browser import post_response, start

HERE = Path(__file__).resolve().parent


class Crowd:
    """Threads that each ask as somebody of their own and hold every answer against what it may be: their own identity,
    or one of `allowed`. A connection for each request, so that none is lost to keep-alive."""

    def __init__(self, node, people, allowed=(200,), path="/work"):
        self._node, self._allowed, self._path = node, allowed, path
        self._is_over = threading.Event()
        self.answers, self.wrong = 0, []
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=person, daemon=True) for person in people]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self, token, email):
        while not self._is_over.is_set():
            try:
                answer = self._node.ask(self._path, token)
                seen = answer.seen("X-Auth-Email") if answer.status == 200 else None
                fine = answer.status in self._allowed and seen in (None, [email])
                what = (answer.status, seen, email)
            except OSError as error:
                fine, what = OSError in self._allowed, (repr(error), email)
            with self._lock:
                self.answers += 1
                if not fine:
                    self.wrong.append(what)

    def goes_on(self, count=20):
        answered = self.answers
        wait_until(lambda: self.answers > answered + count, 20, "answers")


@pytest.fixture
def crowd():
    return Crowd


class SignOns:
    """A node of this kind can be signed on at; the IdP's keys are at hand."""

    def __init__(self, node, keys):
        self.node, self._keys = node, keys

    def start(self):
        return start(self.node)

    def message(self, under_way, email="ann@corp.test"):
        return live.fresh_response(self._keys, under_way.request_id, email)

    def post(self, under_way, message=None):
        return post_response(self.node, message or self.message(under_way), under_way)


@pytest.fixture
def make_sign_ons(lab, workspace, cluster):
    """SignOns at a new node; what it takes goes to Lab.node()."""
    keys = live.authorities()
    path = workspace / "faults.xml"
    path.write_text(live.registered(keys))
    live.write_key_pairs(keys, workspace)

    def make(own=None, change=lambda text: text, **options):
        node = lab.node(own or cluster, yaml=lambda text: change(live.configuration(path, "")(text)), **options)
        node.people._origin = "https://login.test"
        return SignOns(node, keys)
    return make


def make_slow(node, seconds, when="BEFORE INSERT ON sessions"):
    """A statement that takes its time; a constraint trigger takes it at the commit."""
    kind = "CONSTRAINT TRIGGER" if "DEFERRED" in when else "TRIGGER"
    node.people.sql(f"""CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END $$;
        CREATE {kind} slowly {when} FOR EACH ROW EXECUTE FUNCTION slowly()""")


SLEEPING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"


def is_sleeping(node):
    return node.people.sql(SLEEPING) != []


@pytest.fixture
def slow():
    """make(node, seconds, …) and what shows that a statement is under way."""
    class Slow:
        make, is_under_way, sql = staticmethod(make_slow), staticmethod(is_sleeping), SLEEPING
    return Slow


class Surroundings:
    """What nginx takes for the time and for randomness, and how its threads end, see surroundings.c."""

    def __init__(self, folder):
        self._state = folder / "state"
        self.library = folder / "surroundings.so"
        subprocess.run(["/usr/bin/cc", "-O1", "-shared", "-fPIC", "-o", self.library, HERE / "surroundings.c"], check=True)
        self.set()

    def set(self, clock=0, no_randomness=False, late_thread_ends=0):
        if not self._state.exists():
            self._state.write_bytes(bytes(24))
        with self._state.open("r+b") as file:
            file.write(struct.pack("qqq", clock, no_randomness, late_thread_ends))

    def surround(self, node):
        node.preload.append(self.library)
        node.more_environment["SURROUNDINGS"] = str(self._state)
        return node.start()


@pytest.fixture
def surroundings():
    folder = Path(tempfile.mkdtemp(prefix="anteroom-surroundings-", dir="/tmp"))
    folder.chmod(0o755)
    yield Surroundings(folder)
    shutil.rmtree(folder, ignore_errors=True)


class Wire:
    """Between nginx and PostgreSQL's socket: a connection can be cut so that the server does not notice at once."""

    def __init__(self, directory, target):
        directory.mkdir()
        directory.chmod(0o755)
        self._target = target
        self._listener = socket.socket(socket.AF_UNIX)
        path = directory / ".s.PGSQL.5432"
        self._listener.bind(str(path))
        path.chmod(0o777)
        self._listener.listen(64)
        self._pairs = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(str(self._target))
            except OSError:
                client.close()
                continue
            self._pairs.append((client, server))
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    @staticmethod
    def _copy(source, sink):
        try:
            while (piece := source.recv(65536)):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        """nginx loses its connections; the server goes on with what it has been asked."""
        for client, _ in self._pairs:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._listener.close()
        for pair in self._pairs:
            for end in pair:
                end.close()


@pytest.fixture
def make_wire():
    made = []

    def make(directory, cluster):
        made.append(Wire(directory, cluster.socket_directory / ".s.PGSQL.5432"))
        return made[-1]
    yield make
    for wire in made:
        wire.close()


def seen_by_app(received):
    """The X-Auth-Email of each answer in a stream of pipelined ones."""
    decoder, found = json.JSONDecoder(), []
    text = received.decode("latin-1")
    position = text.find('{"method"')
    while position >= 0:
        what, end = decoder.raw_decode(text, position)
        found.append([value for name, value in what["headers"] if name.lower() == "x-auth-email"])
        position = text.find('{"method"', end)
    return found


class HoldingApp:
    """Accepts every upgrade and holds the connection: one thread for thousands."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._is_over = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over = True
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()

    def _serve(self):
        while not self._is_over:
            for key, _ in self._selector.select(0.1):
                if key.fileobj is self._listener:
                    self._selector.register(self._listener.accept()[0], selectors.EVENT_READ)
                else:
                    self._answer(key.fileobj)

    def _answer(self, client):
        try:
            received = client.recv(65536)
            if received:
                client.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                return
        except OSError:
            pass
        self._selector.unregister(client)
        client.close()


def many_sessions(node, count):
    """(token, email) of people with a session each, put into the database at once."""
    people = [(node.people.new_token(), f"many{i}-{secrets.token_hex(3)}@northwind.example", str(uuid.uuid4()))
              for i in range(count)]
    rows = ",".join(f"('{user}', '{email}', 'Ann', 'active')" for _, email, user in people)
    node.people.sql(f"INSERT INTO users (id, email, name, status) VALUES {rows}")
    rows = ",".join(f"('{user}', NULL, 'viewer')" for _, _, user in people)
    node.people.sql(f"INSERT INTO grants (user_id, property, level) VALUES {rows}")
    rows = ",".join(f"('\\x{hashlib.sha256(token.encode()).hexdigest()}', '{secrets.token_hex(8)}', '{user}', "
                    f"gen_random_uuid(), 'http://{node.host}', 'northwind', now() + interval '1 hour', now())"
                    for token, _, user in people)
    node.people.sql("INSERT INTO sessions (token_hash, reference, user_id, sign_on_id, origin, idp, expires_at, "
                    f"authenticated_at) VALUES {rows}")
    return [(token, email) for token, email, _ in people]


def scans(node):
    """How often sessions have been looked up, once the counters rest."""
    count = "SELECT pg_stat_force_next_flush(), sum(seq_scan + idx_scan) FROM pg_stat_user_tables WHERE relname = 'sessions'"
    seen = []

    def rests():
        seen.append(node.people.sql(count))
        return len(seen) > 2 and seen[-1] == seen[-2] == seen[-3]

    wait_until(rests, 20, "the counters to rest")
    return int(seen[-1][0].split("|")[1])
