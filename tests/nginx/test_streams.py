"""Whatever is still under way through the gate (event streams, long polls, downloads, uploads) ends with what let it through."""

import socket

import h2.config
import h2.connection
import pytest

from tests.support.laboratory import Lab
from tests.support.node import COOKIE
from tests.support.processes import wait_until

from .stream_app import StreamApp
from .test_open_requests import ENDINGS, Open

LOCATIONS = """
root {directory}/files;
limit_rate_after 1k;
location / {{ auth_saml on; proxy_pass http://127.0.0.1:{port}; }}
location /unbuffered/ {{ auth_saml on; proxy_buffering off; proxy_request_buffering off; proxy_pass http://127.0.0.1:{port}; }}
location /manager/ {{ auth_saml on; auth_saml_require manager; proxy_pass http://127.0.0.1:{port}; }}
location /fresh/ {{ auth_saml on; auth_saml_step_up 1m; proxy_pass http://127.0.0.1:{port}; }}
location /open/ {{ proxy_pass http://127.0.0.1:{port}; }}
location /files/ {{ auth_saml on; limit_rate 20k; alias {directory}/files/; }}
location /inside/ {{ internal; limit_rate 20k; alias {directory}/files/; }}
location /cached/ {{ auth_saml on; limit_rate 20k; proxy_pass http://127.0.0.1:{port}; proxy_cache kept;
                     proxy_cache_key $auth_saml_user$args; add_header X-Cache $upstream_cache_status; }}
location /fill/ {{ auth_saml on; proxy_pass http://127.0.0.1:{port}; proxy_cache kept; proxy_cache_key $auth_saml_user$args; }}
location /asked/ {{ auth_saml on; auth_request /asking; proxy_pass http://127.0.0.1:{port}; }}
location = /asking {{ internal; proxy_pass http://127.0.0.1:{port}/silent; }}
location /mirrored/ {{ auth_saml on; mirror /copied; proxy_pass http://127.0.0.1:{port}; }}
location = /copied {{ internal; proxy_pass http://127.0.0.1:{port}/silent; }}
"""
BYTES = 40_000_000


@pytest.fixture(scope="module")
def streams(workspace, keys, cluster):
    with StreamApp() as app:
        made = Lab(workspace, keys, app)
        cache = workspace / "kept-answers"
        node = made.node(cluster, workers=2, start=False, locations=LOCATIONS.format(directory=workspace, port=app.port),
                         http=f"proxy_cache_path {cache} keys_zone=kept:1m;")
        files = workspace / "files"
        files.mkdir(mode=0o755)
        with (files / "large").open("wb") as file:
            file.truncate(BYTES)
        node.app = app
        yield node.start()
        made.close()
        app.shutdown()


class Asking(Open):
    """A request whose answer may not have begun; it is not read from until asked to."""

    def __init__(self, node, path, token, head="GET {path} HTTP/1.1", more=(), body=b""):
        self._socket = socket.create_connection(("127.0.0.1", node.port), timeout=10)
        lines = [head.format(path=path), f"Host: {node.host}", f"Cookie: {COOKIE}={token}", *more]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        self.head, self.received, self.is_closed = b"", b"", False

    def read(self):
        """All that is there; its head is kept, and the last of it."""
        self._socket.settimeout(0.02)
        try:
            while (piece := self._socket.recv(1 << 20)):
                self.head = (self.head + piece)[:500] if len(self.head) < 500 else self.head
                self.received = (self.received + piece)[-2000:]
                self._socket.settimeout(0)
            self.is_closed = True
        except (TimeoutError, BlockingIOError):
            pass
        except ConnectionError:
            self.is_closed = True
        return self


KINDS = {
    "an event stream": "/stream", "one without buffering": "/unbuffered/stream", "a quiet stream": "/quiet",
    "a long poll": "/silent", "a download": "/flood", "one without buffering, too": "/unbuffered/flood",
    "a static file": "/files/large", "what a subrequest waits for": "/asked/sized?bytes=10", "a copy under way": "/mirrored/sized?bytes=10",
    "a file that the app names": "/sent?to=/inside/large",
}


def both(node, path):
    """Three requests of somebody whose permission ends, one of somebody else; and who the former is."""
    token, _, user = node.people.sign_in()
    other, _, _ = node.people.sign_in()
    before = node.app.asked
    opened = [Asking(node, path, who) for who in (token, token, token, other)]
    if path.startswith("/files/"):
        wait_until(lambda: all(b"200 OK" in one.read().head for one in opened), 10, "the heads")
    else:
        each = 2 if path.startswith("/mirrored/") else 1
        wait_until(lambda: node.app.asked == before + 4 * each, 10, "the app to be asked")
    return opened[:3], opened[3], user, token


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS)
def test_it_ends_with_the_session(streams, path):
    ending, staying, user, _ = both(streams, path)
    streams.people.sql(f"DELETE FROM sessions WHERE user_id = '{user}'")
    assert all(one.ends() for one in ending)
    assert not staying.read().is_closed


def settle(stream):
    """Until it has lasted so long that it is watched."""
    heard = 0

    def has_lasted():
        nonlocal heard
        stream.received = b""
        heard += stream.read().received.count(b"tick")
        return heard >= 20

    wait_until(has_lasted, 20, "a stream to go on")
    return stream


@pytest.mark.parametrize("change", ENDINGS.values(), ids=ENDINGS)
def test_a_stream_that_has_long_been_open_ends_when(streams, change):
    ending, staying, user, token = both(streams, "/stream")
    ungated = Asking(streams, "/open/stream", token)
    for one in (*ending, staying, ungated):
        settle(one)
    streams.people.sql(change.format(user=user))
    assert all(one.ends() for one in ending)
    assert staying.hears(b"tick") and ungated.hears(b"tick")


def test_it_ends_when_the_session_does_by_itself(streams):
    token, _, user = streams.people.sign_in()
    streams.people.sql(f"UPDATE sessions SET expires_at = now() + interval '3 seconds' WHERE user_id = '{user}'")
    assert settle(Asking(streams, "/stream", token)).ends()


def test_it_ends_when_the_level_is_no_longer_enough(streams):
    """Where the app leads to a place with no rule of its own, too."""
    token, _, user = streams.people.sign_in(grants=[("*", "manager")])
    above = [settle(Asking(streams, "/manager/stream", token)), Asking(streams, "/manager/sent?to=/inside/large", token)]
    wait_until(lambda: b"200 OK" in above[1].read().head, 10, "the file's head")
    below = settle(Asking(streams, "/stream", token))
    streams.people.sql(f"UPDATE grants SET level = 'viewer' WHERE user_id = '{user}'")
    assert all(one.ends() for one in above)
    assert below.hears(b"tick")


def test_it_outlives_the_freshness_of_its_sign_on(streams):
    token, _, user = streams.people.sign_in()
    stream = settle(Asking(streams, "/fresh/stream", token))
    streams.people.sql(f"UPDATE sessions SET authenticated_at = now() - interval '1 hour' WHERE user_id = '{user}'")
    streams.people.sql("SELECT pg_notify('anteroom', 'all')")
    assert settle(stream).hears(b"tick")
    wait_until(lambda: streams.ask("/fresh/x", token).status == 302, 5, "the worker that answers to have heard")


@pytest.mark.parametrize("path", ["/upload", "/unbuffered/upload"])
def test_an_upload_that_is_still_coming_ends(streams, path):
    token, _, user = streams.people.sign_in()
    begun = streams.app.asked
    upload = Asking(streams, path, token, head="POST {path} HTTP/1.1", more=["Content-Length: 1000000"], body=b"x" * 1000)
    if "unbuffered" in path:
        wait_until(lambda: streams.app.asked > begun, 10, "the app to be asked")
    streams.people.sql(f"UPDATE users SET status = 'disabled' WHERE id = '{user}'")
    assert upload.ends()


def test_an_answer_out_of_a_cache_ends(streams):
    token, _, user = streams.people.sign_in()
    size = 4_000_000
    assert len(streams.ask(f"/fill/sized?bytes={size}", token).body) == size
    cached = Asking(streams, f"/cached/sized?bytes={size}", token)
    wait_until(lambda: b"X-Cache: HIT" in cached.read().head, 10, "the answer's head")
    streams.people.sql(f"UPDATE users SET status = 'disabled' WHERE id = '{user}'")
    assert cached.ends()


def test_a_connection_goes_on_between_requests(streams):
    """What ended there is the request's permission, not the connection's."""
    token, _, user = streams.people.sign_in()
    connection = streams.connect()
    assert streams.ask("/sized?bytes=10", token, connection=connection).status == 200
    stream = settle(Asking(streams, "/stream", token))
    streams.people.sql(f"DELETE FROM sessions WHERE user_id = '{user}'")
    assert stream.ends()
    assert streams.ask("/sized?bytes=10", token, connection=connection).status == 302
    connection.close()


def test_of_an_http2_connection_one_stream_ends(lab, cluster, streams):
    node = lab.node(cluster, start=False, locations=LOCATIONS.format(directory=streams.directory.parent, port=streams.app.port),
                    http=f"proxy_cache_path {streams.directory} keys_zone=kept:1m;")
    node.nginx_conf = node.nginx_conf.replace(f"listen 127.0.0.1:{node.port};", f"listen 127.0.0.1:{node.port} http2;")
    node.start()
    token, _, user = node.people.sign_in()
    other, _, _ = node.people.sign_in()
    with Http2(node) as connection:
        ending = [connection.ask(path, token) for path in ("/stream", "/silent", "/flood", "/files/large", "/upload")]
        staying = [connection.ask(path, other) for path in ("/stream", "/flood")]
        connection.reads(lambda: connection.data[staying[0]].count(b"tick") > 20)
        node.people.sql(f"UPDATE users SET status = 'disabled' WHERE id = '{user}'")
        connection.reads(lambda: connection.ended >= set(ending))
        heard = connection.data[staying[0]].count(b"tick")
        connection.reads(lambda: connection.data[staying[0]].count(b"tick") > heard + 5)
        assert not connection.ended & set(staying)
        last = connection.ask("/sized?bytes=10", other)
        connection.reads(lambda: last in connection.ended)
        assert connection.data[last] == b"x" * 10


class Http2:
    """One connection with several requests at once. It reads /flood and files no further than nginx begins by itself."""

    def __init__(self, node):
        self._node, self._next = node, 1
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._socket = socket.create_connection(("127.0.0.1", node.port), timeout=20)
        self._state.initiate_connection()
        self._state.increment_flow_control_window(1_000_000)
        self.data, self.ended, self._slow = {}, set(), set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def ask(self, path, token):
        number, self._next = self._next, self._next + 2
        is_upload = path == "/upload"
        self._state.send_headers(number, [(":method", "POST" if is_upload else "GET"), (":path", path), (":scheme", "http"),
                                          (":authority", self._node.host), ("cookie", f"{COOKIE}={token}"),
                                          *([("content-length", "1000000")] if is_upload else [])], end_stream=not is_upload)
        if is_upload:
            self._state.send_data(number, b"x" * 1000)
        if path in ("/flood", "/files/large"):
            self._slow.add(number)
        self.data[number] = b""
        self._socket.sendall(self._state.data_to_send())
        return number

    def reads(self, condition):
        """Until it is so."""
        while not condition():
            data = self._socket.recv(65536)
            assert data, "closed in the middle"
            for event in self._state.receive_data(data):
                kind = type(event).__name__
                assert kind != "ConnectionTerminated", event
                if kind == "DataReceived":
                    self.data[event.stream_id] += event.data
                    if event.stream_id not in self._slow:
                        self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif kind in ("StreamEnded", "StreamReset"):
                    self.ended.add(event.stream_id)
            self._socket.sendall(self._state.data_to_send())


def test_many_that_come_and_go_leave_nothing_behind(streams):
    """Each in a different state when its client goes or its session ends."""
    node = streams
    for _ in range(3):
        token, _, user = node.people.sign_in()
        # One that comes after its session has ended is answered, and its connection ends with that.
        opened = [Asking(node, path, token, more=["Connection: close"]) for path in KINDS.values() for _ in range(3)]
        for one in opened[::3]:
            one.close()
        node.people.sql(f"DELETE FROM sessions WHERE user_id = '{user}'")
        assert all(one.ends() for index, one in enumerate(opened) if index % 3)
    token, _, _ = node.people.sign_in()
    assert node.ask("/sized?bytes=10", token).status == 200


def test_more_than_memory_has_room_for_end_in_time(streams):
    """More sessions at once than a node keeps changes of."""
    node = streams
    people = [node.people.sign_in() for _ in range(2)]
    streams_of = [settle(Asking(node, "/stream", token)) for token, _, _ in people]
    users = ", ".join(f"'{user}'" for _, _, user in people[:1])
    node.people.sql(f"SELECT pg_notify('anteroom', 'session:' || repeat(md5(n::text), 2)) FROM generate_series(1, 400) n; "
                    f"DELETE FROM sessions WHERE user_id IN ({users}); "
                    f"SELECT pg_notify('anteroom', 'session:' || repeat(md5(n::text), 2)) FROM generate_series(401, 900) n")
    assert streams_of[0].ends()
    assert streams_of[1].hears(b"tick")
