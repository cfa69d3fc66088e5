"""What `nginx -t` says."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support import BUILD, ROOT

CONF = ROOT / "nginx-conf"


@pytest.fixture
def checked(lab, cluster):
    """Says what nginx thinks of a server's content, a YAML text, or a whole http block."""

    def check(locations="location / { auth_saml on; return 200; }", yaml=None, drop_config=False, **configuration):
        node = lab.node(cluster, migrate=False, start=False, locations=locations, yaml=yaml, **configuration)
        if drop_config:
            node.nginx_conf = re.sub(r"auth_saml_config [^;]*;", "", node.nginx_conf)
        return node.test()

    return check


def test_a_good_configuration_needs_no_database(lab):
    class NoCluster:
        def conninfo(self, *_):
            return "host=/nonexistent dbname=nothing user=nobody"

    status, said = lab.node(NoCluster(), migrate=False, start=False).test()
    assert status == 0, said


def test_all_problems_are_named_with_their_place(checked):
    def spoil(text):
        return text.replace("entity_id: urn:example:sp", "entity_idd: urn:example:sp").replace(
            "domains: [northwind.example]", "domains: [gmail.com]").replace("pool_size: 2", "pool_size: many")

    status, said = checked(yaml=spoil)
    assert status != 0
    for message in ("entity_idd", "gmail.com", "pool_size"):
        assert any("[emerg]" in line and message in line and "anteroom.yaml:" in line for line in said.splitlines()), said


@pytest.mark.parametrize("level, is_warned", [("", True), ("crit", True), ("warn", False), ("info", False), ("debug", False)])
def test_an_error_log_that_drops_refusals_is_told(lab, cluster, level, is_warned):
    node = lab.node(cluster, migrate=False, start=False)
    node.nginx_conf = re.sub(r"(error_log \S+) info;", rf"\1 {level};", node.nginx_conf)
    status, said = node.test()
    assert status == 0 and ("goes to no log" in said) == is_warned, said


def test_refusals_may_go_to_one_of_several_logs(lab, cluster):
    node = lab.node(cluster, migrate=False, start=False)
    node.nginx_conf = re.sub(r"error_log (\S+) info;", r"error_log \1 crit; error_log \1.more info;", node.nginx_conf)
    assert "goes to no log" not in node.test()[1]


def test_a_missing_file_is_named(checked):
    status, said = checked(http="", yaml=lambda text: text.replace("northwind.xml", "nowhere.xml"))
    assert status != 0 and "nowhere.xml" in said


def test_the_gate_needs_a_configuration(checked):
    status, said = checked(drop_config=True)
    assert status != 0 and '"auth_saml on" needs "auth_saml_config FILE;"' in said


def test_the_module_may_be_loaded_and_not_used(checked):
    status, said = checked("location / { return 200; }", drop_config=True)
    assert status == 0, said


@pytest.mark.parametrize("locations", [
    "location / { auth_saml on; satisfy any; allow 127.0.0.1; deny all; }",
    "satisfy any; location / { auth_saml on; }",
    "location / { satisfy any; location /in/ { auth_saml on; } }",
])
def test_satisfy_any_is_refused(checked, locations):
    status, said = checked(locations)
    assert status != 0 and "satisfy any" in said and "open the gate" in said


def test_satisfy_any_elsewhere_is_fine(checked):
    status, said = checked("location / { auth_saml on; } location /x/ { satisfy any; allow all; }")
    assert status == 0, said


@pytest.mark.parametrize("requirement, message", [
    ("emperor", 'unknown access level "emperor"'),
    ("viewer in here", 'expected "at" before the property, found "in"'),
    ('""', "the access level is empty"),
    ("viewer at", "invalid number of arguments"),
])
def test_a_bad_requirement(checked, requirement, message):
    status, said = checked(f"location / {{ auth_saml on; auth_saml_require {requirement}; }}")
    assert status != 0 and message in said, said


def test_an_unknown_variable_in_a_requirement(checked):
    status, said = checked("location / { auth_saml on; auth_saml_require viewer at $nothing_such; }")
    assert status != 0 and "nothing_such" in said


@pytest.mark.parametrize("arguments, complaint", [
    ("59s", "at least 60s"), ("soon", "at least 60s"), ("", "invalid number of arguments"),
    ("5m urn:a urn:b", "invalid number of arguments"), ('5m "urn:a urn:b"', "one class reference"),
    ("5m; auth_saml_step_up off", "is duplicate"),
])
def test_step_up_wants_a_time(checked, arguments, complaint):
    status, said = checked(f"location / {{ auth_saml on; auth_saml_step_up {arguments}; }}")
    assert status != 0 and complaint in said


def test_a_second_configuration_is_refused(lab, cluster):
    node = lab.node(cluster, migrate=False, start=False)
    node.nginx_conf = node.nginx_conf.replace("auth_saml_config", "auth_saml_config x.yaml; auth_saml_config", 1)
    assert node.test()[0] != 0


@pytest.mark.parametrize("example", sorted(path.name for path in CONF.glob("*.conf")))
def test_every_example_passes(lab, cluster, example):
    node = lab.node(cluster, migrate=False, start=False)
    subprocess.run(["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x",
                    "-keyout", str(node.directory / "tls.key"), "-out", str(node.directory / "tls.crt")],
                   check=True, capture_output=True)
    module = Path(BUILD) / "module" / "ngx_http_auth_saml_module.so"
    text = (CONF / example).read_text()
    text = text.replace("modules/ngx_http_auth_saml_module.so", str(module))
    text = text.replace("/etc/anteroom/anteroom.yaml", str(node.directory / "anteroom.yaml"))
    text = re.sub(r"/etc/nginx/tls/[\w.-]+\.crt", str(node.directory / "tls.crt"), text)
    text = re.sub(r"/etc/nginx/tls/[\w.-]+\.key", str(node.directory / "tls.key"), text)
    text = text.replace("http {", "http {\n" + " ".join(
        f"{kind}_temp_path {node.directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")))
    node.nginx_conf = f"pid {node.directory}/nginx.pid; error_log {node.directory}/error.log;\n" + text
    status, said = node.test()
    assert status == 0, said


def test_there_are_examples():
    assert {"drop-in.conf", "several-apps.conf", "behind-a-proxy.conf", "tls.conf"} <= {p.name for p in CONF.glob("*.conf")}


def test_every_directive_and_variable_is_documented_and_exists():
    documented = (CONF / "manual" / "directives.md").read_text()
    directives = {name for path in (ROOT / "module").rglob("*.cpp") if path.name != "variables.cpp"
                  for name in re.findall(r'\{ngx_string\("(auth_saml\w*)"\)', path.read_text())}
    variables = set(re.findall(r'ngx_string\("(auth_saml_\w+)"\)', (ROOT / "module" / "request" / "variables.cpp").read_text()))
    assert directives and variables
    assert set(re.findall(r"^## (auth_saml\w*)", documented, re.MULTILINE)) == directives
    assert set(re.findall(r"^\| `\$(auth_saml_\w+)`", documented, re.MULTILINE)) == variables


def test_the_steps_of_verification_name_codes_that_are_explained():
    steps = [line for line in (CONF / "manual" / "verification.md").read_text().splitlines() if re.match(r"\| \d+\. ", line)]
    named = {code for line in steps for code in re.findall(r"`([a-z0-9_]+)`", line.split("|")[3])}
    explained = (CONF / "manual" / "refusals.md").read_text()
    assert len(steps) == 14 and len(named) > 30
    assert {code for code in named if f"`{code}`" not in explained} == set()


def test_every_reason_code_is_explained_and_exists():
    sources = [path for folder in ("core/src", "core/include", "module") for path in (ROOT / folder).rglob("*.[ch]*")]
    in_code = {code for path in sources for code in re.findall(r'Code[ \w]*\{\s*"([a-z0-9_]+)"', path.read_text())}
    in_code |= {code for path in sources for code in re.findall(r'code=([a-z_]{4,})[ "]', path.read_text())}
    in_code -= {"signed_in", "waiting", "passive_attempt"}  # refuse nothing: monitoring.md
    text = (CONF / "manual" / "refusals.md").read_text()
    explained = {code for line in text.splitlines() if line.startswith("| `") for code in re.findall(r"`([a-z0-9_]+)`", line.split("|")[1])}
    explained |= set(re.findall(r"`([a-z0-9_]+)`", text.split("Only from")[1]))
    assert in_code - explained == set() and explained - in_code == set()
