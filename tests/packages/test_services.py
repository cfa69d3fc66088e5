"""The packages' services under systemd, within what their units leave them. These tests build on each other, in this order."""

import json

import pytest

from tests.support import ROOT
from tests.support.echo_app import EchoApp
from tests.support.mail_server import MailServer
from tests.support.metadata_server import KEY, MetadataServer, certificate

from .conftest import MODULE, TOOL
from .gate import InsideBrowser, Provider, sign_on
from .guide import blocks, install_command

APP = "https://app.example.com"
MAIL_PORT = 2525
MAIL = f"""mail:
  from: no-reply@example.com
  smtp: smtp://localhost:{MAIL_PORT}
  starttls: false
"""


class Site:
    """The guide's installation, with a mail server and metadata from an address."""

    def __init__(self, root, folder):
        self.root, self.provider = root, Provider()
        _, init, nginx = blocks("In front of your own app, in ten minutes")
        root.shell(install_command(), is_online=True)
        root.write("etc/hosts", "127.0.0.1 localhost\n")
        self.said = root.shell(init.text)
        root.make_certificate("etc/ssl/example.com")
        root.write("etc/nginx/conf.d/anteroom.conf", nginx.text)
        root.in_network(lambda: EchoApp(3000))
        self.mail = root.in_network(lambda: MailServer(MAIL_PORT).__enter__())
        self.published = root.in_network(lambda: MetadataServer(folder))
        self.published.body = self.provider.metadata
        root.write("etc/ssl/corporate.crt", self.published.ca.read_text())
        root.write("etc/anteroom/anteroom.yaml", (root.files / "etc/anteroom/anteroom.yaml").read_text() + MAIL)
        root.shell(f"anteroom idp add contoso --metadata-url {self.published.url} --metadata-ca /etc/ssl/corporate.crt "
                   "--domain contoso.com && nginx -t && systemctl reload-or-restart nginx")
        self.operate('property add elm-court "Elm Court"')

    def operate(self, words):
        return self.root.shell(f"sudo -u www-data anteroom {words}")

    def let_in(self, name):
        """Somebody who is told so by mail."""
        address = f"{name}@contoso.com"
        request = json.loads(self.operate(f"--json request file {address} --level technician --property elm-court"))["filed"]
        self.operate(f"request approve {request}")
        return address

    def is_told(self, address):
        return any(address in letter.recipients for letter in self.mail.received)

    def unit(self, name, what):
        return self.root.says(f"systemctl show --property {what} --value anteroom-{name}")

    def forget_when_asked(self):
        """The metadata is due at once, for a service that starts."""
        (self.root.files / "etc/anteroom/idp.d/contoso.xml.state").unlink()
        self.root.shell("systemctl restart anteroom-metadata")

    def publish(self, *more):
        """The provider's own keys, and more that it lists."""
        added = "".join(map(KEY.format, more))
        self.published.body = self.provider.metadata.replace("<SingleSignOnService", f"{added}<SingleSignOnService", 1)


@pytest.fixture(scope="module")
def site(root, tmp_path_factory):
    site = Site(root, tmp_path_factory.mktemp("published"))
    yield site
    site.mail.stop()


def test_nothing_runs_before_somebody_wants_it(site):
    for name in ("mail", "metadata"):
        assert (site.unit(name, "ActiveState"), site.unit(name, "UnitFileState")) == ("inactive", "disabled")


def test_mail_is_delivered(site):
    address = site.let_in("amy")
    enable = blocks("Mail", ROOT / "nginx-conf" / "manual" / "mail.md")[1]
    site.root.shell(enable.text)
    site.root.wait_for(lambda: site.is_told(address), "the letter")


def test_a_restart_of_the_database_is_survived(site):
    site.root.shell("systemctl restart postgresql@15-main")
    address = site.let_in("bea")
    site.root.wait_for(lambda: site.is_told(address), "the letter after the restart", 90)
    assert site.unit("mail", "NRestarts") == "0"


def test_new_metadata_is_fetched_and_nginx_reads_it(site):
    site.publish(certificate())
    before = site.root.workers()
    site.root.shell("systemctl enable --now anteroom-metadata")
    site.root.wait_for(lambda: not before & site.root.workers(), "nginx to read it")
    assert "new metadata: new key " in site.root.says("journalctl -u anteroom-metadata -o cat --no-pager")
    site.let_in("ann")
    assert sign_on(InsideBrowser(site.root, site.provider), f"{APP}/work").status == 200


def test_a_broken_nginx_configuration_holds_new_metadata_back_until_it_is_mended(site):
    site.root.write("etc/nginx/conf.d/broken.conf", "no_such_directive;\n")
    site.publish(certificate(), certificate())
    before = site.root.workers()
    site.forget_when_asked()
    site.root.wait_for(lambda: "new metadata is not in use yet" in site.root.says("journalctl -u anteroom-metadata --no-pager"),
                       "the complaint")
    assert before == site.root.workers()
    (site.root.files / "etc/nginx/conf.d/broken.conf").unlink()
    site.root.wait_for(lambda: not before & site.root.workers(), "nginx to read it", 90)


def test_companies_of_the_database_are_refreshed_by_nginxs_account(site):
    site.root.shell("systemctl enable --now anteroom-companies")
    site.root.wait_for(lambda: "looking after companies" in site.root.says("journalctl -u anteroom-companies -o cat --no-pager"),
                       "the service")
    assert "not refreshed" not in site.root.says("journalctl -u anteroom-companies -o cat --no-pager")
    assert site.unit("companies", "User") == "www-data"


@pytest.mark.parametrize("path", ["etc/passwd", "usr/bin/anteroom", "root/x", "home/x", "var/lib/x"])
def test_the_services_can_write_nowhere_else(site, path):
    for name in ("mail", "metadata", "companies"):
        process = site.unit(name, "MainPID")
        site.root.shell(f"nsenter --target {process} --mount --root test -w /{path} -o -w /{path.rsplit('/', 1)[0]}", expected=1)


def test_a_broken_configuration_ends_the_mail_service_once(site):
    yaml = site.root.files / "etc/anteroom/anteroom.yaml"
    good = yaml.read_text()
    site.root.write("etc/anteroom/anteroom.yaml", good.replace("smtp://", "gopher://"))
    site.root.shell("systemctl restart anteroom-mail || true")
    site.root.wait_for(lambda: site.unit("mail", "ActiveState") == "failed", "the end of the service")
    assert (site.unit("mail", "ExecMainStatus"), site.unit("mail", "NRestarts")) == ("3", "0")
    assert "mail.smtp" in site.root.says("journalctl -u anteroom-mail -o cat --no-pager")
    site.root.write("etc/anteroom/anteroom.yaml", good)
    site.root.shell("systemctl reset-failed anteroom-mail && systemctl start anteroom-mail")


def test_a_killed_service_comes_back(site):
    process = site.unit("mail", "MainPID")
    site.root.shell(f"kill -KILL {process}")
    site.root.wait_for(lambda: site.unit("mail", "MainPID") not in ("0", process), "the service to come back", 60)
    address = site.let_in("cid")
    site.root.wait_for(lambda: site.is_told(address), "the letter", 90)


def test_a_new_version_of_the_package_is_what_runs_then(site):
    before = {name: site.unit(name, "MainPID") for name in ("mail", "metadata")}
    site.root.shell(install_command("--reinstall"), is_online=True)
    for name, process in before.items():
        site.root.wait_for(lambda name=name, process=process: site.unit(name, "MainPID") not in ("0", process),
                           f"anteroom-{name} to be another process")
        assert site.unit(name, "ActiveState") == "active"


def test_told_to_stop_they_end_well(site):
    for name in ("mail", "metadata"):
        site.root.shell(f"systemctl stop anteroom-{name}")
        assert (site.unit(name, "Result"), site.unit(name, "ExecMainStatus")) == ("success", "0")
        site.root.shell(f"systemctl start anteroom-{name}")


def test_removing_the_package_ends_them(site):
    (site.root.files / "etc/nginx/conf.d/anteroom.conf").unlink()
    site.root.shell(f"apt-get purge -y {MODULE} {TOOL}")
    assert site.root.says("grep -l '^/usr/bin/anteroom' /proc/[0-9]*/cmdline") == ""
    assert site.root.says("systemctl list-unit-files 'anteroom*' --no-legend") == ""
    assert site.root.says("systemctl is-active nginx") == "active"
