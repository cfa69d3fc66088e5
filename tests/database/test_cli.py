"""The `anteroom` command: each subcommand, its JSON, and its misuse with the documented exit codes."""

import hashlib
import json
import re
import subprocess

import pytest

from tests.support.installation import BUILD, YAML


def test_check_tells_what_to_do_about_an_old_schema(blank):
    assert "run `anteroom migrate`" in blank.run("check").stdout
    blank.refused(4, "check")
    blank.ok("check", "--no-database")
    blank.refused(4, "user", "list")
    blank.ok("migrate")
    assert blank.json("check")["database"] == "ok"


def test_migrate_can_be_repeated(blank):
    assert blank.json("migrate")["applied"]
    assert blank.json("migrate")["applied"] == []


def test_simultaneous_migrations_end_in_one_schema(blank):
    command = [str(BUILD / "core" / "cli" / "anteroom"), "--config", str(blank.yaml), "migrate"]
    runs = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(4)]
    assert [run.wait(60) for run in runs] == [0, 0, 0, 0]


def test_a_broken_configuration_is_exit_code_3_with_every_problem(blank):
    blank.yaml.write_text(blank.yaml.read_text().replace("access:", "acess:").replace("https://login", "http://login"))
    message = blank.refused(3, "user", "list")
    assert "did you mean 'access'" in message and "must be https" in message
    problems = json.loads(blank.run("--json", "check").stdout.split("\n}\n")[0] + "\n}")["problems"]
    assert {"line", "column", "severity", "message", "file"} <= set(problems[0])


def test_an_unreachable_database_is_exit_code_4_without_the_password(blank):
    blank.yaml.write_text(YAML.format(connection="host=/nonexistent dbname=x password=s3cret"))
    assert "s3cret" not in blank.refused(4, "user", "list")


def test_wrong_words_are_exit_code_2(blank):
    for arguments in [[], ["bogus"], ["user"], ["user", "provision"], ["idp", "add", "x"], ["user", "list", "--limit", "0"]]:
        blank.refused(2, *arguments)


def test_idp_add_prints_what_the_customer_needs(ready):
    shown = ready.json("idp", "show", "corp")
    assert shown["identifier"] == "urn:example:sp"
    assert shown["reply_url"] == "https://login.example.com/saml2/idpresponse"
    assert shown["sign_on_url"] == "https://login.example.com/auth/at/corp"
    assert shown["button"] == "Log In with Microsoft"
    assert shown["certificates"][0]["sha256"]
    assert [idp["name"] for idp in ready.json("idp", "list")] == ["corp"]


@pytest.mark.parametrize("arguments, reason", [
    (["corp", "--domain", "new.test"], "already"),
    (["Bad Name", "--domain", "new.test"], "is not a valid name"),
    (["new", "--domain", "corp.test"], "belongs to 'corp' already"),
    (["new", "--domain", "gmail.com"], "public mail domain"),
    (["new", "--domain", "new.test"], "entity ID"),
])
def test_idp_add_refuses_and_leaves_nothing_behind(ready, arguments, reason):
    before = sorted(path.name for path in (ready.directory / "idp.d").iterdir())
    assert reason in ready.refused(1, "idp", "add", *arguments, "--metadata", ready.metadata)
    assert sorted(path.name for path in (ready.directory / "idp.d").iterdir()) == before


def test_idp_add_refuses_metadata_that_is_none(ready, tmp_path):
    bad = tmp_path / "bad.xml"
    bad.write_text("<html/>")
    assert "not EntityDescriptor" in ready.refused(1, "idp", "add", "new", "--domain", "new.test", "--metadata", bad)
    ready.refused(1, "idp", "add", "new", "--domain", "new.test", "--metadata", tmp_path / "absent.xml")


def test_provisioning_makes_the_record_and_is_audited(ready):
    ready.ok("user", "provision", "Ann@Corp.test", "--level", "manager", "--property", "elm", "--name", "Ann")
    person = ready.json("user", "show", "ann@corp.test")
    assert (person["state"], person["grants"], person["name"]) == ("active", "elm=manager", "Ann")
    ready.ok("user", "provision", "ann@corp.test", "--level", "viewer", "--all-properties", "--expires", "2099-01-01")
    assert ready.json("user", "show", "ann@corp.test")["grants"] == "*=viewer,elm=manager"
    assert ready.value("SELECT count(*) FROM anteroom.audit_events WHERE kind = 'provisioned' AND actor LIKE 'cli:%'") == 2


@pytest.mark.parametrize("arguments, code, reason", [
    (["ann@corp.test", "--level", "boss", "--property", "elm"], 1, "not an access level"),
    (["ann@corp.test", "--level", "viewer", "--property", "oak"], 1, "no property 'oak'"),
    (["ann@corp.test", "--level", "viewer", "--property", "*"], 1, "--all-properties"),
    (["ann@other.test", "--level", "viewer", "--property", "elm"], 1, "no identity provider"),
    (["not an address", "--level", "viewer", "--property", "elm"], 1, "not an email address"),
    (["ann@corp.test", "--level", "viewer", "--property", "elm", "--expires", "tomorrow"], 1, "is not a valid date"),
    (["ann@corp.test", "--level", "viewer", "--property", "elm", "--expires", "2020-01-01"], 1, "would have ended already"),
    (["ann@corp.test", "--level", "viewer"], 2, "--property"),
    (["ann@corp.test", "--level", "viewer", "--property", "elm", "--all-properties"], 2, "either"),
])
def test_provisioning_refuses_and_makes_nothing(ready, arguments, code, reason):
    assert reason in ready.refused(code, "user", "provision", *arguments)
    assert ready.json("user", "list") == []


def test_users_are_added_listed_disabled_and_enabled(ready):
    ready.ok("user", "add", "ann@corp.test", "--name", "Ann")
    assert "already" in ready.refused(1, "user", "add", "ann@corp.test")
    assert [p["email"] for p in ready.json("user", "list", "--waiting")] == ["ann@corp.test"]
    assert ready.json("user", "list", "--search", "%") == []
    ready.ok("user", "disable", "ann@corp.test")
    assert ready.json("user", "show", "ann@corp.test")["state"] == "disabled"
    assert "enable" in ready.refused(1, "user", "provision", "ann@corp.test", "--level", "viewer", "--property", "elm")
    ready.ok("user", "enable", "ann@corp.test")
    ready.refused(1, "user", "enable", "ann@corp.test")
    ready.refused(1, "user", "disable", "nobody@corp.test")
    ready.refused(1, "user", "show", "nobody@corp.test")
    ready.ok("user", "unpin", "ann@corp.test")


def test_an_end_in_the_past_takes_no_access_away(ready, tmp_path):
    ready.ok("user", "provision", "ann@corp.test", "--level", "manager", "--property", "elm", "--expires", "2099-01-01")
    past = ["user", "provision", "ann@corp.test", "--level", "manager", "--property", "elm", "--expires", "2020-01-01"]
    assert "would have ended already" in ready.refused(1, *past)
    csv = tmp_path / "users.csv"
    csv.write_text("email,property,level,expires\nbob@corp.test,elm,viewer,\nann@corp.test,elm,manager,2020-01-01\n")
    assert "line 3: the access would have ended already" in ready.refused(1, "import", csv)
    (person,) = ready.json("user", "list")
    assert (person["state"], person["grants"]) == ("active", "elm=manager")


def test_a_person_is_shown_with_the_end_of_each_access_also_of_one_that_has_ended(ready):
    ready.ok("user", "provision", "ann@corp.test", "--level", "manager", "--property", "elm", "--expires", "2099-01-01")
    assert "elm=manager, until 2099-01-01T00:00Z" in ready.ok("user", "show", "ann@corp.test")
    ready.value("SET search_path = anteroom; UPDATE grants SET expires_at = '2026-01-31' RETURNING 1")
    shown = ready.json("user", "show", "ann@corp.test")
    assert shown["state"] == "waiting" and shown["access"][0]["expires_at"].startswith("2026-01-31")
    assert "elm=manager, until 2026-01-31T00:00Z" in ready.ok("user", "show", "ann@corp.test")
    assert "it has ended" in ready.ok("why", "ann@corp.test", "https://app.example.com/x")


def test_what_the_directory_switched_off_is_its_to_switch_on(ready):
    ready.ok("user", "add", "ann@corp.test")
    ready.value("UPDATE anteroom.users SET off_by_directory = 'scim:corp' RETURNING 1")
    assert "disabled by the company's directory" in ready.ok("user", "show", "ann@corp.test")
    assert "the directory of corp has ann@corp.test off" in ready.refused(1, "user", "enable", "ann@corp.test")
    assert ready.json("user", "show", "ann@corp.test")["state"] == "disabled"
    ready.ok("user", "enable", "ann@corp.test", "--against-directory")
    assert ready.json("user", "show", "ann@corp.test")["state"] == "waiting"


def test_a_company_that_is_cut_off_leaves_at_once(ready):
    for name, idp in (("ann", "corp"), ("bob", "former"), ("cid", "former")):
        ready.ok("user", "add", f"{name}@corp.test")
        ready.value("INSERT INTO anteroom.sessions (token_hash, reference, user_id, sign_on_id, origin, idp, expires_at)"
                    f" SELECT sha256('{name}'), '{name}', id, gen_random_uuid(), 'https://app.example.com', '{idp}',"
                    f" now() + '1 hour' FROM anteroom.users WHERE email = '{name}@corp.test' RETURNING 1")
    assert ready.json("idp", "end-sessions", "former") == {"idp": "former", "ended": 2}
    assert ready.value("SELECT string_agg(reference, ',') FROM anteroom.sessions") == "ann"
    assert ready.value("SELECT detail FROM anteroom.audit_events WHERE kind = 'company_sessions_ended'") == "2 sessions"
    assert ready.json("idp", "end-sessions", "nobody")["ended"] == 0


def test_properties_come_from_a_file_all_of_them_or_none(ready, tmp_path):
    file = tmp_path / "properties.csv"
    file.write_text("\ufeffname;key\r\nElm House;elm\r\n\"Ash; Hill\";ash\r\n")
    before = ready.json("property", "list")
    assert ready.json("property", "import", file, "--dry-run") == {"would_add": ["ash"], "would_rename": ["elm"], "same": 0}
    assert ready.json("property", "list") == before
    assert ready.ok("property", "import", file).strip() == "added 1, renamed 1; as they are: 0"
    assert {"key": "ash", "name": "Ash; Hill", "closed_at": ""} in ready.json("property", "list")
    assert ready.json("property", "import", file) == {"added": [], "renamed": [], "same": 2}
    file.write_text("fir,Fir\nash,\nfir,Again\n")
    said = ready.refused(1, "property", "import", file)
    assert f"{file}:2: Please enter a name." in said and f"{file}:3: The same key stands in line 1" in said
    file.write_text("fir,Fir\nBad Key,x\n")
    assert "'Bad Key' is not a valid property key" in ready.refused(1, "property", "import", file)
    assert "fir" not in ready.ok("property", "list")
    assert "cannot read" in ready.refused(1, "property", "import", tmp_path / "none.csv")


def test_a_property_is_renamed_closed_and_opened(ready):
    ready.ok("user", "provision", "ann@corp.test", "--level", "viewer", "--property", "elm")
    ready.ok("property", "rename", "elm", "Elm House")
    assert "1 people with a level of their own there, 0 open requests" in ready.ok("property", "close", "elm", "--dry-run")
    assert ready.json("property", "list", "--open") == [{"key": "elm", "name": "Elm House", "closed_at": ""}]
    assert ready.json("property", "close", "elm") == {"closed": "elm", "people": 1, "requests": 0}
    assert "closed already" in ready.refused(1, "property", "close", "elm")
    assert ready.json("user", "show", "ann@corp.test")["state"] == "waiting"
    assert "elm=viewer, counts for nothing while the property is closed" in ready.ok("user", "show", "ann@corp.test")
    (closed,) = ready.json("property", "list", "--closed", "--search", "HOUSE")
    assert closed["key"] == "elm" and closed["closed_at"]
    ready.ok("property", "open", "elm")
    assert "open already" in ready.refused(1, "property", "open", "elm")
    assert ready.json("user", "show", "ann@corp.test")["state"] == "active"
    events = [json.loads(line)["event"] for line in ready.ok("--json", "audit").splitlines()]
    kinds = [event for event in events if event.startswith("property_")]
    assert sorted(kinds) == ["property_added", "property_closed", "property_opened", "property_renamed"]
    for words in (["rename", "oak", "X"], ["close", "oak"], ["open", "oak"]):
        assert "no property 'oak'" in ready.refused(1, "property", *words)
    ready.refused(2, "property", "list", "--open", "--closed")


def test_a_closed_property_is_refused_by_every_command(ready):
    ready.ok("user", "provision", "ann@corp.test", "--level", "viewer", "--all-properties")
    ready.ok("property", "close", "elm")
    for words in (["user", "provision", "bob@corp.test", "--level", "viewer", "--property", "elm"],
                  ["user", "grant", "ann@corp.test", "--level", "manager", "--property", "elm"],
                  ["request", "file", "bob@corp.test", "--level", "viewer", "--property", "elm"]):
        assert "open" in ready.refused(1, *words)
    table = ready.directory / "people.csv"
    table.write_text("email,property,level\nbob@corp.test,elm,viewer\n")
    assert "line 2: there is no property 'elm' that is open" in ready.refused(1, "import", str(table))
    asked = ["why", "ann@corp.test", "https://app.example.com/", "--property", "elm"]
    refused = ready.ok(*asked)
    assert "elm is closed: nobody has access there" in refused and "gets a 403 page" in refused
    ready.ok("property", "open", "elm")
    assert "is let through" in ready.ok(*asked)


def test_property_keys_are_checked(ready):
    assert ready.json("property", "list") == [{"key": "elm", "name": "Elm Court", "closed_at": ""}]
    ready.refused(1, "property", "add", "elm", "Again")
    for key in ["Elm", "*", "", "-x", "a b", "a,b=c"]:
        assert ready.run("property", "add", "--", key, "X").returncode in (1, 2)


def test_import_takes_what_spreadsheets_write(ready, tmp_path):
    csv = tmp_path / "users.csv"
    csv.write_bytes('\ufeffemail,name,property,level,expires\r\nann@corp.test,"Arbor, ""Ann""",elm,viewer,\r\n'
                    'bob@corp.test,Bob,*,manager,2099-01-01\r\n\r\n'.encode())
    assert ready.json("import", csv, "--dry-run") == {"rows": 2, "imported": 0}
    assert ready.json("user", "list") == []
    assert ready.json("import", csv)["imported"] == 2
    assert ready.json("user", "show", "ann@corp.test")["name"] == 'Arbor, "Ann"'


def test_import_names_every_bad_row_and_imports_nothing(ready, tmp_path):
    csv = tmp_path / "users.csv"
    csv.write_text("email,property,level\nann@corp.test,elm,viewer\nbad,elm,viewer\nbob@corp.test,oak,viewer\n"
                   "cat@corp.test,elm\nann@corp.test,elm,manager\n")
    message = ready.refused(1, "import", csv)
    for line in ["line 3: 'bad'", "line 4: there is no property 'oak'", "line 5: 2 cells", "line 6: ann@corp.test at elm is on line 2"]:
        assert line in message
    assert ready.json("user", "list") == []


@pytest.mark.parametrize("text, reason", [
    ("", "empty"), ("email,level\n", "'property' is missing"), ("email,property,level,colour\n", "unknown column 'colour'"),
    ("email,email,property,level\n", "twice"), ('email,property,level\n"ann', "a quotation does not end"),
])
def test_import_refuses_a_file_that_is_no_table(ready, tmp_path, text, reason):
    csv = tmp_path / "users.csv"
    csv.write_text(text)
    assert reason in ready.refused(1, "import", csv)


def test_import_is_all_or_nothing_in_the_database_too(ready, tmp_path):
    ready.ok("user", "add", "off@corp.test")
    ready.ok("user", "disable", "off@corp.test")
    csv = tmp_path / "users.csv"
    csv.write_text("email,property,level\nann@corp.test,elm,viewer\noff@corp.test,elm,viewer\n")
    assert "line 3" in ready.refused(1, "import", csv)
    assert [p["email"] for p in ready.json("user", "list")] == ["off@corp.test"]


def test_scim_tokens_are_shown_once_and_kept_as_hashes(ready):
    made = ready.json("scim", "token", "add", "corp", "--name", "entra")
    assert made["tenant_url"] == "https://login.example.com/auth/scim/v2/corp"
    assert re.fullmatch(r"scim_[\w-]{43}", made["token"])
    digest = hashlib.sha256(made["token"].encode()).hexdigest()
    assert ready.value("SELECT encode(token_hash, 'hex') FROM anteroom.scim_tokens") == digest
    listed = ready.json("scim", "token", "list")
    assert [(t["company"], t["name"], t["last_used_at"]) for t in listed] == [("corp", "entra", "")]
    assert made["token"] not in json.dumps(listed)
    assert made["token"] not in ready.value("SELECT json_agg(a)::text FROM anteroom.audit_events a")
    ready.ok("scim", "token", "remove", "corp", "entra")
    assert ready.json("scim", "token", "list") == []


def test_scim_tokens_are_refused_where_they_make_no_sense(ready):
    ready.ok("scim", "token", "add", "corp", "--name", "entra")
    assert "of this name already" in ready.refused(1, "scim", "token", "add", "corp", "--name", "entra")
    assert "no identity provider" in ready.refused(1, "scim", "token", "add", "nobody")
    assert "not a valid token name" in ready.refused(1, "scim", "token", "add", "corp", "--name", "a b")
    assert "has no token" in ready.refused(1, "scim", "token", "remove", "corp", "other")
    ready.refused(2, "scim", "token", "add")
    assert ready.json("scim", "apply", "corp") == {"applied": "corp", "people": 0, "closed": []}


def test_a_whole_company_is_unpinned_or_nobody(ready):
    for name, idp in (("ann", "former"), ("bob", "former"), ("cid", "corp")):
        ready.ok("user", "provision", f"{name}@corp.test", "--level", "viewer", "--property", "elm")
        ready.value(f"UPDATE anteroom.users SET idp = '{idp}', subject = 'was {name}' WHERE email = '{name}@corp.test' RETURNING 1")
        ready.value("INSERT INTO anteroom.sessions (token_hash, reference, user_id, sign_on_id, origin, idp, expires_at)"
                    f" SELECT sha256('{name}'), '{name}', id, gen_random_uuid(), 'https://app.example.com', '{idp}',"
                    f" now() + '1 hour' FROM anteroom.users WHERE email = '{name}@corp.test' RETURNING 1")
    pinned = "SELECT string_agg(email || ' ' || coalesce(idp || ' ' || subject, '-'), ', ' ORDER BY email) FROM anteroom.users"
    before = ready.value(pinned)
    assert ready.json("user", "unpin", "--idp", "former", "--dry-run") == {"idp": "former", "people": 2, "sessions": 2, "unpinned": 0}
    assert ready.value(pinned) == before
    assert "nobody is pinned to forner" in ready.refused(1, "user", "unpin", "--idp", "forner")
    for words in (["--idp", "former", "ann@corp.test"], [], ["ann@corp.test", "--dry-run"]):
        ready.refused(2, "user", "unpin", *words)
    assert ready.value(pinned) == before

    assert ready.json("user", "unpin", "--idp", "former") == {"idp": "former", "people": 2, "sessions": 2, "unpinned": 2}
    assert ready.value(pinned) == "ann@corp.test -, bob@corp.test -, cid@corp.test corp was cid"
    assert ready.value("SELECT string_agg(reference, ',') FROM anteroom.sessions") == "cid"
    assert ready.json("user", "show", "ann@corp.test")["grants"] == "elm=viewer"
    events = [json.loads(line) for line in ready.ok("--json", "audit", "--idp", "former").splitlines()]
    told = [(e["event"], e["email"], e["detail"]) for e in events]
    assert sorted(told[:2]) == [("user_unpinned", "ann@corp.test", "was former was ann"),
                                ("user_unpinned", "bob@corp.test", "was former was bob")]
    assert told[2:] == [("company_unpinned", "", "2 people, 2 sessions")]
    assert events[0]["actor"].startswith("cli:")


def test_the_session_of_an_app_host_leads_to_its_sign_on(ready):
    ready.ok("user", "provision", "ann@corp.test", "--level", "viewer", "--property", "elm")
    ready.value("INSERT INTO anteroom.sessions (token_hash, reference, user_id, sign_on_id, origin, idp, expires_at)"
                " SELECT sha256('login'), '00000000000000aa', id, gen_random_uuid(), 'https://login.example.com', 'corp',"
                " now() + '1 hour' FROM anteroom.users RETURNING 1")
    ready.value("INSERT INTO anteroom.handoff_tickets (ticket_hash, session_hash, origin, browser_hash, target, expires_at)"
                " VALUES (sha256('t'), sha256('login'), 'https://app.example.com', sha256('b'), '/x', now() + '1 min') RETURNING 1")
    assert ready.value("SET search_path = anteroom; SELECT redeem_ticket(sha256('t'), 'https://app.example.com', sha256('b'),"
                       " sha256('app'), '00000000000000bb', '192.0.2.7', 'Firefox')") == "/x"
    event = json.loads(ready.ok("--json", "audit", "--reference", "00000000000000bb"))
    assert (event["event"], event["email"], event["idp"], event["client"]) == (
        "handed_over", "ann@corp.test", "corp", "192.0.2.7")
    assert event["detail"] == "https://app.example.com, from 00000000000000aa"
    assert "ann@corp.test" in ready.ok("why", "00000000000000bb")
