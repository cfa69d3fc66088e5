"""A company's administrator hands in its connection by a link, without an account: nothing of it lets anybody in, and nothing of another
company is reached."""

import base64
import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.http_client import multipart
from tests.support.name_servers import Nsd
from tests.support.node import COOKIE
from tests.support.processes import wait_until
from tests.support.saml import live
from tests.support.saml.browser import FORM, LOGIN_HOST, PAGE, start
from tests.support.saml.messages import metadata

SAME = ("Sec-Fetch-Site", "same-origin")
SET_UP = f"{COOKIE}-set-up"
CODE = re.compile(r"#([A-Za-z0-9_-]{43})")


class Office:
    """Two nodes, and support, which runs the command."""

    def __init__(self, lab, cluster, folder, more=""):
        folder.mkdir()
        self.keys = live.authorities()
        live.write_key_pairs(self.keys, folder)
        (folder / "idp.xml").write_text(metadata([self.keys["idp"]]))
        self.names = Nsd(folder, ("contoso.test",))
        change = live.configuration(folder / "idp.xml", "")

        def yaml(text):
            return change(text) + f'\ncompanies: {{dns_servers: ["{self.names.address}"]{more}}}\n' \
                + "mail: {from: gate@example.com, smtp: 'smtp://127.0.0.1:1', starttls: false}\n"

        self.node = lab.node(cluster, yaml=yaml, workers=2)
        self.other = lab.node(cluster, self.node.database, migrate=False, yaml=yaml)

    def company(self, *words):
        return self.node.cli("company", *words)

    def shown(self, name="contoso"):
        return json.loads(self.node.cli("--json", "company", "show", name))

    def add(self, name="contoso"):
        self.company("add", name, "--display-name", name.title(), "--set", "attributes.email=mail")

    def link(self, name="contoso"):
        return CODE.search(self.company("link", name))[1]

    def xml(self, key="idp", entity="https://contoso-idp.test/"):
        return metadata([self.keys[key]]).replace("https://idp.test/", entity)


class Administrator:
    """A browser of theirs."""

    def __init__(self, node):
        self.node = node
        self.cookie = None
        self.link = None  # its number

    def ask(self, path, method="GET", body=None, headers=(), node=None):
        cookies = [f"{SET_UP}={self.cookie}"] if self.cookie else []
        return (node or self.node).ask(path, host=LOGIN_HOST, method=method, body=body, headers=[PAGE, *headers], cookies=cookies)

    def send(self, path, node=None, **fields):
        body = "&".join(f"{name}={value}" for name, value in {"link": self.link, **fields}.items())
        return self.ask(path, "POST", body.encode(), [FORM, SAME], node)

    def open(self, code):
        answer = self.send("/auth/set-up", code=code)
        for name, value in answer.headers:
            if name.lower() == "set-cookie" and value.startswith(SET_UP):
                assert "; Secure" in value and "; HttpOnly" in value and "SameSite=Lax" in value and "Path=/" in value
                self.cookie = value.partition("=")[2].partition(";")[0]
        if answer.status == 303:
            self.link = re.fullmatch(r"/auth/set-up/connection\?link=(\d+)", answer.header("location"))[1]
        return answer

    def page(self, node=None):
        answer = self.ask(f"/auth/set-up/connection?link={self.link}", node=node)
        assert answer.status == 200, answer
        return answer.body.decode()

    def seen(self):
        """What the page says of what it shows: the company's version, and metadata that waits."""
        page = self.page()
        return {name: re.search(f'name="{name}" value="([^"]*)"', page)[1].replace("&#x2B;", "+") for name in ("link", "version", "offer")}

    def send_metadata(self, xml, seen=None, node=None):
        body, kind = multipart({**(seen or self.seen()), "metadata": xml})
        return self.ask("/auth/set-up/metadata", "POST", body, [("Content-Type", kind), SAME], node)

    def ask_for(self, domain):
        return self.send("/auth/set-up/domain", domain=domain, then="ask")


@pytest.fixture
def office(lab, cluster, workspace):
    return Office(lab, cluster, workspace / f"set-up-{os.urandom(3).hex()}")


@pytest.fixture
def self_service(lab, cluster, workspace):
    return Office(lab, cluster, workspace / f"set-up-{os.urandom(3).hex()}", ", self_service: true")


def prove(office, *domains):
    office.node.people.sql("UPDATE domain_proofs SET proven_at = now(), checked_at = now(), outcome = 'proven', missing_since = NULL"
                           f" WHERE domain = ANY ('{{{','.join(domains)}}}')")


@pytest.fixture
def ida(office):
    """Contoso's administrator, who has opened her link."""
    office.add()
    opened = Administrator(office.node)
    assert opened.open(office.link()).status == 303
    return opened


def letters(office, template):
    return json.loads(office.node.people.sql("SELECT coalesce(json_agg(parameters), '[]') FROM mail_outbox"
                                             f" WHERE template = '{template}'")[0])


def test_she_hands_in_everything_and_support_takes_it(office, ida):
    office.node.people.add("grace@northwind.example", grants=(("*", "admin"),))
    assert ida.send_metadata(office.xml()).header("location").endswith("&notice=metadata")
    assert "https://contoso-idp.test/" in ida.page(office.other), "whichever node she asks"
    assert "test?t=" in ida.page()
    assert ida.ask_for("Contoso.test").status == 303
    page = ida.page()
    value = re.search(r"anteroom-domain=[A-Za-z0-9_-]{43}", page)[0]
    assert "_anteroom-challenge.contoso.test" in page and "We look some minutes after you have added it" in page
    with office.names:
        office.names.serve("contoso.test", f'_anteroom-challenge TXT "{value}"')
        office.company("domain", "verify", "contoso", "contoso.test")
    assert ">proven<" in ida.page()
    ida.ask_for("gone.test")
    office.node.people.sql("UPDATE domain_proofs SET proven_at = now(), missing_since = now() WHERE domain = 'gone.test'")
    assert ida.send("/auth/set-up/hand-in").header("location").endswith("&notice=handed-in")
    ida.send("/auth/set-up/domain", domain="gone.test", then="remove")
    assert "You handed this in on 20" in ida.page()
    (letter,) = letters(office, "company_handed_in")
    assert (letter["company"], letter["domains"], letter["unproven"]) == ("Contoso", ["contoso.test"], ["gone.test"])
    shown = office.shown()
    assert shown["handed_in"]["at"] and shown["domains"] == [], "nothing is hers before support says so"
    office.company("domain", "add", "contoso", "contoso.test")
    office.company("live", "contoso")
    assert "handed_in" not in office.shown()
    wait_until(lambda: office.node.ask("/auth/sign-in", host=LOGIN_HOST, method="POST", body=b"email=ann%40contoso.test",
                                       headers=[FORM, PAGE, SAME]).status == 200, 10, "its button")


def test_of_a_live_company_metadata_waits_and_what_was_in_force_stays(office, ida):
    ida.send_metadata(office.xml())
    office.company("domain", "add", "contoso", "contoso.test")
    office.company("live", "contoso")
    before = office.shown()["metadata"]
    assert ida.send_metadata(office.xml("idp2")).status == 303
    assert "Not handed in yet" in ida.page() and "It uses what is in force" in ida.page()
    assert office.shown()["metadata"] == before
    offered = office.shown()["handed_in"]
    assert offered["by"].startswith("link ") and len(offered["fingerprints"]) == 1
    office.company("metadata", "contoso", "--handed-in")
    assert office.shown()["metadata"][0]["fingerprints"] == offered["fingerprints"] and "handed_in" not in office.shown()


def test_support_may_throw_it_away(office, ida):
    ida.send_metadata(office.xml())
    office.company("domain", "add", "contoso", "contoso.test")
    office.company("live", "contoso")
    ida.send_metadata(office.xml("idp2"))
    ida.send("/auth/set-up/hand-in")
    office.company("dismiss", "contoso")
    assert "handed_in" not in office.shown() and len(office.shown()["metadata"]) == 1
    assert office.node.anteroom("company", "metadata", "contoso", "--handed-in").returncode == 1


def test_a_link_is_the_first_browsers(office, ida):
    code = office.link()
    first, second = Administrator(office.node), Administrator(office.other)
    assert first.open(code).status == 303 and first.open(code).status == 303, "again, in the same one"
    refused = second.open(code)
    assert refused.status == 403 and b"open in another browser" in refused.body and second.cookie is None
    assert second.ask("/auth/set-up/connection").status == 403


def test_of_many_at_once_one_gets_it(office, ida):
    code = office.link()
    browsers = [Administrator(office.node if n % 2 else office.other) for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda browser: browser.open(code).status, browsers))
    assert sorted(statuses) == [303] + [403] * 7


def test_looking_at_it_does_not_open_it(office, ida):
    """What scans letters fetches what is in them."""
    code = office.link()
    for method in ("GET", "HEAD"):
        answer = Administrator(office.node).ask("/auth/set-up", method)
        assert answer.status == 200 and not any(name.lower() == "set-cookie" for name, _ in answer.headers)
    assert Administrator(office.node).open(code).status == 303


@pytest.mark.parametrize("spoil", [lambda code: code[:-1], lambda code: code[:-1] + ("A" if code[-1] != "A" else "B"),
                                   lambda _: base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("="),
                                   lambda _: "", lambda _: "x" * 5000, lambda _: "%00%ff"])
def test_what_is_no_link_of_ours_costs_the_database_nothing(office, ida, spoil):
    code = office.link()
    before = office.node.people.sql("SELECT count(*) FROM audit_events")
    answer = Administrator(office.node).open(spoil(code))
    assert answer.status == 422 and b"not a whole link" in answer.body
    assert office.node.people.sql("SELECT count(*) FROM audit_events") == before
    assert Administrator(office.node).open(code).status == 303


def test_a_whole_link_may_be_pasted(office, ida):
    link = office.company("link", "contoso").splitlines()[0].replace(":", "%3A").replace("/", "%2F").replace("#", "%23")
    assert Administrator(office.node).open(link).status == 303


@pytest.mark.parametrize("end", [
    lambda office: office.company("end-link", "contoso", "1"),
    lambda office: office.node.people.sql("UPDATE company_links SET ends_at = now()"),
    lambda office: office.company("archive", "contoso"),
], ids=["ended by support", "after its time", "the company is archived"])
def test_once_it_has_ended_nothing_goes(office, ida, end):
    code = office.link()
    ida.ask_for("contoso.test")
    seen = ida.seen()
    end(office)
    assert ida.ask("/auth/set-up/connection").status == 403
    assert ida.send_metadata(office.xml(), seen).status == 403
    for path, fields in (("domain", {"domain": "contoso.test", "then": "look"}), ("domain", {"domain": "b.test", "then": "ask"}),
                         ("domain", {"domain": "contoso.test", "then": "remove"}), ("hand-in", {})):
        assert ida.send(f"/auth/set-up/{path}", **fields).status == 403
    is_other_open = Administrator(office.node).open(code).status == 303
    assert is_other_open == (office.shown()["state"] == "draft" and office.shown()["links"] != [])


def test_two_links_in_one_browser_and_each_page_is_its_own_companys(office, ida):
    """A tab of one company is open when another company's link is opened."""
    office.add("fabrikam")
    contosos = ida.link
    assert ida.open(office.link("fabrikam")).status == 303
    fabrikams, ida.link = ida.link, contosos
    assert "Connect Contoso" in ida.page()
    ida.send_metadata(office.xml())
    ida.ask_for("contoso.test")
    assert [len(office.shown(name)["proofs"]) for name in ("contoso", "fabrikam")] == [1, 0]
    assert office.shown("fabrikam")["metadata"] == []
    ida.link = fabrikams
    assert "Connect Fabrikam" in ida.page()
    assert "Connect Fabrikam" in ida.ask("/auth/set-up/connection").body.decode(), "the one that was opened last"
    for number in ("", "0", "99", "x", "-1"):
        ida.link = number
        for fields in ({"domain": "a.test", "then": "ask"}, {"domain": "contoso.test", "then": "remove"}):
            assert ida.send("/auth/set-up/domain", **fields).status == 403
        assert ida.send("/auth/set-up/hand-in").status == 403


def test_who_connects_companies_is_written_to_once_an_hour_whatever_is_handed_in_and_settled(office, ida):
    office.node.people.add("grace@northwind.example", grants=(("*", "admin"),))
    ida.send_metadata(office.xml())
    office.company("domain", "add", "contoso", "contoso.test")
    office.company("live", "contoso")
    for n in range(3):
        ida.ask_for(f"{n}.test")
        ida.send("/auth/set-up/hand-in")
        assert office.shown()["handed_in"]["at"]
        ida.send("/auth/set-up/domain", domain=f"{n}.test", then="remove")
        assert "handed_in" not in office.shown(), "nothing is left to decide"
    assert len(letters(office, "company_handed_in")) == 1


def test_handing_in_changes_nothing_that_nodes_or_support_see_of_the_company(office, ida):
    ida.send_metadata(office.xml())
    ida.ask_for("contoso.test")
    before = ida.seen()
    ida.send("/auth/set-up/hand-in")
    assert ida.seen() == before


def test_once_it_is_handed_in_metadata_waits_so_that_what_was_compared_goes_live(office, ida):
    ida.send_metadata(office.xml())
    ida.ask_for("contoso.test")
    ida.send("/auth/set-up/hand-in")
    ida.send_metadata(office.xml("idp2"))
    shown = office.shown()
    assert len(shown["metadata"]) == 1 and shown["handed_in"]["fingerprints"] != shown["metadata"][0]["fingerprints"]
    office.company("dismiss", "contoso")
    ida.send_metadata(office.xml("idp2"))
    assert len(office.shown()["metadata"]) == 2, "a draft again"


def test_the_second_of_two_administrators_is_told(office, ida):
    other = Administrator(office.node)
    other.open(office.link())
    ida.send_metadata(office.xml())
    office.company("domain", "add", "contoso", "contoso.test")
    office.company("live", "contoso")
    seen = other.seen()
    assert ida.send_metadata(office.xml("idp2")).status == 303
    first = office.shown()["handed_in"]
    assert other.send_metadata(office.xml("other"), seen).status == 409
    assert office.shown()["handed_in"] == first


def test_what_was_handed_in_is_taken_however_lines_end(office, ida, tmp_path):
    """A form of Manage sends CR LF."""
    ida.send_metadata(office.xml())
    office.company("domain", "add", "contoso", "contoso.test")
    office.company("live", "contoso")
    lines = office.xml("idp2").replace("><", ">\n<")
    assert ida.send_metadata(lines).status == 303
    ida.send("/auth/set-up/hand-in")
    (tmp_path / "offer.xml").write_bytes(lines.replace("\n", "\r\n").encode())
    office.company("metadata", "contoso", tmp_path / "offer.xml")
    assert "handed_in" not in office.shown()


def test_a_link_reaches_its_own_company_alone(office, ida):
    office.add("fabrikam")
    body, kind = multipart({**ida.seen(), "metadata": office.xml(), "name": "fabrikam", "company": "fabrikam"})
    assert ida.ask("/auth/set-up/metadata?name=fabrikam", "POST", body, [("Content-Type", kind), SAME]).status == 303
    ida.send("/auth/set-up/domain", domain="a.test", then="ask", name="fabrikam")
    fabrikam = office.shown("fabrikam")
    assert fabrikam["metadata"] == [] and fabrikam["proofs"] == []
    assert len(office.shown()["metadata"]) == 1


def test_whose_a_domain_or_an_entity_id_is_it_does_not_say(office, ida):
    office.add("fabrikam")
    other = Administrator(office.node)
    other.open(office.link("fabrikam"))
    other.send_metadata(office.xml())
    office.company("domain", "add", "fabrikam", "fabrikam.test")
    def says_nothing(page):
        text = re.sub(r"(fabrikam|corp)\.test", "", page.lower())
        return "fabrikam" not in text and "corp" not in text

    for domain in ("fabrikam.test", "corp.test"):  # of the database, and of the configuration
        assert ida.ask_for(domain).status == 303
        assert domain in ida.page() and says_nothing(ida.page())
    assert ida.send_metadata(office.xml(entity="https://contoso-idp.test/")).status == 303, "for support to see"
    assert "Not handed in yet" in ida.page() and says_nothing(ida.page())
    assert office.shown()["metadata"] == [] and office.shown()["handed_in"]["entity_id"] == "https://contoso-idp.test/"
    assert "another company has the entity ID" in office.node.anteroom("company", "metadata", "contoso", "--handed-in").stderr
    answer = ida.send_metadata(office.xml(entity="https://idp.test/"))
    assert answer.status == 422 and b"We cannot use this metadata here" in answer.body and says_nothing(answer.body.decode())


@pytest.mark.parametrize("domain, words", [("gmail.com", "public mail provider"), ("contoso", "such as example.com"),
                                           (".".join(["a"] * 300), "such as example.com"), ("", "such as example.com")])
def test_domains_that_cannot_be(office, ida, domain, words):
    answer = ida.ask_for(domain)
    assert answer.status == 422 and words in answer.body.decode()
    assert office.shown()["proofs"] == []


def test_a_domain_is_asked_for_once_and_taken_back(office, ida):
    for _ in range(2):
        assert ida.ask_for("m%C3%BCnchen.example").status == 303
    (proof,) = office.shown()["proofs"]
    assert proof["domain"] == "xn--mnchen-3ya.example" and "münchen.example" in ida.page()
    ida.send("/auth/set-up/domain", domain="xn--mnchen-3ya.example", then="remove")
    assert office.shown()["proofs"] == []


def test_fifty_domains_and_no_more(office, ida):
    office.node.people.sql("INSERT INTO domain_proofs (company, domain, challenge, asked_by)"
                           " SELECT 'contoso', n || '.test', '', '' FROM generate_series(1, 50) n")
    assert ida.ask_for("more.test").status == 422


def test_ten_links_and_no_more(office, ida):
    for _ in range(9):
        office.link()
    assert office.node.anteroom("company", "link", "contoso").returncode == 1
    office.company("end-link", "contoso", "1")
    office.link()


@pytest.mark.parametrize("xml, words", [
    ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----", "There is a private key in it"),
    ("<a", "This cannot be used"),
    ("", "This cannot be used"),
    ("https://login.microsoftonline.com/x/federationmetadata.xml", "This is an address"),
    ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "This cannot be used"),
])
def test_metadata_that_cannot_be(office, ida, xml, words):
    answer = ida.send_metadata(xml)
    assert answer.status == 422 and words in answer.body.decode() and b"MIIEvQ" not in answer.body
    assert office.shown()["metadata"] == [] and "MIIEvQ" not in office.node.error_log()


def test_whoever_was_second_is_told(office, ida, tmp_path):
    seen = ida.seen()
    (tmp_path / "contoso.xml").write_text(office.xml())
    office.company("metadata", "contoso", tmp_path / "contoso.xml")
    answer = ida.send_metadata(office.xml("idp2"), seen)
    assert answer.status == 409
    assert b"Somebody has changed the connection" in answer.body and b"EntityDescriptor" in answer.body
    assert len(office.shown()["metadata"]) == 1


def test_of_what_she_sends_again_and_again_ten_versions_stay(office, ida):
    for n in range(12):
        assert ida.send_metadata(office.xml().replace("</EntityD", f"<!-- {n} --></EntityD")).status == 303
    assert [one["number"] for one in office.shown()["metadata"]] == list(range(12, 2, -1))


def test_forms_of_other_sites_are_refused(office, ida):
    for path in ("", "/metadata", "/domain", "/hand-in"):
        answer = ida.ask(f"/auth/set-up{path}", "POST", f"link={ida.link}&domain=evil.test&then=ask".encode(),
                         [FORM, ("Sec-Fetch-Site", "cross-site")])
        assert answer.status == 403
    assert office.shown()["proofs"] == [] and "handed_in" not in office.shown()


def test_it_opens_no_session_and_nothing_of_manage(office, ida):
    ida.send_metadata(office.xml())
    for path in ("/x", "/auth/manage/companies", "/auth/manage/companies/show?name=contoso"):
        answer = ida.ask(path)
        assert answer.status in (302, 303) and "sign-in" in answer.header("location"), path
    assert office.node.people.sql("SELECT count(*) FROM sessions") == ["0"]
    assert start(office.node, "corp"), "signing on goes on as ever"


def test_the_links_secret_is_nowhere_but_in_the_browser(office, ida):
    office.company("link", "contoso", "--to", "ida@contoso.test")
    code = office.link()
    browser = Administrator(office.node)
    browser.open(code)
    kept = office.node.people.sql("SELECT encode(token_hash, 'hex'), encode(browser_hash, 'hex') FROM company_links"
                                  " WHERE browser_hash IS NOT NULL ORDER BY number DESC LIMIT 1")[0]
    assert kept == "|".join(hashlib.sha256(text.encode()).hexdigest() for text in (code, browser.cookie))
    (letter,) = letters(office, "company_link")
    assert letter["sealed_link"].startswith("XAES") and "#" not in json.dumps(letter)
    everything = office.node.error_log() + office.node.access_log() + "".join(office.node.people.sql(
        "SELECT row_to_json(t)::text FROM company_links t UNION ALL SELECT row_to_json(t)::text FROM audit_events t"
        " UNION ALL SELECT row_to_json(t)::text FROM mail_outbox t"))
    assert code not in everything and browser.cookie not in everything


def test_the_trail_says_who_did_what(office, ida):
    ida.send_metadata(office.xml())
    ida.ask_for("contoso.test")
    ida.send("/auth/set-up/hand-in")
    said = [json.loads(line) for line in office.node.cli("--json", "audit", "--idp", "contoso").splitlines()]
    by_kind = {event["event"]: event["actor"] for event in said}
    assert by_kind["company_link_made"].startswith("cli:")
    for kind in ("company_link_opened", "company_metadata_brought", "company_domain_asked", "company_handed_in"):
        assert by_kind[kind].startswith("link 1 of cli:"), kind


def test_a_flood_of_steps_is_slowed(office, ida):
    statuses = [ida.ask("/auth/set-up/connection").status for _ in range(420)]
    assert statuses[0] == 200 and statuses[-1] == 429


def handed_in(office, *domains):
    """By the administrator of a new draft."""
    office.add()
    browser = Administrator(office.node)
    browser.open(office.link())
    browser.send_metadata(office.xml())
    for domain in domains:
        browser.ask_for(domain)
    return browser


def test_with_self_service_a_draft_with_every_domain_proven_goes_live(self_service):
    self_service.node.people.add("grace@northwind.example", grants=(("*", "admin"),))
    browser = handed_in(self_service, "contoso.test", "b.test")
    prove(self_service, "contoso.test")
    assert browser.send("/auth/set-up/hand-in").header("location").endswith("handed-in")
    assert self_service.shown()["state"] == "draft"
    prove(self_service, "b.test")
    assert browser.send("/auth/set-up/hand-in").header("location").endswith("live")
    shown = self_service.shown()
    assert (shown["state"], sorted(shown["domains"])) == ("live", ["b.test", "contoso.test"]) and "handed_in" not in shown
    assert any(letter.get("went_live") for letter in letters(self_service, "company_changed"))
    assert "Your people sign in already" in browser.page()
    assert len(letters(self_service, "company_handed_in")) == 1, "of the first time, when a proof was missing"


@pytest.mark.parametrize("spoil", [
    lambda office: office.node.people.sql("UPDATE domain_proofs SET missing_since = now()"),
    lambda office: office.node.people.sql("UPDATE domain_proofs SET checked_at = now() - interval '2 days'"),
    lambda office: office.node.people.sql("UPDATE domain_proofs SET outcome = 'no_answer', failures = 3"),
    lambda office: (office.add("fabrikam"), office.company("domain", "add", "fabrikam", "contoso.test")),
    lambda office: (office.add("fabrikam"), office.company("domain", "add", "fabrikam", "test.test"),
                    office.node.people.sql("UPDATE company_domains SET domain = 'oso.test' WHERE company = 'fabrikam'"),
                    office.node.people.sql("UPDATE domain_proofs SET domain = 'eu.oso.test'")),
    lambda office: office.node.people.sql("UPDATE domain_proofs SET domain = 'corp.test'"),
    lambda office: office.node.people.sql("UPDATE domain_proofs SET domain = 'eu.corp.test'"),
    lambda office: office.node.people.sql("DELETE FROM domain_proofs; INSERT INTO company_domains VALUES ('x.test', 'contoso', 'x')"),
    lambda office: office.node.people.sql("UPDATE companies SET metadata = NULL, entity_id = ''"),
], ids=["a record that is gone", "an old proof", "servers that do not answer any more", "another's domain", "below another's",
        "the configuration's", "below the configuration's", "nothing proven", "no metadata"])
def test_what_does_not_go_live_by_itself(self_service, spoil):
    browser = handed_in(self_service, "contoso.test")
    prove(self_service, "contoso.test")
    spoil(self_service)
    browser.send("/auth/set-up/hand-in")
    assert self_service.shown()["state"] == "draft"


def test_without_it_nothing_goes_live_by_itself_nor_of_a_live_one_with_it(office, self_service):
    browser = handed_in(office, "contoso.test")
    prove(office, "contoso.test")
    browser.send("/auth/set-up/hand-in")
    assert office.shown()["state"] == "draft"
    browser = handed_in(self_service, "contoso.test")
    prove(self_service, "contoso.test")
    browser.send("/auth/set-up/hand-in")
    browser.ask_for("b.test")
    prove(self_service, "b.test")
    browser.send("/auth/set-up/hand-in")
    assert self_service.shown()["domains"] == ["contoso.test"] and self_service.shown()["handed_in"]["at"]
