"""A database whose encoding cannot hold everybody's name is refused before anything is in it, with how to mend it."""

import os
import subprocess

import psycopg2
import pytest

from tests.support.installation import BUILD, Installation
from tests.support.postgres import Cluster
from tests.support.processes import scratch_directory


@pytest.fixture(scope="module")
def server():
    """One that was made without a thought: initdb -E LATIN1 --locale=C."""
    directory = scratch_directory("anteroom-latin1-")
    with Cluster(directory / "data", directory / "s", directory / "log", is_durable=False, encoding="LATIN1",
                 locale="C") as running:
        yield running
    subprocess.run(["/usr/bin/rm", "-r", directory], check=True)


@pytest.fixture(params=["LATIN1", "SQL_ASCII", "WIN1252"])
def wrong(request, server, tmp_path):
    name = "wrong_" + request.param.lower()
    server.sql(f"DROP DATABASE IF EXISTS {name}")
    server.sql(f"CREATE DATABASE {name} ENCODING '{request.param}' TEMPLATE template0")
    made = Installation(tmp_path, server.conninfo(name))
    made.encoding = request.param
    return made


def names_it(text, encoding):
    return encoding in text and "UTF8" in text and "pg_dump" in text


def test_migrate_makes_nothing_in_it(wrong):
    assert names_it(wrong.refused(1, "migrate"), wrong.encoding)
    assert wrong.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'anteroom'") == 0


def test_check_names_it(wrong):
    done = wrong.run("check")
    assert done.returncode == 4
    assert names_it(done.stdout, wrong.encoding)


def test_every_command_refuses_one_that_was_migrated_before(wrong):
    with psycopg2.connect(wrong.connection) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA anteroom; CREATE TABLE anteroom.schema_version (version int);"
                       " INSERT INTO anteroom.schema_version VALUES (9999)")
    assert names_it(wrong.refused(1, "property", "list"), wrong.encoding)


def test_create_database_makes_one_that_takes_every_name(server, tmp_path):
    server.sql("CREATE ROLE maker LOGIN PASSWORD 'p'")
    made = Installation(tmp_path, server.conninfo("made", user="maker", password="p"))
    done = subprocess.run([str(BUILD / "core" / "cli" / "anteroom"), "--config", str(made.yaml), "migrate",
                           "--create-database", server.conninfo()], capture_output=True, text=True, check=False,
                          env=os.environ, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    made.ok("user", "add", "lukasz@corp.test", "--name", "Łukasz", "--allow-unregistered-domain")
    assert "Łukasz" in made.ok("user", "show", "lukasz@corp.test")
    assert "lukasz@corp.test" in made.ok("user", "list", "--search", "łUK")


def test_create_database_refuses_one_that_is_there(server, wrong):
    done = wrong.run("migrate", "--create-database", server.conninfo())
    assert done.returncode != 0
    assert names_it(done.stderr, wrong.encoding), done.stderr
