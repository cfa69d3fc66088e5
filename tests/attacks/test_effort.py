"""Messages that a stranger sends to keep us busy: canonical XML of a document made for it takes minutes, so nobody whose
key is not registered makes us compute any, and what is left of it is bounded."""

import base64
import itertools
import threading
from urllib.parse import quote

import pytest

from tests.support.saml import live
from tests.support.saml.browser import FORM, LOGIN_HOST, PAGE, post_response, session_of, start
from tests.support.saml.messages import BASE, DS, ENVELOPED, EXC, REQUEST, RSA_SHA256, SHA256

from .test_live import codes_in, log_since

AT_ONCE = 32  # as many as may wait for a thread
PREFIXES = ["".join(pair) for pair in itertools.product("bcdefghijklmnopqrstuvwyz", repeat=2)]


def signature(prefix_list, is_exclusive=True):
    """Nobody's, over the Response."""
    prefixes = f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{prefix_list}"/>' if prefix_list else ""
    exclusive = f'<ds:Transform Algorithm="{EXC}">{prefixes}</ds:Transform>' if is_exclusive else ""
    return (f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC}"/>'
            f'<ds:SignatureMethod Algorithm="{RSA_SHA256}"/><ds:Reference URI="#_r1"><ds:Transforms>'
            f'<ds:Transform Algorithm="{ENVELOPED}"/>{exclusive}</ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"/>'
            f"<ds:DigestValue>{base64.b64encode(bytes(32)).decode()}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
            f"<ds:SignatureValue>{base64.b64encode(bytes(256)).decode()}</ds:SignatureValue></ds:Signature>")


def filler(declarations, depth, leaves):
    """`depth` elements around `leaves` empty ones, each with so many declarations."""
    declared = "".join(f' xmlns:{name}="a:b"' for name in PREFIXES[:declarations])
    return f"<samlp:Extensions>{f'<samlp:e{declared}>' * depth}{'<samlp:x/>' * leaves}{'</samlp:e>' * depth}</samlp:Extensions>"


# Code, prefixes in the list (0: inclusive), declarations on each level, levels, leaves: of 250 kB.
BUSY = {
    "a long list of prefixes": ("signature_shape", 20_000, 1, 1, 10_000),
    "declarations on every level": ("xml_malformed", 80, 240, 10, 10_000),
    "as much of both as is allowed": ("signature_invalid", 60, 60, 1, 15_000),
    "inclusive, with every declaration in scope": ("signature_invalid", 0, 60, 1, 15_000),
    "deep": ("signature_invalid", 60, 1, 59, 15_000),
}


def busy(what, share=1):
    """A signature and what it is said to cover; `share` of the size."""
    _, prefixes, declarations, depth, leaves = BUSY[what]
    names = PREFIXES[:prefixes] if prefixes <= len(PREFIXES) else ["aa"] * int(prefixes * share)
    return signature(" ".join(names), prefixes > 0) + filler(declarations, depth, int(leaves * share))


def response(what, request_id):
    text = BASE.replace(REQUEST, request_id).replace("<samlp:Status>", f"{busy(what)}<samlp:Status>", 1)
    assert 50_000 < len(text) < 256 << 10
    return base64.b64encode(text.encode()).decode()


def is_let_in(node, keys_of_idp):
    under_way = start(node)
    token = session_of(post_response(node, base64.b64encode(live.make_now({}, keys_of_idp, under_way.request_id)).decode(),
                                     under_way))
    node.people.sql("DELETE FROM consumed_messages")
    return token is not None


@pytest.mark.parametrize("what", BUSY)
def test_many_at_once_are_refused_and_hold_up_nobody(node, keys_of_idp, what):
    position = len(node.error_log())
    begun = [start(node) for _ in range(AT_ONCE)]
    statuses = []

    def send(under_way):
        statuses.append(post_response(node, response(what, under_way.request_id), under_way).status)

    senders = [threading.Thread(target=send, args=(under_way,)) for under_way in begun]
    for sender in senders:
        sender.start()
    assert is_let_in(node, keys_of_idp)
    for sender in senders:
        sender.join()
    assert set(statuses) <= {403, 503} and 403 in statuses
    assert set(codes_in(log_since(node, position))) <= {BUSY[what][0], "overloaded"}


@pytest.mark.parametrize("what", BUSY)
def test_a_logout_message_needs_no_sign_on_and_is_refused_too(node, keys_of_idp, what):
    position = len(node.error_log())
    message = (f'<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0" '
               'IssueInstant="2027-01-15T08:00:00Z" Destination="https://login.test/saml2/logout"><saml:Issuer '
               f'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.test/</saml:Issuer>{busy(what, 0.25)}'
               "</samlp:LogoutRequest>").encode()
    assert len(message) < 64 << 10
    body = f"SAMLRequest={quote(base64.b64encode(message).decode(), safe='')}".encode()
    answer = node.ask("/saml2/logout", method="POST", body=body, host=LOGIN_HOST,
                      headers=[FORM, PAGE, ("Sec-Fetch-Site", "cross-site")])
    assert answer.status == 403 and codes_in(log_since(node, position)) == [BUSY[what][0]]
    assert is_let_in(node, keys_of_idp)
