"""One Response, one session: in every order, on every node, after every restart."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.processes import wait_until
from tests.support.saml import live
from tests.support.saml.browser import FORM, LOGIN_HOST, PAGE, post_response, session_of, start


@pytest.fixture
def pair(lab, workspace, cluster, keys_of_idp):
    """Two nodes of one installation."""
    path = workspace / "replayed.xml"
    path.write_text(live.registered(keys_of_idp))
    live.write_key_pairs(keys_of_idp, workspace)
    first = lab.node(cluster, yaml=live.configuration(path, ""))
    second = lab.node(cluster, database=first.database, yaml=live.configuration(path, ""))
    return first, second


def response_for(under_way, keys_of_idp, case=None):
    return base64.b64encode(live.make_now(case or {}, keys_of_idp, under_way.request_id)).decode()


def at_once(calls):
    """Runs them at the same instant."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_at_the_same_instant_on_two_nodes_eight_times_each(pair, keys_of_idp):
    under_way = start(pair[0])
    message = response_for(under_way, keys_of_idp)
    answers = at_once([lambda node=node: post_response(node, message, under_way) for node in pair * 8])
    assert sum(session_of(answer) is not None for answer in answers) == 1
    assert {answer.status for answer in answers} == {303}
    assert pair[0].people.sql("SELECT count(*) FROM sessions") == ["1"]


def test_after_a_restart(pair, keys_of_idp):
    node = pair[0]
    under_way = start(node)
    message = response_for(under_way, keys_of_idp)
    assert session_of(post_response(node, message, under_way)) is not None
    node.stop()
    node.start()
    assert session_of(post_response(node, message, under_way)) is None


def test_under_another_response_id(pair, keys_of_idp):
    node = pair[0]
    under_way = start(node)
    assert session_of(post_response(node, response_for(under_way, keys_of_idp), under_way)) is not None
    changed = response_for(under_way, keys_of_idp, {"tamper": [['ID="_r1"', 'ID="_r2"']]})
    assert session_of(post_response(node, changed, under_way)) is None
    assert node.people.sql("SELECT count(*) FROM sessions") == ["1"]


def test_a_second_assertion_to_the_same_request(pair, keys_of_idp):
    """With copied cookies, on another node, and after the person has signed out."""
    node, other = pair
    under_way = start(node)
    token = session_of(post_response(node, live.fresh_response(keys_of_idp, under_way.request_id), under_way))
    assert token is not None
    again = [live.fresh_response(keys_of_idp, under_way.request_id) for _ in range(2)]
    answer = post_response(other, again[0], under_way)
    assert answer.status == 303 and session_of(answer) is None
    wait_until(lambda: node.people.sql("SELECT code FROM audit_events WHERE kind = 'sign_on_refused'") == ["request_answered"], 5,
               "the event")
    node.ask("/auth/sign-out", method="POST", host=LOGIN_HOST, cookies=[f"__Host-anteroom={token}"],
             headers=[FORM, PAGE, ("Sec-Fetch-Site", "same-origin")])
    assert node.people.sql("SELECT count(*) FROM sessions") == ["0"]
    assert session_of(post_response(node, again[1], under_way)) is None
    assert node.people.sql("SELECT count(*) FROM sessions") == ["0"]


def test_different_assertions_to_the_same_request_at_the_same_instant(pair, keys_of_idp):
    under_way = start(pair[0])
    messages = [live.fresh_response(keys_of_idp, under_way.request_id) for _ in range(8)]
    answers = at_once([lambda node=node, message=message: post_response(node, message, under_way)
                       for node, message in zip(pair * 4, messages, strict=True)])
    assert sum(session_of(answer) is not None for answer in answers) == 1
    assert {answer.status for answer in answers} == {303}


def test_for_a_second_request_of_the_same_browser(pair, keys_of_idp):
    node = pair[0]
    first, second = start(node), start(node)
    message = response_for(first, keys_of_idp)
    assert session_of(post_response(node, message, first)) is not None
    assert session_of(post_response(node, message, second)) is None


def test_in_another_browser(pair, keys_of_idp):
    """Login CSRF: the attacker's own Response, in the victim's browser."""
    node = pair[0]
    attacker, victim = start(node), start(node)
    message = response_for(attacker, keys_of_idp)
    assert session_of(post_response(node, message, victim)) is None
    assert session_of(post_response(node, message, victim, attacker.relay_state)) is None
    assert node.people.sql("SELECT count(*) FROM users") == ["0"]
