"""What strangers make up is told by its MAC, so that nobody is asked; what they have written down is little, and pushes out
nobody else's."""

import base64
import hashlib
import http.client
import json
import re
import shutil
import tempfile
import threading
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support import tokens
from tests.support.postgres import Cluster
from tests.support.processes import wait_until
from tests.support.saml import live, messages
from tests.support.saml.browser import APP_HOST, FORM, LOGIN_HOST, PAGE, post_response, start

FROM_US = ("Sec-Fetch-Site", "same-origin")


@pytest.fixture(scope="module")
def cluster():
    """One that counts its statements."""
    directory = Path(tempfile.mkdtemp(prefix="anteroom-counted-", dir="/tmp"))
    directory.chmod(0o755)
    with Cluster(directory / "pg", directory / "s", directory / "postgres.log", is_durable=False,
                 settings={"shared_preload_libraries": "pg_stat_statements"}) as running:
        yield running
    shutil.rmtree(directory, ignore_errors=True)


def counted(node):
    """How many statements were executed for whoever asked, by the beginning of their text."""
    node.people.sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public")
    rows = node.people.sql(
        "SELECT calls, regexp_replace(left(query, 200), '\\s+', ' ', 'g') FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid"
        " JOIN pg_database d ON d.oid = s.dbid WHERE datname = current_database() AND rolname = 'anteroom_test'"
        " AND query ~ 'anteroom[.]'"
        " AND query !~ 'anteroom[.](housekeep|seal_audit|upkeep_behind|count_day|schema_version|schema_functions|companies_since)'")
    return Counter({text: int(calls) for calls, text in (row.split("|", 1) for row in rows)})


def asked(node, what, before=None):
    """How often statements that match were executed since `before`."""
    return sum(calls - (before or {}).get(text, 0) for text, calls in counted(node).items() if re.search(what, text))


@pytest.fixture
def ready(lab, cluster, workspace, keys_of_idp, metadata_of_idp):
    """make() is a node; by itself it asks for the schema and for companies, and keeps house."""
    path = workspace / "made-up.xml"
    path.write_text(metadata_of_idp)
    live.write_key_pairs(keys_of_idp, workspace)

    def make(change=lambda text: text):
        node = lab.node(cluster, yaml=lambda text: change(live.configuration(path, "")(text)))
        node.people.add("ann@corp.test")
        return node
    return make


def session(node, **more):
    _, user = node.people.add(f"{tokens.made_up()[:8].lower()}@corp.test")
    return node.people.session(user, origin=f"https://{LOGIN_HOST}", **more)


def is_inside(node, token):
    return node.ask("/work", token, host=LOGIN_HOST).status == 200


def test_made_up_tokens_of_every_kind_ask_nobody(ready):
    node = ready()
    assert is_inside(node, session(node))
    browser = re.search(r"__Host-anteroom-browser=[^;]+", node.ask("/work", host=APP_HOST).header("set-cookie"))[0]
    ticket_for_session = tokens.new_token(node.people.cookie_key, tokens.TICKET)
    before = counted(node)
    connection = node.connect()
    for _ in range(500):
        assert node.ask("/work", tokens.made_up(), host=LOGIN_HOST, connection=connection).status == 302
        ticket = node.ask(f"/auth/handoff?ticket={tokens.made_up()}", host=APP_HOST, cookies=[browser], connection=connection)
        assert ticket.status == 403
    for page in ("/auth/waiting", "/auth/waiting/status", "/auth/waiting/events", "/auth/sign-in", "/auth/sign-out",
                 "/auth/manage/people", "/auth/manage/why?reference=7K2M-Q9XD", "/auth/sign-in?r=XAES" + "A" * 100):
        node.ask(page, tokens.made_up(), host=LOGIN_HOST, connection=connection)
    for page in ("/auth/sign-out", "/auth/waiting/ask", "/auth/manage/people/sessions"):
        node.ask(page, tokens.made_up(), host=LOGIN_HOST, method="POST", body=b"user=x", headers=[FORM, PAGE, FROM_US],
                 connection=connection)
    assert node.ask("/work", ticket_for_session, host=LOGIN_HOST, connection=connection).status == 302, "another kind"
    assert counted(node) - before == {}


def test_made_up_tokens_of_directories_cost_one_look_and_keep_nobody_waiting(ready):
    node = ready()
    made = json.loads(node.cli("--json", "scim", "token", "add", "corp"))["token"]

    def status(token, company="corp", connection=None):
        return node.ask(f"/auth/scim/v2/{company}/ServiceProviderConfig", host=LOGIN_HOST, connection=connection,
                        headers=[("Authorization", f"Bearer {token}")]).status

    before = counted(node)
    connection = node.connect()
    for _ in range(500):
        assert status(f"scim_{tokens.made_up()}", connection=connection) == 401
    assert asked(node, "scim_tokens", before) <= 2 and asked(node, "scim_authenticate", before) <= 2  # one in ten seconds
    assert status(made) == 200
    later = json.loads(node.cli("--json", "scim", "token", "add", "corp", "--name", "later"))["token"]
    wait_until(lambda: status(later) == 200, 2, "a token that was just added")


def test_naming_a_company_of_the_database_has_its_keys_asked_for_once(ready, workspace, keys_of_idp):
    node = ready()
    (workspace / "contoso.xml").write_text(messages.metadata([keys_of_idp["idp"]]).replace("https://idp.test/", "https://contoso.test/"))
    node.cli("company", "add", "contoso", "--domain", "contoso.test", "--metadata", workspace / "contoso.xml")
    node.cli("company", "live", "contoso")
    wait_until(lambda: node.ask("/auth/at/contoso", host=LOGIN_HOST, headers=[PAGE]).status == 200, 10, "the company to be known")
    said = ('<p:LogoutRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0" IssueInstant="2026-01-01T00:00:00Z">'
            '<i:Issuer xmlns:i="urn:oasis:names:tc:SAML:2.0:assertion">https://contoso.test/</i:Issuer></p:LogoutRequest>')
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = base64.b64encode(packer.compress(said.encode()) + packer.flush()).decode()
    before = counted(node)
    with ThreadPoolExecutor(12) as crowd:
        answers = [crowd.submit(node.ask, f"/saml2/logout?SAMLRequest={quote(packed, safe='')}", host=LOGIN_HOST) for _ in range(200)]
        answers += [crowd.submit(node.ask, "/auth/sign-in/start", method="POST", host=LOGIN_HOST, body=b"idp=contoso",
                                 headers=[FORM, PAGE, FROM_US]) for _ in range(50)]
    assert {answer.result().status for answer in answers} <= {403, 303, 503}
    assert asked(node, "metadata_of_company", before) == 1


def test_a_flood_of_made_up_cookies_keeps_no_newcomer_out(ready):
    """With room for three questions at a time: twelve who flood would take it all, if they were questions."""
    node = ready(change=lambda text: text.replace("pool_size: 2", "pool_size: 1\n  queue_size: 2"))
    is_over, statuses = threading.Event(), set()

    def flood():
        connection = node.connect()
        while not is_over.is_set():
            statuses.add(node.ask("/work", tokens.made_up(), host=LOGIN_HOST, connection=connection).status)

    newcomers = [session(node) for _ in range(12)]
    with ThreadPoolExecutor(12) as crowd:
        floods = [crowd.submit(flood) for _ in range(12)]
        answers = [node.ask("/work", token, host=LOGIN_HOST).status for token in newcomers]
        is_over.set()
        for one in floods:
            one.result()
    assert statuses == {302}
    assert 503 not in answers


# Tokens of the versions before have no MAC.

def old_session(node):
    token = tokens.made_up()
    good = session(node)
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in (token, good)]
    node.people.sql(f"UPDATE sessions SET token_hash = '\\x{digests[0]}' WHERE token_hash = '\\x{digests[1]}'")
    return token


def test_a_token_without_a_mac_is_nobodys_even_if_there_is_a_session_of_it(ready):
    node = ready()
    assert not is_inside(node, old_session(node))


# What is written.

def refused(node, under_way, message, source="127.0.0.1"):
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=20, source_address=(source, 0))
    answer = post_response(SourcedNode(node, connection), message, under_way)
    connection.close()
    assert answer.status == 403
    return re.search(rb"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", answer.body)[0].decode()


class SourcedNode:
    """Asks from another address of this machine."""

    def __init__(self, node, connection):
        self._node, self._connection = node, connection

    def ask(self, *words, **more):
        return self._node.ask(*words, **more, connection=self._connection)


def unsigned(keys, under_way):
    return base64.b64encode(live.make_now({"sign": "none"}, keys, under_way.request_id)).decode()


def test_unsigned_responses_write_little_and_a_persons_refusal_is_kept(ready, keys_of_idp):
    node = ready()
    flood = start(node)
    for _ in range(300):
        refused(node, flood, unsigned(keys_of_idp, flood))
    rows = lambda table: int(node.people.sql(f"SELECT count(*) FROM {table}")[0])  # noqa: E731
    wait_until(lambda: rows("transcripts") == 3, 5, "the first three")
    for _ in range(100):
        one = start(node)
        refused(node, one, unsigned(keys_of_idp, one))
    genuine = start(node)
    number = refused(node, genuine, unsigned(keys_of_idp, genuine), source="127.0.0.2")
    wait_until(lambda: node.people.sql(f"SELECT network FROM transcripts WHERE reference = '{number}'") == ["127.0.0.2"], 5,
               "the person's own")
    assert rows("transcripts") == 61
    wait_until(lambda: node.people.sql(f"SELECT 1 FROM audit_events WHERE reference = '{number}'") == ["1"], 5, "its event")
    assert rows("audit_events WHERE kind = 'sign_on_refused'") == 61
    assert rows("sessions") == 0
