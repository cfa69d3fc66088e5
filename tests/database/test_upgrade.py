"""An older version keeps running on the newest schema: each of its statements means what it meant."""

import hashlib
import json
import re

import pytest

from tests.support import ROOT

from . import statements

RELEASED = sorted((ROOT / "tests" / "database" / "released").glob("*.json"))


def test_there_are_released_versions_to_be_held_to():
    assert RELEASED
    newest = int(re.search(r"kSchemaVersion = (\d+)", (ROOT / "core/include/anteroom/site.h").read_text())[1])
    assert all(int(path.stem) <= newest for path in RELEASED)


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: f"schema {path.stem}")
def test_statements_of_an_older_version_work_on_this_schema(ready, released):
    before = json.loads(released.read_text())
    now, problems = statements.answers(ready.connection, {name: was["sql"] for name, was in before.items()})
    assert problems == ""
    assert {name: now[name] for name in before} == {name: was["columns"] for name, was in before.items()}
    assert len(before) > 50 and any(was["columns"] for was in before.values())


def test_statements_of_this_version_can_be_read_and_prepared(ready):
    """What the next release records."""
    columns, problems = statements.answers(ready.connection, statements.statements())
    assert problems == "" and len(columns) > 50


def test_a_function_that_is_gone_or_answers_otherwise_is_noticed(ready):
    _, problems = statements.answers(ready.connection, {"gone": "SELECT anteroom.no_such_function($1)"})
    assert "no_such_function" in problems
    changed, _ = statements.answers(ready.connection, {"changed": "SELECT 1 AS outcome, NULL::uuid AS user_id"})
    assert changed == {"changed": ["outcome integer", "user_id uuid"]}


def test_migrations_are_never_changed_after_their_release():
    """A database that has run one does not run it again."""
    known = dict(line.split() for line in (ROOT / "tests/database/released/migrations.sha256").read_text().splitlines())
    for name, digest in known.items():
        path = ROOT / "core" / "src" / "store" / "schema" / "tables" / name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, f"{name} was changed: write a new migration"
