"""A property that is closed lets nobody in, on every node at once."""

import secrets

import pytest

from tests.support.node import NAVIGATION
from tests.support.processes import wait_until


@pytest.fixture
def key(node):
    key = f"mill-{secrets.token_hex(4)}"
    node.people.sql(f"INSERT INTO properties (key, name) VALUES ('{key}', 'Mill House')")
    return key


def close(node, key, closed_at="now()"):
    node.people.sql(f"UPDATE properties SET closed_at = {closed_at} WHERE key = '{key}'")


def statuses(node, path, tokens):
    return [node.ask(path, token).status for token in tokens]


def test_a_closed_property_lets_nobody_in_and_counts_again_when_it_is_opened(node, key):
    holder, _, _ = node.people.sign_in(grants=((key, "technician"), ("elm-court", "technician")))
    everywhere, _, _ = node.people.sign_in(grants=(("*", "admin"),))
    both, _, _ = node.people.sign_in(grants=(("*", "admin"), (key, "admin")))
    tokens = [holder, everywhere, both]
    path = f"/properties/{key}/x"
    assert statuses(node, path, tokens) == [200, 200, 200]
    close(node, key)
    wait_until(lambda: statuses(node, path, tokens) == [403, 403, 403], 5, "closed for everybody")
    assert statuses(node, "/properties/elm-court/x", tokens) == [200, 200, 200]
    # Kept, and said to the app as before, but for the closed one.
    assert node.ask("/x", everywhere).seen("X-Auth-Properties") == ["*=admin"]
    assert node.ask("/x", both).seen("X-Auth-Properties") == ["*=admin"]
    assert node.ask("/x", holder).seen("X-Auth-Properties") == ["elm-court=technician"]
    # A stranger's page: a closed property is nobody's.
    page = node.ask(path, everywhere, headers=NAVIGATION).body.decode()
    assert "Mill House" not in page and key in page
    close(node, key, "NULL")
    wait_until(lambda: statuses(node, path, tokens) == [200, 200, 200], 5, "open again")
    assert node.ask("/x", both).seen("X-Auth-Properties") == [f"*=admin,{key}=admin"]


def test_whose_only_property_is_closed_waits_until_it_is_open(node, key):
    token, _, _ = node.people.sign_in(grants=((key, "technician"),))
    assert node.ask("/x", token).status == 200
    close(node, key)
    wait_until(lambda: node.ask("/x", token).status == 302, 5, "the Waiting Room")
    assert node.ask("/x", token).header("location").startswith("/auth/waiting?r=")
    close(node, key, "NULL")
    wait_until(lambda: node.ask("/x", token).status == 200, 5, "the app")
