"""A browser's part of a sign-on at a live node: leaving for the IdP, and posting what it answers."""

import base64
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from tests.support.node import Answer, Node
from tests.support.texts import found

LOGIN_HOST = "login.test"
APP_HOST = "app.test"
ACS = "/saml2/idpresponse"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
PAGE = ("Accept", "text/html")


@dataclass
class UnderWay:
    request_id: str
    relay_state: str
    cookie: str  # "name=value"
    query: str = ""  # with which the IdP is asked


def start(node: Node, idp: str = "corp", cookies: Iterable[str] = ()) -> UnderWay:
    """Presses the IdP's button."""
    return leave(node, "/auth/sign-in/start", f"idp={idp}", cookies)


def leave(node: Node, path: str, body: str, cookies: Iterable[str] = ()) -> UnderWay:
    """Sends a form that leads to an IdP by redirect."""
    answer = node.ask(path, method="POST", host=LOGIN_HOST, body=body.encode(),
                      headers=[FORM, PAGE, ("Sec-Fetch-Site", "same-origin")], cookies=cookies)
    assert answer.status == 303, answer
    asked = urlsplit(answer.header("location") or "").query
    query = parse_qs(asked)
    xml = zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15).decode()
    return UnderWay(found(r' ID="([^"]+)"', xml), query["RelayState"][0], (answer.header("set-cookie") or "").split(";")[0], asked)


def post_form(node: Node, body: bytes, cookies: Iterable[str] = ()) -> Answer:
    return node.ask(ACS, method="POST", host=LOGIN_HOST, body=body, cookies=cookies,
                    headers=[FORM, PAGE, ("Sec-Fetch-Site", "cross-site"), ("Origin", "https://idp.test")])


def post_response(node: Node, message: str, under_way: UnderWay, relay_state: str | None = None) -> Answer:
    state = under_way.relay_state if relay_state is None else relay_state
    body = f"SAMLResponse={quote(message, safe='')}&RelayState={quote(state, safe='')}"
    return post_form(node, body.encode(), [under_way.cookie])


def session_of(answer: Answer) -> str | None:
    """The session cookie that an answer sets, or None."""
    for name, value in answer.headers:
        if name.lower() == "set-cookie" and value.startswith("__Host-anteroom="):
            return value.split(";")[0].split("=", 1)[1] or None
    return None
