"""What tests of the `anteroom` command start from."""

import contextlib
import os
import secrets
import shutil
import subprocess

import psycopg2
import pytest

from tests.support.installation import BUILD, Installation
from tests.support.metadata_server import MetadataServer, certificate

SERVER = os.environ["ANTEROOM_TEST_DATABASE"]


@contextlib.contextmanager
def database(template="template1"):
    """What connects to one, empty or a copy."""
    name = "anteroom_cli_" + secrets.token_hex(6)
    admin = psycopg2.connect(SERVER)
    admin.autocommit = True
    admin.cursor().execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield name
    admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


def connection_to(name):
    return f"{SERVER} dbname={name}"


@pytest.fixture
def blank(tmp_path):
    """A configuration and an empty database."""
    with database() as name:
        yield Installation(tmp_path, connection_to(name))


@pytest.fixture(scope="session")
def pattern(tmp_path_factory):
    """Migrated, with an identity provider and a property: a database and a directory, for copies."""
    directory = tmp_path_factory.mktemp("pattern")
    with database() as name:
        made = Installation(directory, connection_to(name))
        made.ok("migrate")
        authority = directory / "authority"
        authority.mkdir()
        subprocess.run([str(BUILD / "tests" / "forge-response"), "authority", str(authority), "https://idp.test/",
                        "https://idp.test/sso"], check=True)
        made.ok("idp", "add", "corp", "--metadata", authority / "metadata.xml", "--domain", "corp.test", "--display-name", "Corp",
                "--preset", "entra")
        made.ok("property", "add", "elm", "Elm Court")
        yield name, directory


@contextlib.contextmanager
def copy_of(pattern, directory):
    template, files = pattern
    with database(template) as name:
        made = Installation(directory, connection_to(name))
        for part in ("authority", "idp.d"):
            shutil.copytree(files / part, directory / part, dirs_exist_ok=True)
        shutil.copy(files / "cookie.key", directory / "cookie.key")  # what was sealed is sealed still
        made.metadata = directory / "authority" / "metadata.xml"
        yield made


@pytest.fixture
def ready(pattern, tmp_path):
    with copy_of(pattern, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def settled(pattern, tmp_path_factory):
    """One for all tests of a module, that change nothing."""
    with copy_of(pattern, tmp_path_factory.mktemp("settled")) as made:
        yield made


@pytest.fixture
def server(tmp_path):
    """An https server of metadata."""
    folder = tmp_path / "server"
    folder.mkdir()
    with MetadataServer(folder) as running:
        yield running


@pytest.fixture(scope="module")
def keys():
    """Two certificates that an identity provider signs with."""
    return [certificate() for _ in range(2)]
