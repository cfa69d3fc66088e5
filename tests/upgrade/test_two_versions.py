"""An older version and this one on one database, as between two steps of an upgrade."""

import re

import pytest

from tests.support.node import COOKIE
from tests.support.processes import wait_until
from tests.support.saml.browser import FORM, LOGIN_HOST, PAGE, post_response, session_of, start as leave
from tests.support.saml.live import fresh_response, registered

from .conftest import NEW, OLD

CONTOSO = "https://contoso-idp.test/"  # its entity ID
SOON = 10  # seconds


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


def email_page(node, email):
    body = f"email={email.replace('@', '%40')}".encode()
    return node.ask("/auth/sign-in", method="POST", host=LOGIN_HOST, body=body,
                    headers=[FORM, PAGE, ("Sec-Fetch-Site", "same-origin")])


def press(node, company):
    return node.ask("/auth/sign-in/start", method="POST", host=LOGIN_HOST, body=f"idp={company}".encode(),
                    headers=[FORM, PAGE, ("Sec-Fetch-Site", "same-origin")]).status


def rows_of_companies(node):
    return [node.people.sql(f"SELECT {table}::text FROM {table} ORDER BY 1")
            for table in ("companies", "company_domains", "company_metadata")]


@pytest.fixture
def contoso(pair, tmp_path):
    """A company in the database, which the new version's command has made: (old, new, its sign-on at a node)."""
    old, new, *_ = pair
    metadata = tmp_path / "contoso.xml"
    metadata.write_text(registered(new.authorities).replace("https://idp.test/", CONTOSO))
    new.cli("company", "add", "contoso", "--domain", "contoso.test", "--metadata", metadata, "--set", "attributes.email=mail")
    new.cli("company", "live", "contoso")
    wait_until(lambda: press(new, "contoso") == 303, SOON, "the new node's knowing")
    old.people.add("bea@contoso.test")

    def answer(node, under_way, email="bea@contoso.test", issuer=CONTOSO):
        return session_of(post_response(node, fresh_response(node.authorities, under_way.request_id, email, issuer), under_way))
    return old, new, answer


def test_a_company_in_the_database_is_open_at_the_new_version_alone(contoso):
    old, new, answer = contoso
    before, workers = rows_of_companies(new), old.workers()
    token = answer(new, leave(new, "contoso"))
    assert is_inside(new, token)
    assert is_inside(old, token), "a session is a session"
    # The old one takes it for a company that there is not.
    unknown = email_page(old, "ann@nowhere.test")
    page = email_page(old, "bea@contoso.test")
    assert page.status == unknown.status != 200 and b"Contoso" not in page.body and b'name="idp"' not in page.body
    assert press(old, "contoso") == press(old, "nobody") == 400
    under_way = leave(new, "contoso")
    assert answer(old, under_way) is None
    assert answer(new, under_way), "the old one's refusal uses nothing up"
    # Nor do its keys, which are corp's here, speak for corp's people, or corp's for its.
    for node in (old, new):
        assert answer(node, leave(node), "ann@corp.test") is None
        assert answer(node, leave(node), issuer="https://idp.test/") is None
        assert is_inside(node, come_back(node, leave(node))), "people of the configuration's company"
    assert rows_of_companies(new) == before and old.workers() == workers


def test_a_company_in_the_database_that_is_suspended_ends_at_both(contoso):
    old, new, answer = contoso
    token, other = answer(new, leave(new, "contoso")), come_back(old, leave(old))
    assert is_inside(old, token)
    new.cli("company", "suspend", "contoso")
    wait_until(lambda: not any(is_inside(node, token) for node in (old, new)), SOON, "its end")
    assert press(old, "contoso") == 400
    assert is_inside(old, other) and is_inside(new, other)


def without_entry(node):
    """Its configuration names no company any more."""
    node.yaml = re.sub(r"identity_providers:\n.*?(?=database:)", "", node.yaml, flags=re.DOTALL)
    node.reload()
    wait_until(lambda: press(node, "corp") == 303, SOON, "its row")


def people_and_pins(node):
    return node.people.sql("SELECT id, email, status, idp, subject FROM users ORDER BY id")


def test_a_company_moved_into_the_database_is_the_same_at_both(pair):
    """The old version goes on by its own file; people, pins, sessions and the audit trail are one."""
    old, new, before, under_way = pair
    later = leave(old)
    people = people_and_pins(new)
    trail = new.people.sql("SELECT id, kind, idp, email, user_id FROM audit_events ORDER BY id")
    assert "moved" in new.cli("idp", "import", "corp")
    assert is_inside(old, come_back(new, under_way)), "the configuration goes first"
    without_entry(new)
    assert is_inside(old, come_back(new, later)), "begun by the file, ended by the row"
    for begun, ended in ((old, old), (new, new), (old, new), (new, old)):
        token = come_back(ended, leave(begun))
        assert is_inside(old, token) and is_inside(new, token)
    assert is_inside(old, before) and is_inside(new, before)
    assert people_and_pins(new) == people
    assert new.people.sql("SELECT id, kind, idp, email, user_id FROM audit_events ORDER BY id")[:len(trail)] == trail


def test_a_company_moved_and_suspended_opens_no_session_at_the_old_version_either(pair):
    old, new, before, under_way = pair
    new.cli("idp", "import", "corp")
    without_entry(new)
    new.cli("company", "suspend", "corp")
    wait_until(lambda: not any(is_inside(node, before) for node in (old, new)), SOON, "its end")
    assert press(old, "corp") == 303, "it has not heard of it"
    for begun in (under_way, leave(old)):
        answer = post_response(old, fresh_response(old.authorities, begun.request_id), begun)
        assert session_of(answer) is None
    new.cli("company", "live", "corp")
    assert is_inside(old, come_back(old, leave(old)))
