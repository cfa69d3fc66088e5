"""Every case again, as a fresh sign-on through nginx: no session, no way into the app, one line in the log, no word to
the attacker. The legal ones open a session, and the app is told who it is."""

import base64
import re

import pytest

from tests.support.saml import live
from tests.support.saml.browser import LOGIN_HOST, post_response, session_of, start
from tests.support.saml.messages import REQUEST, encode

from .test_core import CASES, label

# Where no request of ours is answered, the journey says so before the verifier does.
BEFORE_THE_VERIFIER = {"no_login_state", "unsolicited_response", "in_response_to"}
VARIANTS = {(): "", ("--allow-sha1",): "    allow_sha1: true\n", ("--unsolicited",): "    allow_unsolicited: true\n",
            ("--allow-rsa-pkcs1",): "    allow_rsa_pkcs1: true\n"}


@pytest.fixture(scope="module")
def nodes(module_lab, workspace, cluster, keys_of_idp):
    """By the options that an IdP needs for a case."""
    path = workspace / "attacked.xml"
    path.write_text(live.registered(keys_of_idp))
    live.write_key_pairs(keys_of_idp, workspace)
    running = {options: module_lab.node(cluster, yaml=live.configuration(path, more)) for options, more in VARIANTS.items()}
    for node in running.values():
        for email in {case.get("email", "ann@corp.test") for case in CASES if case["expect"] == "accepted"}:
            node.people.add(email)
    before = {options: node.workers() for options, node in running.items()}
    yield running
    assert {options: node.workers() for options, node in running.items()} == before, "a worker died"


def log_since(node, position):
    return node.error_log()[position:]


def codes_in(log):
    return re.findall(r"(?:refused|restarted) code=(\w+)", log)


@pytest.mark.parametrize("case", [case for case in CASES if case.get("live", True)], ids=label)
def test_case_through_nginx(case, nodes, keys_of_idp):
    node = nodes[tuple(case.get("options", []))]
    under_way = start(node)
    # What is to answer no question of this browser keeps the case's own request.
    is_foreign = "--unsolicited" in case.get("options", [])
    message = case["raw"] if "raw" in case else encode(
        case, live.make_now(case, keys_of_idp, REQUEST if is_foreign else under_way.request_id))
    position = len(node.error_log())
    answer = post_response(node, message, under_way)
    log = log_since(node, position)
    if case["expect"] == "accepted":
        assert answer.status == 303, (answer, log)
        inside = node.ask("/work", session_of(answer), host=LOGIN_HOST)
        assert inside.status == 200
        assert inside.seen("X-Auth-Email") == [case.get("email", "ann@corp.test")]
        node.people.sql("DELETE FROM consumed_messages")
        return
    assert session_of(answer) is None
    assert answer.status in (303, 400, 403), answer
    wanted = BEFORE_THE_VERIFIER if case["expect"] == "in_response_to" else {case["expect"]}
    assert set(codes_in(log)) & (wanted | ({"malformed_form"} if case.get("raw") == "" else set())), log
    if answer.status == 303:
        assert answer.header("location").startswith("/auth/sign-in?notice=")
        return
    page = answer.body.decode()
    reference = re.search(r'class="reference">([0-9A-Z-]+)<', page)[1]
    assert f"reference={reference}" in log
    assert case["expect"] not in page
    assert "ann@corp.test" not in log and "eve@corp.test" not in page


# Failing to open, opening to rubbish, and opening to what nobody signed.
INDISTINGUISHABLE = ["encrypted for nobody's key", "encrypted, flip last byte", "encrypted, cut last byte",
                     "encrypted, bad padding", "encrypted content with DOCTYPE", "encrypted content changed after signing",
                     "encrypted PKCS#1 v1.5 without opt-in", "encrypted PKCS#1 v1.5 with a DigestMethod, without opt-in",
                     "encrypted assertion that nobody signed"]


def test_no_answer_tells_why_an_encrypted_one_was_refused(nodes, keys_of_idp):
    """Otherwise the Reply URL is an oracle (Jager and Somorovsky 2011; Bleichenbacher 1998)."""
    node, seen = nodes[()], set()
    by_name = {case["name"]: case for case in CASES}
    for name in INDISTINGUISHABLE:
        under_way = start(node)
        message = base64.b64encode(live.make_now(by_name[name], keys_of_idp, under_way.request_id)).decode()
        answer = post_response(node, message, under_way)
        page = re.sub(r'class="reference">[0-9A-Z-]+<', "", answer.body.decode())
        headers = tuple(sorted((key.lower(), value) for key, value in answer.headers if key.lower() != "date"))
        seen.add((answer.status, headers, page))
    assert len(seen) == 1, [(status, headers) for status, headers, _ in seen]
