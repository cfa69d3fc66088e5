"""A company's own address and the company that a browser remembers: made-up names, planted cookies, links on other sites."""

from urllib.parse import quote

import pytest

from tests.support.node import COOKIE
from tests.support.processes import wait_until
from tests.support.saml import live
from tests.support.saml.browser import APP_HOST, FORM, LOGIN_HOST, PAGE, UnderWay, post_response, session_of, start

COMPANY = f"{COOKIE}-company"
NAVIGATION = [PAGE, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
BUTTON = 'name="idp" value="{}"'
EMAIL_FIELD = '<input id="email"'
HOSTILE = ["", "nobody", "CORP", "corp/", "corp/../other", "../sign-in", "..%2fsign-in", "%63orp", "corp%00", "corp%0d%0aX-Injected:1",
           "corp;other", "corp,other", "corp=other", '"corp"', "<script>alert(1)</script>", "{{prefix}}", "//evil.test",
           "https://evil.test/", "\\evil.test", "corp.test", "*", "'; DROP TABLE users; --", "a" * 4000]


@pytest.fixture(scope="module")
def node(module_lab, workspace, cluster, keys_of_idp):
    """Two companies: with one, nothing is remembered."""
    corp = live.registered(keys_of_idp)
    (workspace / "corp.xml").write_text(corp)
    (workspace / "other.xml").write_text(corp.replace("https://idp.test/", "https://other-idp.test/"))
    live.write_key_pairs(keys_of_idp, workspace)
    other = f"  - {{ name: other, metadata: {workspace}/other.xml, domains: [other.test] }}\n"
    running = module_lab.node(cluster, yaml=live.configuration(workspace / "corp.xml", other))
    running.people.add("ann@corp.test")
    wait_until(lambda: open_page(running, "/auth/at/nobody").status == 404, 30, "the companies in the database to be known")
    return running


def text_of(answer):
    return answer.body.decode()


def open_page(node, path, *cookies, headers=(PAGE,), method="GET", host=LOGIN_HOST):
    return node.ask(path, host=host, method=method, headers=list(headers), cookies=list(cookies))


def cookies_set(answer):
    return [value for name, value in answer.headers if name.lower() == "set-cookie"]


def is_still_here(node):
    answer = open_page(node, "/auth/at/corp")
    return answer.status == 200 and BUTTON.format("corp") in text_of(answer)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/auth/at/corp", "/auth/at/corp?r=x&idp=other&email=eve@other.test", "/auth/sign-in/another",
                                  "/auth/sign-in?notice=choose"])
def test_a_link_on_another_site_begins_nothing_and_forgets_nothing(node, path, method):
    """Login CSRF: an attacker's page may send a browser there."""
    answer = open_page(node, path, f"{COMPANY}=other", headers=NAVIGATION, method=method)
    assert answer.status in (200, 405), answer
    assert answer.header("location") is None and cookies_set(answer) == []


def test_a_response_after_a_link_alone_opens_nothing(node, keys_of_idp):
    """What is posted must answer a button that was pressed in this browser."""
    theirs = start(node)
    message = live.fresh_response(keys_of_idp, theirs.request_id)
    opened = open_page(node, "/auth/at/corp", headers=NAVIGATION)
    assert opened.status == 200
    answer = post_response(node, message, UnderWay(theirs.request_id, theirs.relay_state, f"{COMPANY}=corp"))
    assert session_of(answer) is None and not any(COMPANY in cookie for cookie in cookies_set(answer))
    assert answer.header("location").startswith("/auth/sign-in?notice=stale")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_a_company_s_address_is_read_only(node, method):
    answer = node.ask("/auth/at/corp", host=LOGIN_HOST, method=method, body=b"idp=corp" if method == "POST" else b"",
                      headers=[FORM, PAGE, ("Sec-Fetch-Site", "same-origin")])
    assert answer.status == 405 and answer.header("allow") == "GET, HEAD" and cookies_set(answer) == []


def test_no_page_of_ours_can_be_framed_for_a_click_on_the_button(node):
    for answer in (open_page(node, "/auth/at/corp"), open_page(node, "/auth/sign-in", f"{COMPANY}=corp")):
        assert BUTTON.format("corp") in text_of(answer)
        assert "frame-ancestors 'none'" in answer.header("content-security-policy")
        assert answer.header("cache-control") == "no-store"


@pytest.mark.parametrize("host", [LOGIN_HOST, APP_HOST])
def test_a_hostile_name_leads_nowhere(node, host):
    for name in HOSTILE:
        answer = open_page(node, "/auth/at/" + quote(name, safe="/%;,=*'\\:"), host=host)
        assert 400 <= answer.status < 500, (name, answer)
        assert answer.header("location") is None and answer.header("x-injected") is None and cookies_set(answer) == [], name
        assert "<script>" not in text_of(answer) and BUTTON.format("corp") not in text_of(answer), name
    assert is_still_here(node)


def test_another_host_passes_on_a_company_that_there_is_and_nothing_else(node):
    sent = open_page(node, "/auth/at/corp?r=AAAA&x=https://evil.test", host=APP_HOST)
    assert (sent.status, sent.header("location")) == (302, f"https://{LOGIN_HOST}/auth/at/corp?r=AAAA")


def test_a_hostile_cookie_is_as_none(node):
    for value in HOSTILE:
        if value == "corp;other":
            continue  # two cookies, of which the second has no name
        answer = open_page(node, "/auth/sign-in", f"{COMPANY}={value}")
        assert answer.status == 200 and EMAIL_FIELD in text_of(answer), value
        assert "<script>" not in text_of(answer) and cookies_set(answer) == [], value
    for odd in (f"{COMPANY}=\xff\xfe".encode("latin-1"), f"{COMPANY}=corp; {COMPANY}=other", f"{COMPANY}", f"{COMPANY}==corp"):
        assert EMAIL_FIELD in text_of(open_page(node, "/auth/sign-in", odd)), odd
    assert is_still_here(node)


@pytest.mark.parametrize("name", ["anteroom-company", "__Secure-anteroom-company", "__host-anteroom-company", f"{COMPANY}-x"])
def test_a_cookie_that_a_sibling_host_could_set_does_not_count(node, name):
    """Cookie tossing: browsers take `__Host-` from this host alone."""
    answer = open_page(node, "/auth/sign-in", f"{name}=corp")
    assert EMAIL_FIELD in text_of(answer)


def test_a_planted_company_is_offered_and_gives_nothing(node, keys_of_idp):
    planted = f"{COMPANY}=other"
    assert BUTTON.format("other") in text_of(open_page(node, "/auth/sign-in", planted))
    assert node.ask("/work", host=LOGIN_HOST, cookies=[planted]).status == 302
    under_way = start(node)
    # A Response of the company that the cookie names is not what the button asked for.
    foreign = live.fresh_response(keys_of_idp, under_way.request_id, "eve@other.test", "https://other-idp.test/")
    both = UnderWay(under_way.request_id, under_way.relay_state, f"{under_way.cookie}; {planted}")
    assert session_of(post_response(node, foreign, both)) is None
    # And the sign-on that was begun goes on as ever, and is what is remembered then.
    answer = post_response(node, live.fresh_response(keys_of_idp, under_way.request_id), both)
    token = session_of(answer)
    assert token is not None and node.ask("/work", token, host=LOGIN_HOST).status == 200
    kept = [cookie for cookie in cookies_set(answer) if cookie.startswith(COMPANY)]
    assert kept == [f"{COMPANY}=corp; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=15552000"]
    assert "ann" not in kept[0] and "@" not in kept[0]


def test_the_company_reaches_no_app(node, keys_of_idp):
    under_way = start(node)
    token = session_of(post_response(node, live.fresh_response(keys_of_idp, under_way.request_id), under_way))
    answer = node.ask("/work", host=LOGIN_HOST, cookies=[f"a=1; {COMPANY}=corp; {COOKIE}={token}; b=2"])
    assert answer.status == 200 and answer.seen("Cookie") == ["a=1; b=2"]
