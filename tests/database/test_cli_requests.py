"""New User requests and people's access from the command line: the same rules and events as on the pages."""

import json

import pytest

RIGHTS = "manage: { request_new_users: technician, process_requests: manager }\n"


@pytest.fixture
def company(ready):
    """ann: technician at elm; sue: manager everywhere."""
    ready.yaml.write_text(ready.yaml.read_text() + RIGHTS)
    ready.ok("property", "add", "oak", "Oak Yard")
    ready.ok("user", "provision", "ann@corp.test", "--level", "technician", "--property", "elm")
    ready.ok("user", "provision", "sue@corp.test", "--level", "manager", "--all-properties")
    return ready


def file(company, *more, email="new@corp.test", level="viewer"):
    return company.json("request", "file", email, "--level", level, "--property", "elm", *more)["filed"]


def sign_on(company, email, reference):
    company.value(f"""WITH s AS (INSERT INTO anteroom.sessions
        (token_hash, reference, user_id, sign_on_id, origin, idp, expires_at, client_address, user_agent)
        SELECT sha256('{reference}'), '{reference}', id, gen_random_uuid(), 'https://app.example.com', 'corp',
               now() + interval '1 hour', '192.0.2.7', 'Browser' FROM anteroom.users WHERE email = '{email}' RETURNING 1)
        SELECT count(*) FROM s""")


def test_a_request_from_filing_to_approval(company):
    request = file(company, "--as", "ann@corp.test", "--name", "Nina", "--note", "starts Monday", "--expires", "2099-01-31")
    assert "already: " + request in company.refused(1, "request", "file", "new@corp.test", "--level", "viewer", "--property", "elm")
    listed = company.json("request", "list")
    assert [(r["id"], r["email"], r["requested_by"], r["note"]) for r in listed] == [
        (request, "new@corp.test", "ann@corp.test", "starts Monday")]
    assert request in company.ok("request", "list", "--as", "ann@corp.test")
    assert company.json("request", "approve", request, "--as", "sue@corp.test") == [
        {"request": request, "outcome": "done", "decided_by": ""}]
    assert company.json("user", "show", "new@corp.test")["grants"] == "elm=viewer"
    assert company.json("request", "list") == []
    done = company.json("request", "list", "--state", "all")[0]
    assert (done["state"], done["decided_by"]) == ("approved", "sue@corp.test")
    assert company.value("SELECT actor FROM anteroom.audit_events WHERE kind = 'request_approved'").startswith(
        "sue@corp.test by cli:")
    assert company.value("SELECT parameters->>'decided_by' FROM anteroom.mail_outbox"
                         " WHERE template = 'request_approved'") == "sue@corp.test"


def test_operators_are_held_to_no_rule_and_named(company):
    request = file(company, level="manager")
    other = company.json("request", "file", "all@corp.test", "--level", "manager", "--all-properties")["filed"]
    assert company.json("request", "decline", other, "--reason", "no")[0]["outcome"] == "done"
    company.ok("request", "approve", request, "--level", "technician", "--property", "elm", "--property", "oak")
    assert company.json("user", "show", "new@corp.test")["grants"] == "elm=technician,oak=technician"
    listed = company.json("request", "list", "--state", "declined")[0]
    assert listed["decided_by"].startswith("cli:") and listed["reason"] == "no"


def test_deciding_several_names_each_that_could_not_be(company):
    good = file(company, "--as", "ann@corp.test")
    own = company.json("request", "file", "two@corp.test", "--level", "viewer", "--property", "oak", "--as",
                       "sue@corp.test")["filed"]
    done = company.run("--json", "request", "approve", good, own, "nonsense", "--as", "sue@corp.test")
    assert done.returncode == 1
    assert [row["outcome"] for row in json.loads(done.stdout)] == ["done", "own_request", "not_found"]
    again = company.run("request", "decline", good)
    assert again.returncode == 1
    assert "decided already by sue@corp.test" in again.stdout and "1 of 1" in again.stderr


def test_a_request_is_withdrawn_by_its_owner(company):
    request = file(company, "--as", "ann@corp.test")
    assert "no open request" in company.refused(1, "request", "withdraw", request, "--as", "sue@corp.test")
    company.ok("request", "withdraw", request, "--as", "ann@corp.test")
    company.refused(1, "request", "withdraw", request)
    assert company.json("request", "list", "--state", "withdrawn")[0]["id"] == request


@pytest.mark.parametrize("arguments, code, reason", [
    (["file", "new@corp.test", "--level", "viewer", "--property", "oak", "--as", "ann@corp.test"], 1, "may not file"),
    (["file", "new@corp.test", "--level", "manager", "--property", "elm", "--as", "ann@corp.test"], 1, "above the level"),
    (["file", "new@corp.test", "--level", "viewer", "--all-properties", "--as", "ann@corp.test"], 1, "may not file"),
    (["file", "new@corp.test", "--level", "boss", "--property", "elm"], 1, "not an access level"),
    (["file", "new@corp.test", "--level", "viewer", "--property", "ash"], 1, "no such property"),
    (["file", "new@other.test", "--level", "viewer", "--property", "elm"], 1, "no identity provider"),
    (["file", "new@corp.test", "--level", "viewer", "--property", "elm", "--expires", "2020-01-01"], 1, "ended already"),
    (["file", "new@corp.test", "--level", "viewer", "--property", "elm", "--expires", "2099-02-31"], 1, "not a valid date"),
    (["file", "sue@corp.test", "--level", "viewer", "--property", "elm"], 1, "has that access"),
    (["file", "new@corp.test", "--level", "viewer", "--property", "elm", "--as", "who@corp.test"], 1, "there is no user"),
    (["file", "new@corp.test", "--level", "viewer"], 2, "--property"),
    (["file", "new@corp.test", "--level", "viewer", "--property", "elm", "--property", "oak"], 2, "once"),
    (["approve"], 2, "ID"),
    (["list", "--state", "lost"], 2, "lost"),
])
def test_requests_that_cannot_be_filed_leave_nothing(company, arguments, code, reason):
    assert reason in company.refused(code, "request", *arguments)
    assert company.json("request", "list", "--state", "all") == []


def test_the_list_is_filtered_and_paged(company):
    for number in range(5):
        file(company, email=f"p{number}@corp.test")
    first = company.json("request", "list", "--limit", "2")
    rest = company.json("request", "list", "--after", first[-1]["requested_at"] + " " + first[-1]["id"])
    assert len({row["id"] for row in first + rest}) == 5 and len(rest) == 3
    assert company.json("request", "list", "--domain", "other.test") == []
    assert company.json("request", "list", "--property", "oak") == []
    assert company.json("request", "list", "--older-than", "1") == []


def test_grants_are_changed_with_before_and_after(company):
    company.ok("user", "grant", "ann@corp.test", "--level", "viewer", "--property", "oak", "--as", "sue@corp.test")
    company.ok("user", "grant", "ann@corp.test", "--level", "manager", "--property", "elm")
    company.ok("user", "revoke", "ann@corp.test", "--property", "oak")
    assert company.json("user", "show", "ann@corp.test")["grants"] == "elm=manager"
    history = company.json("user", "history", "ann@corp.test")
    assert [event["detail"] for event in history[:3]] == [
        "before: viewer at oak; after: nothing at oak", "before: technician at elm; after: manager at elm",
        "before: nothing at oak; after: viewer at oak"]
    assert history[2]["actor"].startswith("sue@corp.test by cli:")
    assert "grant_changed" in company.ok("user", "history", "ann@corp.test", "--as", "sue@corp.test")


@pytest.mark.parametrize("arguments, reason", [
    (["grant", "sue@corp.test", "--level", "viewer", "--property", "elm", "--as", "sue@corp.test"], "their own"),
    (["grant", "sue@corp.test", "--level", "viewer", "--property", "elm", "--as", "ann@corp.test"], "may not"),
    (["revoke", "sue@corp.test", "--all-properties", "--as", "ann@corp.test"], "may not"),
    (["grant", "ann@corp.test", "--level", "boss", "--property", "elm"], "not an access level"),
    (["grant", "ann@corp.test", "--level", "viewer", "--property", "ash"], "no such property"),
    (["grant", "who@corp.test", "--level", "viewer", "--property", "elm"], "there is no user"),
    (["history", "sue@corp.test", "--as", "ann@corp.test"], "may not see"),
    (["end-sessions", "sue@corp.test", "--as", "ann@corp.test"], "may not"),
])
def test_access_is_refused_by_the_same_rules(company, arguments, reason):
    assert reason in company.refused(1, "user", *arguments)
    assert company.json("user", "show", "sue@corp.test")["grants"] == "*=manager"


def test_sessions_are_listed_and_ended(company):
    for number in range(3):
        sign_on(company, "ann@corp.test", f"ref{number}")
    assert {s["session"] for s in company.json("user", "sessions", "ann@corp.test")} == {"ref0", "ref1", "ref2"}
    assert "192.0.2.7" in company.ok("user", "sessions", "ann@corp.test")
    company.ok("user", "end-sessions", "ann@corp.test", "--session", "ref1", "--as", "sue@corp.test")
    assert {s["session"] for s in company.json("user", "sessions", "ann@corp.test")} == {"ref0", "ref2"}
    assert "no such session" in company.refused(1, "user", "end-sessions", "ann@corp.test", "--session", "ref1")
    company.ok("user", "end-sessions", "ann@corp.test")
    assert company.json("user", "sessions", "ann@corp.test") == []
