"""`anteroom doctor`: what somebody's sign-on depends on."""

import pytest


def test_it_says_what_a_sign_on_depends_on(ready):
    found = ready.json("doctor", "Ann@Corp.test")
    assert (found["email"], found["idp"]) == ("ann@corp.test", "corp")
    assert found["identifier"] == "urn:example:sp" and found["reply_url"].endswith("/saml2/idpresponse")
    assert found["metadata_age_days"] == 0 and found["certificates"][0]["ends_in_days"] > 0
    assert found["last_success"] is None and found["own_failure"] is None
    ready.value("INSERT INTO anteroom.audit_events (kind, code, reference, idp, email) VALUES"
                " ('signed_on', 'signed_in', 'r1', 'corp', 'bob@corp.test'),"
                " ('sign_on_refused', 'user_disabled', 'ABCD-1234', 'corp', 'ann@corp.test') RETURNING 1")
    found = ready.json("doctor", "ann@corp.test")
    assert found["last_success"]["email"] == "bob@corp.test" and found["own_success"] is None
    assert found["own_failure"]["reference"] == "ABCD-1234" == found["last_failure"]["reference"]
    assert ", reference ABCD-1234, ann@corp.test" in ready.ok("doctor", "ann@corp.test")


def test_metadata_that_has_ended_is_no_line_among_others(ready):
    xml = ready.directory / "idp.d" / "corp.xml"
    xml.write_text(xml.read_text().replace("<EntityDescriptor ", '<EntityDescriptor validUntil="2020-01-01T00:00:00Z" ', 1))
    assert "NOBODY OF corp GETS IN" in ready.ok("doctor", "ann@corp.test")


def test_it_shows_a_record_that_belongs_to_another_company(ready):
    ready.ok("user", "add", "ann@corp.test")
    ready.value("UPDATE anteroom.users SET idp = 'former', subject = 's' RETURNING 1")
    assert ready.json("doctor", "ann@corp.test")["pinned_to"] == "former"


@pytest.mark.parametrize("code, arguments", [(2, []), (1, ["nobody"]), (1, ["ann@other.test"]), (2, ["a@corp.test", "b"])])
def test_bad_words_are_refused(ready, code, arguments):
    ready.refused(code, "doctor", *arguments)


def test_without_a_database_it_says_so(ready):
    ready.yaml.write_text(ready.yaml.read_text().replace("dbname=", "dbname=absent_"))
    ready.refused(4, "doctor", "ann@corp.test")
