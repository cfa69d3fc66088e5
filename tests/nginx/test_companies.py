"""Companies in the database: support's commands are in force on every node at once, without a reload."""

import json
import os
import re

import pytest

from tests.support.node import COOKIE, LISTENERS, Node
from tests.support.processes import wait_until
from tests.support.saml import live
from tests.support.saml.browser import FORM, LOGIN_HOST, PAGE, leave, post_response, session_of, start
from tests.support.saml.messages import metadata
from tests.support.workers import each_worker

SAME = ("Sec-Fetch-Site", "same-origin")
SOON = 10  # seconds; while nobody listens, five at most


class Gate:
    """Two nodes, of two workers each, that have one company in their configuration: corp."""

    def __init__(self, lab, cluster, folder):
        self.authorities = live.authorities()
        folder.mkdir()
        live.write_key_pairs(self.authorities, folder)
        self.folder = folder
        (folder / "idp.xml").write_text(metadata([self.authorities["idp"]]))
        self.xml = folder / "contoso.xml"
        self.publish("idp")
        change = live.configuration(folder / "idp.xml", "")
        self.node = lab.node(cluster, yaml=change, workers=2)
        self.other = lab.node(cluster, self.node.database, migrate=False, yaml=change, workers=2)
        self.nodes = (self.node, self.other)

    def publish(self, key):
        self.xml.write_text(metadata([self.authorities[key]]).replace("https://idp.test/", "https://contoso-idp.test/"))

    def company(self, *words):
        return self.node.cli("company", *words)

    def add(self):
        self.company("add", "contoso", "--display-name", "Contoso", "--domain", "contoso.test", "--metadata", self.xml,
                     "--set", "attributes.email=mail")

    def signs_on(self, node: Node, key="idp", email="ann@contoso.test"):
        keys = {**self.authorities, "idp": self.authorities[key]}
        under_way = start(node, "contoso")
        answer = post_response(node, live.fresh_response(keys, under_way.request_id, email, "https://contoso-idp.test/"), under_way)
        return session_of(answer)


def of_each_worker(node, path, body):
    with each_worker(node) as connections:
        return [node.ask(path, method="POST", host=LOGIN_HOST, body=body.encode(), headers=[FORM, PAGE, SAME], connection=connection).status
                for connection in connections]


def press(node, company="contoso"):
    """The status that all workers answer, or None."""
    statuses = set(of_each_worker(node, "/auth/sign-in/start", f"idp={company}"))
    return statuses.pop() if len(statuses) == 1 else None


def is_offered(node, domain="contoso.test"):
    """By each of its workers."""
    return set(of_each_worker(node, "/auth/sign-in", f"email=ann%40{domain}")) == {200}


@pytest.fixture
def gate(lab, cluster, workspace):
    return Gate(lab, cluster, workspace / f"companies-{os.urandom(3).hex()}")


def everywhere(gate, condition):
    wait_until(lambda: all(condition(node) for node in gate.nodes), SOON, "every node's knowing")


def result_of_test(gate, key="idp", email="ann@contoso.test"):
    """The page that a test of contoso ends at: begun at one node, answered by the other."""
    link = json.loads(gate.node.cli("--json", "company", "test", "contoso"))["link"]
    page = gate.node.ask(link[link.index("/auth/test"):], host=LOGIN_HOST, headers=[PAGE])
    assert page.status == 200 and b"Contoso" in page.body
    under_way = leave(gate.node, "/auth/test", f"t={link.partition('?t=')[2]}")
    keys = {**gate.authorities, "idp": gate.authorities[key]}
    answer = post_response(gate.other, live.fresh_response(keys, under_way.request_id, email, "https://contoso-idp.test/"), under_way)
    assert answer.status == 200 and session_of(answer) is None
    return answer.body.decode()


def test_a_draft_is_tested_and_nobody_is_let_in(gate):
    gate.add()
    assert "The test passed" in result_of_test(gate)
    assert "The test failed" in result_of_test(gate, key="idp2")
    assert "email_domain_not_registered" in result_of_test(gate, email="ann@elsewhere.test")
    sql = gate.node.people.sql
    assert [sql(f"SELECT count(*) FROM {table}") for table in ("users", "sessions", "consumed_messages")] == [["0"]] * 3
    noted = ["company_test_failed|email_domain_not_registered", "company_test_failed|signature_invalid", "company_tested|"]
    wait_until(lambda: sorted(sql("SELECT kind, code FROM audit_events WHERE kind LIKE 'company_test%'")) == noted, 5, "the history")
    assert press(gate.node) == 400, "a draft"


def test_a_company_is_connected_without_a_reload(gate):
    workers = [node.workers() for node in gate.nodes]
    gate.add()
    assert 200 not in of_each_worker(gate.node, "/auth/sign-in", "email=ann%40contoso.test"), "a draft"
    gate.company("live", "contoso")
    everywhere(gate, is_offered)
    for node in gate.nodes:
        assert gate.signs_on(node)
    assert [node.workers() for node in gate.nodes] == workers


def test_a_suspended_company_ends_at_once_and_comes_back(gate):
    gate.add()
    gate.company("live", "contoso")
    everywhere(gate, is_offered)
    token = gate.signs_on(gate.node)
    under_way = start(gate.other, "contoso")
    said = gate.company("suspend", "contoso")
    assert "1 sessions ended" in said
    wait_until(lambda: gate.node.ask("/auth/waiting", token, host=LOGIN_HOST).status == 303, SOON, "the session's end")
    late = post_response(gate.other, live.fresh_response(gate.authorities, under_way.request_id, "ann@contoso.test",
                                                         "https://contoso-idp.test/"), under_way)
    assert session_of(late) is None
    everywhere(gate, lambda node: press(node) == 403 and press(node, "corp") == 303)
    gate.company("live", "contoso")
    everywhere(gate, lambda node: press(node) == 303)
    assert gate.signs_on(gate.other)


def test_a_node_that_has_not_heard_of_it_yet_opens_no_session(gate):
    gate.add()
    gate.company("live", "contoso")
    everywhere(gate, is_offered)
    # Suspended behind everybody's back: no trigger says so.
    gate.node.people.sql("ALTER TABLE companies DISABLE TRIGGER ALL; UPDATE companies SET state = 'suspended'")
    under_way = start(gate.node, "contoso")
    answer = post_response(gate.node, live.fresh_response(gate.authorities, under_way.request_id, "ann@contoso.test",
                                                          "https://contoso-idp.test/"), under_way)
    assert answer.status == 403 and session_of(answer) is None
    assert gate.node.people.sql("SELECT count(*) FROM users") == ["0"]


def test_a_new_key_is_in_force_and_the_old_one_is_not(gate):
    gate.add()
    gate.company("live", "contoso")
    everywhere(gate, is_offered)
    assert gate.signs_on(gate.node) and not gate.signs_on(gate.node, "idp2")
    gate.publish("idp2")
    said = gate.company("metadata", "contoso", gate.xml)
    assert "2 (in force)" in said and "1, " in said
    wait_until(lambda: gate.signs_on(gate.other, "idp2"), SOON, "the new key's acceptance")
    wait_until(lambda: not gate.signs_on(gate.node), SOON, "the old key's end")


def test_two_companies_cannot_speak_for_one_domain(gate):
    gate.add()
    refused = gate.node.anteroom("company", "domain", "add", "contoso", "corp.test")
    assert refused.returncode == 1 and "belongs to corp in the configuration" in refused.stderr
    # Whoever wrote the configuration did not know of the company.
    gate.node.people.sql("INSERT INTO company_domains (domain, company, added_by) VALUES ('corp.test', 'contoso', 'x')")
    gate.company("live", "contoso")
    everywhere(gate, is_offered)
    wait_until(lambda: "contoso: corp.test is corp's already" in gate.node.error_log(), SOON, "the warning")
    assert not gate.signs_on(gate.node, email="ann@corp.test")
    page = gate.node.ask("/auth/sign-in", method="POST", host=LOGIN_HOST, body=b"email=ann%40corp.test", headers=[FORM, PAGE, SAME])
    assert b'value="corp"' in page.body


def test_a_worker_that_starts_without_a_database_mistakes_nobody_for_unknown(lab, own_cluster, workspace):
    gate = Gate(lab, own_cluster, workspace / f"companies-{os.urandom(3).hex()}")
    gate.add()
    gate.company("live", "contoso")
    everywhere(gate, is_offered)
    own_cluster.stop()
    gate.node.reload()
    assert press(gate.node) == 503 and press(gate.node, "corp") == 303
    assert is_offered(gate.other), "what was known goes on"
    assert press(gate.other) == 503, "nobody had asked for its keys yet"
    own_cluster.start()
    wait_until(lambda: press(gate.node) == 303, 10, "the database's return")


class KeepingGate(Gate):
    """Its first node keeps what it knows in a directory that nginx makes, and has contoso live."""

    def __init__(self, lab, cluster, folder):
        super().__init__(lab, cluster, folder)
        self.kept = self.node.directory / "kept"
        self.node.yaml += f"companies: {{ kept_in: {self.kept} }}\n"
        self.node.nginx_conf = self.node.nginx_conf.replace("server {", "server { location = /ready { auth_saml_health ready; }", 1)
        self.add()
        self.company("live", "contoso")
        self.node.reload()
        wait_until(lambda: is_offered(self.node) and (self.kept / "companies").exists(), SOON, "its keeping contoso")

    def ready(self):
        answer = self.node.ask("/ready", headers=[]).json
        return {one["what"]: one for one in answer["failed"] + answer["degraded"]}


def test_a_node_that_starts_without_a_database_shows_what_it_has_kept(lab, own_cluster, workspace):
    gate = KeepingGate(lab, own_cluster, workspace / f"companies-{os.urandom(3).hex()}")
    under_way = start(gate.node, "contoso")
    own_cluster.stop()
    gate.node.stop()
    gate.node.start()
    assert is_offered(gate.node), "the button"
    assert press(gate.node) == 503 and press(gate.node, "corp") == 303
    answer = post_response(gate.node, live.fresh_response(gate.authorities, under_way.request_id, "ann@contoso.test",
                                                          "https://contoso-idp.test/"), under_way)
    assert answer.status == 503 and session_of(answer) is None
    wait_until(lambda: "companies_as_kept" in gate.ready(), SOON, "its saying so")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", gate.ready()["companies_as_kept"]["kept_at"])
    own_cluster.start()
    wait_until(lambda: press(gate.node) == 303 and not gate.ready(), 15, "the database's return")
    wait_until(lambda: gate.signs_on(gate.node), 15, "every worker's hearing of companies again")


def test_what_a_node_has_kept_is_its_workers_own(lab, cluster, workspace):
    gate = KeepingGate(lab, cluster, workspace / f"companies-{os.urandom(3).hex()}")
    file = gate.kept / "companies"
    assert [path.name for path in gate.kept.iterdir()] == ["companies"]
    assert oct(file.stat().st_mode & 0o777) == "0o600" and oct(gate.kept.stat().st_mode & 0o777) == "0o700"
    if os.geteuid() == 0:
        assert {file.owner(), gate.kept.owner()} == {"www-data"}
    assert b"contoso" not in file.read_bytes()


def test_what_was_changed_on_the_disk_is_passed_over(lab, cluster, workspace):
    gate = KeepingGate(lab, cluster, workspace / f"companies-{os.urandom(3).hex()}")
    file = gate.kept / "companies"
    sealed = bytearray(file.read_bytes())
    sealed[len(sealed) // 2] ^= 1
    file.write_bytes(sealed)
    gate.node.reload()
    assert "companies that were kept in" in gate.node.error_log() and "not sealed by this node" in gate.node.error_log()
    wait_until(lambda: press(gate.node) == 303, SOON, "the database's word")
    wait_until(lambda: file.read_bytes() != sealed, SOON, "another one")


def test_the_database_has_the_last_word_about_what_was_kept(lab, cluster, workspace):
    gate = KeepingGate(lab, cluster, workspace / f"companies-{os.urandom(3).hex()}")
    old = (gate.kept / "companies").read_bytes()
    gate.company("suspend", "contoso")
    wait_until(lambda: press(gate.node) == 403, SOON, "its end")
    gate.node.stop()
    (gate.kept / "companies").write_bytes(old)  # it was live then
    gate.node.start()
    assert set(of_each_worker(gate.node, "/auth/sign-in/start", "idp=contoso")) == {403}


def test_without_a_listener_a_change_comes_within_five_seconds(gate):
    gate.add()
    gate.node.wait_for_listener(2)
    gate.node.people.sql(f"SELECT pg_terminate_backend(pid) {LISTENERS}")
    gate.node.people.sql("ALTER TABLE companies DISABLE TRIGGER companies_numbered")
    gate.node.people.sql("UPDATE companies SET state = 'live', version = nextval('company_versions')")
    gate.node.wait_for_listener(2)
    wait_until(lambda: all(is_offered(node) for node in gate.nodes), SOON, "what was missed meanwhile")


def test_cookie_of_a_suspended_company_opens_nothing(gate):
    gate.add()
    gate.company("live", "contoso")
    everywhere(gate, is_offered)
    token = gate.signs_on(gate.other)
    gate.company("suspend", "contoso")
    wait_until(lambda: gate.other.ask("/work", host=LOGIN_HOST, cookies=[f"{COOKIE}={token}"]).status == 302, SOON, "its end")
