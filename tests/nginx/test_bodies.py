"""What requests to our own endpoints may bring, and how much of it a worker holds at once."""

import socket
import time

import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest

from tests.support.node import COOKIE
from tests.support.processes import wait_until

ACS = "/saml2/idpresponse"
MEGABYTE = 1 << 20
ONE_ADDRESS, STRANGERS, ALL = 4 * MEGABYTE, 16 * MEGABYTE, 32 * MEGABYTE
LARGE, FORM = 512 << 10, 64 << 10


class Unfinished:
    """Requests whose bodies never come to an end."""

    def __init__(self, node):
        self._node = node
        self._open = []
        self._waiting = []

    def close(self):
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._waiting.clear()

    def send(self, path, length, *, source="127.0.0.1", token=None, method="POST", more=""):
        """Announces a body and sends half of it at most; the answer's status if there is one, None while nginx waits."""
        connection = socket.create_connection(("127.0.0.1", self._node.port), timeout=20, source_address=(source, 0))
        self._open.append(connection)
        cookie = f"Cookie: {COOKIE}={token}\r\n" if token else ""
        head = (f"{method} {path} HTTP/1.1\r\nHost: {self._node.host}\r\nSec-Fetch-Site: same-origin\r\n{cookie}{more}"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n")
        connection.sendall(head.encode() + b"a" * min(length // 2, 1000))
        # The one behind it is answered by the same worker, after it has looked at this one.
        assert self._node.ask("/open/").status == 200
        connection.setblocking(False)
        try:
            return int(connection.recv(65536).split()[1])
        except BlockingIOError:
            self._waiting.append(connection)
            return None

    def ended(self):
        """How many of those that waited nginx has ended."""
        count = 0
        for connection in self._waiting:
            try:
                connection.recv(1, socket.MSG_PEEK)
                count += 1
            except BlockingIOError:
                pass
            except ConnectionError:
                count += 1
        return count


@pytest.fixture
def own_node(lab, cluster):
    node = lab.node(cluster)
    # A worker that has just started lets a page wait for its companies; here only bodies shall be waited for.
    assert node.ask("/auth/sign-in").status == 200
    return node


@pytest.fixture
def unfinished(own_node):
    made = Unfinished(own_node)
    yield made
    made.close()


def accepted(unfinished, path, length, **more):
    """How many a worker takes before it refuses; more than 200 are none of ours."""
    for count in range(200):
        status = unfinished.send(path, length, **more)
        if status is not None:
            assert status == 503
            return count
    raise AssertionError("it takes whatever comes")


def test_one_address_cannot_take_all_the_room(own_node, unfinished):
    assert accepted(unfinished, ACS, LARGE) == ONE_ADDRESS // LARGE
    assert unfinished.send(ACS, LARGE, source="127.0.0.2") is None
    assert unfinished.send(ACS, LARGE) == 503
    assert unfinished.send("/auth/sign-in", 100) == 503
    assert own_node.ask("/auth/sign-in").status == 200
    unfinished.close()
    wait_until(lambda: unfinished.send(ACS, LARGE) is None, 10, "room again")


def test_strangers_leave_room_for_whoever_is_signed_in(own_node, unfinished):
    own_node.wait_for_listener()
    token, _, _ = own_node.people.sign_in()
    assert own_node.ask("/x", token).status == 200
    for number in range(2, 6):
        assert accepted(unfinished, ACS, LARGE, source=f"127.0.0.{number}") == ONE_ADDRESS // LARGE
    assert accepted(unfinished, "/auth/manage/new-users", LARGE, source="127.0.1.1", token=token) == ONE_ADDRESS // LARGE


def test_who_holds_most_of_the_room_makes_some_for_who_comes(own_node, unfinished):
    """Thirty-two connections from four addresses kept everybody from signing on."""
    for number in range(2, 6):
        accepted(unfinished, ACS, LARGE, source=f"127.0.0.{number}")
    form = [("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin"), ("Accept", "text/html")]
    assert own_node.ask("/auth/sign-in", method="POST", headers=form, body=b"email=ann%40northwind.example").status == 200
    assert unfinished.send(ACS, LARGE, source="127.0.1.1") is None
    wait_until(unfinished.ended, 10, "the oldest of them to end")
    assert own_node.ask(ACS, method="POST", headers=form, body=b"SAMLResponse=" + b"A" * 20000).status != 503


def test_a_refusal_says_when_to_come_back(own_node, unfinished):
    accepted(unfinished, ACS, LARGE)
    answer = own_node.ask(ACS, method="POST", body=b"SAMLResponse=" + b"A" * 1000)
    assert answer.status == 503 and answer.header("retry-after") == "5"


@pytest.mark.parametrize("path, most", [("/auth/sign-in", FORM), ("/auth/sign-in/start", FORM), ("/auth/sign-out", FORM),
                                        ("/saml2/logout", LARGE), ("/auth/manage/queue", FORM), (ACS, LARGE),
                                        ("/auth/manage/new-users", FORM)])
def test_a_route_takes_no_more_than_it_needs(unfinished, path, most):
    assert unfinished.send(path, most) is None
    assert unfinished.send(path, most + 1) == 413


def test_a_list_may_be_long_where_there_is_a_session_to_lose(unfinished):
    assert unfinished.send("/auth/manage/new-users", LARGE, token="A" * 43) is None


@pytest.mark.parametrize("method, path, status", [
    ("POST", "/auth/nothing", 404), ("POST", "/auth/waiting", 405), ("POST", "/auth/metadata", 405), ("PUT", ACS, 405),
    ("DELETE", "/auth/sign-in", 405), ("GET", "/auth/sign-in", 200), ("POST", "/auth/scim/v2/northwind/Users", 401),
    ("PATCH", "/auth/scim/v2/northwind/Users/1", 401)])
def test_what_takes_no_body_is_answered_without_one(unfinished, method, path, status):
    assert unfinished.send(path, LARGE, method=method) == status


def test_a_host_that_is_not_ours_takes_no_body(lab, cluster):
    node = lab.node(cluster, yaml=lambda text: text.replace("http://localhost", "http://elsewhere.localhost"))
    made = Unfinished(node)
    assert made.send(ACS, LARGE) == 421
    made.close()


def test_a_body_that_trickles_in_is_given_up(lab, cluster):
    node = lab.node(cluster, server="client_body_timeout 2s;")
    with socket.create_connection(("127.0.0.1", node.port), timeout=20) as connection:
        connection.sendall(f"POST {ACS} HTTP/1.1\r\nHost: {node.host}\r\nContent-Length: {LARGE}\r\n\r\n".encode())
        connection.settimeout(0.1)
        ends_at = time.monotonic() + 60
        while time.monotonic() < ends_at:  # never two seconds without a byte
            try:
                connection.sendall(b"a")
                if connection.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        else:
            raise AssertionError("it waits for as long as something comes")
    assert node.ask("/auth/sign-in").status == 200


def test_http2_has_the_same_limits(lab, cluster):
    node = lab.node(cluster, start=False)
    node.nginx_conf = node.nginx_conf.replace(f"listen 127.0.0.1:{node.port};", f"listen 127.0.0.1:{node.port} http2;")
    node.start()
    state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    statuses = {}
    with socket.create_connection(("127.0.0.1", node.port), timeout=20) as connection:
        state.initiate_connection()
        for number in range(12):
            state.send_headers(1 + 2 * number, [(":method", "POST"), (":path", ACS), (":scheme", "http"),
                                                (":authority", node.host), ("content-length", str(LARGE))])
        connection.sendall(state.data_to_send())
        while len(statuses) < 12 - ONE_ADDRESS // LARGE:
            data = connection.recv(65536)
            assert data, "closed in the middle"
            for event in state.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    statuses[event.stream_id] = dict(event.headers)[":status"]
            connection.sendall(state.data_to_send())
    assert set(statuses.values()) == {"503"}
    assert min(statuses) == 1 + 2 * (ONE_ADDRESS // LARGE)


def memory_of(node):
    worker, = node.workers()
    with open(f"/proc/{worker}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def unread(node, path, count):
    """A connection with so many answers of which the client takes the headers alone."""
    state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    state.initiate_connection()
    state.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
    for number in range(count):
        state.send_headers(1 + 2 * number, [(":method", "GET"), (":path", path), (":scheme", "http"), (":authority", node.host)],
                           end_stream=True)
    connection = socket.create_connection(("127.0.0.1", node.port), timeout=60)
    connection.sendall(state.data_to_send())
    answered = 0
    while answered < count:
        answered += sum(isinstance(event, h2.events.ResponseReceived) for event in state.receive_data(connection.recv(65536)))
    return connection


def test_answers_that_strangers_do_not_read_take_little_memory(lab, cluster, workspace):
    logo = workspace / "logo.png"
    logo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(300_000))
    node = lab.node(cluster, start=False, yaml=lambda text: text + f"pages: {{ logo: {logo} }}\n")
    node.asan_options += ":quarantine_size_mb=1"
    node.nginx_conf = node.nginx_conf.replace(f"listen 127.0.0.1:{node.port};", f"listen 127.0.0.1:{node.port} http2;")
    node.start()
    opened = [unread(node, "/auth/assets/logo", 1)]
    before = memory_of(node)
    opened += [unread(node, "/auth/assets/logo", 120) for _ in range(4)]
    grown = (memory_of(node) - before) / MEGABYTE
    for connection in opened:
        connection.close()
    assert grown < 480 * 0.3 / 3, f"{grown:.0f} MB for 480 answers of 0.3 MB"
