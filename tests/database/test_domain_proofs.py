"""Proofs of domains: what a real DNS says, and what becomes of it."""

import re
import signal
import subprocess

import pytest

from tests.support.installation import BUILD
from tests.support.name_servers import Nsd, dnsmasq, odd_server
from tests.support.processes import wait_until

RECORD = "_anteroom-challenge"


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    directory = tmp_path_factory.mktemp("nsd")
    with Nsd(directory, ("contoso.test", "other.test", "broken.test")) as running:
        running.serve("broken.test", "this is no zone (")
        yield running


def asked_at(made, *servers):
    text = made.yaml.read_text()
    made.yaml.write_text(re.sub(r"(?m)^companies:.*\n|\Z", "", text) + "\ncompanies: {dns_servers: [" + ", ".join(
        f'"{server}"' for server in servers) + "]}\n")
    return made


@pytest.fixture
def contoso(ready, names):
    names.serve("contoso.test", "")
    ready.ok("company", "add", "contoso", "--display-name", "Contoso", "--domain", "contoso.test", "--metadata",
             contosos_metadata(ready))
    return asked_at(ready, names.address)


def contosos_metadata(made):
    path = made.directory / "contoso.xml"
    path.write_text(made.metadata.read_text().replace("https://idp.test/", "https://contoso.test/"))
    return path


def proof(made, domain="contoso.test"):
    (found,) = [one for one in made.json("company", "show", "contoso")["proofs"] if one["domain"] == domain]
    return found


def challenge(made, domain="contoso.test"):
    made.run("company", "domain", "verify", "contoso", domain)
    return proof(made, domain)["challenge"]


def test_a_record_that_says_it_proves_the_domain(contoso, names):
    said = contoso.refused(1, "company", "domain", "verify", "contoso", "contoso.test")
    value = proof(contoso)["challenge"]
    assert f"there is no name {RECORD}.contoso.test" in said and value in said and value.startswith("anteroom-domain=")
    names.serve("contoso.test", f'{RECORD} TXT "{value}"')
    assert "is proven on 20" in contoso.ok("company", "domain", "verify", "contoso", "contoso.test")
    assert proof(contoso)["outcome"] == "proven" and proof(contoso)["proven_at"]
    assert "proof:      contoso.test: proven on 20" in contoso.ok("company", "show", "contoso")
    assert "company_domain_proven" in contoso.ok("company", "history", "contoso")
    assert contoso.value("SELECT next_at - now() BETWEEN interval '21 hours' AND interval '27 hours' FROM anteroom.domain_proofs")


@pytest.mark.parametrize("records", [
    'TXT "v=spf1 -all"\n{record} TXT "{value}"',
    'TXT "{first}" "{rest}"',
    'TXT "\\"{value}\\""',
    'TXT "  {value} "',
    "CNAME proof.other.test.",
    'TXT "{value}"\n{long}',
], ids=["among others", "in two strings", "in quotes", "with spaces", "by an alias", "by TCP, for it is long"])
def test_ways_to_say_it(contoso, names, records):
    value = challenge(contoso)
    long = "\n".join(f'{RECORD} TXT "{n:03}{"x" * 250}"' for n in range(60))
    names.serve("contoso.test", f"{RECORD} " + records.format(record=RECORD, value=value, first=value[:20], rest=value[20:], long=long))
    if "CNAME" in records:  # of a server that knows both zones
        names.serve("other.test", f'proof TXT "{value}"')
    contoso.ok("company", "domain", "verify", "contoso", "contoso.test")


@pytest.mark.parametrize("domain, records, outcome, words", [
    ("contoso.test", "", "no_name", "there is no name _anteroom-challenge.contoso.test"),
    ("contoso.test", f"{RECORD} A 127.0.0.1", "no_text", "there is no TXT record at _anteroom-challenge.contoso.test"),
    ("contoso.test", f"{RECORD} CNAME nothing.elsewhere.test.", "no_text", "an alias of nothing.elsewhere.test"),
    ("contoso.test", f"{RECORD} CNAME nothing.other.test.", "no_name", "an alias of nothing.other.test"),
    ("contoso.test", f'{RECORD} TXT "v=spf1 -all"', "other_text", 'says something else: "v=spf1 -all"'),
    ("contoso.test", f'{RECORD} TXT ""', "other_text", 'says something else: ""'),
    ("contoso.test", f'{RECORD} TXT "\\000\\007<b>"', "other_text", "<b>"),
    ("broken.test", None, "server_failure", "gave no usable answer (SERVFAIL)"),
    ("elsewhere.test", None, "server_refused", "refused to answer (REFUSED)"),
])
def test_what_is_no_proof_is_said(contoso, names, domain, records, outcome, words):
    if records is not None:
        names.serve(domain, records)
    said = contoso.refused(1, "company", "domain", "verify", "contoso", domain)
    assert words in said and "\x00" not in said and "\x07" not in said
    assert (proof(contoso, domain)["outcome"], proof(contoso, domain)["proven_at"]) == (outcome, "")


@pytest.mark.parametrize("answer, outcome", [
    (None, "no_answer"),
    (b"", "no_answer"),
    (b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\xc0\x0c\xc0\x0c", "no_answer"),
    (b"\x81\x85\x00\x00\x00\x00\x00\x00\x00\x00", "no_answer"),  # to no question of ours
])
def test_servers_that_say_nothing_of_use(contoso, answer, outcome):
    with odd_server(answer) as address:
        asked_at(contoso, address)
        contoso.refused(1, "company", "domain", "verify", "contoso", "contoso.test")
    assert proof(contoso)["outcome"] == outcome
    assert contoso.value("SELECT failures FROM anteroom.domain_proofs") == 1


def test_another_make_and_a_second_server_where_the_first_is_silent(contoso, tmp_path):
    value = challenge(contoso)
    with dnsmasq(tmp_path, f"--txt-record={RECORD}.contoso.test,{value}") as address, odd_server(None) as silent:
        asked_at(contoso, silent, address)
        contoso.ok("company", "domain", "verify", "contoso", "contoso.test")


def test_one_that_is_gone_cuts_nobody_off_and_is_told_once(contoso, names):
    value = challenge(contoso)
    names.serve("contoso.test", f'{RECORD} TXT "{value}"')
    contoso.ok("company", "domain", "verify", "contoso", "contoso.test")
    contoso.ok("company", "live", "contoso")
    names.serve("contoso.test", "")
    said = contoso.refused(1, "company", "domain", "verify", "contoso", "contoso.test")
    assert "but not since 20" in said and proof(contoso)["missing_since"]
    assert contoso.json("company", "show", "contoso")["domains"] == ["contoso.test"]
    assert "company_domain_unproven" in contoso.ok("company", "history", "contoso")
    assert contoso.value("SELECT next_at < now() + interval '90 minutes' FROM anteroom.domain_proofs")
    names.serve("contoso.test", f'{RECORD} TXT "{value}"')
    contoso.ok("company", "domain", "verify", "contoso", "contoso.test")
    assert proof(contoso)["missing_since"] == ""


def test_servers_that_cannot_be_asked_do_not_unprove_it(contoso, names):
    value = challenge(contoso)
    names.serve("contoso.test", f'{RECORD} TXT "{value}"')
    contoso.ok("company", "domain", "verify", "contoso", "contoso.test")
    with odd_server(None) as silent:
        asked_at(contoso, silent)
        contoso.refused(1, "company", "domain", "verify", "contoso", "contoso.test")
    assert proof(contoso)["missing_since"] == "" and proof(contoso)["proven_at"]


@pytest.mark.parametrize("age, pause", [("10 seconds", 30), ("2 hours", 300), ("2 days", 3600), ("31 days", None)])
def test_whoever_waits_for_it_is_looked_for_more_often(contoso, age, pause):
    challenge(contoso)
    contoso.value(f"WITH old AS (UPDATE anteroom.domain_proofs SET asked_at = now() - interval '{age}' RETURNING 1)"
                  " SELECT count(*) FROM old")
    contoso.refused(1, "company", "domain", "verify", "contoso", "contoso.test")
    if pause is None:
        assert contoso.value("SELECT next_at = 'infinity' FROM anteroom.domain_proofs")
    else:
        next_in = contoso.value("SELECT extract(epoch FROM next_at - checked_at)::float8 FROM anteroom.domain_proofs")
        assert 0.9 * pause <= next_in <= 1.1 * pause + 20


def test_what_somebody_looks_up_right_now_is_left_to_them(contoso, names):
    challenge(contoso)
    contoso.value("WITH leased AS (UPDATE anteroom.domain_proofs SET lease_until = now() + interval '1 minute' RETURNING 1)"
                  " SELECT count(*) FROM leased")
    assert "somebody looks it up right now" in contoso.refused(1, "company", "domain", "verify", "contoso", "contoso.test")
    contoso.value("WITH proven AS (UPDATE anteroom.domain_proofs SET proven_at = now() RETURNING 1) SELECT count(*) FROM proven")
    assert "is proven on 20" in contoso.ok("company", "domain", "verify", "contoso", "contoso.test")


def test_support_has_it_looked_up_at_once_but_not_again_and_again(contoso):
    challenge(contoso)
    actor = "ROW(NULL, 'ops', '', '{viewer,manager}', '')::actor"

    def look(domain="contoso.test"):
        return contoso.value(f"SET search_path = anteroom, public; SELECT to_json(look_at_domain({actor}, 'contoso', '{domain}'))")

    assert look() == "same", "a moment ago"
    contoso.value("UPDATE anteroom.domain_proofs SET checked_at = now() - interval '21 seconds' RETURNING 1")
    assert look() == "changed" and look("other.test") == "same"
    assert contoso.value("SELECT next_at <= now() FROM anteroom.domain_proofs WHERE domain = 'contoso.test'")
    contoso.value("UPDATE anteroom.domain_proofs SET failures = 1 RETURNING 1")
    assert look() == "same", "nobody answered: five minutes"


def test_each_company_has_a_challenge_of_its_own(contoso, names):
    contoso.ok("company", "add", "fabrikam")
    value = challenge(contoso)
    names.serve("contoso.test", f'{RECORD} TXT "{value}"')
    contoso.ok("company", "domain", "verify", "contoso", "contoso.test")
    said = contoso.refused(1, "company", "domain", "verify", "fabrikam", "contoso.test")
    assert "says something else" in said
    assert "which the company contoso has" in contoso.ok("company", "show", "fabrikam")


def test_the_service_looks_by_itself(contoso, names):
    value = challenge(contoso)
    names.serve("contoso.test", f'{RECORD} TXT "{value}"')
    contoso.value("WITH due AS (UPDATE anteroom.domain_proofs SET next_at = now() RETURNING 1) SELECT count(*) FROM due")
    command = [BUILD / "core" / "cli" / "anteroom", "--config", contoso.yaml, "company", "refresh"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
        wait_until(lambda: proof(contoso)["proven_at"], 10, "the domain to be proven")
        service.send_signal(signal.SIGTERM)
        assert service.wait(20) == 0


@pytest.mark.parametrize("words, complaint", [
    (["contoso", "gmail.com"], "public mail domain"),
    (["contoso", "contoso"], "not an email domain"),
    (["contoso", ".".join(["a"] * 300)], "not an email domain"),
    (["nobody", "contoso.test"], "there is no company nobody"),
])
def test_bad_input(contoso, words, complaint):
    assert complaint in contoso.refused(1, "company", "domain", "verify", *words)


@pytest.mark.parametrize("servers", [["localhost"], ["127.0.0.1:99999"], ["127.0.0.1/24"], ["user@127.0.0.1"], [""],
                                     ["127.0.0.1"] * 9])
def test_servers_that_are_no_addresses_are_refused(contoso, servers):
    asked_at(contoso, *servers)
    assert "dns_servers" in contoso.run("check", "--no-database").stdout + contoso.run("check", "--no-database").stderr
