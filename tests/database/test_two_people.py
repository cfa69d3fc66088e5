"""What one person proposes and another confirms: `companies.two_people`, and whoever tries to do without the other."""

import hashlib
import json
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.saml import live
from tests.support.saml.messages import metadata

KINDS = ("company_act_proposed", "company_act_confirmed", "company_act_declined", "company_went_live", "company_domain_given",
         "company_metadata_brought", "company_changed")


@pytest.fixture
def support(ready):
    """A draft, ann and ada who may connect companies, and bob who may not."""
    ready.keys = live.authorities()
    ready.xml = xml(ready, "idp")
    ready.yaml.write_text(ready.yaml.read_text() + "\ncompanies: {two_people: true}\n")
    ready.ok("company", "add", "contoso", "--display-name", "Contoso", "--domain", "contoso.test", "--metadata", ready.xml)
    for name, level in (("ann", "manager"), ("ada", "manager"), ("bob", "technician")):
        ready.ok("user", "provision", f"{name}@corp.test", "--level", level, "--all-properties")
    return ready


@pytest.fixture
def in_service(support):
    """Put live by an operator, who is held to no rule."""
    support.ok("company", "live", "contoso")
    return support


@pytest.fixture
def authority(support):
    return support.keys["idp"].certificate_pem.decode()


def xml(made, key, entity_id="https://contoso.test/"):
    path = made.directory / f"{key}.xml"
    path.write_text(metadata([made.keys[key]]).replace("https://idp.test/", entity_id))
    return path


def shown(made):
    return made.json("company", "show", "contoso")


def proposals(made):
    return shown(made)["proposals"]


def number(made):
    (only,) = proposals(made)
    return str(only["number"])


def by(name):
    return ["--as", f"{name}@corp.test"]


def confirm(made, name, which=None):
    return made.ok("company", "confirm", "contoso", which or number(made), *by(name))


def refused(made, name, which=None):
    return made.refused(1, "company", "confirm", "contoso", which or number(made), *by(name))


def events(made, *kinds):
    """(event, who), the oldest first."""
    lines = [json.loads(line) for line in made.ok("--json", "audit", "--idp", "contoso").splitlines()]
    return [(line["event"], line["actor"].split(" ")[0]) for line in sorted(lines, key=lambda line: line["id"])
            if line["event"] in (kinds or KINDS)]


def letters(made, template):
    return made.value("SELECT coalesce(json_agg(json_build_array(recipient, parameters) ORDER BY created_at), '[]')"
                      f" FROM anteroom.mail_outbox WHERE template = '{template}'")


def act(made, what):
    """Each is what has to wait."""
    return {"domain": ["domain", "add", "contoso", "late.test"],
            "metadata": ["metadata", "contoso", xml(made, "idp2")],
            "address": ["set", "contoso", "--set", "metadata_url=https://idp.test/metadata"]}[what]


ACTS = ("domain", "metadata", "address")


def in_force(made):
    company = shown(made)
    return company["state"], company["domains"], company["settings"], [one["fingerprints"] for one in company["metadata"]]


def test_a_company_goes_live_when_a_second_person_confirms_it(support):
    before = in_force(support)
    said = support.ok("company", "live", "contoso", *by("ann"))
    assert "waits: " in said and "go live, proposed by ann@corp.test by " in said
    assert in_force(support) == before
    confirm(support, "ada")
    assert shown(support)["state"] == "live" and proposals(support) == []
    assert events(support)[-3:] == [("company_act_proposed", "ann@corp.test"), ("company_went_live", "ada@corp.test"),
                                    ("company_act_confirmed", "ada@corp.test")]
    (told,) = letters(support, "company_proposed")
    assert told[0] == "ada@corp.test" and told[1]["live"] and told[1]["details"] == ["contoso.test"]
    assert told[1]["proposed_by"].startswith("ann@corp.test by ")


@pytest.mark.parametrize("what", ACTS)
def test_what_a_live_company_vouches_by_waits_for_a_second_person(in_service, what):
    before, told = in_force(in_service), letters(in_service, "company_changed")
    in_service.ok("company", *act(in_service, what), *by("ann"))
    assert in_force(in_service) == before, "nothing has changed yet"
    assert letters(in_service, "company_changed") == told, "and nobody is told that it has"
    assert [recipient for recipient, _ in letters(in_service, "company_proposed")] == ["ada@corp.test"]
    confirm(in_service, "ada")
    assert in_force(in_service) != before and proposals(in_service) == []
    assert events(in_service)[-3][0] == "company_act_proposed" and events(in_service)[-1] == ("company_act_confirmed", "ada@corp.test")


@pytest.mark.parametrize("what", ACTS)
def test_a_suspended_company_is_no_way_round(in_service, what):
    in_service.ok("company", "suspend", "contoso", *by("ann"))
    before = in_force(in_service)
    in_service.ok("company", *act(in_service, what), *by("ann"))
    assert in_force(in_service) == before
    in_service.ok("company", "live", "contoso", *by("ann"))
    assert shown(in_service)["state"] == "live", "as it was: that needs one person"
    assert proposals(in_service) == [], "and what was proposed of it as it was then has ended"


def test_a_draft_that_was_suspended_has_never_been_live(support):
    support.ok("company", "suspend", "contoso", *by("ann"))
    support.ok("company", "live", "contoso", *by("ann"))
    assert shown(support)["state"] == "suspended" and len(proposals(support)) == 1


@pytest.mark.parametrize("what", ACTS)
def test_nobody_confirms_their_own(in_service, what):
    before = in_force(in_service)
    in_service.ok("company", *act(in_service, what), *by("ann"))
    assert "nobody confirms what they have proposed" in refused(in_service, "ann")
    in_service.ok("company", *act(in_service, what), *by("ann"))
    in_service.ok("company", *act(in_service, what), *by("ada"))  # is not to confirm it
    assert in_force(in_service) == before and len(proposals(in_service)) == 1
    refusals = [json.loads(line) for line in in_service.ok("--json", "audit", "--event", "manage_refused").splitlines()]
    assert [(one["code"], one["actor"].split(" ")[0]) for one in refusals] == [("own_proposal", "ann@corp.test")]


def test_who_may_not_connect_companies_confirms_and_declines_nothing(support):
    support.ok("company", "live", "contoso", *by("ann"))
    which = number(support)
    for word in ("confirm", "decline"):
        assert "manage.connect_companies" in support.refused(1, "company", word, "contoso", which, *by("bob"))
    assert shown(support)["state"] == "draft" and number(support) == which


def test_nobody_of_the_company_confirms(support):
    support.ok("company", "live", "contoso", *by("ann"))
    support.value("UPDATE anteroom.users SET idp = 'contoso', subject = 'ada' WHERE email = 'ada@corp.test' RETURNING 1")
    for word in ("confirm", "decline"):
        assert "the company that they sign on at" in support.refused(1, "company", word, "contoso", number(support), *by("ada"))
    assert shown(support)["state"] == "draft"


def test_nobody_of_the_company_is_written_to(support):
    support.value("UPDATE anteroom.users SET idp = 'contoso', subject = 'ada' WHERE email = 'ada@corp.test' RETURNING 1")
    support.ok("company", "live", "contoso", *by("ann"))
    assert letters(support, "company_proposed") == []


@pytest.mark.parametrize("loss", [
    ["user", "revoke", "ann@corp.test", "--all-properties"], ["user", "disable", "ann@corp.test"],
    ["user", "grant", "ann@corp.test", "--level", "technician", "--all-properties"]], ids=lambda loss: loss[1])
def test_what_somebody_proposed_who_may_no_longer_is_not_done(support, loss):
    support.ok("company", "live", "contoso", *by("ann"))
    which = number(support)
    support.ok(*loss)
    assert proposals(support) == []
    assert "nothing of this number waits" in refused(support, "ada", which)
    assert shown(support)["state"] == "draft"


def test_what_somebody_proposed_who_is_of_the_company_by_now_is_not_done(support):
    support.ok("company", "live", "contoso", *by("ann"))
    which = number(support)
    support.value("UPDATE anteroom.users SET idp = 'contoso', subject = 'ann' WHERE email = 'ann@corp.test' RETURNING 1")
    assert "nothing of this number waits" in refused(support, "ada", which)


def test_somebody_who_lost_the_level_does_not_confirm(support):
    support.ok("company", "live", "contoso", *by("ann"))
    support.ok("user", "revoke", "ada@corp.test", "--all-properties")
    assert "manage.connect_companies" in refused(support, "ada")
    assert shown(support)["state"] == "draft"


CHANGES = {"metadata": lambda made: ["metadata", "contoso", xml(made, "idp2")],
           "domain": lambda made: ["domain", "add", "contoso", "evil.test"],
           "settings": lambda made: ["set", "contoso", "--set", "allow_sha1=true"],
           "name": lambda made: ["set", "contoso", "--display-name", "Fabrikam"]}


@pytest.mark.parametrize("change", CHANGES)
def test_a_draft_goes_live_as_it_was_proposed_or_not_at_all(support, change):
    support.ok("company", "live", "contoso", *by("ann"))
    which = number(support)
    support.ok("company", *CHANGES[change](support), *by("ann"))
    assert proposals(support) == []
    assert "nothing of this number waits" in refused(support, "ada", which)
    assert shown(support)["state"] == "draft"


@pytest.mark.parametrize("what", ACTS)
def test_other_metadata_in_between_ends_what_waits(in_service, what):
    in_service.ok("company", *act(in_service, what), *by("ann"))
    which = number(in_service)
    in_service.ok("company", "metadata", "contoso", xml(in_service, "other"))
    before = in_force(in_service)
    assert "nothing of this number waits" in refused(in_service, "ada", which)
    assert in_force(in_service) == before


def test_metadata_that_was_proposed_is_what_is_confirmed(in_service):
    file = xml(in_service, "idp2")
    in_service.ok("company", "metadata", "contoso", file, *by("ann"))
    (waits,) = proposals(in_service)
    xml(in_service, "other").rename(file)  # the file is another by now
    confirm(in_service, "ada")
    newest = shown(in_service)["metadata"][0]
    assert newest["fingerprints"] == waits["fingerprints"] and newest["is_in_force"]


def test_one_domain_does_not_end_that_another_waits(in_service):
    for domain in ("late.test", "later.test"):
        in_service.ok("company", "domain", "add", "contoso", domain, *by("ann"))
    for waits in proposals(in_service):
        confirm(in_service, "ada", str(waits["number"]))
    assert shown(in_service)["domains"] == ["contoso.test", "late.test", "later.test"]


def test_a_domain_that_somebody_has_by_now_stays_theirs(in_service):
    in_service.ok("company", *act(in_service, "domain"), *by("ann"))
    in_service.ok("company", "add", "fabrikam", "--domain", "late.test")
    assert "another company has this domain" in refused(in_service, "ada")
    assert shown(in_service)["domains"] == ["contoso.test"]


def test_an_entity_id_that_somebody_has_by_now_stays_theirs(in_service):
    in_service.ok("company", "metadata", "contoso", xml(in_service, "idp2", "https://other.test/"), *by("ann"))
    in_service.ok("company", "add", "fabrikam", "--metadata", in_service.directory / "idp2.xml")
    assert "another company has the entity ID" in refused(in_service, "ada")


def test_it_ends_after_a_week_and_is_thrown_away(support):
    support.ok("company", "live", "contoso", *by("ann"))
    which = number(support)
    support.value("UPDATE anteroom.company_proposals SET ends_at = now() - interval '1 second' RETURNING 1")
    assert "nothing of this number waits" in refused(support, "ada", which)
    support.value("SET search_path = anteroom, public; SELECT housekeep(100)")
    assert support.value("SELECT count(*) FROM anteroom.company_proposals") == 0
    support.ok("company", "live", "contoso", *by("ann"))
    confirm(support, "ada")


@pytest.mark.parametrize("who", ["ann", "ada"])
def test_it_is_declined_or_taken_back(support, who):
    support.ok("company", "live", "contoso", *by("ann"))
    which = number(support)
    support.ok("company", "decline", "contoso", which, *by(who))
    assert proposals(support) == [] and shown(support)["state"] == "draft"
    assert events(support)[-1] == ("company_act_declined", f"{who}@corp.test")
    assert "nothing of this number waits" in refused(support, "ada", which)
    assert "nothing of this number waits" in support.refused(1, "company", "decline", "contoso", which, *by("ada"))


def test_a_proposal_is_its_own_companys(support):
    support.ok("company", "add", "fabrikam")
    support.ok("company", "live", "contoso", *by("ann"))
    for word in ("confirm", "decline"):
        assert "nothing of this number waits" in support.refused(1, "company", word, "fabrikam", number(support), *by("ada"))


def test_two_who_confirm_at_once_do_it_once(in_service):
    for other in ("abe", "ace", "amy"):
        in_service.ok("user", "provision", f"{other}@corp.test", "--level", "manager", "--all-properties")
    in_service.ok("company", *act(in_service, "metadata"), *by("ann"))
    which = number(in_service)
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda name: in_service.run("company", "confirm", "contoso", which, *by(name)).returncode,
                              ("ada", "abe", "ace", "amy")))
    assert sorted(codes) == [0, 1, 1, 1]
    assert [kind for kind, _ in events(in_service)].count("company_act_confirmed") == 1
    assert len(shown(in_service)["metadata"]) == 2


def test_an_archived_company_has_nothing_that_waits(support):
    support.ok("company", "live", "contoso", *by("ann"))
    support.ok("company", "archive", "contoso", *by("ann"))
    assert support.value("SELECT count(*) FROM anteroom.company_proposals") == 0


def test_at_most_fifty_wait(in_service):
    in_service.ok("company", *act(in_service, "domain"), *by("ann"))
    others = "details, rests_on, proposed_by, proposer, ends_at"
    in_service.value(f"INSERT INTO anteroom.company_proposals (company, act, given, digest, {others})"
                     f" SELECT company, act, given, n::text, {others}"
                     " FROM anteroom.company_proposals, generate_series(1, 49) n RETURNING 1")
    assert "too many already" in in_service.refused(1, "company", "domain", "add", "contoso", "more.test", *by("ann"))


def test_what_vouches_for_nobody_else_waits_for_nobody(in_service):
    in_service.ok("company", "domain", "add", "contoso", "late.test")
    for words in (["domain", "remove", "contoso", "late.test"], ["set", "contoso", "--set", "force_authn=true"],
                  ["contacts", "contoso", "ida@contoso.test"], ["metadata", "contoso", in_service.xml], ["suspend", "contoso"],
                  ["live", "contoso"]):
        in_service.ok("company", *words, *by("ann"))
    assert proposals(in_service) == [] and shown(in_service)["domains"] == ["contoso.test"]


def test_an_operator_is_held_to_no_rule_and_named(support):
    support.ok("company", "live", "contoso")
    for what in ACTS:
        support.ok("company", *act(support, what))
    assert proposals(support) == [] and shown(support)["domains"] == ["contoso.test", "late.test"]
    assert {who for kind, who in events(support, "company_went_live", "company_domain_given")} == {"cli:root"}
    assert {name for name, _ in letters(support, "company_changed")} == {"ann@corp.test", "ada@corp.test"}


def test_what_has_its_own_address_needs_nobody(in_service):
    in_service.ok("company", *act(in_service, "address"))
    other = metadata([in_service.keys["idp2"]]).replace("https://idp.test/", "https://contoso.test/")
    actor = "ROW(NULL, 'https://idp.test/metadata', '', '{viewer,technician,manager}', 'manager')::anteroom.actor"
    assert in_service.value("SET search_path = anteroom, public; SELECT bring_fetched(" + actor + ", 'contoso', c.version, $xml$"
                            + other + "$xml$, 'https://contoso.test/', '{AA}', NULL) FROM companies c WHERE c.name = 'contoso'") == "kept"


def test_what_its_administrator_hands_in_waits_when_support_takes_it(in_service):
    offered = metadata([in_service.keys["idp2"]]).replace("https://idp.test/", "https://contoso.test/")
    in_service.value("INSERT INTO anteroom.company_offers (company, xml, entity_id, fingerprints, offered_by)"
                     f" VALUES ('contoso', $xml${offered}$xml$, 'https://contoso.test/', '{{AA}}', 'link 1') RETURNING 1")
    in_service.ok("company", "metadata", "contoso", "--handed-in", *by("ann"))
    assert len(shown(in_service)["metadata"]) == 1 and shown(in_service)["handed_in"]["entity_id"]
    confirm(in_service, "ada")
    assert len(shown(in_service)["metadata"]) == 2 and "handed_in" not in shown(in_service)


def test_a_company_that_moves_from_the_configuration_waits_as_a_draft(support):
    assert "waits for a second person" in support.json("idp", "import", "corp", *by("ann"))[0]["outcome"]
    (waits,) = support.json("company", "show", "corp")["proposals"]
    assert waits["act"] == "go live" and support.json("company", "show", "corp")["state"] == "draft"


def test_nothing_goes_live_by_itself_beside_it(support):
    support.yaml.write_text(support.yaml.read_text().replace("two_people: true", "two_people: true, self_service: true"))
    done = support.run("check", "--no-database")
    assert done.returncode == 3 and "contradict each other" in done.stdout


def test_without_it_nothing_waits(support):
    support.yaml.write_text(support.yaml.read_text().replace("two_people: true", "two_people: false"))
    support.ok("company", "live", "contoso", *by("ann"))
    support.ok("company", *act(support, "domain"), *by("ann"))
    assert shown(support)["state"] == "live" and proposals(support) == []


def test_whom_the_address_is_trusted_by_waits_also_where_there_is_none(in_service, authority):
    before = in_force(in_service)
    in_service.ok("company", "set", "contoso", "--set", f"metadata_ca={authority}", *by("ann"))
    assert in_force(in_service) == before and "metadata_ca" in proposals(in_service)[0]["act"]


def test_what_a_proposal_changes_is_said_with_the_address_first(in_service, authority):
    url = "https://idp.test/metadata"
    in_service.ok("company", "set", "contoso", "--set", f"metadata_url={url}", "--set", f"metadata_ca={authority}", "--set", "button=A",
                  "--display-name", "Contoso Ltd", *by("ann"))
    (told,) = letters(in_service, "company_proposed")
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(authority)).digest().hex(":").upper()
    said = f"metadata_url: — → {url}; metadata_ca: — → SHA-256 {fingerprint}; button: — → A; display_name: Contoso → Contoso Ltd"
    assert told[1]["details"] == [said]
    (waits,) = proposals(in_service)
    assert f"settings: {said}" in waits["act"]


def test_an_address_that_is_taken_away_with_its_authorities_waits(in_service, authority):
    url = "metadata_url=https://idp.test/metadata"
    in_service.ok("company", "set", "contoso", "--set", url, "--set", f"metadata_ca={authority}")
    before = in_force(in_service)
    in_service.ok("company", "set", "contoso", "--unset", "metadata_url", "--unset", "metadata_ca", *by("ann"))
    assert in_force(in_service) == before and len(proposals(in_service)) == 1
    in_service.ok("company", "set", "contoso", "--unset", "metadata_url", *by("ann"))
    assert "metadata_url" not in shown(in_service)["settings"], "nothing is fetched any more"


def test_an_account_of_ones_own_making_is_no_second_person(in_service):
    in_service.ok("user", "provision", "alt@corp.test", "--level", "manager", "--all-properties")
    ann, alt = [f"(SELECT id FROM users WHERE email = '{name}@corp.test')" for name in ("ann", "alt")]
    in_service.value("SET search_path = anteroom, public; "
                     f"UPDATE grants SET given_alone_by = {ann} WHERE user_id = {alt} RETURNING to_json(1)")
    in_service.ok("company", "domain", "add", "contoso", "late.test", *by("ann"))
    refused(in_service, "alt")
    confirm(in_service, "ada")


def test_what_was_proposed_before_a_change_does_not_come_back(in_service):
    in_service.ok("company", "domain", "add", "contoso", "late.test", *by("ann"))
    for state in ("suspend", "live"):
        in_service.ok("company", state, "contoso")
    assert proposals(in_service) == []
