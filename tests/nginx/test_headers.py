"""What a client claims to be never reaches the app, and neither does the session's token."""

import pytest

from tests.support.laboratory import Lab
from tests.support.node import COOKIE

from .test_routing import streams_at_once

CLAIMS = ["X-Auth-Email", "X-Auth-Name", "X-Auth-User", "X-Auth-Access-Level", "X-Auth-Properties", "X-Auth-Session"]

UNDERSCORES = "underscores_in_headers on; ignore_invalid_headers off;"


@pytest.fixture(scope="module")
def lenient(workspace, keys, app, cluster):
    """A server that takes header names nginx refuses by default."""
    made = Lab(workspace, keys, app)
    yield made.node(cluster, server=UNDERSCORES)
    made.close()


def claims(answer):
    return [name for name, _ in answer.json["headers"] if name.lower().replace("_", "-").startswith("x-auth")]


@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.parametrize("path", ["/open/x", "/work"])
def test_each_identity_header_of_a_client_is_replaced_or_removed(node, name, path):
    token, email, _ = node.people.sign_in()
    answer = node.ask(path, token, headers=[(name, "forged"), (name.upper(), "forged"), (name.lower(), "forged")])
    assert "forged" not in str(answer.json["headers"])
    if path == "/work":
        assert answer.seen("X-Auth-Email") == [email]
    else:
        assert claims(answer) == []


@pytest.mark.parametrize("name", ["X_Auth_Email", "x-auth_email", "X-AUTH_EMAIL", "X.Auth.Email", "X_Auth_Access_Level"])
def test_spellings_that_a_backend_may_take_for_one_are_removed_too(lenient, name):
    answer = lenient.ask("/open/x", headers=[("A", "1"), (name, "forged"), ("B", "2")])
    assert "forged" not in str(answer.json["headers"])
    assert answer.seen("A") == ["1"] and answer.seen("B") == ["2"]


def test_other_headers_keep_their_order_and_number(node):
    sent = [("X-One", "1"), ("X-Auth-Email", "forged"), ("X-Two", "2"), ("X-Auth-Name", "forged"), ("X-One", "3"),
            ("X-Auth-Emails", "kept"), ("X-Auth", "kept")]
    answer = node.ask("/open/x", headers=sent)
    kept = [(name, value) for name, value in answer.json["headers"] if name.startswith("X-")]
    assert kept == [("X-One", "1"), ("X-Two", "2"), ("X-One", "3"), ("X-Auth-Emails", "kept"), ("X-Auth", "kept")] \
        or kept == [list(pair) for pair in [("X-One", "1"), ("X-Two", "2"), ("X-One", "3"), ("X-Auth-Emails", "kept"),
                                            ("X-Auth", "kept")]]


def test_many_identity_headers_among_many_others(node):
    sent = [pair for i in range(40) for pair in ((f"X-N{i}", str(i)), ("X-Auth-Email", f"forged{i}"))]
    answer = node.ask("/open/x", headers=sent)
    assert "forged" not in str(answer.json["headers"])
    assert [answer.seen(f"X-N{i}") for i in range(40)] == [[str(i)] for i in range(40)]


def test_nothing_but_identity_headers(lenient):
    answer = lenient.raw(b"GET /open/x HTTP/1.0\r\nX-Auth-Email: forged\r\n\r\n")
    assert b"200 OK" in answer and b"forged" not in answer


@pytest.mark.parametrize("path", ["/open/x", "/work"])
def test_our_cookies_do_not_reach_the_app_and_the_apps_do(node, path):
    token, _, _ = node.people.sign_in()
    cookie = f"a=1; {COOKIE}={token}; {COOKIE}-browser=xyz; {COOKIE}-company=northwind; b=2"
    answer = node.ask(path, cookies=[cookie])
    assert answer.status == 200, answer
    assert answer.seen("Cookie") == ["a=1; b=2"]


def test_a_cookie_header_of_ours_alone_is_left_out(node):
    token, _, _ = node.people.sign_in()
    assert node.ask("/work", token).seen("Cookie") == []


def test_several_cookie_headers(node):
    token, _, _ = node.people.sign_in()
    answer = node.ask("/work", cookies=["a=1", f"{COOKIE}={token}", "b=2"])
    assert answer.status == 200, answer
    assert "; ".join(answer.seen("Cookie")) == "a=1; b=2"


def test_two_session_cookies_are_none(node):
    one, _, _ = node.people.sign_in()
    two, _, _ = node.people.sign_in()
    assert node.ask("/work", cookies=[f"{COOKIE}={one}; {COOKIE}={two}"]).status == 302


GARBLED = {"empty": "", "short": "x", "of nobody": "A" * 43, "no base64url": "." * 43, "accents": "é" * 30, "long": "A" * 5000,
           "NUL": "%00", "quoted": '"quoted"', "equals": "a=b=c", "separators": ",;,"}


@pytest.mark.parametrize("value", GARBLED.values(), ids=GARBLED.keys())
def test_a_garbled_session_cookie_is_none(node, value):
    answer = node.ask("/work", cookies=[f"{COOKIE}={value}".encode()])
    assert answer.status == 302


@pytest.mark.parametrize("listed", ["X-Auth-Email", "close, X-Auth-Email, X-Auth-User", "x-auth-access-level, keep-alive"])
def test_identity_headers_cannot_be_made_hop_by_hop(node, listed):
    """RFC 9110 7.6.1: what Connection names, a proxy behind us would take out."""
    token, email, user = node.people.sign_in()
    answer = node.ask("/work", token, headers=[("Connection", listed), ("X-Auth-Email", "forged")])
    assert (answer.seen("X-Auth-Email"), answer.seen("X-Auth-User")) == ([email], [user])
    assert not any("auth" in value.lower() for value in answer.seen("Connection"))


def smuggled(node, lines, body=b""):
    token, email, _ = node.people.sign_in()
    head = f"POST /work HTTP/1.1\r\nHost: {node.host}\r\nCookie: {COOKIE}={token}\r\nConnection: close\r\n".encode()
    return node.raw(head + lines + b"\r\n\r\n" + body), email.encode()


BENT = {"folded": b"A: 1\r\n X-Auth-Email: forged\r\nContent-Length: 0",
        "a space before the colon": b"X-Auth-Email : forged\r\nContent-Length: 0",
        "a tab before the colon": b"X-Auth-Email\t: forged\r\nContent-Length: 0",
        "a line feed alone": b"A: 1\nX-Auth-Email: forged\r\nContent-Length: 0",
        "a carriage return alone": b"A: 1\rX-Auth-Email: forged\r\nContent-Length: 0",
        "a NUL": b"A: 1\x00\r\nX-Auth-Email: forged\r\nContent-Length: 0",
        "no name": b": forged\r\nX-Auth-Email: forged\r\nContent-Length: 0"}


@pytest.mark.parametrize("lines", BENT.values(), ids=BENT.keys())
def test_bent_header_lines_carry_no_identity(node, lines):
    answer, email = smuggled(node, lines)
    if b" 200 OK" in answer:
        assert email in answer and b'"forged"' not in answer
    else:
        assert b" 400 " in answer.split(b"\r\n")[0], answer


def test_trailers_carry_no_identity(node):
    answer, email = smuggled(node, b"Trailer: X-Auth-Email\r\nTransfer-Encoding: chunked",
                             b"1\r\na\r\n0\r\nX-Auth-Email: forged\r\n\r\n")
    assert b" 200 OK" in answer and email in answer and b"forged" not in answer


def test_a_length_said_twice_hides_no_second_request(node):
    hidden = b"GET /open/hidden HTTP/1.1\r\nHost: x\r\nX-Auth-Email: forged\r\n\r\n"
    answer, _ = smuggled(node, b"Content-Length: %d\r\nTransfer-Encoding: chunked" % (len(hidden) + 5), b"0\r\n\r\n" + hidden)
    assert b" 400 " in answer.split(b"\r\n")[0] and b"hidden" not in answer


def test_identity_headers_by_http2(lab, cluster):
    node = lab.node(cluster, server=UNDERSCORES)
    node.nginx_conf = node.nginx_conf.replace(f"listen 127.0.0.1:{node.port};", f"listen 127.0.0.1:{node.port} http2;")
    node.reload()
    token, email, _ = node.people.sign_in()
    forged = [("x-auth-email", "forged"), ("x-auth-email", "forged"), ("x_auth_email", "forged"), ("x-auth-properties", "forged"),
              ("te", "trailers")]
    own, = streams_at_once(node, ["/work"], [("cookie", f"{COOKIE}={token}"), *forged])
    assert own.count(email) == 1 and "forged" not in own
    nobody, = streams_at_once(node, ["/open/x"], forged)
    assert "forged" not in nobody
