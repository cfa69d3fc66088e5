"""What tests of the `anteroom` command start from."""

import contextlib
import os
import secrets
import subprocess

import psycopg2
import pytest

from tests.support.installation import BUILD, Installation

SERVER = os.environ["ANTEROOM_TEST_DATABASE"]


@contextlib.contextmanager
def installation(directory):
    """A configuration and an empty database."""
    name = "anteroom_cli_" + secrets.token_hex(6)
    admin = psycopg2.connect(SERVER)
    admin.autocommit = True
    admin.cursor().execute(f"CREATE DATABASE {name}")
    yield Installation(directory, f"{SERVER} dbname={name}")
    admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


def make_ready(made):
    """Migrated, with an identity provider and a property."""
    made.ok("migrate")
    authority = made.directory / "authority"
    authority.mkdir()
    subprocess.run([str(BUILD / "tests" / "forge-response"), "authority", str(authority), "https://idp.test/",
                    "https://idp.test/sso"], check=True)
    made.metadata = authority / "metadata.xml"
    made.ok("idp", "add", "corp", "--metadata", made.metadata, "--domain", "corp.test", "--display-name", "Corp",
            "--preset", "entra")
    made.ok("property", "add", "elm", "Elm Court")
    return made


@pytest.fixture
def blank(tmp_path):
    with installation(tmp_path) as made:
        yield made


@pytest.fixture
def ready(blank):
    return make_ready(blank)


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """One for all tests of a module, that change nothing."""
    with installation(tmp_path_factory.mktemp("settled")) as made:
        yield make_ready(made)
