"""Access by what a company asserts: who is said to be somebody gets what the company's table says, at the sign-on that says so."""

import base64
import json
import os
import re
import secrets
from xml.sax.saxutils import quoteattr

import pytest

from tests.support.processes import wait_until
from tests.support.saml import live, messages
from tests.support.saml.browser import APP_HOST, LOGIN_HOST, PAGE, leave, post_response, session_of, start
from tests.support.saml.messages import metadata

GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
LINK = "http://schemas.microsoft.com/claims/groups.link"
STAFF, NIGHTS = "0f8fad5b-d9cb-469f-a165-70867728950e", "<Night & day> '; DROP TABLE grants; --"
CORP_TABLE = f"""    access:
      attribute: {GROUPS}
      values:
        - {{ value: {STAFF}, level: manager, properties: [elm] }}
        - {{ value: "{NIGHTS}", level: viewer, properties: "*" }}
"""
SOON = 10


def attribute(name, *values):
    said = "".join(f"<saml:AttributeValue>{value.replace('&', '&amp;').replace('<', '&lt;')}</saml:AttributeValue>" for value in values)
    return f"<saml:Attribute Name={quoteattr(name)}>{said}</saml:Attribute>"


def groups(*values):
    return attribute(GROUPS, *values)


class Gate:
    """A node with one company in its configuration, corp, that has a table; contoso, in the database, is added by the tests."""

    def __init__(self, lab, cluster, folder, table):
        self.authorities = live.authorities()
        folder.mkdir()
        live.write_key_pairs(self.authorities, folder)
        xml = metadata([self.authorities["idp"]])
        (folder / "idp.xml").write_text(xml)
        self.contoso_xml = folder / "contoso.xml"
        self.contoso_xml.write_text(xml.replace("https://idp.test/", "https://contoso-idp.test/"))
        entry = live.configuration(folder / "idp.xml", table)
        self.node = lab.node(cluster, yaml=lambda text: entry(text).replace("manage: {", "manage: { connect_companies: manager,"),
                             workers=1)
        self.sql = self.node.people.sql
        self.sql("INSERT INTO properties (key, name) VALUES ('elm', 'Elm'), ('oak', 'Oak') ON CONFLICT DO NOTHING")

    def response(self, under_way, said, email="ann@corp.test", issuer="https://idp.test/", **case):
        """Signed, as posted. said: attributes beside the address, in a statement of their own."""
        own = secrets.token_hex(8)
        base = messages.BASE.replace('"_a1"', f'"_a{own}"').replace('"_r1"', f'"_r{own}"').replace("ann@corp.test", email)
        base = base.replace("https://idp.test/", issuer)
        if said:
            base = base.replace("</saml:AttributeStatement>", f"</saml:AttributeStatement><saml:AttributeStatement>{said}"
                                                              "</saml:AttributeStatement>")
        return base64.b64encode(live.make_now(case, self.authorities, under_way.request_id, base)).decode()

    def sign_on(self, said="", company="corp", cookies=(), **more):
        """The token of the session, or None."""
        under_way = start(self.node, company, cookies)
        return session_of(post_response(self.node, self.response(under_way, said, **more), under_way))

    def contoso(self, said="", email="bea@contoso.test", **more):
        return self.sign_on(said, "contoso", email=email, issuer="https://contoso-idp.test/", **more)

    def add_contoso(self, *words):
        self.node.cli("company", "add", "contoso", "--domain", "contoso.test", "--metadata", self.contoso_xml,
                      "--set", "attributes.email=mail", *words)
        self.node.cli("company", "live", "contoso")
        self.knows_contoso()

    def knows_contoso(self):
        wait_until(lambda: self.node.ask("/auth/at/contoso", host=LOGIN_HOST, headers=[PAGE]).status == 200, SOON, "the node's knowing")

    def held(self, email="ann@corp.test"):
        return self.sql("SELECT coalesce(g.property, '*') || '=' || g.level FROM grants g JOIN users u ON u.id = g.user_id"
                        f" WHERE u.email = '{email}' ORDER BY 1")

    def changes(self, email="ann@corp.test"):
        return self.sql(f"SELECT actor || ' ' || detail FROM audit_events WHERE kind = 'grants_changed' AND email = '{email}' ORDER BY id")

    def status(self, token):
        return self.node.ask("/", token=token, host=APP_HOST).status


@pytest.fixture
def gate(lab, cluster, workspace):
    return Gate(lab, cluster, workspace / f"asserted-{os.urandom(3).hex()}", CORP_TABLE)


def test_a_new_person_whom_the_company_names_does_not_wait(gate):
    token = gate.sign_on(groups("x", STAFF, STAFF))
    assert token and gate.held() == ["elm=manager"]
    assert gate.changes() == [f"asserted:corp elm: none -> manager; by {STAFF} (elm)"]
    assert gate.sql("SELECT outcome FROM (SELECT code AS outcome FROM audit_events WHERE kind = 'signed_on') o") == ["signed_in"]
    # Nothing changes while the same is said.
    assert gate.sign_on(groups(STAFF)) and len(gate.changes()) == 1
    # What is not said any more goes, in the session that there is, too.
    assert gate.sign_on() and gate.held() == []
    assert gate.sql("SELECT code FROM audit_events WHERE kind = 'signed_on' ORDER BY id") == ["signed_in", "signed_in", "waiting"]


def test_values_in_several_statements_and_attributes_count_together(gate):
    assert gate.sign_on(groups("x") + groups(NIGHTS) + "</saml:AttributeStatement><saml:AttributeStatement>" + groups(STAFF))
    assert gate.held() == ["*=viewer", "elm=manager"]
    assert gate.changes() == [f"asserted:corp *: none -> viewer, elm: none -> manager; by {STAFF} (elm), {NIGHTS} (*)"]


def test_two_hundred_values_and_an_encrypted_assertion(gate):
    assert gate.sign_on(groups(*(secrets.token_hex(18) for _ in range(199)), STAFF), encrypt={"block": "aes256-gcm"})
    assert gate.held() == ["elm=manager"]


@pytest.mark.parametrize("said", [
    groups(STAFF.upper()), groups(STAFF[:-1]), groups(f"{STAFF},x"), groups("*"), groups(""), groups(),
    attribute("groups", STAFF), attribute(GROUPS.upper(), STAFF), attribute(GROUPS + " ", STAFF),
    f"<saml:Attribute Name='{GROUPS}'><saml:AttributeValue><x>{STAFF}</x></saml:AttributeValue></saml:Attribute>",
    f"<saml:Attribute Name='other' FriendlyName='{GROUPS}'><saml:AttributeValue>{STAFF}</saml:AttributeValue></saml:Attribute>",
], ids=str)
def test_what_is_said_otherwise_gives_nothing(gate, said):
    assert gate.sign_on(said) and gate.held() == []


def test_what_is_put_in_after_signing_gives_nothing(gate):
    staff = groups(STAFF)
    unsigned = f'<saml:AttributeStatement xmlns:saml="{messages.SAML}">{staff}</saml:AttributeStatement>'
    refused = [(groups("x"), {"tamper": [["<saml:AttributeValue>x<", f"<saml:AttributeValue>{STAFF}<"]]}, "signature_invalid"),
               (staff, {"sign": "none"}, "signature_missing"),
               (staff, {"key": "other"}, "signature_invalid"),
               (groups("x"), {"tamper": [["</samlp:Response>", f"{unsigned}</samlp:Response>"]]}, "response_shape")]
    for said, case, _ in refused:
        assert gate.sign_on(said, **case) is None
    assert re.findall(r"refused code=(\w+)", gate.node.error_log()) == [code for *_, code in refused]
    assert gate.sql("SELECT count(*) FROM users") == ["0"]
    # Where anything may stand, unsigned, it is not read.
    extensions = [["<samlp:Status>", f"<samlp:Extensions>{unsigned}</samlp:Extensions><samlp:Status>"]]
    assert gate.sign_on(groups("x"), tamper=extensions) and gate.held() == []
    assert gate.sign_on(staff) and gate.held() == ["elm=manager"], "signed, it counts"


def test_groups_too_many_to_be_named_keep_what_was_and_are_told(gate):
    link = attribute(LINK, "https://graph.test/users/1/getMemberObjects")
    assert gate.sign_on(groups(STAFF)) and gate.sign_on(link)
    assert gate.held() == ["elm=manager"]
    assert gate.sign_on(link, email="eve@corp.test") and gate.held("eve@corp.test") == []
    wait_until(lambda: "groups are too many" in gate.node.error_log(), 5, "the log")
    assert gate.node.error_log().count("groups are too many") == 1, "once an hour"
    why = gate.node.cli("why", "ann@corp.test", f"https://{APP_HOST}/")
    assert f"elm=manager ({STAFF})" in why and "named no groups because there are too many" in why
    assert gate.sign_on(groups("x")) and gate.held() == []
    assert "said gives no access" in gate.node.cli("why", "ann@corp.test", f"https://{APP_HOST}/")


def test_what_people_took_away_is_not_given_back_by_signing_on(gate):
    assert gate.sign_on(groups(STAFF))
    gate.node.cli("user", "revoke", "ann@corp.test", "--property", "elm")
    assert gate.sign_on(groups(STAFF)) and gate.held() == []
    assert gate.sign_on() and gate.sign_on(groups(STAFF)) and gate.held() == ["elm=manager"]
    gate.node.cli("user", "disable", "ann@corp.test")
    assert gate.sign_on(groups(STAFF)) is None


def test_a_fresh_sign_on_of_somebody_who_is_signed_in_counts_too(gate):
    before = gate.sign_on(groups(STAFF))
    after = gate.sign_on(groups(NIGHTS), cookies=[f"__Host-anteroom={before}"])
    assert after and gate.held() == ["*=viewer"]


def test_a_company_of_the_database_has_a_table_of_its_own(gate):
    gate.add_contoso("--set", "preset=entra", "--set", "attributes.subject=[]")
    # corp's table is nobody else's.
    assert gate.contoso(groups(STAFF)) and gate.held("bea@contoso.test") == []
    said = gate.node.cli("company", "access", "give", "contoso", STAFF, "--level", "admin", "--property", "oak")
    assert GROUPS in said and f"{STAFF}: admin at oak" in said
    wait_until(lambda: gate.contoso(groups(STAFF)) and gate.held("bea@contoso.test") == ["oak=admin"], SOON, "the table")
    assert gate.sign_on(groups(STAFF)) and gate.held() == ["elm=manager"], "nor contoso's corp's"
    assert f"{STAFF}: admin at oak" in gate.node.cli("company", "show", "contoso")
    gate.node.cli("company", "access", "take", "contoso", STAFF)
    wait_until(lambda: gate.contoso(groups(STAFF)) and gate.held("bea@contoso.test") == [], SOON, "its end")
    assert gate.changes("bea@contoso.test")[-1].startswith("asserted:contoso oak: admin -> none")


def test_who_writes_the_table_gives_no_more_than_they_hold(gate):
    gate.add_contoso()
    gate.node.cli("user", "provision", "sue@corp.test", "--level", "manager", "--all-properties")
    give = ["company", "access", "give", "contoso", "Staff", "--property", "elm", "--attribute", "role", "--as", "sue@corp.test", "--level"]
    refused = gate.node.anteroom(*give, "admin")
    assert refused.returncode == 1 and "what they do not hold themselves" in refused.stderr
    assert "Staff: manager at elm" in gate.node.cli(*give, "manager")
    assert gate.sql("SELECT actor, code FROM audit_events WHERE kind = 'manage_refused'") == ["sue@corp.test by cli:root|above_own_level"]
    for words, why in (([*give[:3], "none", "V", "--property", "elm", "--level", "viewer"], "none"),
                       ([*give[:3], "contoso", "V", "--property", "nowhere", "--level", "viewer"], "no property nowhere"),
                       ([*give[:3], "contoso", "V", "--property", "elm", "--level", "owner"], "'owner' is not in access.levels"),
                       ([*give[:2], "take", "contoso", "V"], "has no value V")):
        done = gate.node.anteroom(*words)
        assert done.returncode in (1, 2) and why in done.stderr, done.stderr


def test_a_test_of_signing_on_says_what_would_be_given(gate):
    gate.add_contoso("--set", "preset=entra", "--set", "attributes.subject=[]")

    def tested(said):
        link = json.loads(gate.node.cli("--json", "company", "test", "contoso"))["link"]
        under_way = leave(gate.node, "/auth/test", f"t={link.partition('?t=')[2]}")
        message = gate.response(under_way, said, "bea@contoso.test", "https://contoso-idp.test/")
        return post_response(gate.node, message, under_way).body.decode()

    assert "Access by what was asserted" not in tested(groups(STAFF)), "no table"
    gate.node.cli("company", "access", "give", "contoso", STAFF, "--level", "manager", "--property", "oak")
    page = tested(groups(STAFF))
    assert "would be let in by what the company asserts" in page
    assert STAFF in page and "manager: Oak<" in page
    gate.node.cli("property", "close", "oak")
    assert "The property is closed: nothing is given" in tested(groups(STAFF))
    gate.node.cli("property", "open", "oak")
    assert "this sign-in gives no access" in tested(groups("x"))
    assert "There are too many groups" in tested(attribute(LINK, "https://graph.test/"))
    assert gate.sql("SELECT count(*) FROM users") == ["0"]
