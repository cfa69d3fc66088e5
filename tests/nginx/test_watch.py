"""What a node says of itself: metrics, live, ready."""

import os
import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.laboratory import Lab
from tests.support.node import SCRIPT
from tests.support.openmetrics import Scrape
from tests.support.processes import wait_until
from tests.support.saml import live
from tests.support.saml.browser import LOGIN_HOST, post_form, post_response, start

WATCHED = """
location = /metrics { auth_saml_metrics; }
location = /live { auth_saml_health live; }
location = /ready { auth_saml_health ready; }
location = /open/metrics { auth_saml_metrics open; }
location / { auth_saml on; proxy_pass http://app; }
location /manager/ { auth_saml on; auth_saml_require manager; proxy_pass http://app; }
"""
# Addresses other than this machine's, as somebody behind a proxy that is trusted to name them.
ELSEWHERE = "set_real_ip_from 127.0.0.1; real_ip_header X-Test-Address;"


def scrape(node, path="/metrics"):
    answer = node.ask(path, headers=[])
    assert answer.status == 200, answer
    assert answer.header("content-type") == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    return Scrape(answer.body.decode())


def ready(node):
    answer = node.ask("/ready", headers=[])
    return answer.status, answer.json["status"], [one["what"] for one in answer.json["failed"] + answer.json["degraded"]]


def statements_of(node, times, ask):
    """How many statements the node had answered while it was asked so often: its own upkeep needs a few, whoever asks."""
    def count():
        return scrape(node).value("anteroom_database_statement_seconds_count")

    before = count()
    for _ in range(times):
        ask()
    return count() - before


def requests(node, outcome):
    return scrape(node).value("anteroom_requests_total", outcome=outcome)


@pytest.fixture
def watched(lab, cluster):
    def make(cluster=cluster, **more):
        more = {"locations": WATCHED, "server": ELSEWHERE, **more}
        node = lab.node(cluster, **more)
        if not node.is_running():
            return node
        node.wait_for_listener()
        return node
    return make


# Who may ask.


@pytest.mark.parametrize("path", ["/metrics", "/live", "/ready"])
@pytest.mark.parametrize("header", [("X-Test-Address", "192.0.2.7"), ("X-Test-Address", "2001:db8::7"),
                                    ("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"),
                                    ("X-Real-IP", "127.0.0.1"), ("x-forwarded-for", "")])
def test_closed_to_whoever_is_not_on_this_machine(node_to_ask, path, header):
    answer = node_to_ask.ask(path, headers=[header])
    assert answer.status == 403 and b"anteroom" not in answer.body


@pytest.fixture(scope="module")
def node_to_ask(workspace, keys, app, cluster):
    made = Lab(workspace, keys, app)
    # No allow or deny of nginx's opens what is closed.
    node = made.node(cluster, locations=WATCHED.replace("auth_saml_metrics;", "auth_saml_metrics; allow all;", 1),
                     server=ELSEWHERE)
    node.wait_for_listener()  # it is not ready before
    yield node
    made.close()


def test_open_where_it_was_opened(node_to_ask):
    assert node_to_ask.ask("/open/metrics", headers=[("X-Test-Address", "192.0.2.7")]).status == 200


@pytest.mark.parametrize("method, status", [("HEAD", 200), ("POST", 405), ("DELETE", 405)])
def test_only_to_be_read(node_to_ask, method, status):
    for path in ("/metrics", "/live", "/ready"):
        assert node_to_ask.ask(path, headers=[], method=method, body=b"x" if method == "POST" else None).status == status


def test_over_a_unix_socket(watched):
    node = watched(server="")
    path = f"{node.directory}/watch.sock"
    node.nginx_conf = node.nginx_conf.replace("listen 127.0.0.1", f"listen unix:{path}; listen 127.0.0.1")
    node.reload()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")


def test_what_a_balancer_on_this_machine_announces_is_from_elsewhere(watched):
    node = watched(server="")
    path = f"{node.directory}/proxy.sock"
    node.nginx_conf = node.nginx_conf.replace("listen 127.0.0.1", f"listen unix:{path} proxy_protocol; listen 127.0.0.1")
    node.reload()
    for wanted in ("/metrics", "/live", "/ready"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(b"PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\n"
                               + f"GET {wanted} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            assert connection.recv(4096).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("directive, complaint", [
    ("auth_saml_metrics closed;", 'only "open" may follow'),
    ("auth_saml_metrics open open;", "invalid number of arguments"),
    ("auth_saml_health;", "invalid number of arguments"),
    ("auth_saml_health dead;", '"live" or "ready"'),
    ("auth_saml_health live closed;", 'only "open" may follow'),
    ("auth_saml_health live; auth_saml_metrics;", "is duplicate"),
])
def test_what_the_directives_take(lab, cluster, directive, complaint):
    node = lab.node(cluster, migrate=False, start=False, locations=f"location / {{ {directive} }}")
    status, said = node.test()
    assert status != 0 and complaint in said, said


def test_they_need_a_configuration(lab, cluster):
    node = lab.node(cluster, migrate=False, start=False, locations="location / { auth_saml_metrics; }")
    node.nginx_conf = re.sub(r"auth_saml_config [^;]*;", "", node.nginx_conf)
    status, said = node.test()
    assert status != 0 and 'need "auth_saml_config FILE;"' in said, said


def test_a_location_within_answers_nothing_of_itself(watched):
    node = watched(locations=WATCHED + "location /w { auth_saml_metrics; location /w/in { proxy_pass http://app; } }")
    assert b"anteroom_" not in node.ask("/w/in", headers=[]).body


# What is counted.


def test_requests_are_counted_by_outcome_and_look_ups_by_source(watched):
    node = watched(start=False)  # what it is told of their grants a moment later would make it ask once more
    token, _, _ = node.people.sign_in()
    waiting, _, _ = node.people.sign_in(status="waiting", grants=())
    node.start()
    node.wait_for_listener()
    for _ in range(3):
        assert node.ask("/x", token).status == 200
    assert node.ask("/x").status == 302
    assert node.ask("/x", headers=SCRIPT).status == 401
    assert node.ask("/manager/", token).status == 403
    assert node.ask("/x", waiting).status == 302
    assert node.ask("/x", host="elsewhere.example").status == 421
    now = scrape(node)
    counted = {labels["outcome"]: value for labels, value in now.all("anteroom_requests_total")}
    assert counted == {"allow": 3, "sign_on": 2, "forbidden": 1, "waiting_room": 1, "unknown_host": 1, "step_up": 0,
                       "unavailable": 0}
    sources = {labels["source"]: value for labels, value in now.all("anteroom_session_look_ups_total")}
    assert sources == {"remembered": 3, "asked": 2, "joined": 0}
    codes = {labels["code"]: value for labels, value in now.all("anteroom_refusals_total")}
    assert codes == {"access_level": 1, "unknown_host": 1}


def test_statements_are_timed_and_the_pool_is_shown(watched):
    node = watched()
    before = scrape(node).value("anteroom_database_statement_seconds_count")
    node.people.sql("ALTER FUNCTION find_session(bytea, interval, text[], boolean) RENAME TO find_session_slowly; "
                    "CREATE FUNCTION find_session(h bytea, i interval, l text[], u boolean) RETURNS SETOF record LANGUAGE sql AS "
                    "$$ SELECT pg_sleep(0.3); SELECT NULL::text WHERE false $$")
    assert node.ask("/x", node.people.new_token()).status == 503  # the fake's columns are not what is asked for
    now = scrape(node)
    buckets = now.histogram("anteroom_database_statement_seconds")
    assert buckets[-1][1] > before
    assert now.value("anteroom_database_failures_total", reason="refused") == 1
    assert now.value("anteroom_database_connections_limit") == 2 and now.value("anteroom_workers") == 1
    assert now.value("anteroom_refusals_total", code="database_refused") == 1
    wait_until(lambda: scrape(node).value("anteroom_database_connections_in_use") == 0, 5, "what counts people to be done")


def test_a_full_queue_is_counted(watched):
    node = watched(yaml=lambda text: text.replace("pool_size: 2", "pool_size: 1\n  queue_size: 1"))
    tokens = [node.people.sign_in()[0] for _ in range(6)]
    node.people.before_sessions("PERFORM pg_sleep(1);")
    with ThreadPoolExecutor(len(tokens)) as crowd:
        asked = [crowd.submit(node.ask, "/x", token) for token in tokens]
        wait_until(lambda: scrape(node).value("anteroom_database_statements_waiting") == 1, 5, "a statement that waits")
    turned_away = [one.result().status for one in asked].count(503)
    now = scrape(node)
    assert turned_away >= 3 and now.value("anteroom_requests_total", outcome="unavailable") == turned_away
    assert now.value("anteroom_queue_refusals_total", queue="database") >= turned_away  # what a worker asks of itself, too
    wait_until(lambda: scrape(node).value("anteroom_database_statements_waiting") == 0, 5, "the queue to be empty")


def test_counters_grow_over_two_workers_and_a_reload(watched):
    node = watched(workers=2)
    token, _, _ = node.people.sign_in()
    for i in range(40):
        assert node.ask("/x", token).status == 200
        if i == 20:
            assert scrape(node).value("anteroom_workers") == 2
    assert requests(node, "allow") == 40
    node.yaml = node.yaml.replace("domains: [northwind.example]", "domains: [northwind.example, northwind.test]")
    node.reload()
    assert requests(node, "allow") == 40
    assert node.ask("/x", token).status == 200
    assert requests(node, "allow") == 41
    now = scrape(node)
    assert now.value("anteroom_workers") == 2 and now.value("anteroom_database_connections_limit") == 4


def test_a_worker_that_dies_leaves_its_counts_and_nothing_else(watched):
    node = watched()
    token, _, _ = node.people.sign_in()
    assert node.ask("/x", token).status == 200
    before = node.workers()
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: node.workers() and not before & node.workers(), 10, "another worker")
    now = scrape(node)
    assert now.value("anteroom_workers") == 1 and now.value("anteroom_database_connections_limit") == 2
    assert now.value("anteroom_requests_total", outcome="allow") == 1
    log = node.directory / "error.log"
    log.write_text("".join(line + "\n" for line in node.error_log().splitlines() if "exited on signal 9" not in line))


# Sign-ons.


@pytest.fixture(scope="module")
def corp(workspace, keys, app, cluster):
    """A node that a real IdP's answers come to, and the IdP's keys."""
    signing = live.authorities()
    path = workspace / "watched.xml"
    path.write_text(live.registered(signing))
    live.write_key_pairs(signing, workspace)
    made = Lab(workspace, keys, app)
    pairs = ", ".join(f"{{ key: {workspace}/{name}.key, certificate: {workspace}/{name}.pem }}" for name in ("sp", "sp2"))

    def with_corp(text):
        text = re.sub(r"base_url: \S+", f"base_url: https://{LOGIN_HOST}\n  decryption: [{pairs}]", text)
        return re.sub(r"identity_providers:\n.*?(?=database:)",
                      f"identity_providers:\n  - {{ name: corp, metadata: {path}, domains: [corp.test], attributes: {{ email: mail }} }}\n",
                      text.replace("urn:example:sp", "https://sp.test"), flags=re.DOTALL)

    node = made.node(cluster, yaml=with_corp, locations=WATCHED)
    yield node, signing
    made.close()


def test_sign_ons_are_counted_from_leaving_to_their_end(corp):
    node, signing = corp
    before = scrape(node)
    assert before.value("anteroom_sign_ons_started_total", idp="corp") == 0
    never = start(node)
    under_way = start(node)
    assert post_response(node, live.fresh_response(signing, under_way.request_id), under_way).status == 303
    wrong = start(node)
    other = {**signing, "idp": signing["other"]}
    assert post_response(node, live.fresh_response(other, wrong.request_id), wrong).status == 403
    assert post_form(node, b"SAMLResponse=AAAA").status == 303
    now = scrape(node)
    assert never.request_id
    assert now.value("anteroom_sign_ons_started_total", idp="corp") == 3
    assert now.value("anteroom_sign_ons_returned_total", idp="corp") == 2
    ended = {(labels["idp"], labels["stage"], labels["code"]): value
             for labels, value in now.all("anteroom_sign_ons_ended_total") if value}
    assert ended == {("corp", "session", "waiting"): 1, ("corp", "response", "signature_invalid"): 1,
                     ("", "response", "no_login_state"): 1}
    assert now.histogram("anteroom_verification_seconds")[-1][1] == 2
    assert abs(now.value("anteroom_idp_clock_offset_seconds", idp="corp")) < 30


def test_names_come_from_the_configuration_only(corp):
    node, _ = corp
    for body in (b"idp=nobody", b"idp=corp%0aevil", b"idp=" + b"x" * 300):
        node.ask("/auth/sign-in/start", method="POST", host=LOGIN_HOST, body=body,
                 headers=[("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")])
    idps = {labels["idp"] for (_, pairs) in scrape(node).samples for labels in [dict(pairs)] if "idp" in labels}
    assert idps <= {"corp", ""}


def test_another_list_of_providers_keeps_each_ones_numbers(watched):
    node = watched()
    form = {"method": "POST", "headers": [("Content-Type", "application/x-www-form-urlencoded"),
                                          ("Sec-Fetch-Site", "same-origin")]}

    def started(idp):
        return scrape(node).value("anteroom_sign_ons_started_total", idp=idp)

    node.ask("/auth/sign-in/start", body=b"idp=northwind", **form)
    assert started("northwind") == 1
    second = node.yaml.replace("database:", "  - { name: fabrikam, metadata: fabrikam.xml, domains: [fabrikam.example] }\ndatabase:")
    metadata = re.search(r"metadata: (\S+)", node.yaml)[1]
    (node.directory / "fabrikam.xml").write_text(Path(metadata).read_text().replace("idp.northwind", "idp.fabrikam"))
    node.yaml = re.sub(r"(identity_providers:\n)((?:  .*\n)+?)(  - \{ name: fabrikam.*\n)", r"\1\3\2", second)
    node.reload()
    assert (started("northwind"), started("fabrikam")) == (1, 0)
    node.ask("/auth/sign-in/start", body=b"idp=fabrikam", **form)
    assert (started("northwind"), started("fabrikam")) == (1, 1)


def test_a_company_of_the_database_counts_by_its_name_and_says_what_ends(watched):
    node = watched()

    def ends():
        return {labels["idp"] for labels, _ in scrape(node).all("anteroom_expiry_days")}

    xml = node.directory / "contoso.xml"
    xml.write_text(Path(re.search(r"metadata: (\S+)", node.yaml)[1]).read_text().replace("idp.northwind", "idp.contoso"))
    node.cli("company", "add", "contoso", "--domain", "contoso.example", "--metadata", xml)
    assert ends() == {"northwind"}
    node.cli("company", "live", "contoso")
    wait_until(lambda: ends() == {"northwind", "contoso"}, 10, "the node to know it")
    assert "contoso" not in {labels["idp"] for labels, _ in scrape(node).all("anteroom_sign_ons_started_total")}
    node.ask("/auth/sign-in/start", body=b"idp=contoso", method="POST",
             headers=[("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")])
    assert scrape(node).value("anteroom_sign_ons_started_total", idp="contoso") == 1
    assert scrape(node).value("anteroom_sign_ons_started_total", idp="other") is None
    node.cli("company", "suspend", "contoso")
    wait_until(lambda: ends() == {"northwind"}, 10, "the node to forget it")


def test_people_who_wait_are_counted_by_the_node_and_not_by_whoever_asks(watched):
    node = watched(start=False)
    node.people.sql("INSERT INTO users (email, name, status, last_sign_on_at, waiting_since) VALUES "
                    "('a@northwind.example', '', 'waiting', now(), now() - interval '2 hours'), "
                    "('b@northwind.example', '', 'waiting', now(), now() - interval '1 hour')")
    node.start()
    wait_until(lambda: scrape(node).value("anteroom_people_waiting") == 2, 10, "the count")
    assert 7190 <= scrape(node).value("anteroom_longest_wait_seconds") <= 7300
    assert statements_of(node, 200, lambda: scrape(node)) < 20


def test_what_ends_is_in_the_future_in_days(watched):
    expiries = scrape(watched()).all("anteroom_expiry_days")
    assert len(expiries) == 1
    labels, days = expiries[0]
    assert labels["what"] == "idp_signing" and labels["idp"] == "northwind" and re.fullmatch("[0-9A-F]{16}", labels["certificate"])
    assert 299 < days <= 300


# Health.


def test_a_node_is_live_and_ready(watched):
    node = watched()
    assert node.ask("/live", headers=[]).json == {"status": "live"}
    wait_until(lambda: ready(node) == (200, "ready", []), 5, "to be ready")
    assert node.ask("/ready", headers=[]).header("cache-control") == "no-store"


def test_without_a_database_it_is_not_ready_until_the_database_is_back(watched, own_cluster):
    node = watched(own_cluster)
    wait_until(lambda: ready(node) == (200, "ready", []), 5, "to be ready")
    own_cluster.stop()
    wait_until(lambda: ready(node)[0] == 503, 10, "to notice")
    wait_until(lambda: ready(node) == (503, "unavailable", ["database_unreachable", "not_listening"]), 5, "to say so")
    assert node.ask("/live", headers=[]).status == 200
    own_cluster.start()
    wait_until(lambda: ready(node) == (200, "ready", []), 15, "to be ready again")


def test_probes_ask_the_database_nothing(watched):
    node = watched()
    wait_until(lambda: ready(node) == (200, "ready", []), 5, "to be ready")
    assert statements_of(node, 200, lambda: ready(node)) < 20


def test_a_schema_that_is_too_old(watched, lab, cluster):
    node = lab.node(cluster, locations=WATCHED, start=False)
    node.people.sql("DELETE FROM schema_version WHERE version > 33")
    node.start()
    wait_until(lambda: ready(node)[2][0] == "schema_too_old", 10, "to notice")
    answer = node.ask("/ready", headers=[])
    assert answer.status == 503 and answer.json["failed"][0]["found"] == 33


def test_a_schema_that_is_newer_is_said(lab, cluster):
    node = lab.node(cluster, locations=WATCHED, start=False)
    node.people.sql("INSERT INTO schema_version (version, name) VALUES (9999, 'later')")
    node.start()
    wait_until(lambda: ready(node) == (200, "degraded", ["schema_newer"]), 10, "to notice")


def test_connections_are_kept_open(watched):
    node = watched()
    wait_until(lambda: ready(node)[0] == 200, 10, "to be ready")
    connection = node.connect()
    for path in ("/metrics", "/ready", "/metrics"):
        assert node.ask(path, headers=[], connection=connection).status == 200
    connection.close()
