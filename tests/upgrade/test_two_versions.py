"""An older version and this one on one database, as between two steps of an upgrade."""

import pytest

from tests.support.node import COOKIE
from tests.support.processes import wait_until
from tests.support.saml.browser import LOGIN_HOST, post_response, session_of, start as leave
from tests.support.saml.live import fresh_response

from .conftest import NEW, OLD


def is_inside(node, token):
    return node.ask("/work", host=LOGIN_HOST, cookies=[f"{COOKIE}={token}"]).status == 200


def come_back(node, under_way):
    token = session_of(post_response(node, fresh_response(node.authorities, under_way.request_id), under_way))
    assert token is not None, node.error_log()[-2000:]
    return token


@pytest.fixture
def pair(lab, cluster, start):
    """The old version runs while the new one migrates."""
    database = lab.database(cluster)
    old = start(OLD, database)
    old.people.add("ann@corp.test")
    before = come_back(old, leave(old))
    under_way = leave(old)
    new = start(NEW, database)
    assert is_inside(old, before), "the old version goes on over the migration"
    return old, new, before, under_way


def test_sessions_and_sign_ons_of_either_version_are_good_at_the_other(pair):
    old, new, before, under_way = pair
    assert is_inside(new, before)
    assert is_inside(old, come_back(new, under_way)), "begun at the old, ended at the new"
    for begun, ended in ((old, old), (new, new), (old, new), (new, old)):
        token = come_back(ended, leave(begun))
        assert is_inside(old, token) and is_inside(new, token)


def test_the_end_of_a_session_is_heard_by_both(pair):
    old, new, before, _ = pair
    other = come_back(new, leave(new))
    assert all(is_inside(node, token) for node in (old, new) for token in (before, other))
    for token in (before, other):
        old.people.end_session(token)
    wait_until(lambda: not any(is_inside(node, token) for node in (old, new) for token in (before, other)), 4,
               "the ends to be heard of")


def test_access_is_given_and_taken_by_either(pair):
    old, new, _, _ = pair
    email, user = old.people.add("zoe@corp.test", grants=())
    tokens = [node.people.session(user, origin=f"https://{LOGIN_HOST}") for node in (old, new)]
    assert not any(is_inside(node, token) for node in (old, new) for token in tokens)
    old.people.grant(user, "*", "viewer")
    wait_until(lambda: all(is_inside(node, token) for node in (old, new) for token in tokens), 6, "the access")
    old.people.sql(f"UPDATE users SET status = 'disabled' WHERE email = '{email}'")
    wait_until(lambda: not any(is_inside(node, token) for node in (old, new) for token in tokens), 6, "the end of it")


def test_the_old_version_starts_on_the_new_schema(pair, start):
    """The way back."""
    old, new, before, _ = pair
    old.stop()
    old.start()
    wait_until(lambda: is_inside(old, before), 10, "the old version to be back")
    new.stop()
    come_back(old, leave(old))
