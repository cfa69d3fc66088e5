"""nginx's own ways of moving a request around: the gate holds on each."""

import socket
import subprocess

import h2.config
import h2.connection
import h2.events
import pytest

from tests.support.laboratory import Lab
from tests.support.node import COOKIE, NAVIGATION, WEBSOCKET

LOCATIONS = """
location / { auth_saml on; proxy_pass http://app; }
location /open/ { proxy_pass http://app; }
location /manager/ { auth_saml on; auth_saml_require manager; proxy_pass http://app; }
location /intercepted/ { auth_saml on; proxy_pass http://app; proxy_intercept_errors on; error_page 404 /behind; }
location /open-intercepted/ { proxy_pass http://app; proxy_intercept_errors on; error_page 404 /behind; }
location /escalate/ { auth_saml on; proxy_pass http://app; proxy_intercept_errors on; error_page 404 /manager/x; }
location /try/ { try_files /nothing-here /work?tried=1; }
location /named/ { try_files /nothing-here @gated; }
location @gated { auth_saml on; proxy_pass http://app; }
location /rewritten/ { rewrite ^ /manager/y last; }
location /gone/ { auth_saml on; return 404; }
location /mirrored/ { auth_saml on; mirror /mirror; proxy_pass http://app; }
location = /mirror { internal; proxy_pass http://app/mirror-copy; }
location /asked/ { auth_saml on; auth_request /asking; proxy_pass http://app; }
location = /asking { internal; auth_saml on; proxy_pass http://app/asking; }
location /socket { auth_saml on; proxy_pass http://app; proxy_set_header Upgrade $http_upgrade;
                   proxy_set_header Connection upgrade; }
location /limited/ { auth_saml on; limit_except GET { deny all; } proxy_pass http://app; }
location /if/ { auth_saml on; if ($arg_x) { set $y 1; } proxy_pass http://app; }
location /by-variable/ { auth_saml on; auth_saml_require $arg_level; proxy_pass http://app; }
location /at-nothing/ { auth_saml on; auth_saml_require viewer at $arg_property; proxy_pass http://app; }
"""


@pytest.fixture(scope="module")
def routed(workspace, keys, app, cluster):
    made = Lab(workspace, keys, app)
    yield made.node(cluster, locations=LOCATIONS)
    made.close()


@pytest.fixture
def viewer(routed):
    return routed.people.sign_in()


def test_an_error_page_behind_the_gate_knows_who_asks(routed, viewer):
    token, email, _ = viewer
    answer = routed.ask("/intercepted/missing", token)
    assert answer.json["target"] == "/behind"
    assert answer.seen("X-Auth-Email") == [email]
    assert answer.seen("Cookie") == []


def test_an_error_page_leads_through_the_gate_from_an_open_location(routed, viewer):
    token, email, _ = viewer
    assert routed.ask("/open-intercepted/missing", token).seen("X-Auth-Email") == [email]
    refused = routed.ask("/open-intercepted/missing")
    assert refused.status == 302 and "/auth/sign-in" in refused.header("location")


def test_an_internal_redirect_decides_anew(routed, viewer):
    token, _, _ = viewer
    assert routed.ask("/escalate/missing", token).status == 403
    assert routed.ask("/escalate/there", token).status == 200
    assert routed.ask("/rewritten/", token).status == 403


def test_try_files_and_named_locations(routed, viewer):
    token, email, _ = viewer
    for path in ("/try/x", "/named/x"):
        assert routed.ask(path).status == 302
        assert routed.ask(path, token).seen("X-Auth-Email") == [email]


def test_return_runs_before_the_gate_and_endpoints_before_return(routed, viewer):
    assert routed.ask("/gone/").status == 404
    assert routed.ask("/auth/sign-in").status == 200


def test_subrequests(routed, viewer):
    token, email, _ = viewer
    assert routed.ask("/mirrored/x", token).seen("X-Auth-Email") == [email]
    assert routed.ask("/asked/x", token).seen("X-Auth-Email") == [email]
    assert routed.ask("/asked/x").status == 302


def test_limit_except_and_if(routed, viewer):
    token, _, _ = viewer
    assert routed.ask("/limited/", token).status == 200
    assert routed.ask("/limited/", token, method="DELETE").status == 403
    assert routed.ask("/limited/").status == 302
    assert routed.ask("/if/?x=1").status == 302
    assert routed.ask("/if/?x=1", token).status == 200


def test_a_level_from_a_variable(routed, viewer):
    token, _, _ = viewer
    assert routed.ask("/by-variable/?level=viewer", token).status == 200
    assert routed.ask("/by-variable/?level=manager", token).status == 403
    assert routed.ask("/by-variable/?level=emperor", token).status == 403
    assert routed.ask("/by-variable/", token).status == 403


def test_an_empty_property_grants_nobody(routed):
    token, _, _ = routed.people.sign_in(grants=(("elm-court", "viewer"),))
    assert routed.ask("/at-nothing/?property=elm-court", token).status == 200
    assert routed.ask("/at-nothing/", token).status == 403


def test_a_websocket_is_passed_on_and_its_bytes_both_ways(routed, viewer):
    token, _, _ = viewer
    with socket.create_connection(("127.0.0.1", routed.port), timeout=10) as connection:
        lines = [f"Host: {routed.host}", f"Cookie: {COOKIE}={token}", *(f"{name}: {value}" for name, value in WEBSOCKET)]
        connection.sendall(("GET /socket HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        assert head.startswith(b"HTTP/1.1 101")
        connection.sendall(b"ping")
        assert connection.recv(4) == b"ping"


def test_keep_alive_carries_refusals_pages_and_answers(routed, viewer):
    token, _, _ = viewer
    connection = routed.connect()
    for _ in range(3):
        assert routed.ask("/x", connection=connection).status == 302
        assert routed.ask("/x", token, connection=connection).status == 200
        assert routed.ask("/auth/sign-in", connection=connection).status == 200
        assert routed.ask("/x", method="POST", body=b"z" * 100000, connection=connection).status in (302, 401)
        assert routed.ask("/auth/nothing", connection=connection).status == 404
    connection.close()


def test_pipelined_requests_are_answered_in_order(routed, viewer):
    token, _, _ = viewer
    one = f"GET /%s HTTP/1.1\r\nHost: {routed.host}\r\nCookie: {COOKIE}=%s\r\n%s\r\n"
    sent = (one % ("a", token, "") + one % ("auth/sign-in", "x", "") + one % ("b", "x", "")
            + one % ("c", token, "Connection: close\r\n"))
    answers = routed.raw(sent.encode()).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"200", b"401", b"200"]


def test_http_2(lab, cluster):
    node = lab.node(cluster, start=False)
    node.nginx_conf = node.nginx_conf.replace(f"listen 127.0.0.1:{node.port};", f"listen 127.0.0.1:{node.port} http2;")
    node.start()
    token, email, _ = node.people.sign_in()
    curl = ["/usr/bin/curl", "-sS", "--http2-prior-knowledge", "-m", "20", "--noproxy", "*"]
    for name, value in NAVIGATION:
        curl += ["-H", f"{name}: {value}"]
    url = f"http://localhost:{node.port}"

    def ask(*more):
        return subprocess.run([*curl, *more], capture_output=True, text=True, check=True).stdout

    assert email in ask(f"{url}/x", "-H", f"Cookie: {COOKIE}={token}", "-H", "x-auth-email: forged")
    assert "forged" not in ask(f"{url}/open/", "-H", "x-auth-email: forged")
    assert ask(f"{url}/x", "-o", "/dev/null", "-w", "%{http_code}") == "302"
    assert ask(f"{url}/auth/sign-in", "-o", "/dev/null", "-w", "%{http_code}") == "200"
    assert ask(f"{url}/auth/sign-in", "-d", "email=a@b.example", "-o", "/dev/null", "-w", "%{http_code}") != "500"
    # Twenty streams of one connection at once, for a session that this node has never seen.
    fresh, email, _ = node.people.sign_in()
    bodies = streams_at_once(node, [f"/p{i}" for i in range(20)], [("cookie", f"{COOKIE}={fresh}"), ("cookie", "a=1")])
    assert [body.count(email) for body in bodies] == [1] * 20
    assert not any(fresh in body for body in bodies)


def streams_at_once(node, paths, headers):
    """The bodies of several requests that are on their way in one HTTP/2 connection at the same time."""

    state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8", validate_outbound_headers=False))
    with socket.create_connection(("127.0.0.1", node.port), timeout=20) as connection:
        state.initiate_connection()
        for number, path in enumerate(paths):
            state.send_headers(1 + 2 * number, [(":method", "GET"), (":path", path), (":scheme", "http"),
                                                (":authority", node.host), *headers], end_stream=True)
        connection.sendall(state.data_to_send())
        bodies = {1 + 2 * number: b"" for number in range(len(paths))}
        open_streams = set(bodies)
        while open_streams:
            data = connection.recv(65536)
            assert data, "closed in the middle"
            for event in state.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                    state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    open_streams.remove(event.stream_id)
            connection.sendall(state.data_to_send())
    return [body.decode() for body in bodies.values()]
