"""What the functions of the newest schema may do, read where they are: in a migrated database."""

import re

import psycopg2
import pytest

from tests.support import ROOT

OURS = """
SELECT p.proname, p.prosrc FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'anteroom'::regnamespace AND l.lanname IN ('sql', 'plpgsql')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"""
REMOVES_SESSIONS = re.compile(r"\b(DELETE\s+FROM|TRUNCATE(\s+TABLE)?)\s+(ONLY\s+)?(anteroom\.)?(sessions|users)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def functions(settled):
    """(name, body without comments) of each."""
    with psycopg2.connect(settled.connection) as connection, connection.cursor() as cursor:
        cursor.execute(OURS)
        found = [(name, re.sub(r"--[^\n]*", "", body)) for name, body in cursor]
    connection.close()
    assert len(found) > 100
    return found


def names(functions, pattern):
    return {name for name, body in functions if pattern.search(body)}


def test_sessions_are_removed_by_one_function_and_when_they_have_expired(functions):
    assert names(functions, REMOVES_SESSIONS) == {"end_sessions_of", "housekeep"}
    (housekeep,) = (body for name, body in functions if name == "housekeep")
    assert re.search(r"DELETE FROM sessions WHERE token_hash IN \(\s*SELECT token_hash FROM sessions "
                     r"WHERE expires_at <= now\(\)", housekeep)


def test_no_statement_of_the_product_removes_sessions_past_that_function():
    sources = [path for folder in ("core", "module") for path in (ROOT / folder).rglob("*.*")
               if path.suffix in (".cpp", ".h", ".c")]
    assert len(sources) > 200
    assert [path.name for path in sources if REMOVES_SESSIONS.search(re.sub(r'"\s*"', "", path.read_text()))] == []


def locks_people(body):
    return any(re.search(r"\busers\b", statement) and "SKIP LOCKED" not in statement and
               re.search(r"\bFOR\s+((NO\s+KEY\s+)?UPDATE|(KEY\s+)?SHARE)\b", statement, re.IGNORECASE)
               for statement in body.split(";"))


def test_people_are_locked_in_one_order_by_one_function(functions):
    """hold_session locks the session; hold_person one person and nobody else."""
    assert {name for name, body in functions if locks_people(body)} == {"lock_people", "hold_person", "hold_session"}
    (lock,) = (body for name, body in functions if name == "lock_people")
    assert "ORDER BY u.id FOR NO KEY UPDATE" in lock
    assert locks_people("SELECT * INTO person FROM users u WHERE u.id = p FOR UPDATE; RETURN 1")
    assert not locks_people("SELECT * FROM users; SELECT * FROM access_requests FOR UPDATE")


@pytest.mark.parametrize("sql", ["DELETE FROM sessions s WHERE", "delete  from anteroom.sessions", "TRUNCATE sessions",
                                 "DELETE FROM users"])
def test_what_would_remove_sessions_is_found(sql):
    assert REMOVES_SESSIONS.search(f"BEGIN {sql}; END")


def test_what_makes_a_session_or_a_ticket_holds_the_person_first(functions):
    makes = re.compile(r"\bINSERT\s+INTO\s+(sessions|handoff_tickets)\b", re.IGNORECASE)
    assert names(functions, makes) == {"sign_on", "issue_ticket", "redeem_ticket"}
    for name, body in functions:
        if makes.search(body):
            held = re.search(r"\b(hold_session|find_or_create_user)\(", body)
            assert held and held.start() < makes.search(body).start(), name


def test_what_each_of_those_found_is_shown_with_is_asked_by_plans_that_are_kept(settled):
    """A function that plans anew for each question makes all that it calls do so, for each person."""
    with psycopg2.connect(settled.connection) as connection, connection.cursor() as cursor:
        cursor.execute("""SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'anteroom'::regnamespace
                          AND 'plan_cache_mode=force_custom_plan' = ANY (proconfig)""")
        found = dict(cursor)
    connection.close()
    assert {"find_people", "waiting_in_reach"} <= found.keys()
    assert [name for name, body in found.items() if re.search(r"\bas_seen\(", body)] == []
