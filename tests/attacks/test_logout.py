"""Logout messages that an attacker forges, bends or repeats: nobody is signed out by them."""

import base64
import re
import zlib
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from lxml import etree

from tests.support.processes import wait_until
from tests.support.saml import live
from tests.support.saml.browser import FORM, LOGIN_HOST, PAGE, post_response, session_of, start
from tests.support.saml.messages import RSA_SHA256, sign_element

from .test_cookies import is_inside

SLO = "/saml2/logout"
REQUEST = """<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="{id}" Version="2.0" \
IssueInstant="{now}" Destination="https://login.test/saml2/logout"><saml:Issuer \
xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.test/</saml:Issuer><saml:NameID \
xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">ann@corp.test</saml:NameID></samlp:LogoutRequest>"""
NUMBERS = iter(range(10_000))


@pytest.fixture(scope="module")
def metadata_of_idp(keys_of_idp):
    return live.registered(keys_of_idp).replace(
        "<SingleSignOnService", '<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
        'Location="https://idp.test/slo"/><SingleSignOnService')


def new_session(node, keys_of_idp):
    """Of ann's; its Response's IDs are forgotten, those of logout messages are not."""
    under_way = start(node)
    message = base64.b64encode(live.make_now({}, keys_of_idp, under_way.request_id)).decode()
    made = session_of(post_response(node, message, under_way))
    node.people.sql("DELETE FROM consumed_messages WHERE message_id IN ('_r1', '_a1')")
    assert is_inside(node, made)
    return made


@pytest.fixture
def token(node, keys_of_idp):
    return new_session(node, keys_of_idp)


def xml(age=0, **more):
    issued = datetime.now(UTC) - timedelta(seconds=age)
    return REQUEST.format(id=f"_l{next(NUMBERS)}", now=issued.strftime("%Y-%m-%dT%H:%M:%SZ"), **more)


def query_of(text, key, algorithm=RSA_SHA256, relay_state=None):
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    value = base64.b64encode(packed.compress(text.encode()) + packed.flush())
    parts = [f"SAMLRequest={quote(value, safe='')}"]
    if relay_state is not None:
        parts.append(f"RelayState={quote(relay_state, safe='')}")
    parts.append(f"SigAlg={quote(algorithm, safe='')}")
    octets = "&".join(parts)
    return octets + "&Signature=" + quote(base64.b64encode(key.sign(octets.encode(), algorithm)), safe="")


def arrive(node, query):
    return node.ask(f"{SLO}?{query}", host=LOGIN_HOST, headers=[PAGE, ("Sec-Fetch-Dest", "iframe")])


def post(node, text):
    body = f"SAMLRequest={quote(base64.b64encode(text.encode()), safe='')}".encode()
    return node.ask(SLO, method="POST", host=LOGIN_HOST, headers=[FORM, PAGE], body=body)


def test_the_genuine_one_ends_the_session(node, keys_of_idp, token):
    assert arrive(node, query_of(xml(), keys_of_idp["idp"])).status < 400
    wait_until(lambda: not is_inside(node, token), 10, "the end of the session")


def test_the_genuine_one_by_post(node, keys_of_idp, token):
    root = etree.fromstring(xml())
    sign_element(root, keys_of_idp["idp"], {})
    assert post(node, etree.tostring(root).decode()).status < 400
    wait_until(lambda: not is_inside(node, token), 10, "the end of the session")


FORGERIES = {
    "another IdP's key": lambda keys: query_of(xml(), keys["other"]),
    "no signature": lambda keys: query_of(xml(), keys["idp"]).split("&SigAlg")[0],
    "no Signature, but SigAlg": lambda keys: query_of(xml(), keys["idp"]).split("&Signature")[0],
    "another message's signature": lambda keys: query_of(xml(), keys["idp"]).split("&SigAlg")[0] + "&SigAlg"
                                                + query_of(xml(), keys["idp"]).split("&SigAlg")[1],
    "RelayState added behind": lambda keys: query_of(xml(), keys["idp"]) + "&RelayState=x",
    "RelayState changed": lambda keys: query_of(xml(), keys["idp"], relay_state="x").replace("RelayState=x", "RelayState=y"),
    "RelayState taken away": lambda keys: query_of(xml(), keys["idp"], relay_state="x").replace("&RelayState=x", ""),
    "the message twice": lambda keys: re.sub(r"^([^&]*)", r"\1&\1", query_of(xml(), keys["idp"])),
    "a SAMLResponse beside it": lambda keys: query_of(xml(), keys["idp"]) + "&SAMLResponse=x",
    "SHA-1": lambda keys: query_of(xml(), keys["idp"], "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
    "HMAC with the public key": lambda keys: query_of(xml(), keys["idp"], "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
    "another Destination": lambda keys: query_of(xml().replace("login.test/saml2/logout", "login.test/saml2/x"), keys["idp"]),
    "another Issuer": lambda keys: query_of(xml().replace("https://idp.test/", "https://evil.test/"), keys["idp"]),
    "from yesterday": lambda keys: query_of(xml(age=86_400), keys["idp"]),
    "from tomorrow": lambda keys: query_of(xml(age=-86_400), keys["idp"]),
    "another person": lambda keys: query_of(xml().replace("ann@corp.test", "bob@corp.test"), keys["idp"]),
    "part of the name": lambda keys: query_of(xml().replace("ann@corp.test", "ann@corp"), keys["idp"]),
    "a wildcard": lambda keys: query_of(xml().replace("ann@corp.test", "%"), keys["idp"]),
    "a comment in the name": lambda keys: query_of(xml().replace("ann@corp.test", "ann@corp.test<!-- -->"), keys["idp"]),
    "a prefix undeclared": lambda keys: query_of(xml().replace("<saml:NameID ", '<saml:NameID xmlns:zz="" '), keys["idp"]),
    "a prefix not declared": lambda keys: query_of(xml().replace("<saml:NameID ", '<saml:NameID zz:x="" '), keys["idp"]),
    "a NameID of nobody": lambda keys: query_of(xml().replace("ann@corp.test", ""), keys["idp"]),
    "a DOCTYPE": lambda keys: query_of("<!DOCTYPE x>" + xml(), keys["idp"]),
    "an inflate bomb": lambda keys: query_of(xml() + " " * 30_000_000, keys["idp"]),
    "escaped letters of the parameter": lambda keys: query_of(xml(), keys["idp"]).replace("SAMLRequest", "SAMLReques%74"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_message_signs_nobody_out(node, keys_of_idp, token, forgery):
    answer = arrive(node, FORGERIES[forgery](keys_of_idp))
    assert answer.status < 500, answer
    assert is_inside(node, token)


def test_an_unsigned_post_signs_nobody_out(node, keys_of_idp, token):
    root = etree.fromstring(xml())
    sign_element(root, keys_of_idp["other"], {})
    for text in (xml(), etree.tostring(root).decode()):
        assert post(node, text).status < 500
        assert is_inside(node, token)


def test_a_message_that_comes_again_does_not_end_the_next_session(node, keys_of_idp, token):
    query = query_of(xml(), keys_of_idp["idp"])
    arrive(node, query)
    wait_until(lambda: not is_inside(node, token), 10, "the end of the session")
    again = new_session(node, keys_of_idp)
    assert is_inside(node, again)
    arrive(node, query)
    assert is_inside(node, again)


RESPONSE = """<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_l{number}" Version="2.0" \
IssueInstant="{now}" InResponseTo="id1" Destination="https://login.test/saml2/logout"><saml:Issuer \
xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.test/</saml:Issuer><samlp:Status><samlp:StatusCode \
Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>"""


@pytest.mark.parametrize("key", ["idp", "other", None])
def test_no_answer_ends_or_begins_anything(node, keys_of_idp, token, key):
    """To a sign-out that was never asked for, by whomever."""
    text = RESPONSE.format(number=next(NUMBERS), now=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if key:
        root = etree.fromstring(text)
        sign_element(root, keys_of_idp[key], {})
        text = etree.tostring(root).decode()
    body = f"SAMLResponse={quote(base64.b64encode(text.encode()), safe='')}&RelayState=x".encode()
    answer = node.ask(SLO, token, method="POST", host=LOGIN_HOST, headers=[FORM, PAGE], body=body)
    assert (answer.status, answer.header("location"), answer.header("set-cookie")) == (303, "/auth/signed-out", None)
    assert is_inside(node, token)
    # Who is signed in is not told to be signed out.
    page = node.ask("/auth/signed-out", token, host=LOGIN_HOST, headers=[PAGE])
    assert (page.status, page.header("location")) == (303, "/auth/sign-out")
    code = {"idp": "logout_not_asked_for", "other": "signature_invalid", None: "signature_missing"}[key]
    assert f"logout answer ignored code={code} " in node.error_log()
