"""`anteroom company`: what support does about companies in the database, and what it may not."""

import json
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from tests.support.metadata_server import certificate
from tests.support.processes import wait_until
from tests.support.saml import live
from tests.support.saml.messages import Authority, metadata, metadata_signed_by


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
    (["add", "Con toso"], "'Con toso' is not a name"),
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
    (["contacts", "contoso", "ida"], "'ida' is not an email address"),
    (["contacts", "contoso", *(f"ida{number}@contoso.test" for number in range(11))], "at most 10 contacts"),
    (["contacts", "nobody", "ida@contoso.test"], "there is no such company"),
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


def test_a_domain_below_another_companys_is_given_where_that_is_meant(contoso):
    contoso.ok("company", "add", "fabrikam")
    for domain, owner in (("eu.contoso.test", "contoso.test, a domain of the company contoso"), ("a.b.corp.test", "a domain of corp")):
        said = contoso.refused(1, "company", "domain", "add", "fabrikam", domain)
        assert owner in said and "--below-another if it is meant" in said
    assert shown(contoso, "fabrikam")["domains"] == []
    contoso.ok("company", "domain", "add", "contoso", "uk.contoso.test")  # below its own
    contoso.ok("company", "domain", "add", "fabrikam", "notcontoso.test")
    contoso.ok("company", "domain", "add", "fabrikam", "eu.contoso.test", "--below-another")
    contoso.ok("company", "domain", "add", "fabrikam", "eu.contoso.test")  # it has it
    assert "belongs to" in contoso.refused(1, "company", "domain", "add", "fabrikam", "uk.contoso.test")
    assert "--below-another" in contoso.refused(1, "company", "add", "litware", "--domain", "de.contoso.test")
    contoso.ok("company", "add", "northwind", "--domain", "nl.contoso.test", "--below-another")
    events = [json.loads(line)["detail"] for line in contoso.ok("--json", "audit", "--event", "company_domain_given").splitlines()]
    assert "eu.contoso.test, below contoso.test of contoso" in events and "notcontoso.test" in events


def test_contacts_are_replaced_as_a_whole(contoso):
    for given in (["Ida@Contoso.test", "it@partner.test", "ida@contoso.test"], ["it@partner.test"], []):
        contoso.ok("company", "contacts", "contoso", *(given or ["--none"]))
        contoso.refused(2, "company", "contacts", "contoso")
        assert shown(contoso)["contacts"] == {3: ["ida@contoso.test", "it@partner.test"], 1: given, 0: []}[len(given)]


def test_every_change_is_in_the_audit_trail_with_who_made_it(contoso):
    contoso.ok("company", "live", "contoso")
    contoso.ok("company", "domain", "add", "contoso", "contoso.example")
    contoso.ok("company", "set", "contoso", "--set", "force_authn=true")
    contoso.ok("company", "contacts", "contoso", "ida@contoso.test")
    contoso.ok("company", "suspend", "contoso")
    events = [json.loads(line) for line in contoso.ok("--json", "audit", "--idp", "contoso").splitlines()]
    assert {event["event"] for event in events} >= {
        "company_added", "company_changed", "company_metadata_brought", "company_domain_given", "company_went_live",
        "company_contacts_changed", "company_suspended", "company_sessions_ended"}
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


def test_a_private_key_is_neither_kept_nor_shown(contoso):
    key = contoso.directory / "pasted.pem"
    key.write_text("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----\n")
    said = contoso.refused(1, "company", "metadata", "contoso", key)
    assert "private key" in said and "MIIEvQIBADANBg" not in said
    assert len(shown(contoso)["metadata"]) == 1


@pytest.fixture
def people(contoso):
    """Who may connect companies, who is below that, and who may at one property alone."""
    for name, where in (("ann", ["--level", "manager", "--all-properties"]), ("bob", ["--level", "technician", "--all-properties"]),
                        ("cid", ["--level", "manager", "--property", "elm"])):
        contoso.ok("user", "provision", f"{name}@corp.test", *where)
    return contoso


CHANGES = [["add", "fabrikam"], ["set", "contoso", "--display-name", "X"], ["metadata", "contoso"], ["domain", "add", "contoso", "x.test"],
           ["domain", "remove", "contoso", "contoso.test"], ["contacts", "contoso", "eve@evil.test"],
           ["live", "contoso"], ["suspend", "contoso"], ["archive", "contoso"]]


@pytest.mark.parametrize("words", CHANGES, ids=lambda words: " ".join(words[:2]))
def test_who_may_not_connect_companies_changes_nothing(people, words):
    words = [*words, people.xml] if words[0] == "metadata" else words
    before = shown(people), people.json("company", "list")
    for name in ("bob", "cid"):
        assert "manage.connect_companies" in people.refused(1, "company", *words, "--as", f"{name}@corp.test")
    people.value("UPDATE anteroom.users SET idp = 'contoso', subject = 'ann' WHERE email = 'ann@corp.test' RETURNING 1")
    if words[1] == "contoso":
        assert "the company that they sign on at" in people.refused(1, "company", *words, "--as", "ann@corp.test")
    assert (shown(people), people.json("company", "list")) == before
    refusals = [json.loads(line) for line in people.ok("--json", "audit", "--event", "manage_refused").splitlines()]
    assert len(refusals) >= 2 and all("company" in event["detail"] for event in refusals)


def test_who_may_connects_one(people):
    people.ok("company", "live", "contoso", "--as", "ann@corp.test")
    events = [json.loads(line) for line in people.ok("--json", "audit", "--idp", "contoso").splitlines()]
    assert [event["actor"][:13] for event in events if event["event"] == "company_went_live"] == ["ann@corp.test"]


def test_everybody_who_may_connect_companies_is_told_who_vouches_for_whom(people):
    people.ok("company", "domain", "add", "contoso", "early.test")  # of a draft: nobody vouches for anything yet
    people.ok("company", "live", "contoso", "--as", "ann@corp.test")
    people.ok("company", "domain", "add", "contoso", "late.test")
    other = people.directory / "other.xml"
    other.write_text(metadata([people.keys["idp2"]]).replace("https://idp.test/", "https://contoso.test/"))
    people.ok("company", "metadata", "contoso", other)
    people.ok("company", "suspend", "contoso")
    letters = people.value("SELECT json_agg(json_build_array(recipient, parameters) ORDER BY created_at) FROM anteroom.mail_outbox"
                           " WHERE template = 'company_changed'")
    assert [recipient for recipient, _ in letters] == ["ann@corp.test"] * 3
    live, domain, keys = (parameters for _, parameters in letters)
    assert live["went_live"] and live["details"] == ["contoso.test", "early.test"] and live["changed_by"].startswith("ann@corp.test by ")
    assert domain["domain_given"] and domain["details"] == ["late.test"] and domain["company"] == "Contoso"
    assert keys["keys"] == keys["details"][1:]  # those in force now
    assert keys["metadata_brought"] and keys["details"][0] == "https://contoso.test/" and len(keys["details"][1]) > 60


def test_an_entity_id_may_have_so_many_characters(contoso):
    long = contoso.directory / "long.xml"
    for length, code in ((1024, 0), (1025, 1)):
        name = "https://contoso.test/".ljust(length, "x")
        long.write_text(metadata([contoso.keys["idp"]]).replace("https://idp.test/", name))
        contoso.ok("company", "metadata", "contoso", long) if code == 0 else contoso.refused(code, "company", "metadata", "contoso", long)


def test_the_audit_trail_keeps_all_of_what_was_and_is(contoso):
    many = json.dumps([f"attribute-{number}" for number in range(100)])
    contoso.ok("company", "set", "contoso", "--set", f"attributes.email={many}")
    contoso.ok("company", "set", "contoso", "--set", "attributes.email=[\"mail\"]")
    events = [json.loads(line) for line in contoso.ok("--json", "audit", "--idp", "contoso").splitlines()]
    detail = next(event["detail"] for event in events if event["event"] == "company_changed" and event["detail"].endswith('["mail"]}}'))
    assert "attribute-0" in detail and "attribute-99" in detail and "preset" not in detail


def test_a_link_for_testing_names_the_company_and_needs_metadata(contoso):
    assert "/auth/test?t=" in contoso.ok("company", "test", "contoso")
    assert contoso.ok("company", "test", "contoso") != contoso.ok("company", "test", "contoso"), "each is sealed anew"
    contoso.ok("company", "add", "fabrikam")
    assert "no metadata yet" in contoso.refused(1, "company", "test", "fabrikam")
    contoso.ok("company", "archive", "contoso")
    assert "archived" in contoso.refused(1, "company", "test", "contoso")


AS_WE_DO = "SET search_path = anteroom, public;"


def told(contoso, format_known=1):
    """What a worker learns of contoso."""
    return contoso.value(f"{AS_WE_DO} SELECT row_to_json(c) FROM companies_since(0, 10, {format_known}) c WHERE name = 'contoso'")


def test_nodes_are_told_what_metadata_says_and_its_keys_when_they_ask(contoso):
    contoso.ok("company", "live", "contoso")
    company = told(contoso)
    summary = json.loads(company["summary"])
    assert company["metadata"] is None and company["number"] == 1
    assert summary["entity_id"] == "https://contoso.test/" and len(summary["certificates"]) == 1
    whole = contoso.value(f"{AS_WE_DO} SELECT to_json(xml) FROM metadata_of_company('contoso', 1)")
    assert "X509Certificate" in whole
    assert contoso.value(f"{AS_WE_DO} SELECT count(*) FROM metadata_of_company('contoso', 2)") == 0
    assert contoso.value(f"{AS_WE_DO} SELECT to_json(metadata) FROM changed_companies(0, 10) WHERE name = 'contoso'") == whole  # schema 38
    another = told(contoso, format_known=2)
    assert another["metadata"] == whole and another["summary"] is None
    contoso.ok("company", "suspend", "contoso")
    company = told(contoso)
    assert (company["metadata"], company["summary"], company["number"]) == (None, None, 0)


def test_metadata_without_a_summary_is_read_whole_until_it_is_brought_again(contoso):
    contoso.ok("company", "live", "contoso")
    contoso.value("WITH u AS (UPDATE anteroom.company_metadata SET summary = NULL RETURNING 1) SELECT count(*) FROM u")
    company = told(contoso)
    assert "X509Certificate" in company["metadata"] and company["summary"] is None
    contoso.ok("company", "metadata", "contoso", contoso.xml)
    healed = told(contoso)
    assert healed["metadata"] is None and healed["summary"] and healed["number"] == 1 and healed["version"] > company["version"]


def test_metadata_that_says_more_than_nodes_remember_is_read_whole(contoso):
    contoso.ok("company", "live", "contoso")
    long = contoso.directory / "endless.xml"
    service = ('<ArtifactResolutionService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" index="{}"'
               ' Location="https://contoso.test/artifact"/>')
    for count, is_summed_up in ((700, True), (1800, False)):
        services = "".join(service.format(index) for index in range(count))
        long.write_text(contoso.xml.read_text().replace("<SingleSignOnService", f"{services}<SingleSignOnService", 1))
        contoso.ok("company", "metadata", "contoso", long)
        company = told(contoso)
        assert bool(company["summary"]) == is_summed_up and bool(company["metadata"]) != is_summed_up


def test_one_entity_id_at_the_same_moment_is_one_companys(contoso):
    contoso.ok("company", "add", "fabrikam")
    contoso.ok("company", "add", "litware")
    operator = "ROW(NULL, 'cli:test', '', '{manager}', 'manager')::anteroom.actor"

    def bring(cursor, name, *more):
        cursor.execute("SET search_path = anteroom, public")
        cursor.execute(f"SELECT anteroom.bring_metadata({operator}, '{name}', (SELECT version FROM companies WHERE name = '{name}'),"
                       f" '<x/>', 'https://fabrikam.test/', {', '.join([repr('{AA}'), *more])})")
        return cursor.fetchone()[0]

    with psycopg2.connect(contoso.connection) as first, psycopg2.connect(contoso.connection) as second, ThreadPoolExecutor(1) as other:
        assert bring(first.cursor(), "fabrikam") == "kept"  # as commands of schema 38 do
        waiting = other.submit(bring, second.cursor(), "litware", "'{}'")
        wait_until(lambda: contoso.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == 1, 10, "the second")
        first.commit()
        assert waiting.result() == "entity_id_taken"


# From the configuration into the database.

def as_row(made, name):
    return next((one for one in made.json("company", "list") if one["name"] == name), None)


def test_identity_providers_move_into_the_database_with_their_names(ready):
    ready.ok("user", "provision", "ann@corp.test", "--level", "viewer", "--all-properties")
    entry = ready.directory / "idp.d" / "corp.yaml"
    entry.write_text(entry.read_text() + "force_authn: true\nattributes: { email: [mail, 'true'], name: cn }\n"
                     "scim: { groups: [ { name: Staff, level: viewer, properties: ['*'] } ] }\n")
    before = ready.json("idp", "show", "corp")
    assert "can be moved" in ready.ok("idp", "import", "--dry-run") and as_row(ready, "corp") is None
    said = ready.ok("idp", "import", "corp")
    assert "moved" in said and "take what was moved out of the configuration" in said
    assert "is there already" in ready.ok("idp", "import")
    assert as_row(ready, "corp") == {"name": "corp", "state": "live", "domains": before["domains"], "display_name": before["display_name"]}
    entry.unlink()
    company = shown(ready, "corp")
    assert company["problems"] == [] and company["closed"] == ""
    assert company["settings"]["force_authn"] is True and company["settings"]["attributes"] == {"email": ["mail", "true"], "name": "cn"}
    assert company["settings"]["scim"] == {"groups": [{"name": "Staff", "level": "viewer", "properties": ["*"]}]}
    assert company["metadata"][0]["entity_id"] == before["entity_id"]
    ready.ok("user", "add", "bea@corp.test")
    assert "ann@corp.test" in ready.ok("doctor", "ann@corp.test")


def test_an_address_goes_along_with_the_authorities_that_it_is_asked_with(ready):
    entry = ready.directory / "idp.d" / "corp.yaml"
    pem = f"-----BEGIN CERTIFICATE-----\n{certificate()}\n-----END CERTIFICATE-----\n"
    (entry.parent / "ca.pem").write_text(f"# theirs\n{pem}")
    entry.write_text(entry.read_text() + "metadata_url: https://idp.corp.test/metadata\nmetadata_ca: ca.pem\nmetadata_refresh: 2h\n")
    assert ready.json("idp", "import") == [{"name": "corp", "outcome": "moved"}]
    entry.unlink()
    company = shown(ready, "corp")
    assert company["settings"]["metadata_ca"] == pem and company["settings"]["metadata_refresh"] == "2h"
    assert company["problems"] == [] and company["fetched"]["url"] == "https://idp.corp.test/metadata"


def test_the_certificate_that_signs_metadata_goes_along(ready):
    entry = ready.directory / "idp.d" / "corp.yaml"
    authority = Authority("Metadata authority")
    (entry.parent / "pin.pem").write_bytes(authority.certificate_pem)
    copy = entry.parent / "corp.xml"
    copy.write_text(metadata_signed_by(authority, metadata([Authority("Their key")])))
    entry.write_text(entry.read_text() + "metadata_certificate: pin.pem\n")
    assert ready.json("idp", "import") == [{"name": "corp", "outcome": "moved"}]
    entry.unlink()
    company = shown(ready, "corp")
    assert company["settings"]["metadata_certificate"].encode() == authority.certificate_pem and company["closed"] == ""
    other = entry.parent / "other.xml"
    other.write_text(metadata_signed_by(Authority("Somebody"), metadata([Authority("Another key")])))
    assert "not signed by the certificate" in ready.refused(1, "company", "metadata", "corp", other)


def test_only_what_is_in_the_configuration_moves(ready):
    assert "there is no identity provider nobody" in ready.refused(1, "idp", "import", "nobody")


def test_a_certificate_that_the_metadata_in_force_was_not_signed_by_is_refused(contoso):
    """Or the company would be closed by it."""
    pin = Authority("Metadata authority").certificate_pem.decode()
    said = contoso.refused(1, "company", "set", "contoso", "--set", f"metadata_certificate={pin}")
    assert "of the metadata in force: it is not signed" in said
    assert "metadata_certificate" not in shown(contoso)["settings"]


def test_nobody_moves_a_company_who_may_not_connect_one(people):
    assert "manage.connect_companies" in people.refused(1, "idp", "import", "corp", "--as", "bob@corp.test")
    assert as_row(people, "corp") is None
