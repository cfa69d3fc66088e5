"""The dashboard, the alert rules and the page about them, against what a node really answers; Prometheus itself judges."""

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest
import yaml

from tests.support import ROOT
from tests.support.processes import Process, clean_environment, free_port, wait_until

from .test_watch import WATCHED, corp, scrape  # noqa: F401

FOLDER = ROOT / "nginx-conf" / "monitoring"
RULES = yaml.safe_load((FOLDER / "anteroom-alerts.yml").read_text())["groups"][0]["rules"]
DASHBOARD = json.loads((FOLDER / "anteroom-dashboard.json").read_text())
SELECTOR = re.compile(r"\b(anteroom_\w+)(?:\{([^}]*)\})?")
OF_PROMETHEUS = {"instance", "job", "le"}


def in_dashboard():
    """What a panel asks, with Grafana's variables filled in as it does."""
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    asked += [f"count({variable['query']['query'].split('(')[1].split(',')[0]})"
              for variable in DASHBOARD["templating"]["list"] if variable["type"] == "query"]
    return [text.replace("$__rate_interval", "1m").replace("$instance", ".*").replace("$idp", ".+") for text in asked]


def questions():
    return in_dashboard() + [rule["expr"] for rule in RULES]


def test_every_name_and_label_that_is_asked_for_is_answered(corp):  # noqa: F811
    now = scrape(corp[0])
    labels = {}
    for (name, pairs) in now.samples:
        labels.setdefault(name, set()).update(key for key, _ in pairs)
    used = set()
    for question in questions():
        for name, inside in SELECTOR.findall(question):
            assert name in now.names(), (name, question)
            used.add(name)
            wanted = set(re.findall(r"(\w+)(?:=~|!~|!=|=)", inside or ""))
            assert name not in labels or wanted <= labels[name] | OF_PROMETHEUS, (name, wanted, labels[name])
    families = {family for family, kind in now.types.items()
                if not any(name in used for name in (family, family + "_total", family + "_bucket", family + "_info"))}
    assert families == set(), "shown by no panel and no rule"


def test_every_metric_is_documented_and_exists(corp):  # noqa: F811
    now = scrape(corp[0])
    section = (ROOT / "nginx-conf" / "manual" / "monitoring.md").read_text().split("## Metrics")[1].split("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    documented = {name: set(re.findall(r"`(\w+)`", row[2])) for row in rows for name in re.findall(r"`(\w+)`", row[1])}
    shown = {family + {"counter": "_total", "info": "_info"}.get(kind, "") for family, kind in now.types.items()}
    assert set(documented) == shown
    for (name, pairs) in now.samples:
        family = re.sub("_(bucket|sum|count)$", "", name)
        assert {key for key, _ in pairs} <= documented.get(name, documented.get(family)), name


def test_every_rule_says_what_it_is_about():
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names)) >= 10
    for rule in RULES:
        assert rule["labels"]["severity"] in ("warning", "critical") and rule["annotations"]["summary"], rule


def test_every_panel_has_its_place():
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


# A reason for each alert, besides what stands in alerts.yml for a node that is well.
REASONS = {
    "AnteroomNodeDown": {'up{job="anteroom",instance="a"}': "0x120"},
    "AnteroomUnavailable": {'anteroom_requests_total{instance="a",outcome="unavailable"}': "0+1x120"},
    "AnteroomDatabaseFailing": {'anteroom_database_failures_total{instance="a",reason="refused"}': "0+1x120"},
    "AnteroomDatabaseSlow": {'anteroom_database_statement_seconds_bucket{instance="a",le="0.25"}': "0+5x120",
                             'anteroom_database_statement_seconds_bucket{instance="a",le="0.5"}': "0+10x120",
                             'anteroom_database_statement_seconds_bucket{instance="a",le="+Inf"}': "0+10x120"},
    "AnteroomPoolBusy": {'anteroom_database_connections_in_use{instance="a"}': "8x120",
                         'anteroom_database_connections_limit{instance="a"}': "8x120"},
    "AnteroomQueueFull": {'anteroom_queue_refusals_total{instance="a",queue="threads"}': "0+1x120"},
    "AnteroomSignOnsFail": {
        'anteroom_sign_ons_ended_total{instance="a",idp="corp",stage="response",code="audience"}': "0+3x120",
        'anteroom_sign_ons_ended_total{instance="a",idp="corp",stage="session",code="signed_in"}': "0+1x120"},
    "AnteroomCompanyClosed": {
        'anteroom_sign_ons_ended_total{instance="a",idp="corp",stage="start",code="company_closed"}': "0+1x120"},
    "AnteroomSignaturesInvalid": {
        'anteroom_sign_ons_ended_total{instance="a",idp="corp",stage="response",code="signature_invalid"}': "0+1x120"},
    "AnteroomNobodyComesBack": {'anteroom_sign_ons_started_total{instance="a",idp="corp"}': "0+1x120",
                                'anteroom_sign_ons_returned_total{instance="a",idp="corp"}': "4x120"},
    "AnteroomHousekeepingBehind": {'anteroom_housekeeping_behind_seconds{instance="a"}': "4000x120"},
    "AnteroomPeopleWaitLong": {'anteroom_longest_wait_seconds{instance="a"}': "90000x120"},
    "AnteroomExpiresSoon": {'anteroom_expiry_days{instance="a",what="idp_signing",idp="corp",certificate="AA"}': "20x120"},
    "AnteroomExpiresNow": {'anteroom_expiry_days{instance="a",what="own_signing",idp="",certificate="AA"}': "-1x120"},
    "AnteroomClockOff": {'anteroom_idp_clock_offset_seconds{instance="a",idp="corp"}': "-100x120"},
}


def promtool(*arguments, directory):
    return subprocess.run(["/usr/bin/promtool", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60,
                          cwd=directory, env=clean_environment())


def test_alerts_are_silent_while_all_is_well(tmp_path):
    shutil.copy(FOLDER / "anteroom-alerts.yml", tmp_path)
    shutil.copy(ROOT / "tests" / "nginx" / "alerts.yml", tmp_path)
    listed = yaml.safe_load((tmp_path / "alerts.yml").read_text())["tests"][0]["alert_rule_test"]
    assert {one["alertname"] for one in listed} == {rule["alert"] for rule in RULES} == set(REASONS)
    done = promtool("test", "rules", "alerts.yml", directory=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", REASONS)
def test_an_alert_fires_for_its_reason(tmp_path, alert):
    """promtool says what it got where nothing was expected: that is how the alert is read without its wording."""
    shutil.copy(FOLDER / "anteroom-alerts.yml", tmp_path)
    series = [{"series": name, "values": values} for name, values in REASONS[alert].items()]
    tests = [{"interval": "1m", "input_series": series,
              "alert_rule_test": [{"eval_time": "90m", "alertname": alert, "exp_alerts": []}]}]
    (tmp_path / "test.yml").write_text(yaml.safe_dump({"rule_files": ["anteroom-alerts.yml"], "evaluation_interval": "1m",
                                                       "tests": tests}))
    done = promtool("test", "rules", "test.yml", directory=tmp_path)
    assert done.returncode == 1 and f'alertname="{alert}"' in done.stdout + done.stderr, done.stdout + done.stderr


@pytest.fixture(scope="module")
def prometheus(corp, tmp_path_factory):  # noqa: F811
    """A real one that scrapes a real node once a second."""
    node, _ = corp
    directory = tmp_path_factory.mktemp("prometheus")
    shutil.copy(FOLDER / "anteroom-alerts.yml", directory)
    port = free_port()
    (directory / "prometheus.yml").write_text(yaml.safe_dump({
        "global": {"scrape_interval": "1s"}, "rule_files": ["anteroom-alerts.yml"],
        "scrape_configs": [{"job_name": "anteroom", "static_configs": [{"targets": [f"127.0.0.1:{node.port}"]}]}]}))
    server = Process("Prometheus", ["/usr/bin/prometheus", f"--config.file={directory}/prometheus.yml",
                                    f"--storage.tsdb.path={directory}/data", f"--web.listen-address=127.0.0.1:{port}"],
                     directory / "prometheus.log")
    try:
        server.wait_until(lambda: is_ready(port), 60)
        yield f"http://127.0.0.1:{port}/api/v1"
    finally:
        server.stop()


def is_ready(port):
    """It listens before it answers."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://127.0.0.1:{port}/-/ready", timeout=10):
            return True
    except OSError:
        return False


def ask(api, path, **parameters):
    address = f"{api}/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=10) as answer:
        return json.load(answer)["data"]


def test_prometheus_takes_what_a_node_says_and_every_question_makes_sense_to_it(prometheus):
    wait_until(lambda: [one["health"] for one in ask(prometheus, "targets")["activeTargets"]] == ["up"], 20, "a scrape")
    wait_until(lambda: ask(prometheus, "query", query="anteroom_workers")["result"], 10, "a value")
    kinds = {name: entries[0]["type"] for name, entries in ask(prometheus, "metadata").items() if name.startswith("anteroom_")}
    assert kinds["anteroom_requests"] == "counter" and kinds["anteroom_verification_seconds"] == "histogram"
    for question in questions():
        assert ask(prometheus, "query", query=question)["resultType"] == "vector", question
    assert len(ask(prometheus, "rules")["groups"][0]["rules"]) == len(RULES)


def test_the_shipped_server_passes(lab, cluster):
    node = lab.node(cluster, migrate=False, start=False, http=f"include {FOLDER}/anteroom-watch.conf;", locations=WATCHED)
    status, said = node.test()
    assert status == 0, said
