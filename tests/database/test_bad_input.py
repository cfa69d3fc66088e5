"""Every command there is, where something is missing: words, rights, a configuration, a database; and interrupted half-way."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2
import pytest

from tests.support.installation import BUILD, YAML
from tests.support.processes import wait_until

from .test_command_line_page import commands

ANYBODY = "0192f0a0-0000-7000-8000-000000000001"
# Each with words that it takes.
FILES_ONLY = {
    "idp add": ["acme", "--metadata", "METADATA", "--domain", "acme.test"], "idp list": [], "idp show": ["corp"],
    "idp refresh": ["--once"], "metadata": [], "keys list": [], "keys prepare": ["cookie"], "keys rotate": ["cookie"],
    "keys retire": ["cookie"],
}
DATABASE = {
    "check": [], "migrate": [], "user list": [], "user show": ["ann@corp.test"], "user add": ["eve@corp.test"],
    "user provision": ["ann@corp.test", "--level", "viewer", "--property", "elm"], "user disable": ["ann@corp.test"],
    "user enable": ["ann@corp.test"], "user unpin": ["ann@corp.test"],
    "user grant": ["ann@corp.test", "--level", "manager", "--property", "elm"],
    "user revoke": ["ann@corp.test", "--property", "elm"], "user sessions": ["ann@corp.test"],
    "user end-sessions": ["ann@corp.test"], "user history": ["ann@corp.test"], "property add": ["oak", "Oak Court"],
    "property rename": ["elm", "Elm House"], "property close": ["elm"], "property open": ["elm"], "property list": [],
    "property import": ["PROPERTIES"], "request list": [],
    "request file": ["eve@corp.test", "--level", "viewer", "--property", "elm"], "request approve": [ANYBODY],
    "request decline": [ANYBODY], "request withdraw": [ANYBODY], "import": ["PEOPLE"], "audit": [], "why": ["ABCD-1234"],
    "doctor": ["ann@corp.test"], "mail": ["--once"], "mail status": [], "mail retry": ["--all"],
    "idp import": [], "idp end-sessions": ["corp"], "scim token add": ["corp"], "scim token list": [], "scim token remove": ["corp", "x"],
    "scim apply": ["corp"], "company list": [], "company show": ["acme"], "company add": ["contoso"],
    "company set": ["acme", "--set", "force_authn=true"], "company metadata": ["acme", "METADATA"],
    "company domain add": ["acme", "acme.test"], "company domain remove": ["acme", "acme.test"], "company live": ["acme"],
    "company test": ["acme"], "company suspend": ["acme"], "company contacts": ["acme", "ida@acme.test"], "company archive": ["acme"],
    "company refresh": ["acme"], "company link": ["acme"], "company end-link": ["acme", "1"], "company dismiss": ["acme"],
    "company confirm": ["acme", "1"], "company decline": ["acme", "1"],
    "company access give": ["acme", "A", "--level", "viewer", "--all-properties"], "company access take": ["acme", "A"],
    "company history": ["acme"], "company domain verify": ["acme", "acme.test"],
}
NEITHER = {"init", "verify-response", "completion"}  # have tests of their own for each of these
CALLS = {**FILES_ONLY, **DATABASE}
SERVICES = {"company refresh"}  # without a word they go on for ever
# The words that each cannot do without, taken away.
INCOMPLETE = [command.split() for command, words in CALLS.items()
              if words and not words[0].startswith("--") and command not in SERVICES]


def words_of(installation, command):
    people = installation.directory / "people.csv"
    people.write_text("email,property,level\nann@corp.test,elm,viewer\nbea@corp.test,elm,viewer\n")
    properties = installation.directory / "properties.csv"
    properties.write_text("oak,Oak Court\n")
    files = {"METADATA": getattr(installation, "metadata", "none.xml"), "PEOPLE": people, "PROPERTIES": properties}
    return [*command.split(), *(files.get(word, word) for word in CALLS[command])]


def a_sentence(done):
    """What was said, if it is one that people can read."""
    said = done.stderr.strip()
    assert said and len(said) < 600 and "internal error" not in said and "AddressSanitizer" not in said, said
    return said


def test_every_command_is_in_this_table():
    assert set(CALLS) | NEITHER == set(commands())


@pytest.mark.parametrize("command", INCOMPLETE, ids=" ".join)
def test_a_word_too_few_is_exit_code_2(blank, command):
    said = blank.refused(2, *command)
    assert "required" in said.lower(), said


@pytest.mark.parametrize("command", sorted({*CALLS, *NEITHER}))
def test_an_option_that_there_is_not_is_named(blank, command):
    assert "--frobnicate" in blank.refused(2, *command.split(), "--frobnicate")


@pytest.mark.parametrize("words, named, choice", [
    (["idq"], "'idq' is not a command of 'anteroom'", "idp"), (["idp", "frsh"], "'frsh' is not a command of 'idp'", "refresh"),
    (["scim", "token", "ad"], "'ad' is not a command of 'token'", "add"), (["idp"], "'idp' takes one of", "show"),
    ([], "'anteroom' takes one of", "doctor")])
def test_a_command_that_there_is_not_is_named_with_those_there_are(blank, words, named, choice):
    said = blank.refused(2, *words)
    assert named in said and choice in said.split("takes one of: ")[1]


@pytest.mark.parametrize("command", sorted(CALLS))
def test_without_a_configuration_it_is_named(blank, command):
    blank.yaml.unlink()
    before = sorted(blank.directory.rglob("*"))
    done = blank.run(*words_of(blank, command))
    assert done.returncode == 3 and str(blank.yaml) in a_sentence(done) + done.stdout
    assert [path for path in sorted(blank.directory.rglob("*")) if path.suffix != ".csv"] == before


@pytest.fixture(scope="module")
def for_everybody():
    """The command where everybody may start it, wherever it was built."""
    folder = Path(tempfile.mkdtemp(prefix="anteroom-for-everybody-", dir="/tmp"))
    folder.chmod(0o755)
    yield shutil.copy2(BUILD / "core/cli/anteroom", folder)
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody without rights")
@pytest.mark.parametrize("command", sorted(CALLS))
def test_without_the_right_to_read_anything_it_says_so(blank, for_everybody, command):
    blank.yaml.chmod(0o600)
    words = [str(word) for word in words_of(blank, command)]
    done = subprocess.run(["/usr/sbin/runuser", "-u", "nobody", "--", for_everybody, "--config", blank.yaml, *words],
                          text=True, capture_output=True, check=False, timeout=60, cwd="/")
    # The list is read before the configuration.
    lists = {"import": "people.csv", "property import": "properties.csv"}
    code, named = (1, lists[command]) if command in lists else (3, str(blank.yaml))
    assert done.returncode == code and named in a_sentence(done) + done.stdout


@pytest.mark.parametrize("command", sorted(DATABASE))
def test_without_a_database_it_is_exit_code_4(settled, command):
    away = settled.directory / "away.yaml"
    away.write_text(YAML.format(connection="host=/nonexistent dbname=x user=x password=s3cret") + MAIL)
    done = settled.run(*words_of(settled, command), configuration=away)
    assert done.returncode == 4 and "s3cret" not in done.stdout + done.stderr
    a_sentence(done)


MAIL = "mail: { from: a@corp.test, smtp: 'smtp://localhost:1', starttls: false }\n"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'anteroom' AND tablename NOT LIKE 'schema_%' ORDER BY 1"


class Locked:
    """All tables, so that whoever wants one waits; and what was in them."""

    def __init__(self, connection):
        self._connection = psycopg2.connect(connection)
        self._cursor = self._connection.cursor()
        self._cursor.execute(TABLES)
        self._tables = [f"anteroom.{name}" for name, in self._cursor.fetchall()]
        self._cursor.execute(f"LOCK TABLE {', '.join(self._tables)} IN ACCESS EXCLUSIVE MODE")
        self._before = self._contents()

    def _contents(self):
        found = {}
        for table in self._tables:
            self._cursor.execute(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")
            found[table] = self._cursor.fetchone()
        return found

    def somebody_waits(self):
        self._cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND database = "
                             "(SELECT oid FROM pg_database WHERE datname = current_database())")
        return self._cursor.fetchone()[0] > 0

    def is_as_before(self):
        self._connection.rollback()
        # Whoever still waited has had its turn once we hold the locks again.
        self._cursor.execute(f"LOCK TABLE {', '.join(self._tables)} IN ACCESS EXCLUSIVE MODE")
        return self._contents() == self._before

    def close(self):
        self._connection.close()


@pytest.fixture(scope="module")
def with_ann(settled):
    settled.yaml.write_text(settled.yaml.read_text() + MAIL)
    settled.ok("user", "add", "ann@corp.test")
    return settled


@pytest.fixture
def locked(with_ann):
    holder = Locked(with_ann.connection)
    yield holder
    holder.close()


# What asks for nothing but the schema's version, and the deliverer, which ends what it has begun.
NEVER_WAITS = {"check", "migrate", "mail"}


def interrupted(installation, locked, command, number):
    words = [str(word) for word in words_of(installation, command)]
    with subprocess.Popen([BUILD / "core/cli/anteroom", "--config", installation.yaml, *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        wait_until(locked.somebody_waits, 20, "the command to wait for a table")
        run.send_signal(number)
        _, said = run.communicate(timeout=20)
    return run.returncode, said


TAKEN_BACK = (1, "anteroom: interrupted: the database took back what was under way\n")


@pytest.mark.parametrize("command", sorted(set(DATABASE) - NEVER_WAITS))
def test_interrupted_it_leaves_everything_as_it_was(with_ann, locked, command):
    assert interrupted(with_ann, locked, command, signal.SIGINT) == TAKEN_BACK
    assert locked.is_as_before()


def test_told_to_end_it_does_the_same(with_ann, locked):
    assert interrupted(with_ann, locked, "import", signal.SIGTERM) == TAKEN_BACK
    assert locked.is_as_before()


def test_a_migration_that_is_interrupted_is_taken_back_and_can_be_repeated(blank):
    holder = psycopg2.connect(blank.connection)
    holder.cursor().execute("SELECT pg_advisory_lock(hashtext('anteroom.migrate'))")
    with subprocess.Popen([BUILD / "core/cli/anteroom", "--config", blank.yaml, "migrate"], text=True,
                          stderr=subprocess.PIPE) as run:
        asking = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%try_advisory_lock%' AND pid <> pg_backend_pid()"
        wait_until(lambda: blank.value(asking) > 0, 20, "the migration to wait")
        run.send_signal(signal.SIGINT)
        assert "interrupted" in run.communicate(timeout=20)[1]
    assert run.returncode == 1
    holder.close()
    assert blank.json("migrate")["applied"][-1] == "functions"


def test_where_the_server_does_not_answer_the_second_signal_ends_it(with_ann, locked):
    """A frozen one: the question whether it takes the statement back has no answer either."""
    with subprocess.Popen([BUILD / "core/cli/anteroom", "--config", with_ann.yaml, "user", "list"], text=True,
                          stderr=subprocess.PIPE) as run:
        wait_until(locked.somebody_waits, 20, "the command to wait for a table")
        with psycopg2.connect(with_ann.connection) as admin, admin.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
            backend, = cursor.fetchone()
        os.kill(backend, signal.SIGSTOP)
        try:
            run.send_signal(signal.SIGINT)
            while run.poll() is None:
                run.send_signal(signal.SIGINT)
                time.sleep(0.05)
            assert run.communicate(timeout=20)[1] == "anteroom: interrupted\n"
            assert run.returncode == 1
        finally:
            os.kill(backend, signal.SIGCONT)
