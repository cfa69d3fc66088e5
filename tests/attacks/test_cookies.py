"""Cookies that an attacker sets, moves, bends or steals; forms that another site sends."""

import base64
import re

import pytest

from tests.support.node import COOKIE
from tests.support.saml import live
from tests.support.saml.browser import ACS, APP_HOST, FORM, LOGIN_HOST, PAGE, UnderWay, post_response, session_of, start

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def response_for(under_way, keys_of_idp):
    return base64.b64encode(live.make_now({}, keys_of_idp, under_way.request_id)).decode()


def sign_on(node, keys_of_idp, cookies=()):
    under_way = start(node)
    under_way.cookie = "; ".join([under_way.cookie, *cookies])
    answer = post_response(node, response_for(under_way, keys_of_idp), under_way)
    node.people.sql("DELETE FROM consumed_messages")
    token = session_of(answer)
    assert token is not None, answer
    return token


def is_inside(node, *tokens, host=LOGIN_HOST):
    return node.ask("/work", host=host, cookies=[f"{COOKIE}={token}" for token in tokens]).status == 200


def test_a_session_is_never_the_one_that_the_browser_brought(node, keys_of_idp):
    """Session fixation."""
    planted = "A" * 43
    first = sign_on(node, keys_of_idp, [f"{COOKIE}={planted}"])
    second = sign_on(node, keys_of_idp, [f"{COOKIE}={first}"])
    assert len({planted, first, second}) == 3
    assert not is_inside(node, planted)
    assert is_inside(node, second)


def test_two_session_cookies_are_none_in_either_order(node, keys_of_idp):
    """Cookie tossing from a sibling domain."""
    mine, evil = sign_on(node, keys_of_idp), sign_on(node, keys_of_idp)
    assert is_inside(node, mine) and is_inside(node, evil)
    assert not is_inside(node, mine, evil)
    assert not is_inside(node, evil, mine)
    assert node.ask("/work", host=LOGIN_HOST, cookies=[f"{COOKIE}={mine}; {COOKIE}={evil}"]).status == 302


def test_a_session_of_one_host_is_nothing_on_another(node, keys_of_idp):
    token = sign_on(node, keys_of_idp)
    assert is_inside(node, token)
    assert not is_inside(node, token, host=APP_HOST)


def test_a_session_cookie_bent_at_any_place_is_none(node, keys_of_idp):
    token = sign_on(node, keys_of_idp)
    for place, character in enumerate(token):
        other = ALPHABET[(ALPHABET.index(character) + 4) % 64]
        assert not is_inside(node, token[:place] + other + token[place + 1:]), place
    for changed in (token + "A", token[:-1], "", token.lower(), token.upper(), f'"{token}"', token + "="):
        assert not is_inside(node, changed), changed


def test_a_login_state_bent_at_any_place_is_none(node, keys_of_idp):
    under_way = start(node)
    message = response_for(under_way, keys_of_idp)
    name, value = under_way.cookie.split("=", 1)
    for place, character in enumerate(value):
        other = ALPHABET[(ALPHABET.index(character) + 4) % 64]
        bent = UnderWay(under_way.request_id, under_way.relay_state, f"{name}={value[:place]}{other}{value[place + 1:]}")
        assert session_of(post_response(node, message, bent)) is None, place
    for changed in (value[:-1], value + "A", "", value * 2):
        bent = UnderWay(under_way.request_id, under_way.relay_state, f"{name}={changed}")
        assert session_of(post_response(node, message, bent)) is None
    assert session_of(post_response(node, message, under_way)) is not None
    node.people.sql("DELETE FROM consumed_messages")


def test_a_sealed_value_serves_one_purpose_under_one_name(node, keys_of_idp):
    under_way = start(node)
    message = response_for(under_way, keys_of_idp)
    name, value = under_way.cookie.split("=", 1)
    handle = node.ask("/work", host=LOGIN_HOST).header("location").split("r=")[1]
    for cookie in (f"__Host-anteroom-login-{'0' * 16}={value}", f"{name}={handle}", f"{COOKIE}={value}",
                   f"__Host-anteroom-browser={value}", name.replace("__Host-", "") + f"={value}"):
        other = UnderWay(under_way.request_id, under_way.relay_state, cookie)
        assert session_of(post_response(node, message, other)) is None, cookie
    # The login state as a page to return to: it is none, so one lands on the landing page.
    token = sign_on(node, keys_of_idp)
    landed = node.ask(f"/auth/sign-in?r={value}", token, host=LOGIN_HOST)
    assert landed.status == 303 and landed.header("location") == "/"


def test_a_browser_full_of_cookies_is_served(node, keys_of_idp):
    under_way = start(node)
    message = response_for(under_way, keys_of_idp)
    junk = "; ".join(f"__Host-anteroom-login-{number:016x}=junk{number}" for number in range(60))
    for cookie in (f"{junk}; {under_way.cookie}", f"{under_way.cookie}; {junk}"):
        answer = post_response(node, message, UnderWay(under_way.request_id, under_way.relay_state, cookie))
        assert session_of(answer) is not None
        node.people.sql("DELETE FROM consumed_messages")


def test_a_ticket_is_worth_nothing_in_another_browser_or_a_second_time(node, keys_of_idp):
    away = node.ask("/work?x=1", host=APP_HOST)
    browser = re.search(r"__Host-anteroom-browser=[^;]+", away.header("set-cookie"))[0]
    token = sign_on(node, keys_of_idp)

    def new_ticket():
        answer = node.ask("/auth/sign-in?" + away.header("location").split("?")[1], token, host=LOGIN_HOST)
        assert answer.status == 303, answer
        return answer.header("location").split(APP_HOST)[1]

    def redeem(ticket, cookies, host=APP_HOST):
        return session_of(node.ask(ticket, host=host, cookies=cookies))

    assert redeem(new_ticket(), []) is None
    assert redeem(new_ticket(), ["__Host-anteroom-browser=" + "A" * 43]) is None
    assert redeem(new_ticket(), [browser], host=LOGIN_HOST) is None
    ticket = new_ticket()
    session = redeem(ticket, [browser])
    assert session is not None and is_inside(node, session, host=APP_HOST)
    assert redeem(ticket, [browser]) is None


# What each form of ours does must not be had from another site. That all are held to it: tests/unit/journey/routes_test.cpp.
FORMS = {"/sign-in": b"email=ann@corp.test", "/sign-in/another": b"", "/sign-in/start": b"idp=corp", "/sign-out": b"",
         "/waiting/ask": b"",
         "/manage/new-user": b"email=eve@corp.test&property=*&level=admin", "/manage/new-users": b"list=eve@corp.test",
         "/manage/requests/withdraw": b"request=x", "/manage/queue": b"request=x&decision=approve",
         "/manage/queue/request": b"request=x&decision=approve", "/manage/people/grant": b"user=x&property=*&level=admin",
         "/manage/people/account": b"user=x&do=enable", "/manage/people/sessions": b"user=x",
         "/manage/properties/add": b"key=new&name=New", "/manage/properties/rename": b"key=elm-court&name=X&was=Elm",
         "/manage/properties/state": b"key=elm-court&then=closed", "/manage/properties/many": b"list=new,New&seen=x"}
FOREIGN = {"another site": [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.test")],
           "a sibling": [("Sec-Fetch-Site", "same-site"), ("Origin", "https://evil.login.test")],
           "nobody knows": [], "a sandbox": [("Origin", "null")], "an old browser elsewhere": [("Origin", "https://evil.test")],
           "our name in http": [("Origin", "http://login.test")], "our name, another port": [("Origin", "https://login.test:444")],
           "our name in front": [("Origin", "https://login.test.evil.test")],
           "a liar's Origin": [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://login.test")],
           "typed by hand": [("Sec-Fetch-Site", "none")]}


@pytest.mark.parametrize("page", FORMS)
@pytest.mark.parametrize("sender", FOREIGN)
def test_a_form_of_another_site_is_refused(node, keys_of_idp, page, sender):
    """CSRF."""
    token = sign_on(node, keys_of_idp)
    for content_type in (FORM, ("Content-Type", "text/plain"), ("Content-Type", "multipart/form-data; boundary=x")):
        answer = node.ask(f"/auth{page}", token, host=LOGIN_HOST, method="POST", body=FORMS[page],
                          headers=[content_type, PAGE, *FOREIGN[sender]])
        assert answer.status == 403, answer
        assert answer.header("set-cookie") is None
    assert is_inside(node, token), "the session ended"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_link_signs_anybody_out_or_on(node, keys_of_idp, method):
    token = sign_on(node, keys_of_idp)
    for path in ("/auth/sign-out", "/auth/sign-out?then=sign-in", "/auth/sign-in/start?idp=corp", "/auth/sign-in/another",
                 "/auth/at/corp", ACS + "?SAMLResponse=x"):
        assert session_of(node.ask(path, token, host=LOGIN_HOST, method=method)) is None
        assert is_inside(node, token), path


@pytest.mark.parametrize("path", ["/work", "/auth/sign-in", "/auth/at/corp", "/auth/at/nobody", "/auth/waiting",
                                  "/auth/waiting/status", "/auth/sign-out", "/auth/signed-out", "/auth/handoff?ticket=x", "/manager/"])
def test_nothing_that_depends_on_who_asks_is_kept_or_shared(node, keys_of_idp, path):
    for token in (None, sign_on(node, keys_of_idp)):
        answer = node.ask(path, token, host=LOGIN_HOST, headers=[PAGE, ("Origin", "https://evil.test")])
        assert answer.header("access-control-allow-origin") is None
        if path not in ("/work", "/manager/") or answer.status != 200:
            assert answer.header("cache-control") == "no-store", (path, answer)
