"""The packages, built once, and a clean Debian 12 in which they are installed."""

import os
import shutil
import subprocess

import pytest

from scripts.lib import package
from tests.support import ROOT

from .clean_root import CleanRoot

MODULE, TOOL, MANUAL = "libnginx-mod-http-auth-saml", "anteroom", "anteroom-doc"


@pytest.fixture(scope="session")
def packages():
    """Name -> file."""
    built = package.build(ROOT / "build" / "package", "1", None)
    files = {path.name.split("_")[0]: path for path in built}
    assert set(files) == {MODULE, TOOL, MANUAL}
    return files


@pytest.fixture(scope="module")
def root(packages):
    if os.geteuid() != 0:
        pytest.skip("only root can install into a clean root")
    root = CleanRoot()
    try:
        folder = root.files / "build" / "package" / "packages"
        folder.mkdir(parents=True)
        for path in packages.values():
            shutil.copy2(path, folder)
        root.shell("apt-get update -qq", is_online=True)
        yield root
    finally:
        root.close()


@pytest.fixture(scope="session")
def control(packages):
    """Package name -> field -> value."""
    def fields(path):
        said = subprocess.run(["/usr/bin/dpkg-deb", "-f", path], capture_output=True, text=True, check=True).stdout
        return dict(line.split(": ", 1) for line in said.splitlines() if ": " in line and not line.startswith(" "))
    return {name: fields(path) for name, path in packages.items()}
