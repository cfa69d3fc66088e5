"""README.md's ten minutes, walked in a clean Debian 12 with the packages: every command and configuration as it stands there.
Then the packages go again. These tests build on each other, in this order."""

import json
import socket
import time
from urllib.parse import urlsplit

import pytest

from tests.support.echo_app import EchoApp

from .conftest import MANUAL, MODULE, TOOL
from .gate import InsideBrowser, Provider, sign_on
from .guide import blocks, install_command

TEN_MINUTES = 600
APP = "https://app.example.com"
CONFIGURATION = "etc/nginx/conf.d/anteroom.conf"
KEPT = "var/cache/anteroom"  # as init has it
LINK = "etc/nginx/modules-enabled/50-mod-http-auth-saml.conf"


class Walk:
    """What the guide left: what was said, who runs, how long it took."""

    def __init__(self, root):
        self.root, self.provider = root, Provider()
        begun = time.monotonic()
        _, init, nginx = blocks("In front of your own app, in ten minutes")
        root.shell(install_command(), is_online=True)
        self.said = root.shell(init.text)
        root.make_certificate("etc/ssl/example.com")
        self.configuration = nginx.text
        root.write(CONFIGURATION, nginx.text)
        root.shell("nginx -t && systemctl reload-or-restart nginx")
        root.wait_for(lambda: self.is_open(443), "nginx to listen")
        root.write("contoso.xml", self.provider.metadata)
        before = root.workers()
        for block in blocks("Connect a customer's Entra ID"):
            root.shell(f"cd / && {block.text}")
        root.wait_for(lambda: not before & root.workers(), "nginx to reload")
        self.seconds = time.monotonic() - begun
        self.app = root.in_network(lambda: EchoApp(3000))

    def is_open(self, port):
        def probe():
            with socket.socket() as one:
                return one.connect_ex(("127.0.0.1", port)) == 0
        return self.root.in_network(probe)

    def browser(self):
        return InsideBrowser(self.root, self.provider)

    def reload(self):
        """Returns once the workers are others."""
        before = self.root.workers()
        self.root.shell("systemctl reload nginx")
        self.root.wait_for(lambda: self.root.workers() and not before & self.root.workers(), "nginx to reload")


@pytest.fixture(scope="module")
def walk(root):
    return Walk(root)


def test_it_takes_less_than_ten_minutes(walk):
    print(f"\nthe guide took {walk.seconds:.0f} s after the packages were built")
    assert walk.seconds < TEN_MINUTES


def test_init_prints_the_lines_that_the_guide_shows(walk):
    assert walk.configuration in walk.said


def test_a_stranger_is_sent_to_sign_on(walk):
    page = walk.browser().request("GET", f"{APP}/work")
    assert page.status == 302 and urlsplit(page.header("location")).netloc == "login.example.com"
    assert walk.app.requests == []


def test_who_was_given_access_gets_in(walk):
    page = sign_on(walk.browser(), f"{APP}/work?order=7")
    assert page.status == 200 and page.url == f"{APP}/work?order=7", page
    headers = dict(json.loads(page.body)["headers"])
    assert headers["X-Auth-Email"] == "ann@contoso.com"
    assert headers["X-Auth-Properties"] == "elm-court=technician"


def test_what_the_node_knows_of_companies_is_kept_for_its_workers_alone(walk):
    walk.root.wait_for(lambda: walk.root.has(f"{KEPT}/companies"), "the file")
    assert walk.root.shell(f"stat -c '%U %a' /{KEPT} /{KEPT}/companies").split() == ["www-data", "700", "www-data", "600"]
    assert "kept in" not in walk.root.shell("nginx -t")


def test_the_manual_page_and_the_completion_are_there(walk):
    assert "provision" in walk.root.shell("zcat /usr/share/man/man1/anteroom-user.1.gz")
    words = walk.root.shell("""source /usr/share/bash-completion/completions/anteroom
        COMP_WORDS=(anteroom user pro) COMP_CWORD=2; _anteroom; echo "${COMPREPLY[@]}" """)
    assert words.split() == ["provision"]


def test_installing_them_again_disturbs_nobody(walk):
    browser = walk.browser()
    assert sign_on(browser, f"{APP}/work").status == 200
    walk.root.shell(install_command("--reinstall"), is_online=True)
    walk.reload()  # what the package asks for, where there is an init system
    assert browser.get(f"{APP}/work").status == 200


def test_a_gate_in_use_is_not_removed(walk):
    said = walk.root.shell(f"apt-get remove -y {MODULE}", expected=100)
    assert "is in use" in said and f"/{CONFIGURATION}" in said
    walk.root.shell("nginx -t")
    assert walk.root.has(LINK)
    assert walk.browser().request("GET", f"{APP}/work").status == 302


def test_nor_is_one_whose_variables_are_logged(walk):
    walk.root.write("etc/nginx/conf.d/log.conf", "# auth_saml\nlog_format people '$remote_addr $auth_saml_email';\n")
    (walk.root.files / CONFIGURATION).rename(walk.root.files / "kept")
    walk.root.shell("nginx -t")
    assert "/etc/nginx/conf.d/log.conf" in walk.root.shell(f"apt-get remove -y {MODULE}", expected=100)
    (walk.root.files / "etc/nginx/conf.d/log.conf").unlink()
    (walk.root.files / "kept").rename(walk.root.files / CONFIGURATION)


def test_removing_them_leaves_a_working_nginx(walk):
    (walk.root.files / CONFIGURATION).unlink()
    walk.root.shell(f"apt-get remove -y {MODULE} {TOOL}")
    walk.root.shell("nginx -t")
    walk.reload()
    assert walk.is_open(80) and walk.root.says("systemctl is-active nginx") == "active"
    assert not walk.root.has(LINK) and not walk.root.has("usr/lib/nginx/modules/ngx_http_auth_saml_module.so")


def test_what_an_administrator_switched_off_stays_off(walk):
    """As with Debian's own modules: removed and installed again it is on, upgraded it is as it was left."""
    walk.root.shell(install_command(), is_online=True)
    assert walk.root.has(LINK)
    (walk.root.files / LINK).unlink()
    walk.root.shell(install_command("--reinstall"), is_online=True)
    assert not walk.root.has(LINK)


def test_purging_them_keeps_configuration_and_keys(walk):
    said = walk.root.shell(f"apt-get purge -y {MODULE} {TOOL} {MANUAL}")
    assert "/etc/anteroom" in said and "kept" in said
    walk.root.shell("nginx -t")
    walk.reload()
    assert walk.is_open(80)
    assert not walk.root.has(KEPT)
    assert walk.root.has("etc/anteroom/cookie.key") and walk.root.has("etc/anteroom/idp.d/contoso.yaml")
    left = walk.root.shell("ls -A /etc/nginx/modules-enabled; dpkg -S anteroom auth-saml 2>/dev/null || true")
    assert left == ""
