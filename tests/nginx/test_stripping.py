"""No way to an app, in no server, carries what a client claims to be, nor our cookies: errors before the first phase, internal
redirects, subrequests, protocols other than HTTP."""

import re
import socket
import socketserver
import ssl
import subprocess
import threading

import h2.config
import h2.connection
import hpack
import pytest

from tests.support.laboratory import Lab
from tests.support.node import COOKIE, free_port
from tests.support.processes import wait_until

ERRORS = "400 403 404 405 411 413 414 416 421 429 494 495 496 497 500 501 503 505"
CLAIMS = "X-Auth-Email: forged\r\nX-Auth-Access-Level: forged\r\nx-AUTH-user: forged\r\n"

GATED = f"""
error_page {ERRORS} @open;
location / {{ auth_saml on; proxy_pass http://app; }}
location @open {{ proxy_pass http://app; }}
location /many/ {{ error_page 404 @many; return 404; }}
location @many {{ auth_request /asked; mirror /copied; proxy_pass http://app; }}
location = /asked {{ internal; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_pass http://app/asked; }}
location = /copied {{ internal; proxy_pass http://app/copied; }}
location /open/ {{ proxy_pass http://app; }}
location = /after {{ proxy_pass http://app; }}
location /tried/ {{ try_files /nothing-here @open; }}
location /rewritten/ {{ rewrite ^ /open/rewritten last; }}
location /sent-on/ {{ proxy_pass http://app; }}
location /seen/ {{
    set $claimed $http_x_auth_email; set $all "$http_cookie $cookie_a";
    proxy_set_header X-Claimed $claimed; proxy_set_header X-All $all; proxy_set_header X-Now "$http_x_auth_user $http_cookie";
    proxy_pass http://app;
}}
"""
# The rest of the http block: servers of somebody else, of which the first is the default one on its port.
OTHERS = """
server {{ listen 127.0.0.1:{other}; server_name first.example; error_page {errors} @open;
         location / {{ proxy_pass http://app; }} location @open {{ proxy_pass http://app; }}
         location /seen/ {{ set $claimed $http_x_auth_email; set $all $http_cookie; proxy_set_header X-Claimed $claimed;
                            proxy_set_header X-All $all; proxy_pass http://app; }} }}
server {{ listen 127.0.0.1:{other}; server_name localhost; error_page {errors} @open; auth_saml off;
         location / {{ proxy_pass http://app; }} location @open {{ proxy_pass http://app; }} }}
server {{ listen 127.0.0.1:{secure} ssl; server_name localhost; error_page {errors} @open; ssl_certificate {tls}.crt;
         ssl_certificate_key {tls}.key; ssl_client_certificate {tls}.crt; ssl_verify_client on;
         location / {{ auth_saml on; }} location /open/ {{ proxy_pass http://app; }} location @open {{ proxy_pass http://app; }} }}
server {{ listen 127.0.0.1:{variables}; server_name localhost; error_page {errors} @seen; location / {{ auth_saml on; }}
         location /open/ {{ proxy_pass http://app; }}
         location @seen {{ set $claimed $http_x_auth_email; set $all "$http_cookie $cookie_a"; proxy_set_header X-Claimed $claimed;
                           proxy_set_header X-All $all; auth_request /asked; mirror /copied; proxy_pass http://app; }}
         location = /asked {{ internal; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_pass http://app/asked; }}
         location = /copied {{ internal; proxy_pass http://app/copied; }} }}
server {{ listen 127.0.0.1:{behind}; server_name localhost; error_page {errors} @gated; location / {{ proxy_pass http://app; }}
         location @gated {{ auth_saml on; proxy_pass http://app; }} }}
server {{ listen 127.0.0.1:{protocols}; server_name localhost; error_page {errors} @cgi;
         location / {{ fastcgi_pass 127.0.0.1:{sink}; }} location @cgi {{ fastcgi_pass 127.0.0.1:{sink}; }}
         location /uwsgi/ {{ uwsgi_pass 127.0.0.1:{sink}; }} location /scgi/ {{ scgi_pass 127.0.0.1:{sink}; }}
         location /grpc/ {{ grpc_pass 127.0.0.1:{sink}; }} }}
server {{ listen 127.0.0.1:{after}; server_name localhost; auth_saml on; post_action @after;
         location / {{ proxy_pass http://app; }} location @after {{ proxy_pass http://app; }} }}
"""


class Sink(socketserver.ThreadingTCPServer):
    """Keeps what is sent to it and answers nothing."""

    allow_reuse_address = True
    daemon_threads = True

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.settimeout(0.5)
            data = b""
            try:
                while (piece := self.request.recv(65536)):
                    data += piece
            except OSError:
                pass
            self.server.received.append(data)

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.port = self.server_address[1]
        self.received = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Place:
    """The node with its many servers; `ask` sends bytes to one of them."""

    def __init__(self, node, app, sink, ports):
        self.node, self.app, self.sink, self.ports = node, app, sink, ports

    def ask(self, port, data, context=None):
        """What came back."""
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            connection = context.wrap_socket(plain, server_hostname="localhost") if context else plain
            connection.sendall(data)
            received = b""
            try:
                while (piece := connection.recv(65536)):
                    received += piece
            except (TimeoutError, ConnectionError, ssl.SSLError):
                pass
            return received.decode(errors="replace")

    def reached(self):
        """What the app has been sent since it was last asked for, as one text each."""
        taken, self.app.requests[:] = list(self.app.requests), []
        return [f"{method} {target} {headers}" for method, target, headers in taken]


@pytest.fixture(scope="module")
def place(workspace, keys, app, cluster):
    made = Lab(workspace, keys, app)
    sink = Sink()
    ports = {name: free_port() for name in ("other", "secure", "variables", "behind", "protocols", "after")}
    tls = workspace / "stripping"
    subprocess.run(["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-keyout", f"{tls}.key", "-out", f"{tls}.crt"], check=True, capture_output=True)
    node = made.node(cluster, locations=GATED, http="proxy_intercept_errors on; client_max_body_size 1k; large_client_header_buffers 4 1k;"
                     + OTHERS.format(errors=ERRORS, sink=sink.port, tls=tls, **ports))
    ports["own"] = node.port
    yield Place(node, app, sink, ports)
    made.close()
    sink.shutdown()


@pytest.fixture(scope="module")
def session(place):
    return place.node.people.sign_in()[0]


@pytest.fixture
def token(place, session):
    place.reached()
    return session


def early(line, host="Host: localhost\r\n", more="", claims=CLAIMS):
    """A request's bytes, but for the token."""
    return f"{line}\r\n{host}{claims}Cookie: a=1; {COOKIE}=TOKEN; b=2\r\n{more}Connection: close\r\n\r\n"


EARLY = {
    "TRACE": early("TRACE /open/x HTTP/1.1"),
    "CONNECT": early("CONNECT /open/x HTTP/1.1"),
    "no Host": early("GET /open/x HTTP/1.1", host=""),
    "two Hosts": early("GET /open/x HTTP/1.1", more="Host: localhost\r\n"),
    "a bad Content-Length": early("POST /open/x HTTP/1.1", more="Content-Length: many\r\n"),
    "two Content-Lengths": early("POST /open/x HTTP/1.1", more="Content-Length: 1\r\nContent-Length: 2\r\n"),
    "an unknown Transfer-Encoding": early("POST /open/x HTTP/1.1", more="Transfer-Encoding: gzip\r\n"),
    "two kinds of length": early("POST /open/x HTTP/1.1", more="Transfer-Encoding: chunked\r\nContent-Length: 1\r\n") + "x",
    "Transfer-Encoding in HTTP/1.0": early("POST /open/x HTTP/1.0", more="Transfer-Encoding: chunked\r\n"),
    "an oversized header": early("GET /open/x HTTP/1.1", more=f"X-Long: {'a' * 3000}\r\n"),
    "many headers": early("GET /open/x HTTP/1.1", more="".join(f"X-Long-{i}: {'a' * 900}\r\n" for i in range(9))),
    "a bad Host": early("GET /open/x HTTP/1.1", host="", more="Host: a/b\r\n"),
    "a control character": early("GET /open/x HTTP/1.1", more="X-Odd: a\0b\r\n"),
    "too long a body": early("POST /open/x HTTP/1.1", more="Content-Length: 2000\r\n") + "x" * 2000,
}
# nginx knows no path there, or reads no header: it may answer by itself.
EARLIER = {
    "a bad escape": early("GET /%zz HTTP/1.1"),
    "a path above the root": early("GET /../../x HTTP/1.1"),
    "too long a target": early(f"GET /{'a' * 3000} HTTP/1.1"),
    "an unknown version": early("GET /open/x HTTP/4.0"),
    "no method": early("gEt /open/x HTTP/1.1"),
    "HTTP/0.9": "GET /x\r\n",
}


def check(place, token, answer, is_reached):
    seen = place.reached()
    assert seen or not is_reached, answer
    for text in [answer, *seen]:
        assert "forged" not in text and token not in text
    return seen


@pytest.mark.parametrize("server", ["own", "other", "variables", "protocols"])
@pytest.mark.parametrize("text", EARLY.values(), ids=EARLY)
def test_an_error_before_the_first_phase_brings_nothing_to_the_app(place, token, server, text):
    del place.sink.received[:]
    answer = place.ask(place.ports[server], text.replace("TOKEN", token).encode())
    if server == "protocols":
        assert_nothing_sunk(place, token)
    else:
        assert any("a=1; b=2" in one for one in check(place, token, answer, is_reached=True))


@pytest.mark.parametrize("server", ["own", "other", "variables"])
@pytest.mark.parametrize("text", EARLIER.values(), ids=EARLIER)
def test_a_request_that_nginx_cannot_read_brings_nothing_to_the_app(place, token, server, text):
    check(place, token, place.ask(place.ports[server], text.replace("TOKEN", token).encode()), is_reached=False)


@pytest.mark.parametrize("target", ["/open/x", "/tried/x", "/rewritten/x", "/gone", "/seen/x", "/many/x",
                                    "/sent-on/?answer=X-Accel-Redirect:/open/y"])
def test_no_internal_redirect_and_no_subrequest_brings_them(place, token, target):
    text = early(f"GET {target} HTTP/1.1", host=f"Host: {place.node.host}\r\n").replace("/gone", "/open/missing")
    seen = check(place, token, place.ask(place.node.port, text.replace("TOKEN", token).encode()), is_reached=True)
    if "many" in target:
        assert {text.split(" ")[1] for text in seen} == {"/asked", "/copied", "/many/x"}


@pytest.mark.parametrize("name", ["first.example", "localhost", "unheard-of.example"])
@pytest.mark.parametrize("target", ["/x", "/seen/x"])
def test_servers_without_the_directive_strip_too(place, token, name, target):
    text = early(f"GET {target} HTTP/1.1", host=f"Host: {name}\r\n")
    seen, = check(place, token, place.ask(place.ports["other"], text.replace("TOKEN", token).encode()), is_reached=True)
    assert "a=1; b=2" in seen


def test_what_was_credited_is_told_and_nothing_else(place, token):
    """TRACE by somebody who is signed in, to a gated named location."""
    token, email, _ = place.node.people.sign_in()
    host = f"Host: {place.node.host}\r\n"
    own = early("TRACE /x HTTP/1.1", host=host).replace("TOKEN", token)
    seen, = check(place, token, place.ask(place.ports["behind"], own.encode()), is_reached=True)
    assert email in seen and seen.count("X-Auth-Email") == 1
    answer = place.ask(place.ports["behind"], early("TRACE /x HTTP/1.1", host=host).encode())
    assert not place.reached() and " 401 " in answer.splitlines()[0]


def test_plain_http_at_a_tls_port_and_a_missing_certificate(place, token):
    text = early("GET /open/x HTTP/1.1").replace("TOKEN", token).encode()
    check(place, token, place.ask(place.ports["secure"], text), is_reached=True)
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    check(place, token, place.ask(place.ports["secure"], text, anybody), is_reached=True)


def test_what_is_done_after_one_of_our_pages(place, token):
    text = early("GET /auth/sign-in HTTP/1.1", host=f"Host: {place.node.host}\r\n").replace("TOKEN", token)
    answer = place.ask(place.ports["after"], text.encode())
    assert " 303 " in answer.splitlines()[0]
    check(place, token, answer, is_reached=True)


def assert_nothing_sunk(place, token):
    wait_until(lambda: place.sink.received, 10, "the sink to be asked")
    for data in place.sink.received:
        assert b"a=1; b=2" in data and b"forged" not in data and token.encode() not in data


@pytest.mark.parametrize("kind", ["fastcgi", "uwsgi", "scgi"])
def test_other_protocols(place, token, kind):
    del place.sink.received[:]
    place.ask(place.ports["protocols"], early(f"GET /{kind}/x HTTP/1.1").replace("TOKEN", token).encode())
    assert_nothing_sunk(place, token)


def test_grpc(place, token):
    del place.sink.received[:]
    place.ask(place.ports["protocols"], early("GET /grpc/x HTTP/1.1").replace("TOKEN", token).encode())
    wait_until(lambda: place.sink.received, 10, "the sink to be asked")
    fields, data = [], place.sink.received[0][len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):]
    while data:
        length, kind = int.from_bytes(data[:3], "big"), data[3]
        if kind == 1:
            fields = hpack.Decoder().decode(data[9:9 + length])
        data = data[9 + length:]
    text = str(fields)
    assert "a=1; b=2" in text and "forged" not in text and token not in text


HTTP2 = {
    "TRACE": [(":method", "TRACE")],
    "CONNECT": [(":method", "CONNECT")],
    "no host": [(":authority", None)],
    "a bad Content-Length": [("content-length", "many")],
    "an unknown Transfer-Encoding": [("transfer-encoding", "gzip")],
    "two hosts": [("host", "localhost"), ("host", "localhost")],
    "an oversized header": [("x-long", "a" * 20000)],
    "a connection header": [("connection", "x-auth-email")],
    "a bad path": [(":path", "x")],
    "nothing odd": [],
}


@pytest.mark.parametrize("server", ["own", "other"])
@pytest.mark.parametrize("odd", HTTP2.values(), ids=HTTP2)
def test_the_same_over_http2(place, token, server, odd):
    node = place.node
    if " http2" not in node.nginx_conf:
        node.nginx_conf = re.sub(rf"listen 127.0.0.1:({place.ports['own']}|{place.ports['other']});", r"listen 127.0.0.1:\1 http2;",
                                 node.nginx_conf)
        node.reload()
    check(place, token, http2(place.ports[server], odd, token), is_reached=not odd)


def http2(port, odd, token):
    """The answer's bytes, as they came, to one request with claims and our cookie."""
    given = {":method": "GET", ":path": "/open/x", ":scheme": "http", ":authority": "localhost"}
    given.update((name, value) for name, value in odd if name.startswith(":"))
    headers = [(name, value) for name, value in given.items() if value is not None]
    headers += [("x-auth-email", "forged"), ("x-auth-user", "forged"), ("cookie", "a=1"), ("cookie", f"{COOKIE}={token}")]
    headers += [pair for pair in odd if not pair[0].startswith(":")]
    state = h2.connection.H2Connection(h2.config.H2Configuration(
        validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="utf-8"))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        state.initiate_connection()
        state.send_headers(1, headers, end_stream=True)
        connection.sendall(state.data_to_send())
        received = b""
        try:
            while (data := connection.recv(65536)):
                received += data
                if any(type(event).__name__ in ("StreamEnded", "StreamReset", "ConnectionTerminated")
                       for event in state.receive_data(data)):
                    break
                connection.sendall(state.data_to_send())
        except (TimeoutError, ConnectionError):
            pass
        return received.decode(errors="replace")
