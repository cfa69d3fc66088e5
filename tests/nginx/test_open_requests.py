"""Requests that stay open: WebSockets end with what let them through, the Waiting Room's stream says what has changed."""

import socket

import pytest

from tests.support.node import COOKIE, LISTENERS, SCRIPT, WEBSOCKET
from tests.support.processes import wait_until

SOCKETS = """proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
location / { auth_saml on; proxy_pass http://app; }
location /manager/ { auth_saml on; auth_saml_require manager; proxy_pass http://app; }
location /fresh/ { auth_saml on; auth_saml_step_up 1m; proxy_pass http://app; }
"""
EVENTS = "/auth/waiting/events"


class Open:
    """A connection whose answer has begun; `.is_closed` once the other side has ended it."""

    def __init__(self, node, path, token, headers=()):
        self._socket = socket.create_connection(("127.0.0.1", node.port), timeout=10)
        lines = [f"GET {path} HTTP/1.1", f"Host: {node.host}", f"Cookie: {COOKIE}={token}",
                 *(f"{name}: {value}" for name, value in headers)]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.received, self.is_closed = b"", False
        while b"\r\n\r\n" not in self.received and not self.is_closed:
            self.read()
        self._socket.settimeout(0.02)

    def read(self):
        try:
            piece = self._socket.recv(4096)
        except TimeoutError:
            return self
        except ConnectionError:
            piece = b""
        self.received += piece
        self.is_closed = not piece
        return self

    def echoes(self):
        self._socket.sendall(b"ping")
        self.received = b""
        wait_until(lambda: self.read().received == b"ping", 20, "the echo")
        return True

    def ends(self):
        wait_until(lambda: self.read().is_closed, 30, "the end of the connection")
        return True

    def hears(self, event):
        self.received = b""
        wait_until(lambda: event in self.read().received, 30, f"{event}")
        return True

    def close(self):
        self._socket.close()


@pytest.fixture
def socket_node(lab, cluster):
    return lab.node(cluster, locations=SOCKETS, workers=2)


def web_sockets(node, token, path="/socket", count=8):
    """Enough to be at both workers."""
    opened = [Open(node, path, token, WEBSOCKET) for _ in range(count)]
    assert all(one.received.startswith(b"HTTP/1.1 101") for one in opened)
    return opened


ENDINGS = {
    "the session is signed out": "DELETE FROM sessions WHERE user_id = '{user}'",
    "the account is disabled": "UPDATE users SET status = 'disabled' WHERE id = '{user}'",
    "the last grant is taken away": "DELETE FROM grants WHERE user_id = '{user}'",
}


@pytest.mark.parametrize("change", ENDINGS.values(), ids=ENDINGS)
def test_web_sockets_end_when(socket_node, change):
    token, _, user = socket_node.people.sign_in()
    other, _, _ = socket_node.people.sign_in()
    ending, staying = web_sockets(socket_node, token), web_sockets(socket_node, other, count=4)
    socket_node.people.sql(change.format(user=user))
    assert all(one.ends() for one in ending)
    assert all(one.echoes() for one in staying)


def test_web_sockets_end_when_the_level_is_no_longer_enough(socket_node):
    token, _, user = socket_node.people.sign_in(grants=[("*", "manager")])
    above, below = web_sockets(socket_node, token, "/manager/socket"), web_sockets(socket_node, token)
    socket_node.people.sql(f"UPDATE grants SET level = 'viewer' WHERE user_id = '{user}'")
    assert all(one.ends() for one in above)
    assert all(one.echoes() for one in below)


def test_web_sockets_end_when_the_session_does_by_itself(socket_node):
    token, _, user = socket_node.people.sign_in()
    socket_node.people.sql(f"UPDATE sessions SET expires_at = now() + interval '2 seconds' WHERE user_id = '{user}'")
    assert all(one.ends() for one in web_sockets(socket_node, token))


def test_a_web_socket_outlives_the_freshness_of_its_sign_on(socket_node):
    token, _, user = socket_node.people.sign_in()
    opened = web_sockets(socket_node, token, "/fresh/socket", count=2)
    socket_node.people.sql(f"UPDATE sessions SET authenticated_at = now() - interval '1 hour' WHERE user_id = '{user}'")
    socket_node.people.sql("SELECT pg_notify('anteroom', 'all')")
    assert all(one.echoes() for one in opened)
    wait_until(lambda: socket_node.ask("/fresh/x", token).status == 302, 5, "the worker that answers to have heard")


def test_web_sockets_end_though_the_listener_was_cut(socket_node):
    token, _, user = socket_node.people.sign_in()
    opened = web_sockets(socket_node, token)
    for _ in range(2):
        socket_node.people.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                               "AND pid <> pg_backend_pid()")
    socket_node.people.sql(f"UPDATE users SET status = 'disabled' WHERE id = '{user}'")
    assert all(one.ends() for one in opened)


def test_web_sockets_stay_while_the_database_is_away_for_a_moment(lab, own_cluster):
    node = lab.node(own_cluster, locations=SOCKETS)
    token, _, _ = node.people.sign_in()
    opened = web_sockets(node, token)
    own_cluster.stop()
    wait_until(lambda: "not listening for notifications" in node.error_log(), 10, "the listener to notice")
    own_cluster.start()
    wait_until(lambda: "listening for notifications again" in node.error_log(), 20, "the listener to be back")
    assert all(one.echoes() for one in opened)


def test_what_asks_for_an_upgrade_and_gets_none_is_an_ordinary_request(socket_node):
    token, email, _ = socket_node.people.sign_in()
    for _ in range(3):
        answer = socket_node.ask("/work", token, headers=[*SCRIPT, ("Connection", "Upgrade"), ("Upgrade", "h2c")])
        assert answer.status == 200 and answer.seen("X-Auth-Email") == [email]


# The Waiting Room's stream.


@pytest.fixture
def waiting(socket_node):
    return socket_node.people.sign_in(grants=())


def test_the_stream_tells_who_waits_as_soon_as_access_is_given(socket_node, waiting):
    token, _, user = waiting
    streams = [Open(socket_node, EVENTS, token) for _ in range(8)]
    for stream in streams:
        assert stream.received.startswith(b"HTTP/1.1 200 OK")
        assert b"Content-Type: text/event-stream\r\n" in stream.received
        assert b"Cache-Control: no-store\r\n" in stream.received
    socket_node.people.grant(user, "*", "viewer")
    assert all(stream.hears(b"event: changed\ndata:\n\n") for stream in streams)
    assert socket_node.ask("/auth/waiting/status", token).json["state"] == "ready"


def test_the_stream_tells_when_a_session_ends(socket_node, waiting):
    token, _, user = waiting
    stream = Open(socket_node, EVENTS, token)
    socket_node.people.sql(f"DELETE FROM sessions WHERE user_id = '{user}'")
    assert stream.hears(b"event: changed")


class Waiting:
    """Somebody in the Waiting Room, with their stream."""

    def __init__(self, node):
        token, _, self.user = node.people.sign_in(grants=())
        self.stream = Open(node, EVENTS, token)

    def is_told(self):
        return b"event: changed" in self.stream.read().received


def nobody_else_is_told(node, others):
    """Some more are told, by name and after all that came before."""
    all_is_heard(node)
    assert not any(one.is_told() for one in others)


def all_is_heard(node):
    """What is said from now on is all that the node hears: a stream that opens while it hears of something older is told once too often."""
    named = [Waiting(node) for _ in range(6)]
    for one in named:
        node.people.grant(one.user, "*", "viewer")
    wait_until(lambda: all(one.is_told() for one in named), 10, "those who are named")


def test_whoever_has_changed_is_told_when_anything_may_have(socket_node):
    all_is_heard(socket_node)
    changed, *others = [Waiting(socket_node) for _ in range(8)]
    socket_node.people.sql(f"""ALTER TABLE grants DISABLE TRIGGER USER;
        INSERT INTO grants (user_id, property, level, granted_by) VALUES ('{changed.user}', NULL, 'viewer', 'test');
        ALTER TABLE grants ENABLE TRIGGER USER""")
    socket_node.people.sql("SELECT pg_notify('anteroom', 'all')")
    wait_until(changed.is_told, 10, "what nobody was told by name")
    nobody_else_is_told(socket_node, others)


def test_what_changed_while_nobody_listened_is_told(socket_node):
    """Also where memory was filled after the listener was cut and before the change."""
    changed = Waiting(socket_node)
    socket_node.people.sql(f"SELECT pg_terminate_backend(pid) {LISTENERS}")
    socket_node.people.sql(f"""ALTER TABLE grants DISABLE TRIGGER USER;
        INSERT INTO grants (user_id, property, level) VALUES ('{changed.user}', NULL, 'viewer');
        ALTER TABLE grants ENABLE TRIGGER USER""")
    wait_until(changed.is_told, 15, "what nobody heard of")


def test_however_much_changes_nobody_is_told_of_what_is_others(socket_node):
    all_is_heard(socket_node)
    others = [Waiting(socket_node) for _ in range(8)]
    socket_node.people.sql("SELECT pg_notify('anteroom', 'user:' || gen_random_uuid()) FROM generate_series(1, 5000)")
    nobody_else_is_told(socket_node, others)


@pytest.mark.parametrize("count", [300, 5000])
def test_of_a_bulk_change_those_are_told_whom_it_concerns(socket_node, count):
    all_is_heard(socket_node)
    first, last, *others = [Waiting(socket_node) for _ in range(10)]
    socket_node.people.sql(f"""INSERT INTO users (email, status)
            SELECT 'bulk' || n || '.{count}@northwind.example', 'waiting' FROM generate_series(1, {count}) n;
        INSERT INTO grants (user_id, property, level) SELECT id, NULL, 'viewer' FROM (
            SELECT '{first.user}'::uuid AS id, 1 AS place UNION ALL SELECT id, 2 FROM users WHERE email LIKE 'bulk%.{count}@%'
            UNION ALL SELECT '{last.user}', 3) people ORDER BY place""")
    wait_until(lambda: first.is_told() and last.is_told(), 10, "those whom it concerns")
    nobody_else_is_told(socket_node, others)


def test_a_waiting_stream_asks_the_database_nothing(socket_node, waiting):
    streams = [Open(socket_node, EVENTS, waiting[0]) for _ in range(4)]
    count = "SELECT sum(n_tup_ins + n_tup_upd + seq_scan + idx_scan) FROM pg_stat_user_tables WHERE relname = 'sessions'"
    wait_until(lambda: socket_node.people.sql(count) == socket_node.people.sql(count), 10, "the counters to rest")
    before = socket_node.people.sql(count)
    socket_node.people.sql("SELECT pg_notify('anteroom', 'user:00000000-0000-0000-0000-000000000000')")
    assert [stream.read().is_closed for stream in streams] == [False] * 4
    assert socket_node.people.sql(count) == before


def test_whoever_has_nothing_to_wait_for_is_not_kept(socket_node):
    active, _, _ = socket_node.people.sign_in()
    assert socket_node.ask(EVENTS, active).status == 204
    assert socket_node.ask(EVENTS, "A" * 43).status == 204
    assert socket_node.ask(EVENTS).status == 204
    assert socket_node.ask(EVENTS, method="POST", body=b"").status == 405


def test_one_person_cannot_take_all_connections(lab, cluster):
    node = lab.node(cluster)
    token, _, _ = node.people.sign_in(grants=())
    streams = [Open(node, EVENTS, token) for _ in range(16)]
    assert all(b"200 OK" in stream.received for stream in streams)
    refused = node.ask(EVENTS, token)
    assert refused.status == 429 and refused.header("retry-after") == "60"
    streams[0].close()
    wait_until(lambda: b"200 OK" in Open(node, EVENTS, token).received, 10, "room for another")


def test_a_head_request_ends_at_once(socket_node, waiting):
    answer = socket_node.ask(EVENTS, waiting[0], method="HEAD")
    assert answer.status == 200 and answer.body == b""


def test_a_graceful_end_ends_streams_and_waits_for_no_web_socket_of_nobody(socket_node, waiting):
    stream = Open(socket_node, EVENTS, waiting[0])
    old = socket_node.workers()
    socket_node.reload()
    assert stream.ends() and stream.received.endswith(b"0\r\n\r\n")
    assert not old & socket_node.workers()


def test_clients_that_vanish_leave_nothing_behind(lab, cluster):
    node = lab.node(cluster)
    token, _, user = node.people.sign_in(grants=())
    for _ in range(5):
        for stream in [Open(node, EVENTS, token) for _ in range(10)]:
            stream.close()
    wait_until(lambda: node.access_log().count(EVENTS) == 50, 10, "the log lines")
    node.people.grant(user, "*", "viewer")
    wait_until(lambda: node.ask("/work", token).status == 200, 5, "access")


def test_what_support_does_in_manage_ends_web_sockets_within_two_seconds(socket_node):
    node = socket_node
    support, _, _ = node.people.sign_in(grants=(("*", "admin"),))
    for step, form in (("account", "then=disabled"), ("sessions", "all=1")):
        token, _, user = node.people.sign_in()
        opened = web_sockets(node, token)
        answer = node.ask(f"/auth/manage/people/{step}", support, method="POST", body=f"user={user}&{form}".encode(), headers=[
            ("Content-Type", "application/x-www-form-urlencoded"), ("Origin", f"http://{node.host}"),
            ("Sec-Fetch-Site", "same-origin")])
        assert answer.status == 303, answer
        wait_until(lambda opened=opened: all(one.read().is_closed for one in opened), 2, "the ends of the connections")
