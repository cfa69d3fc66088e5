"""The three outcomes, for what people load and for what programs ask."""

import re
import secrets

import pytest

from tests.support.node import COOKIE, NAVIGATION, SCRIPT, WEBSOCKET
from tests.support.processes import wait_until


def test_a_stranger_who_loads_a_page_is_sent_to_sign_in(node):
    answer = node.ask("/work?x=1")
    assert answer.status == 302
    assert "/auth/sign-in" in answer.header("location")
    assert answer.header("cache-control") == "no-store"


@pytest.mark.parametrize("headers", [SCRIPT, WEBSOCKET, [("Accept", "*/*")]])
def test_a_stranger_who_asks_for_data_gets_401_and_the_sign_on_url(node, headers):
    answer = node.ask("/work", headers=headers)
    assert answer.status == 401
    assert answer.json["sign_on_url"].endswith("/auth/sign-in")


def test_who_waits_is_sent_to_the_waiting_room(node):
    token, _, _ = node.people.sign_in(status="waiting", grants=())
    answer = node.ask("/work", token)
    assert answer.status == 302
    assert "/auth/waiting" in answer.header("location")


@pytest.mark.parametrize("headers", [SCRIPT, WEBSOCKET])
def test_data_for_who_waits_is_403(node, headers):
    token, _, _ = node.people.sign_in(status="waiting", grants=())
    answer = node.ask("/work", token, headers=headers)
    assert answer.status == 403
    assert answer.json["error"] == "waiting"


@pytest.mark.parametrize("headers", [NAVIGATION, SCRIPT])
def test_who_is_provisioned_reaches_the_app(node, headers):
    token, email, user = node.people.sign_in(grants=(("*", "viewer"), ("elm-court", "technician")))
    answer = node.ask("/work?a=b%20c", token, headers=headers)
    assert answer.status == 200, answer
    assert answer.json["target"] == "/work?a=b%20c"
    assert answer.seen("X-Auth-Email") == [email]
    assert answer.seen("X-Auth-Name") == ["Ann Archer"]
    assert answer.seen("X-Auth-User") == [user]
    assert answer.seen("X-Auth-Access-Level") == ["technician"]
    assert answer.seen("X-Auth-Properties") == ["*=viewer,elm-court=technician"]
    assert len(answer.seen("X-Auth-Session")[0]) == 16


def test_too_low_a_level_is_forbidden_with_a_page_that_says_who_one_is(node):
    token, email, _ = node.people.sign_in()
    answer = node.ask("/manager/", token)
    assert answer.status == 403
    assert email.split("@")[0] in answer.body.decode()
    assert node.ask("/manager/", token, headers=SCRIPT).json["error"] == "forbidden"


def test_a_high_enough_level_passes(node):
    token, _, _ = node.people.sign_in(grants=(("*", "admin"),))
    assert node.ask("/manager/", token).status == 200


def test_a_property_in_the_path_decides(node):
    token, _, _ = node.people.sign_in(grants=(("elm-court", "technician"),))
    assert node.ask("/properties/elm-court/x", token).status == 200
    assert node.ask("/properties/harbor-lofts/x", token).status == 403


def test_a_refusal_says_a_propertys_name_to_whoever_has_access_there(node):
    """A stranger reads what the address says, whether there is such a property or not."""
    key = f"quay-{secrets.token_hex(4)}"
    viewer, _, _ = node.people.sign_in(grants=((key, "viewer"),))
    everywhere, _, _ = node.people.sign_in(grants=(("*", "viewer"),))
    stranger, _, _ = node.people.sign_in(grants=(("elm-court", "viewer"),))
    node.people.sql(f"UPDATE properties SET name = 'North <Quay>' WHERE key = '{key}'")
    for token in (viewer, everywhere):
        answer = node.ask(f"/properties/{key}/x", token)
        assert answer.status == 403 and "technician access at <span class=\"name\">North &lt;Quay&gt;</span>" in answer.body.decode()
    known = node.ask(f"/properties/{key}/x", stranger).body.decode()
    unknown = node.ask(f"/properties/x{key}/x", stranger).body.decode()
    assert "North" not in known and f"technician access at <span class=\"name\">{key}</span>" in known
    reference = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")
    assert reference.sub("", known) == reference.sub("", unknown.replace(f"x{key}", key))


def test_a_location_without_the_gate_is_open(node):
    assert node.ask("/open/x").status == 200


def test_a_session_of_another_origin_is_none(node):
    token, _, _ = node.people.sign_in(origin="https://elsewhere.example")
    assert node.ask("/work", token).status == 302


def test_a_host_named_in_the_request_line_is_the_one_that_counts(node):
    token, _, _ = node.people.sign_in()
    answer = node.raw(f"GET http://other.example/work HTTP/1.1\r\nHost: {node.host}\r\nConnection: close\r\n"
                      f"Cookie: {COOKIE}={token}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 421")


def test_a_name_reaches_the_app_in_utf8(node):
    token, _, user = node.people.sign_in()
    node.people.sql(f"UPDATE users SET name = 'Łukasz Müller 日本' WHERE id = '{user}'")
    (name,) = node.ask("/work", token).seen("X-Auth-Name")
    assert name.encode("latin-1").decode() == "Łukasz Müller 日本"  # Python's servers read headers as Latin-1


def test_a_host_may_name_the_default_port(lab, cluster):
    node = lab.node(cluster, yaml=lambda text: re.sub(r"base_url: \S+", "base_url: http://login.localhost", text))
    token, _, _ = node.people.sign_in(origin="http://login.localhost")
    for host in ("login.localhost", "login.localhost:80", "LOGIN.localhost:80"):
        assert node.ask("/work", token, host=host).status == 200
        assert node.ask("/work", host=host).status == 302
        assert node.ask("/auth/sign-in", host=host).status == 200
        answer = node.ask("/auth/sign-in", method="POST", host=host, body=b"email=ann@northwind.example",
                          headers=[("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "text/html"),
                                   ("Origin", "http://login.localhost")])
        assert answer.status == 200 and b"Northwind" in answer.body
    assert node.ask("/work", token, host="login.localhost:443").status == 421


def test_an_unknown_host_is_refused_and_the_log_says_what_to_do(node):
    token, _, _ = node.people.sign_in()
    answer = node.ask("/work", token, host="stranger.example")
    assert answer.status == 421
    assert "add this origin to service_provider.apps: stranger.example" in node.error_log()


def test_a_long_query_is_come_back_to(lab, cluster):
    """Over all that a browser does, with the buffers that nginx has by itself and with larger ones."""
    node = lab.node(cluster, start=False)
    node.nginx_conf = node.nginx_conf.replace("proxy_http_version", "large_client_header_buffers 4 16k; proxy_http_version")
    node.start()
    for query in ("q=" + secrets.token_urlsafe(6140), "q=" + secrets.token_hex(3500)):
        away = node.ask(f"/work?{query}")
        assert away.status == 302
        pairs = {cookie.split("=")[0]: cookie for name, cookie in away.headers if name == "set-cookie"}
        assert pairs and all(len(cookie) <= 4096 for cookie in pairs.values())
        token, _, _ = node.people.sign_in()
        back = node.ask(away.header("location"), token)
        assert back.status == 303, back
        path = back.header("location")
        kept = [cookie for cookie in pairs.values() if f"Path={path.split('?')[0]};" in cookie]
        cookie = "; ".join([*(one.split(";")[0] for one in kept), f"{COOKIE}={token}"])
        found = node.ask(path, cookies=[cookie])
        assert found.status == 303 and found.header("location") == f"/work?{query}"
        said = node.ask(path, token)
        assert said.status == 414 and b'href="/work"' in said.body


def test_an_expired_session_is_none(node):
    token, _, _ = node.people.sign_in(lifetime="-1 second")
    assert node.ask("/work", token).status == 302


def test_the_outcome_and_the_email_are_in_the_log_and_the_token_is_not(node):
    token, email, _ = node.people.sign_in()
    node.ask("/logged", token)
    # nginx writes it once the answer is sent.
    wait_until(lambda: "/logged" in node.access_log(), 10, "the line in the access log")
    line = next(line for line in node.access_log().splitlines() if line.startswith("/logged"))
    assert "outcome=allow" in line and f"email={email}" in line
    assert token not in node.access_log() and token not in node.error_log()


def test_head_gets_no_body(node):
    answer = node.ask("/work", method="HEAD", headers=SCRIPT)
    assert answer.status == 401 and answer.body == b"" and int(answer.header("content-length")) > 0


def test_an_old_sign_on_is_asked_for_again_where_a_location_wants_a_fresh_one(node):
    fresh, _, _ = node.people.sign_in(sign_on_age="4 minutes")
    old, _, _ = node.people.sign_in(sign_on_age="6 minutes")
    assert node.ask("/fresh/", fresh).status == 200
    assert node.ask("/work", old).status == 200
    assert node.ask("/fresh/not/", old).status == 200
    answer = node.ask("/fresh/", old)
    assert answer.status == 302
    assert "/auth/sign-in?r=" in answer.header("location")
    page = node.ask(answer.header("location"), old)
    assert page.status == 200
    assert "Please sign in once more" in page.body.decode()
    told = node.ask("/fresh/", old, headers=SCRIPT)
    assert told.status == 401
    assert told.json["error"] == "step_up_required"
    assert "/auth/sign-in?r=" in told.json["sign_on_url"]


def test_a_location_may_want_a_kind_of_sign_on(node):
    token, _, user = node.people.sign_in()
    assert node.ask("/kind/", token).status == 302
    node.people.sql(f"UPDATE sessions SET authn_context = 'urn:mfa' WHERE user_id = '{user}'")
    other = node.people.session(user)
    node.people.sql(f"UPDATE sessions SET authn_context = 'urn:mfa' WHERE user_id = '{user}'")
    assert node.ask("/kind/", other).status == 200
