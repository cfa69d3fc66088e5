"""Every payload of redirects.jsonl wherever a browser can say where it wants to go. Nobody is led off our hosts."""

import base64
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.saml import live
from tests.support.saml.browser import ACS, FORM, LOGIN_HOST, PAGE, post_response, session_of, start

PAYLOADS = [json.loads(line) for line in (Path(__file__).parent / "redirects.jsonl").read_text().splitlines()
            if not line.startswith("#")]
OURS = {f"https://{LOGIN_HOST}", "https://idp.test"}


def origin_in_a_browser(location):
    """Where a browser on the login host goes (WHATWG URL, basic parser): backslashes are slashes, controls are dropped."""
    text = re.sub(r"[\t\r\n]", "", re.sub(r"^[\0- ]+|[\0- ]+$", "", location)).replace("\\", "/")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if scheme and scheme[1].lower() not in ("http", "https"):
        return scheme[1].lower()
    rest = text[scheme.end():] if scheme else text
    if not scheme and not rest.startswith("//"):
        return f"https://{LOGIN_HOST}"
    authority = re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0]
    return f"{scheme[1].lower() if scheme else 'https'}://{authority.rsplit('@', 1)[-1].lower()}"


def check(answer, what):
    assert answer.status < 500, (what, answer)
    assert answer.header("x-injected") is None, what
    location = answer.header("location")
    if location is not None:
        assert origin_in_a_browser(location) in OURS, (what, location)
        assert re.fullmatch(r"[\x21-\x7e]+", location), (what, location)
    return location


def sign_on(node, keys_of_idp, under_way, relay_state=None):
    message = base64.b64encode(live.make_now({}, keys_of_idp, under_way.request_id)).decode()
    answer = post_response(node, message, under_way, relay_state)
    node.people.sql("DELETE FROM consumed_messages; DELETE FROM sessions")
    return answer


def test_there_are_many_of_them():
    assert len(PAYLOADS) == len(set(PAYLOADS)) >= 300


def test_the_oracle_knows_what_a_browser_does():
    for location in ("//evil.test", "/\\evil.test", "\t//evil.test", "https:evil.test", "https://login.test@evil.test/", "/\t/evil.test"):
        assert origin_in_a_browser(location) == "https://evil.test", location
    assert origin_in_a_browser("javascript:alert(1)") == "javascript"
    assert origin_in_a_browser("/a//b?c=//evil.test") == f"https://{LOGIN_HOST}"


@pytest.mark.parametrize("template", [
    "/auth/sign-in?r={}", "/auth/sign-in?next={0}&return={0}&ReturnTo={0}&url={0}&RelayState={0}", "/auth/handoff?ticket={}",
    "/auth/waiting?r={}", "/auth/signed-out?r={}", "/auth/sign-in?notice={}", "/auth/microsoft-error?code={}",
    "/saml2/idpresponse?RelayState={}", "/saml2/logout?RelayState={}", "/auth/{}", "/auth/assets/{}", "/auth/sign-in/{}",
    "/auth/at/{}", "/auth/at/corp?r={}"])
def test_as_a_parameter(node, template):
    for payload in PAYLOADS:
        path = template.format(quote(payload, safe="/\\"))
        check(node.ask(path, host=LOGIN_HOST), path)


def test_as_a_field_of_a_form(node):
    own = [FORM, PAGE, ("Sec-Fetch-Site", "same-origin")]
    for payload in PAYLOADS:
        value = quote(payload, safe="")
        for path, body in (("/auth/sign-in", f"email=ann@corp.test&r={value}"), ("/auth/sign-in/start", f"idp=corp&r={value}"),
                           ("/auth/sign-in/another", f"r={value}"),
                           ("/auth/sign-in/start", f"idp={value}"), ("/auth/sign-out", f"then={value}&r={value}"),
                           (ACS, f"SAMLResponse=AAAA&RelayState={value}")):
            check(node.ask(path, method="POST", host=LOGIN_HOST, headers=own, body=body.encode()), (path, payload))


def test_as_relay_state_of_a_real_sign_on(node, keys_of_idp):
    for payload in PAYLOADS:
        answer = sign_on(node, keys_of_idp, start(node), payload)
        if "\0" in payload:
            assert answer.status == 400 and session_of(answer) is None, payload
            continue
        assert session_of(answer) is not None, payload
        assert answer.header("location") == "/", payload
        check(answer, payload)


def test_as_the_page_first_asked_for(node, keys_of_idp):
    for payload in PAYLOADS:
        target = quote(payload, safe="/\\?&=;:@.%[]{}$'")
        target = target if target.startswith("/") else "/" + target
        away = node.ask(target, host=LOGIN_HOST)
        location = check(away, target)
        if location is None or "r=" not in location:
            continue  # nginx itself refused the request, or it is a page of ours
        under_way = start(node, f"corp&r={location.split('r=')[1]}")
        landed = sign_on(node, keys_of_idp, under_way)
        assert session_of(landed) is not None
        check(landed, target)
