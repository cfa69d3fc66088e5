"""`anteroom company`: what support does about companies in the database, and what it may not."""

import json

import pytest

from tests.support.saml import live
from tests.support.saml.messages import metadata


@pytest.fixture
def contoso(ready):
    """A draft with a domain and metadata."""
    ready.xml = ready.directory / "contoso.xml"
    ready.keys = live.authorities()
    ready.xml.write_text(metadata([ready.keys["idp"]]).replace("https://idp.test/", "https://contoso.test/"))
    ready.ok("company", "add", "contoso", "--display-name", "Contoso", "--domain", "contoso.test", "--metadata", ready.xml,
             "--preset", "entra")
    return ready


def shown(made, name="contoso"):
    return made.json("company", "show", name)


def test_a_company_begins_as_a_draft_and_goes_live(contoso):
    company = shown(contoso)
    assert (company["state"], company["domains"], company["button"]) == ("draft", ["contoso.test"], "Log In with Microsoft")
    assert [one["number"] for one in company["metadata"]] == [1] and company["metadata"][0]["is_in_force"]
    assert "Reply URL" in contoso.ok("company", "live", "contoso") + contoso.ok("company", "show", "contoso")
    assert contoso.json("company", "list") == [
        {"name": "contoso", "state": "live", "domains": ["contoso.test"], "display_name": "Contoso"}]


def test_who_has_an_address_there_can_be_added_once_it_is_live(contoso):
    assert "no identity provider is registered" in contoso.refused(1, "user", "add", "ann@contoso.test")
    contoso.ok("company", "live", "contoso")
    contoso.ok("user", "add", "ann@contoso.test")
    assert "contoso" in contoso.ok("doctor", "ann@contoso.test")


@pytest.mark.parametrize("words, complaint", [
    (["add", "corp"], "in the configuration already"),
    (["add", "contoso"], "there is, or was, a company of this name"),
    (["add", "Con toso"], "'name' must be a-z"),
    (["add", "fabrikam", "--domain", "gmail.com"], "public mail domain"),
    (["add", "fabrikam", "--domain", "Fabrikam.test"], "lower case"),
    (["add", "fabrikam", "--set", "presett=entra"], "unknown key 'presett'"),
    (["add", "fabrikam", "--set", "metadata=/etc/passwd"], "not a setting of a company in the database"),
    (["domain", "add", "contoso", "corp.test"], "belongs to corp in the configuration"),
    (["domain", "add", "nobody", "nobody.test"], "there is no such company"),
    (["domain", "remove", "contoso", "corp.test"], "not a domain of contoso"),
    (["set", "contoso", "--set", "force_authn=perhaps"], "must be true or false"),
    (["set", "nobody", "--set", "force_authn=true"], "there is no company nobody"),
    (["suspend", "nobody"], "there is no company nobody"),
    (["metadata", "contoso", "cookie.key"], "contoso"),
])
def test_what_is_wrong_is_refused_and_changes_nothing(contoso, words, complaint):
    before = shown(contoso), contoso.json("company", "list")
    words = [contoso.directory / word if word == "cookie.key" else word for word in words]
    said = contoso.refused(1, "company", *words)
    assert complaint in said.replace(str(contoso.directory / "cookie.key"), "contoso")
    assert (contoso.directory / "cookie.key").read_text() not in said
    assert (shown(contoso), contoso.json("company", "list")) == before


def test_a_domain_has_one_company(contoso):
    contoso.ok("company", "add", "fabrikam", "--domain", "fabrikam.test")
    assert "belongs to the company contoso" in contoso.refused(1, "company", "domain", "add", "fabrikam", "contoso.test")
    contoso.ok("company", "domain", "remove", "contoso", "contoso.test")
    assert contoso.json("company", "domain", "add", "fabrikam", "contoso.test")["domains"] == ["fabrikam.test", "contoso.test"]


def test_what_could_not_be_added_in_full_says_what_is_there(contoso):
    said = contoso.refused(1, "company", "add", "fabrikam", "--domain", "contoso.test")
    assert "belongs to the company contoso" in said and "fabrikam was added all the same, as a draft" in said
    assert "was added" not in contoso.refused(1, "company", "add", "other", "--metadata", contoso.directory / "cookie.key")
    assert "there is no company other" in contoso.refused(1, "company", "show", "other")


def test_an_entity_id_has_one_company(contoso):
    contoso.ok("company", "add", "fabrikam")
    assert "another company has the entity ID" in contoso.refused(1, "company", "metadata", "fabrikam", contoso.xml)
    assert "is that of corp in the configuration" in contoso.refused(1, "company", "metadata", "fabrikam", contoso.metadata)


def test_one_without_metadata_or_domain_does_not_go_live(contoso):
    contoso.ok("company", "add", "fabrikam")
    assert "has no metadata" in contoso.refused(1, "company", "live", "fabrikam")
    contoso.ok("company", "domain", "remove", "contoso", "contoso.test")
    assert "it has no domain yet" in contoso.refused(1, "company", "live", "contoso")


def test_an_archived_company_gives_up_its_domains_and_keeps_its_name(contoso):
    contoso.ok("company", "live", "contoso")
    assert "suspend it first" in contoso.refused(1, "company", "archive", "contoso")
    contoso.ok("company", "suspend", "contoso")
    contoso.ok("company", "archive", "contoso")
    assert shown(contoso)["domains"] == [] and shown(contoso)["metadata"]
    assert "archived" in contoso.refused(1, "company", "live", "contoso")
    assert "there is, or was" in contoso.refused(1, "company", "add", "contoso")
    contoso.ok("company", "add", "heir", "--domain", "contoso.test", "--metadata", contoso.xml)


def test_settings_are_changed_one_by_one(contoso):
    contoso.ok("company", "set", "contoso", "--set", "force_authn=true", "--set", "attributes.email=[\"mail\"]")
    assert shown(contoso)["settings"] == {"preset": "entra", "force_authn": True, "attributes": {"email": ["mail"]}}
    contoso.ok("company", "set", "contoso", "--unset", "force_authn", "--display-name", "Contoso Ltd")
    assert (shown(contoso)["settings"], shown(contoso)["display_name"]) == (
        {"preset": "entra", "attributes": {"email": ["mail"]}}, "Contoso Ltd")


def test_every_change_is_in_the_audit_trail_with_who_made_it(contoso):
    contoso.ok("company", "live", "contoso")
    contoso.ok("company", "domain", "add", "contoso", "contoso.example")
    contoso.ok("company", "suspend", "contoso")
    events = [json.loads(line) for line in contoso.ok("--json", "audit", "--idp", "contoso").splitlines()]
    assert {event["event"] for event in events} >= {
        "company_added", "company_changed", "company_metadata_brought", "company_domain_given", "company_went_live",
        "company_suspended", "company_sessions_ended"}
    assert all(event["actor"].startswith("cli:") for event in events)


def test_metadata_that_was_in_force_is_kept(contoso):
    before = shown(contoso)["metadata"][0]["fingerprints"]
    contoso.ok("company", "metadata", "contoso", contoso.xml)
    assert len(shown(contoso)["metadata"]) == 1, "the same again is no new version"
    contoso.xml.write_text(metadata([contoso.keys["idp2"]]).replace("https://idp.test/", "https://contoso.test/"))
    contoso.ok("company", "metadata", "contoso", contoso.xml)
    newest, oldest = shown(contoso)["metadata"]
    assert (newest["number"], newest["is_in_force"], oldest["is_in_force"]) == (2, True, False)
    assert oldest["fingerprints"] == before != newest["fingerprints"]
