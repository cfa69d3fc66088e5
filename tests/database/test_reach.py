"""Who may see whom is asked first: every function of the database that takes a person, held against a table."""

import re

import psycopg2
import pytest

from . import statements

# Where a statement of the product calls it, the first thing that it does is to ask may_see().
ASKS_FIRST = {"change_grant", "end_sessions", "list_requests", "set_disabled", "show_person"}

# Only other functions call these; who calls them has asked.
INNER = {
    "actor_by_link", "connectors", "is_proposed", "propose_act", "waits_for_second",
    "asserted_wanted", "held_by_assertion", "reaches_tables", "settle_asserted", "withhold",
    "approve_request", "approvers_of", "as_seen", "asked_for_it", "close_fulfilled", "decide_request", "decider_text",
    "decline_request", "drop_proof",
    "end_sessions_of", "find_or_create_user", "follow_address", "grants_text", "has_lost_reach", "held_rank",
    "hold_person", "insert_filings", "is_colleague", "is_own_request", "is_provisioned", "judge_decision", "judge_filing",
    "judge_filings", "judge_grant", "judge_person", "lock_people", "may", "may_at", "may_look_after", "may_see", "may_see_or_refuse",
    "may_somewhere", "needs_a_look", "note", "note_change", "note_company", "off_by", "reach", "refuse", "refuse_company",
    "refuse_property", "requests_as_seen", "scim_change_members", "scim_counts", "scim_lock_people", "scim_note", "scim_own",
    "scim_said", "scim_set_active", "scim_settle", "scim_wanted", "state_text",
    "tell_of_approval", "tell_who_connects", "want_proof", "who_connects",
    "write_to_person",
}

# Called by statements, with why nobody is reached by them.
EXEMPT = {
    "ask_approvers": "about the actor alone",
    "put_properties": "about properties, by refuse_property()",
    "close_property": "about a property, by refuse_property()", "make_property": "about a property, by refuse_property()",
    "rename_property": "about a property, by refuse_property()", "search_properties": "about properties, by refuse_property()",
    "show_property": "about a property, by refuse_property(): counts people, and names nobody",
    **dict.fromkeys(("add_company", "ask_for_proof", "bring_metadata", "change_company", "close_hand_in", "confirm_proposal",
                     "drop_proposal", "end_link", "give_domain", "look_at_domain", "make_link", "refuse_domain", "set_company_contacts",
                     "set_company_state", "withdraw_domain"),
                    "about a company, by refuse_company()"),
    **dict.fromkeys(("history_of_company", "people_of_company", "proposals_of_company", "search_companies", "show_company"),
                    "about companies, by may(): counts people, and names those alone who changed a company"),
    **dict.fromkeys(("ask_for_domain", "go_live_by_link", "hand_in", "hand_in_metadata", "open_link", "take_domain_back"),
                    "about the company of the link that this browser has opened, or opens"),
    "last_asserted": "tells those who may_look_after() alone",
    "bring_fetched": "about a company, by its own setting",
    "waiting_state": "about whoever waits alone: the id is the session's",
    "waits_since": "counts those who wait",
    "search_people": "names nobody; finds whom may_see() allows",
    **dict.fromkeys(("find_people", "others_in_reach", "waiting_in_reach"), "says whom may_see() allows"),
    **dict.fromkeys(("is_forgotten", "is_searched"), "about rows that the statement has found"),
    "see_person": "by address; finds whom may_see() allows",
    "waiting_without_request": "names nobody; finds whom may_see() allows",
    "file_requests": "by address; what it tells of others' people is nothing",
    "decide_requests": "the ids are requests'; whoever may at their property",
    "show_request": "the id is a request's; whoever may at its property, and whoever asked",
    "withdraw_request": "the id is a request's; the requester's own",
    "mail_failed": "the ids are letters'", "mail_sent": "the ids are letters'", "release_mail": "the ids are letters'",
    "retry_mail": "the ids are letters'",
    "scim_change_user": "the company's own, by scim_own()", "scim_delete_user": "the company's own, by scim_own()",
    "scim_create_group": "the company's own, by scim_lock_people()", "scim_change_group": "the company's own, by scim_lock_people()",
    "scim_delete_group": "the company's own, by scim_lock_people()", "scim_settle_some": "the company's own, by scim_lock_people()",
    "scim_list_users": "the company's own, by name and domains",
}

TAKES_SOMEBODY = """
SELECT p.proname, p.prosrc FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'anteroom'::regnamespace AND l.lanname IN ('sql', 'plpgsql') AND p.proargtypes::oid[] && ARRAY[
  'uuid'::regtype, 'uuid[]'::regtype, 'anteroom.users'::regtype, 'anteroom.people'::regtype, 'anteroom.actor'::regtype]::oid[]"""


def functions(connection):
    with psycopg2.connect(connection) as database, database.cursor() as cursor:
        cursor.execute(TAKES_SOMEBODY)
        return cursor.fetchall()


def called_by_the_product():
    return {name for sql in statements.statements().values() for name in re.findall(r"anteroom\.(\w+)\(", sql)}


def asks_first(body):
    """Before anything is read or written."""
    asked = re.search(r"\bmay_see(_or_refuse)?\(p_actor, p_\w+", body)
    touched = re.search(r"\b(SELECT|INSERT|UPDATE|DELETE|PERFORM)\b", body)
    return asked is not None and (touched is None or asked.start() < touched.start())


def complaints(found, called):
    """What is wrong with functions, each a name with its body."""
    for name, body in found:
        if name in ASKS_FIRST and not asks_first(body):
            yield f"{name} does not begin with may_see()"
        if name in INNER and name in called:
            yield f"{name} is called by a statement: it has to begin with may_see()"
        if name not in ASKS_FIRST | INNER | EXEMPT.keys():
            yield f"{name} is in no table"


def test_every_function_that_takes_a_person_asks_first(settled):
    found = functions(settled.connection)
    assert list(complaints(found, called_by_the_product())) == []
    assert ASKS_FIRST | INNER | EXEMPT.keys() == {name for name, _ in found}, "a table names what is not there"


@pytest.mark.parametrize("name, body, called", [
    ("set_disabled", "BEGIN UPDATE users SET x = 1; IF may_see(p_actor, p_user) THEN", set()),
    ("set_disabled", "BEGIN SELECT * INTO person FROM users; v := may_see_or_refuse(p_actor, p_user, '')", set()),
    ("set_disabled", "BEGIN RETURN judge_person(p_actor, p_user)", set()),
    ("judge_person", "", {"judge_person"}),
    ("rename_person", "", set()),
])
def test_what_asks_late_or_not_at_all_is_noticed(name, body, called):
    assert list(complaints([(name, body)], called))
