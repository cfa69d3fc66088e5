"""What tests of the `anteroom` command start from."""

import os
import secrets
import subprocess

import psycopg2
import pytest

from installation import BUILD, Installation

SERVER = os.environ["ANTEROOM_TEST_DATABASE"]


@pytest.fixture
def blank(tmp_path):
    """A configuration and an empty database."""
    name = "anteroom_cli_" + secrets.token_hex(6)
    admin = psycopg2.connect(SERVER)
    admin.autocommit = True
    admin.cursor().execute(f"CREATE DATABASE {name}")
    yield Installation(tmp_path, f"{SERVER} dbname={name}")
    admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@pytest.fixture
def ready(blank, tmp_path):
    """The same, migrated, with an identity provider and a property."""
    blank.ok("migrate")
    authority = tmp_path / "authority"
    authority.mkdir()
    subprocess.run([str(BUILD / "tests" / "forge-response"), "authority", str(authority), "https://idp.test/",
                    "https://idp.test/sso"], check=True)
    blank.metadata = authority / "metadata.xml"
    blank.ok("idp", "add", "corp", "--metadata", blank.metadata, "--domain", "corp.test", "--display-name", "Corp",
             "--preset", "entra")
    blank.ok("property", "add", "elm", "Elm Court")
    return blank
