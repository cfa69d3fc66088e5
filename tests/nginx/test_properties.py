"""A property that is closed lets nobody in, on every node at once; many are put in from a list, whole or not at all."""

import html
import re
import secrets

import pytest

from tests.support.http_client import multipart
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


class Desk:
    """Somebody's way to the page for several properties."""

    def __init__(self, node, grants=(("*", "admin"),)):
        self._node = node
        self._token, _, _ = node.people.sign_in(grants=grants)

    def send(self, site="same-origin", **fields):
        body, kind = multipart(fields)
        return self._node.ask("/auth/manage/properties/many", self._token, method="POST", body=body,
                              headers=[*NAVIGATION, ("Content-Type", kind), ("Sec-Fetch-Site", site)])

    def confirm(self, page, **changed):
        """Sends what the page would, with its list as the browser has it."""
        shown = page.body.decode()
        seen = re.search(r'name="seen" value="([0-9a-f]{64})"', shown)[1]
        typed = html.unescape(re.search(r'<textarea name="list"[^>]*>\n(.*?)</textarea>', shown, re.DOTALL)[1])
        return self.send(**{"seen": seen, "list": typed, **changed})


def names(node, *keys):
    some = ",".join(f"'{key}'" for key in keys)
    return dict(row.split("=", 1) for row in node.people.sql(f"SELECT key || '=' || name FROM properties WHERE key IN ({some})"))


def test_a_list_is_shown_first_and_put_in_as_it_was_shown(node, key):
    desk, new = Desk(node), f"new-{key}"
    shown = desk.send(list=f"\ufeffkey;name\r\n{new};\"Weir; <b>O'Hara</b> & Café\"\r\n{key};Mill, the old one\r\n")
    assert shown.status == 200 and "New: 1. Another name: 1." in shown.body.decode()
    assert b"<b>O" not in shown.body
    assert names(node, new, key) == {key: "Mill House"}
    done = desk.confirm(shown)
    assert (done.status, done.header("location")) == (303, "/auth/manage/properties?notice=put_in")
    assert names(node, new, key) == {new: "Weir; <b>O'Hara</b> & Café", key: "Mill, the old one"}
    again = desk.confirm(shown)
    assert again.status == 409, "what was confirmed is not so any more"


def test_a_closed_property_stays_closed_for_everybody(node, key):
    close(node, key)
    token, _, _ = node.people.sign_in(grants=(("*", "admin"),))
    desk = Desk(node)
    shown = desk.send(list=f"{key},Mill Yard")
    assert "It is closed, and stays so." in shown.body.decode()
    assert desk.confirm(shown).status == 303 and names(node, key) == {key: "Mill Yard"}
    assert node.ask(f"/properties/{key}/x", token).status == 403


def test_nothing_is_put_in_of_another_list_than_the_one_that_was_shown(node, key):
    desk, other = Desk(node), f"other-{key}"
    shown = desk.send(list=f"{key},Mill Yard")
    assert desk.confirm(shown, list=f"{key},Mill Yard\n{other},Other").status == 409
    assert desk.confirm(shown, seen="f" * 64).status == 409
    assert desk.confirm(shown, site="cross-site").status == 403
    assert names(node, key, other) == {key: "Mill House"}


@pytest.mark.parametrize("grants", [(("elm-court", "admin"),), (("*", "technician"),)])
def test_whoever_does_not_decide_everywhere_puts_nothing_in(node, key, grants):
    shown = Desk(node).send(list=f"{key},Mill Yard")
    stranger = Desk(node, grants)
    assert stranger.send(list=f"{key},Mill Yard").status == 403
    assert stranger.confirm(shown).status == 403
    assert names(node, key) == {key: "Mill House"}
