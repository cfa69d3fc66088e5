"""What the app's pages may know of the session they are in, and what asking for it does not do."""

import hashlib

import pytest

from tests.support.node import SCRIPT
from tests.support.processes import wait_until

OURS = [*SCRIPT, ("Sec-Fetch-Site", "same-origin")]
EXPIRING = """
location / { auth_saml on; auth_saml_expiry_headers on; proxy_pass http://app; }
location /plain/ { auth_saml on; auth_saml_expiry_headers off; proxy_pass http://app; }
location /again/ { auth_saml on; auth_saml_expiry_headers on; try_files $uri /else; }
"""


def of(token):
    return f"WHERE token_hash = '\\x{hashlib.sha256(token.encode()).hexdigest()}'"


def last_seen(node, token, minutes):
    """Whether the session counts as used so many minutes ago."""
    return node.people.sql(f"SELECT round(extract(epoch FROM now() - last_seen_at) / 60) = {minutes} FROM sessions {of(token)}") == ["t"]


def seen_ago(node, token, minutes):
    node.people.sql(f"UPDATE sessions SET last_seen_at = now() - interval '{minutes} minutes' {of(token)}")


def test_an_app_is_told_who_is_there_and_for_how_long(node):
    token, email, user = node.people.sign_in(grants=(("elm-court", "technician"),))
    answer = node.ask("/auth/session", token, headers=OURS)
    assert answer.status == 200 and answer.header("cache-control") == "no-store"
    assert answer.json["email"] == email and answer.json["user"] == user
    assert answer.json["properties"] == {"elm-court": "technician"}
    assert 3500 < answer.json["expires_in"] <= 3600
    assert node.ask("/auth/session", headers=OURS).status == 401
    assert node.ask("/auth/session", node.people.new_token(), headers=OURS).status == 401
    assert node.ask("/auth/session", token, headers=OURS, method="HEAD").body == b""


def test_asking_does_not_keep_a_session_alive_and_costs_nothing_where_it_is_remembered(lab, cluster):
    node = lab.node(cluster)
    node.wait_for_listener()
    node.people.sql("CREATE TABLE asked (at timestamptz); GRANT ALL ON asked TO PUBLIC")
    node.people.before_sessions("INSERT INTO asked VALUES (now());")
    token, _, _ = node.people.sign_in()
    seen_ago(node, token, 30)
    for _ in range(3):
        assert 5000 < node.ask("/auth/session", token, headers=OURS).json["idle_in"] <= 5400
    assert last_seen(node, token, 30)
    asked = int(node.people.sql("SELECT count(*) FROM asked")[0])
    # What nobody used was not remembered: a real use counts, now.
    assert node.ask("/x", token).status == 200
    assert last_seen(node, token, 0)
    assert node.people.sql("SELECT count(*) FROM asked") == [str(asked + 1)]
    for _ in range(20):
        assert node.ask("/auth/session", token, headers=OURS).json["idle_in"] > 7100
    assert node.people.sql("SELECT count(*) FROM asked") == [str(asked + 1)]


def test_a_use_that_is_told_is_noted_whatever_the_node_remembers(lab, cluster):
    node = lab.node(cluster)
    node.wait_for_listener()
    token, _, _ = node.people.sign_in()
    seen_ago(node, token, 4)
    assert node.ask("/x", token).status == 200
    assert last_seen(node, token, 4)  # noted every five minutes
    assert node.ask("/auth/session", token, headers=OURS, method="POST").status == 200
    assert last_seen(node, token, 4)
    node.people.sql("SELECT pg_notify('anteroom', 'all')")
    seen_ago(node, token, 30)
    wait_until(lambda: node.ask("/auth/session", token, headers=OURS).json["idle_in"] <= 5400, 5, "what was remembered to be forgotten")
    answer = node.ask("/auth/session", token, headers=OURS, method="POST")
    assert answer.json["idle_in"] > 7100
    assert last_seen(node, token, 0)


@pytest.mark.parametrize("headers", [[("Origin", "https://evil.test"), ("Sec-Fetch-Site", "cross-site")],
                                     [("Sec-Fetch-Site", "same-site")], []])
def test_no_other_site_keeps_a_session_alive(node, headers):
    token, _, _ = node.people.sign_in()
    seen_ago(node, token, 30)
    assert node.ask("/auth/session", token, headers=headers, method="POST").status == 403
    assert last_seen(node, token, 30)


def test_answers_say_how_long_the_session_lasts_where_that_is_asked_for(lab, cluster):
    node = lab.node(cluster, locations=EXPIRING)
    token, _, _ = node.people.sign_in()
    answer = node.ask("/x", token)
    assert 3500 < int(answer.header("x-auth-expires-in")) <= 3600
    assert 7000 < int(answer.header("x-auth-idle-in")) <= 7200
    assert node.ask("/plain/", token).header("x-auth-expires-in") is None
    assert node.ask("/x").header("x-auth-expires-in") is None
    # Once, though the gate decides twice.
    again = node.ask("/again/", token)
    assert again.status == 200 and [name for name, _ in again.headers].count("x-auth-expires-in") == 1


def test_a_window_for_signing_on_ends_at_its_own_page(node):
    assert "/auth/sign-in" in node.ask("/auth/signed-on").header("location")
    token, email, _ = node.people.sign_in()
    page = node.ask("/auth/signed-on", token)
    assert page.status == 200 and email.split("@")[0] in page.body.decode()
    script = node.ask("/auth/session.js", headers=SCRIPT)
    assert script.status == 200 and script.header("cache-control") == "public, max-age=3600"
