"""`anteroom why`: what was stored under a reference number, and what would happen to somebody at a URL."""


import psycopg2
import pytest

APP = "https://app.example.com/reports/"


def predicted(installation, *arguments):
    answer = installation.json("why", *arguments)
    return answer["outcome"], answer["rule"]


def execute(installation, statement):
    with psycopg2.connect(installation.connection) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def test_each_rule_decides_in_its_turn(ready):
    assert predicted(ready, "ann@other.test", APP) == ("cannot_sign_on", "email_domain_not_registered")
    assert predicted(ready, "ann@corp.test", APP) == ("waiting_room", "no_record")
    ready.ok("user", "add", "ann@corp.test")
    assert predicted(ready, "Ann@Corp.test", APP) == ("waiting_room", "no_grant")
    ready.ok("user", "provision", "ann@corp.test", "--level", "technician", "--property", "elm")
    assert predicted(ready, "ann@corp.test", APP) == ("allowed", "access_level")
    assert predicted(ready, "ann@corp.test", APP, "--level", "technician") == ("allowed", "access_level")
    assert predicted(ready, "ann@corp.test", APP, "--level", "manager") == ("forbidden", "access_level")
    assert predicted(ready, "ann@corp.test", APP, "--level", "viewer", "--property", "elm") == ("allowed", "access_level")
    assert predicted(ready, "ann@corp.test", APP, "--property", "oak") == ("forbidden", "access_level")
    assert predicted(ready, "ann@corp.test", APP, "--property", "") == ("forbidden", "access_level")
    execute(ready, "UPDATE anteroom.users SET idp = 'former', subject = 's'")
    assert predicted(ready, "ann@corp.test", APP) == ("refused", "identity_pinned")
    ready.ok("user", "disable", "ann@corp.test")
    assert predicted(ready, "ann@corp.test", APP) == ("refused", "user_disabled")


def test_it_says_what_it_cannot_know(ready):
    said = ready.ok("why", "ann@corp.test", APP)
    assert "Waiting Room" in said and "--level" in said


def test_a_reference_number_tells_what_was_stored_with_microsofts_number_in_words(ready):
    execute(ready, "INSERT INTO anteroom.audit_events (kind, code, reference, idp, detail) VALUES ('sign_on_refused',"
            " 'status', 'ABCD-1234', 'corp', 'Responder AADSTS50105: not assigned')")
    said = ready.ok("why", "abcd-1234")
    assert "sign_on_refused" in said and "AADSTS50105" in said and "means:" in said
    assert ready.json("why", "ABCD-1234")[0]["plain_words"]
    assert "reference=ABCD-9999" in ready.refused(1, "why", "ABCD-9999")


@pytest.mark.parametrize("code, arguments", [
    (2, []),
    (2, ["ABCD-12345"]),
    (2, ["ann@corp.test"]),
    (2, ["ann@corp.test", "not a url"]),
    (2, ["ann@corp.test", APP, "surplus"]),
    (2, ["ABCD-1234", "--level", "viewer"]),
    (1, ["ann@corp.test", "https://evil.test/"]),
    (1, ["ann@corp.test", APP, "--level", "boss"]),
    (1, ["ABCD-1234", APP]),
])
def test_bad_words_are_refused(ready, code, arguments):
    ready.refused(code, "why", *arguments)


def test_without_a_database_it_says_so(blank):
    blank.refused(4, "why", "ABCD-1234")
    blank.refused(4, "why", "ann@corp.test", APP)


def test_of_a_refused_sign_on_it_shows_each_check_and_what_came(ready):
    execute(ready, "INSERT INTO anteroom.transcripts (reference, idp, email, code, content) VALUES ('7K2M-Q9XD', 'corp',"
            " 'ann@corp.test', 'audience', '{\"checks\": [{\"name\": \"issuer\", \"passed\": true, \"detail\": \"\"},"
            " {\"name\": \"audience\", \"passed\": false, \"detail\": \"not https://sp.test\"}],"
            " \"asked\": [[\"ID\", \"id01\"]], \"response\": [[\"Assertion/Conditions/Audience\", \"https://x.test\"]]}')")
    said = ready.ok("why", "7k2mq9xd")
    assert "FAIL  audience: not https://sp.test" in said and "ID: id01" in said and "https://x.test" in said
    assert ready.json("why", "7K2M-Q9XD")[0]["transcript"]["checks"][1] == {
        "name": "audience", "passed": False, "detail": "not https://sp.test"}
