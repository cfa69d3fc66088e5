"""`anteroom audit`: filters, JSON lines, and a chain that tells what was done to the trail."""

import json
import re

import psycopg2
import pytest


@pytest.fixture
def trail(ready):
    """Five events about four people, sealed."""
    execute(ready, "INSERT INTO anteroom.audit_events (kind, code, reference, idp, email, detail, at)"
            " SELECT 'sign_on_refused', 'bad_signature', 'ref' || n, 'corp', 'p' || n || '@corp.test', 'naïve, 1:2,',"
            " now() - interval '1 minute' * (10 - n) FROM generate_series(1, 4) n")
    seal(ready)
    return ready


def execute(installation, *statements):
    with psycopg2.connect(installation.connection) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def call(installation, function):
    return installation.value(f"SET search_path = anteroom, public; SELECT {function}")


def seal(installation):
    return call(installation, "seal_audit(5000)")


def lines(installation, *arguments):
    return [json.loads(line) for line in installation.ok("--json", "audit", *arguments).splitlines()]


def event_of(installation, email):
    return installation.value(f"SELECT id FROM anteroom.audit_events WHERE email = '{email}'")


def broken(installation, *arguments):
    done = installation.run("audit", "--verify", *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_filters_narrow_down(trail):
    assert [e["email"] for e in lines(trail, "--email", "P2@corp.test")] == ["p2@corp.test"]
    assert len(lines(trail, "--event", "sign_on_refused", "--idp", "corp", "--code", "bad_signature")) == 4
    assert [e["reference"] for e in lines(trail, "--event", "sign_on_refused", "--limit", "2")] == ["ref3", "ref4"]
    assert lines(trail, "--reference", "ref1")[0]["detail"] == "naïve, 1:2,"
    assert lines(trail, "--idp", "other") == []
    assert "no event matches" in trail.run("audit", "--event", "mistyped").stderr
    assert lines(trail, "--since", "2999-01-01") == []
    assert lines(trail, "--until", "2001-01-01") == []
    assert "p3@corp.test" in trail.ok("audit", "--since", "2001-01-01")


def test_json_has_all_and_a_table_the_newest(trail):
    execute(trail, "INSERT INTO anteroom.audit_events (kind) SELECT 'many' FROM generate_series(1, 1500)")
    assert len(lines(trail, "--event", "many")) == 1500
    assert len(trail.ok("audit", "--event", "many").splitlines()) == 101


@pytest.mark.parametrize("code, arguments", [
    (1, ["--since", "yesterday"]),
    (2, ["--since", "2027-02-01", "--until", "2027-01-01"]),
    (2, ["--limit", "0"]),
    (2, ["--limit", "many"]),
    (2, ["--verify", "--email", "p1@corp.test"]),
    (2, ["--known", "1:" + "0" * 64]),
    (2, ["--verify", "--known", "12"]),
    (2, ["surplus"]),
])
def test_bad_words_are_refused(trail, code, arguments):
    trail.refused(code, "audit", *arguments)


def test_without_a_database_it_says_so(blank):
    blank.refused(4, "audit")
    blank.refused(4, "audit", "--verify")


def test_what_is_not_sealed_yet_is_told_apart(trail):
    assert trail.json("audit", "--verify")["unsealed"] == 0
    execute(trail, "INSERT INTO anteroom.audit_events (kind) VALUES ('new')")
    verdict = trail.json("audit", "--verify")
    assert (verdict["holds"], verdict["unsealed"]) == (True, 1)
    seal(trail)
    after = trail.json("audit", "--verify")
    assert (after["unsealed"], after["sealed"]) == (0, verdict["sealed"] + 1)


@pytest.mark.parametrize("change", ["detail = 'nothing'", "at = at + interval '1 microsecond'", "email = 'p9@corp.test'",
                                    "user_id = gen_random_uuid()", "kind = 'signed_on'", "reference = ''"])
def test_a_changed_event_is_named(trail, change):
    event = event_of(trail, "p2@corp.test")
    execute(trail, f"UPDATE anteroom.audit_events SET {change} WHERE id = {event}")
    assert f"event {event} was changed" in broken(trail)
    assert trail.run("--json", "audit", "--verify").returncode == 1


def test_content_that_moves_between_fields_is_a_change(trail):
    event = event_of(trail, "p2@corp.test")
    execute(trail, f"UPDATE anteroom.audit_events SET code = code || idp, idp = '' WHERE id = {event}")
    assert f"event {event} was changed" in broken(trail)


def test_a_removed_event_is_named_with_or_without_its_link(trail):
    event = event_of(trail, "p2@corp.test")
    execute(trail, f"DELETE FROM anteroom.audit_events WHERE id = {event}")
    assert f"event {event} was removed" in broken(trail)
    execute(trail, f"DELETE FROM anteroom.audit_chain WHERE event_id = {event}")
    assert re.search(r"link \d+ was removed", broken(trail))


def test_an_inserted_old_event_is_named_and_never_sealed(trail):
    execute(trail, "INSERT INTO anteroom.audit_events (kind, email, at)"
            " VALUES ('signed_on', 'mallory@corp.test', now() - interval '1 hour')")
    seal(trail)
    assert f"event {event_of(trail, 'mallory@corp.test')} was inserted" in broken(trail)


def test_an_old_event_that_got_a_link_by_a_trick_is_named(trail):
    execute(trail, "UPDATE anteroom.audit_anchor SET sealed_to = '-infinity'",
            "INSERT INTO anteroom.audit_events (kind, email, at)"
            " VALUES ('signed_on', 'mallory@corp.test', now() - interval '1 hour')")
    assert seal(trail) == 1
    assert f"event {event_of(trail, 'mallory@corp.test')} was inserted" in broken(trail)


def test_an_event_with_a_date_ahead_of_the_clock_stops_nothing(trail):
    execute(trail, "INSERT INTO anteroom.audit_events (kind, at) VALUES ('ahead', now() + interval '1 hour')")
    assert seal(trail) == 1
    execute(trail, "INSERT INTO anteroom.audit_events (kind) VALUES ('next')")
    assert seal(trail) == 1
    verdict = trail.json("audit", "--verify")
    assert (verdict["holds"], verdict["unsealed"]) == (True, 0)


def test_a_clock_that_was_set_back_breaks_no_chain(trail):
    """As if all so far had been written and sealed an hour ahead."""
    execute(trail, "DELETE FROM anteroom.audit_chain",
            "UPDATE anteroom.audit_anchor SET sealed_to = now() + interval '1 hour'",
            "UPDATE anteroom.audit_events SET at = at + interval '1 hour'")
    assert seal(trail) > 0
    execute(trail, "INSERT INTO anteroom.audit_events (kind) VALUES ('after')")
    assert seal(trail) == 1
    verdict = trail.json("audit", "--verify")
    assert (verdict["holds"], verdict["unsealed"]) == (True, 0)


def test_an_event_without_a_real_date_cannot_be(trail):
    with pytest.raises(psycopg2.errors.CheckViolation):
        execute(trail, "INSERT INTO anteroom.audit_events (kind, at) VALUES ('never', 'infinity')")


def test_a_known_link_that_is_gone_is_no_good_news(trail):
    known = trail.json("audit", "--verify")["last_link"]
    execute(trail, "INSERT INTO anteroom.audit_events (kind) VALUES ('next')")
    seal(trail)
    assert call(trail, "remove_old_audit('0 days', 2000)") > 0
    done = trail.run("audit", "--verify", "--known", known)
    assert done.returncode == 1 and "COULD NOT BE COMPARED" in done.stdout


def test_a_known_link_shows_a_chain_made_anew_or_cut_off(trail):
    known = trail.json("audit", "--verify")["last_link"]
    assert trail.json("audit", "--verify", "--known", known)["known_was_compared"] is True
    execute(trail, "DELETE FROM anteroom.audit_events WHERE email = 'p4@corp.test'", "DELETE FROM anteroom.audit_chain",
            "UPDATE anteroom.audit_anchor SET sealed_to = '-infinity'")
    seal(trail)
    assert trail.json("audit", "--verify")["holds"] is True
    assert "end was removed" in broken(trail, "--known", known)
    execute(trail, "INSERT INTO anteroom.audit_events (kind) VALUES ('filler')")
    seal(trail)
    assert "made anew" in broken(trail, "--known", known)


def test_retention_leaves_a_chain_that_holds(trail):
    before = trail.json("audit", "--verify")
    execute(trail, "UPDATE anteroom.audit_anchor SET sealed_to = '-infinity'",
            "DELETE FROM anteroom.audit_chain",
            "INSERT INTO anteroom.audit_events (kind, at) VALUES ('old', now() - interval '40 days')")
    seal(trail)
    assert call(trail, "remove_old_audit('30 days', 2000)") == 1
    assert call(trail, "remove_old_audit('30 days', 2000)") == 0
    after = trail.json("audit", "--verify")
    assert (after["holds"], after["removed"], after["sealed"]) == (True, 1, before["sealed"])
    assert call(trail, "remove_old_audit(NULL, 2000)") == 0
    assert call(trail, "remove_old_audit('0 days', 2000)") == before["sealed"]
    execute(trail, "INSERT INTO anteroom.audit_events (kind) VALUES ('next')")
    seal(trail)
    assert trail.json("audit", "--verify")["sealed"] == 1


def test_events_that_commit_out_of_order_are_sealed_all_the_same(trail):
    late = psycopg2.connect(trail.connection)
    late.cursor().execute("INSERT INTO anteroom.audit_events (kind) VALUES ('late')")
    execute(trail, "INSERT INTO anteroom.audit_events (kind) VALUES ('quick')")
    assert seal(trail) == 1
    late.commit()
    late.close()
    assert seal(trail) == 1
    verdict = trail.json("audit", "--verify")
    assert (verdict["holds"], verdict["unsealed"]) == (True, 0)


def test_a_chain_that_another_node_is_at_is_left_to_it(trail):
    other = psycopg2.connect(trail.connection)
    other.cursor().execute("SELECT pg_advisory_xact_lock(hashtext('anteroom.audit_chain'))")
    execute(trail, "INSERT INTO anteroom.audit_events (kind) VALUES ('waits')")
    assert seal(trail) == 0
    other.close()
    assert seal(trail) == 1
