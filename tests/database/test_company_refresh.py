"""`metadata_url` of a company in the database: fetched once for all nodes; what is in force stays through all that can go wrong."""

import datetime
import json
import signal
import subprocess
from contextlib import ExitStack

import pytest

from tests.support import metadata_server
from tests.support.installation import BUILD
from tests.support.metadata_server import certificate
from tests.support.processes import wait_until

from .test_idp_refresh import BAD


def contosos(text):
    return text.replace("https://idp.test/", "https://contoso.test/")


def metadata(*certificates, **more):
    return contosos(metadata_server.metadata(*certificates, **more))


@pytest.fixture
def contoso(ready, server, keys):
    """A draft with an address, which nobody has asked yet."""
    server.body = metadata(keys[0])
    ready.ok("company", "add", "contoso", "--display-name", "Contoso", "--domain", "contoso.test",
             "--set", f"metadata_url={server.url}", "--set", f"metadata_ca={server.ca.read_text()}")
    return ready


@pytest.fixture
def live(contoso):
    contoso.ok("company", "refresh", "contoso")
    contoso.ok("company", "live", "contoso")
    contoso.ok("user", "provision", "ann@corp.test", "--level", "manager", "--all-properties")
    contoso.value("WITH gone AS (DELETE FROM anteroom.mail_outbox RETURNING 1) SELECT count(*) FROM gone")
    return contoso


def shown(made):
    return made.json("company", "show", "contoso")


def in_force(made):
    (version,) = [one for one in shown(made)["metadata"] if one["is_in_force"]]
    return version


def letters(made):
    return made.value("SELECT coalesce(json_agg(parameters ORDER BY created_at), '[]') FROM anteroom.mail_outbox"
                      " WHERE template = 'company_changed'")


def version(made):
    return made.value("SELECT version FROM anteroom.companies WHERE name = 'contoso'")


def test_a_draft_gets_its_first_metadata_from_its_address(contoso, server):
    assert "fetched:    not yet" in contoso.ok("company", "show", "contoso")
    assert contoso.json("company", "refresh", "contoso")["changed"] is True
    assert in_force(contoso)["brought_by"] == server.url and in_force(contoso)["entity_id"] == "https://contoso.test/"
    assert shown(contoso)["fetched"]["error"] == "" and "fetched:    last on 20" in contoso.ok("company", "show", "contoso")
    contoso.ok("company", "live", "contoso")


def test_a_key_rollover_is_followed_and_told_to_who_connects(live, server, keys):
    for listed in (keys, keys[1:]):
        server.body = metadata(*listed)
        live.ok("company", "refresh", "contoso")
        assert len(in_force(live)["fingerprints"]) == len(listed)
    assert [(one["metadata_brought"], len(one["details"]), one["changed_by"]) for one in letters(live)] == [
        (True, 3, server.url), (True, 2, server.url)]
    said = live.ok("--json", "audit", "--idp", "contoso", "--event", "company_metadata_brought")
    events = [json.loads(line) for line in said.splitlines()]
    assert [event["actor"] for event in events] == [server.url] * 3


def test_what_has_not_changed_is_not_sent_again_and_makes_no_version(live, server):
    before = version(live)
    assert live.json("company", "refresh", "contoso")["changed"] is False
    assert "If-None-Match" in server.asked[-1]
    assert version(live) == before and len(shown(live)["metadata"]) == 1 and letters(live) == []


def test_what_only_holds_longer_makes_no_version_and_nodes_know(live, server, keys):
    for year, is_news in ((2089, True), (2090, False), (2091, False)):  # the first had no end
        before = version(live)
        server.body = metadata(keys[0], more=f' validUntil="{year}-01-01T00:00:00Z"')
        assert live.json("company", "refresh", "contoso")["changed"] is is_news
        assert version(live) > before and len(shown(live)["metadata"]) == 2
    assert "2091" in live.value("SELECT xml FROM anteroom.company_metadata WHERE number = 2") and letters(live) == []


def test_what_somebody_brought_by_hand_is_no_copy_of_the_servers(live, server, keys, tmp_path):
    (tmp_path / "by-hand.xml").write_text(metadata(keys[1]))
    live.ok("company", "metadata", "contoso", tmp_path / "by-hand.xml")
    assert live.json("company", "refresh", "contoso")["changed"] is True
    assert "If-None-Match" not in server.asked[-1] and in_force(live)["brought_by"] == server.url


@pytest.mark.parametrize("what", [*BAD, "a private key"])
def test_what_is_in_force_stays(live, server, what):
    before = in_force(live)
    server.body = contosos(BAD[what]()) if what in BAD else metadata(certificate()) + "<!-- -----BEGIN PRIVATE KEY----- MIIEv -->"
    assert "what is in force stays" in live.refused(1, "company", "refresh", "contoso")
    assert in_force(live) == before and shown(live)["closed"] == ""
    fetched = shown(live)["fetched"]
    assert fetched["error"] and fetched["good_at"] and "MIIEv" not in json.dumps(shown(live))
    assert "; tried on 20" in live.ok("company", "show", "contoso")
    pause = live.value("SELECT extract(epoch FROM next_at - checked_at)::int FROM anteroom.company_fetches")
    assert 0.9 * 300 <= pause <= 1.1 * 300 + 20, "five minutes, give or take a tenth"


def test_another_companys_metadata_is_refused(contoso, server):
    contoso.ok("company", "add", "fabrikam", "--domain", "fabrikam.test", "--set", f"metadata_url={server.url}",
               "--set", f"metadata_ca={server.ca.read_text()}")
    contoso.ok("company", "refresh", "contoso")
    assert "another company has the entity ID" in contoso.refused(1, "company", "refresh", "fabrikam")


def test_a_company_without_an_address_cannot_be_refreshed(ready):
    ready.ok("company", "add", "litware")
    assert "has no metadata_url" in ready.refused(1, "company", "refresh", "litware")
    assert "there is no company nobody" in ready.refused(1, "company", "refresh", "nobody")


def test_the_same_keys_of_another_identity_provider_are_told(live, server, tmp_path):
    """Of Entra ID every tenant has the same keys where the address names no application."""
    (tmp_path / "other.xml").write_text(server.body.replace("https://contoso.test/", "https://other.test/"))
    live.ok("company", "metadata", "contoso", tmp_path / "other.xml")
    (letter,) = letters(live)
    assert letter["metadata_brought"] and letter["details"][0] == "https://other.test/"
    # By its address it does not come back: that would be another one again.
    assert "entity ID" in live.refused(1, "company", "refresh", "contoso")


def test_going_live_says_which_keys_and_which_address(contoso, server):
    contoso.ok("user", "provision", "ann@corp.test", "--level", "manager", "--all-properties")
    contoso.ok("company", "refresh", "contoso")
    contoso.ok("company", "live", "contoso")
    (letter,) = letters(contoso)
    assert letter["went_live"] and letter["address"] == server.url and letter["keys"] == in_force(contoso)["fingerprints"]


def test_what_ends_sooner_than_before_is_a_version_of_its_own(live, server, keys):
    for year, versions in ((2090, 2), (2080, 3)):
        server.body = metadata(keys[0], more=f' validUntil="{year}-01-01T00:00:00Z"')
        live.ok("company", "refresh", "contoso")
        assert len(shown(live)["metadata"]) == versions


def test_a_server_that_changes_its_mind_all_the_time_fills_nothing(live, server, keys):
    for number in range(14):
        soon = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
        server.body = metadata(keys[number % 2], more=f' validUntil="{soon}"')
        live.ok("company", "refresh", "contoso")
    assert len(shown(live)["metadata"]) == 10
    pause = live.value("SELECT extract(epoch FROM next_at - checked_at)::int FROM anteroom.company_fetches")
    assert pause > 3600 - 20, "not within the hour, whatever it says of its end"


@pytest.mark.parametrize("header", ["ETag", "Last-Modified"])
def test_what_a_server_calls_its_metadata_may_be_any_bytes(contoso, server, header):
    server.headers = {header: '"\xe9"'}
    contoso.ok("company", "refresh", "contoso")
    contoso.ok("company", "refresh", "contoso")
    assert shown(contoso)["fetched"]["good_at"]


def test_who_brings_metadata_by_hand_meanwhile_is_not_taken_for_the_server(live, server, keys, tmp_path):
    lease = live.value("SET search_path = anteroom; SELECT lease || ' ' || number FROM begin_fetch('contoso')")
    (tmp_path / "by-hand.xml").write_text(metadata(keys[1]))
    live.ok("company", "metadata", "contoso", tmp_path / "by-hand.xml")
    at, number = lease.rsplit(" ", 1)
    live.value(f"SET search_path = anteroom; SELECT end_fetch('contoso', '{at}', {number}, 'etag', '', '', '6 hours', '1 hour')")
    assert live.value("SELECT coalesce(number, 0) FROM anteroom.company_fetches") == 0
    assert live.json("company", "refresh", "contoso")["changed"] is True


def test_while_somebody_fetches_nobody_else_does(contoso):
    assert contoso.value("SET search_path = anteroom; SELECT count(*) FROM begin_fetch('contoso')") == 1
    assert "asks it right now" in contoso.refused(1, "company", "refresh", "contoso")
    # And whoever has lost it says nothing of it any more.
    contoso.value("SET search_path = anteroom; SELECT end_fetch('contoso', '2020-01-01', NULL, '', '', 'late', '6 hours', '1 hour')")
    assert shown(contoso)["fetched"]["error"] == ""


def test_what_holds_for_days_only_is_asked_for_in_time(live, server, keys):
    live.ok("company", "set", "contoso", "--set", "metadata_refresh=7d")
    soon = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    server.body = metadata(keys[0], more=f' validUntil="{soon}"')
    assert live.json("company", "refresh", "contoso")["changed"] is True
    pause = live.value("SELECT extract(epoch FROM next_at - checked_at)::int FROM anteroom.company_fetches")
    assert pause < 3 * 86400


def test_who_may_connect_companies_hears_of_another_address(live):
    live.ok("company", "set", "contoso", "--set", "metadata_url=https://idp.evil.test/metadata")
    live.ok("company", "set", "contoso", "--unset", "metadata_ca")  # other authorities: somebody else may answer
    first, second = letters(live)
    assert first["address_given"] and first["details"][0].endswith(" → https://idp.evil.test/metadata")
    assert second["details"][0].startswith("metadata_ca: SHA-256 ") and second["details"][0].endswith(" → —")
    live.ok("company", "set", "contoso", "--unset", "metadata_url")
    assert len(letters(live)) == 2 and "fetched" not in shown(live)


@pytest.mark.parametrize("setting, complaint", [
    ("metadata_url=http://idp.test/metadata", "must be an https URL"),
    ("metadata_ca=/etc/ssl/certs/ca-certificates.crt", "not the name of a file"),
    ("back_channel_ca=cookie.key", "not the name of a file"),
    ("metadata_ca=-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "no certificate in PEM"),
    ("metadata_certificate=/etc/passwd", "not the name of a file"),
    ("metadata_certificate=-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "no certificate in PEM"),
])
def test_no_setting_makes_a_node_read_a_file_or_trust_plain_http(contoso, setting, complaint):
    before = shown(contoso)
    assert complaint in contoso.refused(1, "company", "set", "contoso", "--set", setting)
    assert shown(contoso) == before


def test_a_certificate_with_its_private_key_is_not_kept(contoso, server):
    both = server.ca.read_text() + "-----BEGIN PRIVATE KEY-----\nMIIEv\n-----END PRIVATE KEY-----\n"
    assert "there is a private key in it" in contoso.refused(1, "company", "set", "contoso", "--set", f"metadata_ca={both}")


def test_only_one_gets_what_is_due_and_who_dies_with_it_keeps_it_for_minutes_only(contoso):
    contoso.value("UPDATE anteroom.company_fetches SET next_at = now() - interval '1 day' RETURNING 1")
    first = "SET search_path = anteroom; SELECT count(*) FROM begin_fetch('')"
    assert [contoso.value(first) for _ in range(2)] == [1, 0]
    contoso.value("UPDATE anteroom.company_fetches SET lease_until = lease_until - interval '5 minutes' RETURNING 1")
    assert contoso.value(first) == 1


def test_of_another_address_meanwhile_nothing_is_said(contoso):
    lease = contoso.value("SET search_path = anteroom; SELECT lease FROM begin_fetch('contoso')")
    contoso.ok("company", "set", "contoso", "--set", "metadata_url=https://other.test/metadata")
    contoso.value(f"SET search_path = anteroom; SELECT end_fetch('contoso', '{lease}', NULL, 'e', '', '', '6 hours', '1 hour')")
    assert shown(contoso)["fetched"] == {"url": "https://other.test/metadata", "checked_at": "", "good_at": "", "error": ""}


def test_one_of_two_services_fetches_within_seconds_and_both_stop_when_told(contoso, server, keys):
    command = [BUILD / "core" / "cli" / "anteroom", "--config", contoso.yaml, "company", "refresh"]
    with ExitStack() as stack:
        services = [stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
                    for _ in range(2)]
        try:
            wait_until(lambda: shown(contoso)["metadata"], 20, "the first metadata")
            server.body = metadata(*keys)
            contoso.value("UPDATE anteroom.company_fetches SET next_at = now() RETURNING 1")
            wait_until(lambda: len(in_force(contoso)["fingerprints"]) == 2, 20, "the new key")
        finally:
            for service in services:
                service.send_signal(signal.SIGTERM)
        said = "".join(service.communicate(timeout=20)[0] for service in services)
    assert said.count("contoso: new metadata: new key ") == 2 and said.count("stopped\n") == 2
    assert len(server.asked) == 2


def test_an_archived_company_is_not_asked_for(contoso):
    contoso.ok("company", "archive", "contoso")
    assert contoso.value("SELECT count(*) FROM anteroom.company_fetches") == 0
