"""What a client claims to be never reaches the app, and neither does the session's token."""

import pytest
from node import COOKIE

CLAIMS = ["X-Auth-Email", "X-Auth-Name", "X-Auth-User", "X-Auth-Access-Level", "X-Auth-Properties", "X-Auth-Session"]

UNDERSCORES = "underscores_in_headers on; ignore_invalid_headers off;"


@pytest.fixture(scope="module")
def lenient(workspace, keys, app, cluster):
    """A server that takes header names nginx refuses by default."""
    from conftest import Lab
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
    cookie = f"a=1; {COOKIE}={token}; {COOKIE}-browser=xyz; b=2"
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


@pytest.mark.parametrize("value", ["", "x", "x" * 43, "é" * 30, "A" * 5000, "%00", "\"quoted\"", "a=b=c", ",;,"])
def test_a_garbled_session_cookie_is_none(node, value):
    answer = node.ask("/work", cookies=[f"{COOKIE}={value}".encode("utf-8")])
    assert answer.status == 302
