"""What the two packages are, before anybody installs them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.lib import package
from tests.support import ROOT

from .conftest import MANUAL, MODULE, TOOL

ABI_FILE = "/usr/share/nginx/src/debian/libnginx-mod.abisubstvars"
# Of the archive's own affairs.
NOT_OURS = "initial-upload-closes-no-bugs"


def depends(control, name):
    return [part.strip() for part in control[name]["Depends"].split(",")]


def contents(path):
    listed = subprocess.run(["/usr/bin/dpkg-deb", "-c", path], capture_output=True, text=True, check=True).stdout
    return {line.split()[5].removeprefix("."): line.split()[:2] for line in listed.splitlines()}


def test_the_module_fits_the_nginx_that_it_was_built_against(control):
    abi = re.search(r"nginx:abi=(\S+)", Path(ABI_FILE).read_text())[1]
    assert abi in depends(control, MODULE)
    provided = subprocess.run(["/usr/bin/dpkg-query", "-W", "-f", "${Provides}", "nginx"], capture_output=True, text=True,
                              check=True).stdout
    assert abi in provided.split(", ")


def test_the_module_needs_the_command_of_the_same_version(control):
    assert f"{TOOL} (= {control[MODULE]['Version']})" in depends(control, MODULE)


def test_the_version_is_the_projects(control):
    version = re.search(r"^project\(anteroom VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
    assert {fields["Version"] for fields in control.values()} == {f"{version}-1"}


@pytest.mark.parametrize("name", [MODULE, TOOL])
def test_an_old_lasso_is_not_enough(control, name):
    wanted = re.search(r'LASSO_VERSION="([^"]+)"', (ROOT / "scripts" / "install-packages").read_text())[1]
    assert f"liblasso3 (>= {wanted})" in depends(control, name)
    assert any(part.startswith("libpq5 (>=") for part in depends(control, name))


def test_everything_is_roots_and_nobody_elses_to_write(packages):
    for path in packages.values():
        for name, (mode, owner) in contents(path).items():
            assert owner == "root/root" and mode[5] == mode[8] == "-", (name, mode, owner)


def test_every_page_and_example_is_there(packages):
    inside = contents(packages[TOOL])
    for path in (ROOT / "nginx-conf").rglob("*"):
        if path.is_file() and path.suffix != ".service":
            assert f"/usr/share/doc/anteroom/{path.relative_to(ROOT / 'nginx-conf')}" in inside
    for service in ("mail", "metadata"):
        assert f"/usr/lib/systemd/system/anteroom-{service}.service" in inside
    assert all(name.startswith("/usr/") for path in packages.values() for name in contents(path))


def test_the_manual_is_there_for_man_and_for_a_browser(packages):
    tool, manual = contents(packages[TOOL]), contents(packages[MANUAL])
    said = (ROOT / "nginx-conf" / "manual" / "command-line.md").read_text()
    commands = re.findall(r"^## `([a-z-]+)`", said, re.MULTILINE)
    assert len(commands) > 10
    for page in ("man5/anteroom.yaml.5", "man1/anteroom.1", *(f"man1/anteroom-{command}.1" for command in commands)):
        assert f"/usr/share/man/{page}.gz" in tool
    for page in (ROOT / "nginx-conf" / "manual").glob("*.md"):
        assert f"/usr/share/doc/anteroom/html/manual/{page.stem}.html" in manual
    assert not {name for name in tool if not name.endswith("/")} & set(manual)


@pytest.mark.parametrize("service", ["mail", "metadata"])
def test_the_service_starts_what_is_installed(packages, service):
    unit = (ROOT / "nginx-conf" / f"anteroom-{service}.service").read_text()
    program, = re.findall(r"^ExecStart=(\S+)", unit, re.MULTILINE)
    page, = re.findall(r"^Documentation=file:(\S+)", unit, re.MULTILINE)
    assert {program, page} <= set(contents(packages[TOOL]))


@pytest.mark.skipif(shutil.which("lintian") is None, reason="no lintian")
def test_lintian_has_nothing_to_say(packages):
    done = subprocess.run(["lintian", "--allow-root", "--tag-display-limit", "0", "--suppress-tags", NOT_OURS,
                           "--fail-on", "error,warning", *packages.values()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_packing_again_makes_the_same_bytes(packages):
    before = {path: path.read_bytes() for path in packages.values()}
    again = package.build(ROOT / "build" / "package", "1", None)
    assert {path: path.read_bytes() for path in again} == before


def test_a_revision_is_checked():
    done = subprocess.run([ROOT / "scripts" / "package", "--revision", "a b"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "is not a Debian revision" in done.stderr
