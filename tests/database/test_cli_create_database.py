"""`--create-database`, of `anteroom init` and of `migrate`: role, database and schema, whole or not at all."""

import os
import pty
import secrets
import stat
import subprocess

import pytest
import yaml

from tests.support.installation import BUILD
from tests.support.postgres import Cluster
from tests.support.processes import scratch_directory

PROGRAM = str(BUILD / "core" / "cli" / "anteroom")
TCP = "127.83.21.9"  # of the loopback interface; nobody else listens there


@pytest.fixture(scope="module")
def cluster():
    directory = scratch_directory("anteroom-create-")
    with Cluster(directory / "data", directory / "s", directory / "log", is_durable=False,
                 settings={"listen_addresses": TCP}) as running:
        yield running
    subprocess.run(["/usr/bin/rm", "-r", directory], check=True)


class Place:
    """A configuration that is to be made, with a role and a database of its own."""

    def __init__(self, cluster, directory):
        self.cluster = cluster
        self.yaml = directory / "anteroom" / "anteroom.yaml"
        self.password = self.yaml.parent / "database-password"
        self.name = "made " + secrets.token_hex(4) + "'\"-x"
        self.administrator = cluster.conninfo()

    def connection(self, host=None):
        name = self.name.replace("'", r"\'")
        return f"host={host or self.cluster.socket_directory} dbname='{name}' user='{name}'"

    def with_password(self):
        self.yaml.parent.mkdir()
        self.password.write_text("a password of ours\n")
        self.password.chmod(0o600)
        return self

    def run(self, *arguments, command="init", administrator=None, environment=None):
        named = self.administrator if administrator is None else administrator
        base = ["--base-url", "https://login.example.com"] if command == "init" else []
        return subprocess.run([PROGRAM, "--config", str(self.yaml), command, *base, *arguments, "--create-database",
                               *([named] if named else [])], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=60, check=False, env={**os.environ, **(environment or {})})

    def init(self, host=None, **more):
        return self.run("--connection", self.connection(host), **more)

    def exists(self):
        """Whether the role is there, whether the database is."""
        name = self.name.replace("'", "''")
        return tuple(self.cluster.sql(f"SELECT 1 FROM {table} WHERE {column} = '{name}'") != []
                     for table, column in (("pg_roles", "rolname"), ("pg_database", "datname")))

    def leaves_nothing(self, *names):
        assert self.exists() == (False, False)
        left = sorted(path.name for path in self.yaml.parent.iterdir()) if self.yaml.parent.exists() else []
        assert left == sorted(names)

    def checked(self):
        return subprocess.run([PROGRAM, "--config", str(self.yaml), "check"], capture_output=True, text=True, check=False)


@pytest.fixture
def place(cluster, tmp_path):
    return Place(cluster, tmp_path)


def test_it_makes_role_database_and_schema(place):
    done = place.with_password().init()
    assert done.returncode == 0, done.stderr
    assert f"made the role {place.name}\nmade the database {place.name}\napplied 0033" in done.stdout
    assert "createuser" not in done.stdout and "auth_saml_config" in done.stdout
    assert place.checked().returncode == 0, place.checked().stdout


def test_everything_in_it_is_the_roles_own(place):
    assert place.with_password().init().returncode == 0
    owners = place.cluster.sql("SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = "
                               "relnamespace WHERE nspname = 'anteroom'", place.name)
    assert owners == [place.name]


def test_by_tcp_it_makes_a_password_that_only_the_workers_can_read(place):
    done = place.init(TCP)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(place.password.stat().st_mode) & 0o027 == 0
    assert place.password.read_text().strip() not in done.stdout + done.stderr
    assert yaml.safe_load(place.yaml.read_text())["database"]["password_file"] == "database-password"
    assert place.checked().returncode == 0, place.checked().stdout


def test_the_server_is_told_no_password_in_the_clear(place):
    place.cluster.sql("ALTER SYSTEM SET log_statement = 'ddl'; SELECT pg_reload_conf()")
    try:
        assert place.with_password().init().returncode == 0
    finally:
        place.cluster.sql("ALTER SYSTEM RESET log_statement; SELECT pg_reload_conf()")
    log = (place.cluster.socket_directory.parent / "log").read_text()
    assert f"CREATE ROLE {chr(34)}{place.name.replace(chr(34), chr(34) * 2)}" in log and "a password of ours" not in log


def test_again_it_makes_nothing_and_says_so(place):
    assert place.with_password().init().returncode == 0
    place.yaml.unlink()
    done = place.init()
    assert done.returncode == 0, done.stderr
    assert "made the" not in done.stdout and "applied" not in done.stdout and "is up to date" in done.stdout


def test_migrate_makes_it_for_a_configuration_that_is_there(place):
    place.with_password()
    written = subprocess.run([PROGRAM, "--config", str(place.yaml), "init", "--base-url", "https://login.example.com",
                              "--connection", place.connection()], capture_output=True, text=True, check=False)
    assert written.returncode == 0 and place.checked().returncode == 4
    assert place.run(command="migrate").returncode == 0
    assert place.checked().returncode == 0


def test_two_at_once_both_succeed(place, tmp_path):
    other = Place(place.cluster, tmp_path / "other")
    (tmp_path / "other").mkdir()
    other.name = place.name
    runs = [subprocess.Popen([PROGRAM, "--config", str(each.with_password().yaml), "init", "--base-url",
                              "https://login.example.com", "--connection", each.connection(), "--create-database",
                              each.administrator], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for each in (place, other)]
    said = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said


def test_an_administrator_need_not_be_superuser(place):
    place.cluster.sql("CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'm'")
    administrator = place.cluster.conninfo(user="maker", password="m")
    done = place.with_password().init(administrator=administrator)
    assert done.returncode == 0, done.stderr
    assert place.checked().returncode == 0


def test_the_administrators_password_may_come_from_the_environment(place):
    done = place.with_password().init(administrator="", environment={"PGPASSWORD": place.cluster.superuser_password})
    assert done.returncode == 0, done.stderr


def test_on_a_terminal_it_asks_whether_to(place):
    master, slave = pty.openpty()
    process = subprocess.Popen([PROGRAM, "--config", str(place.with_password().yaml), "init", "--connection",
                                place.connection()], stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env={**os.environ, "PGPASSWORD": place.cluster.superuser_password})
    os.close(slave)
    os.write(master, b"https://login.example.com\n" + 5 * b"\n" + b"yes\n")
    said, _ = process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == 0, said
    assert place.exists() == (True, True)


# What goes wrong leaves nothing.

def test_without_a_server_it_is_exit_code_4(place):
    done = place.init(administrator="host=/nonexistent user=postgres")
    assert done.returncode == 4 and "cannot be reached" in done.stderr
    place.leaves_nothing()


def test_a_wrong_password_is_exit_code_4_and_not_repeated(place):
    done = place.init(administrator=place.cluster.conninfo(user="postgres", password="s3cret"))
    assert done.returncode == 4 and "s3cret" not in done.stdout + done.stderr
    place.leaves_nothing()


def test_an_administrator_without_rights_is_exit_code_1(place):
    place.cluster.sql("CREATE ROLE nobody_much LOGIN PASSWORD 'n'")
    done = place.init(TCP, administrator=place.cluster.conninfo(user="nobody_much", password="n"))
    assert done.returncode == 1 and "permission denied" in done.stderr
    place.leaves_nothing()


def test_one_who_may_make_roles_only_leaves_no_role(place):
    place.cluster.sql("CREATE ROLE half LOGIN CREATEROLE PASSWORD 'h'")
    done = place.init(TCP, administrator=place.cluster.conninfo(user="half", password="h"))
    assert done.returncode == 1 and "permission denied to create database" in done.stderr
    place.leaves_nothing()


def test_a_database_that_the_workers_could_not_use_goes_again(place):
    done = place.init()  # by socket, where this server wants a password all the same
    assert done.returncode == 4 and "nginx's workers could not use it" in done.stderr
    place.leaves_nothing()


def test_the_password_of_a_role_that_exists_is_not_changed(place):
    place.cluster.sql(f'CREATE ROLE "{place.name.replace(chr(34), chr(34) * 2)}" LOGIN')
    done = place.init(TCP)
    assert done.returncode == 1 and "its password is not known" in done.stderr
    assert place.exists() == (True, False) and not place.yaml.parent.exists()


def test_somebody_elses_database_is_left_alone(place):
    place.cluster.sql(f'CREATE DATABASE "{place.name.replace(chr(34), chr(34) * 2)}"')
    done = place.with_password().init()
    assert done.returncode == 1 and "permission denied" in done.stderr
    assert place.exists() == (False, True) and not place.yaml.exists()


def test_what_is_no_connection_string_is_exit_code_2(place):
    done = place.init(administrator="password=s3cret nonsense")
    assert done.returncode == 2 and "connection string" in done.stderr and "s3cret" not in done.stderr
    place.leaves_nothing()


def test_who_does_not_exist_is_exit_code_2(place):
    done = place.run("--connection", place.connection(), "--user", "no-such-user")
    assert done.returncode == 2 and "no-such-user" in done.stderr
    place.leaves_nothing()


def as_the_role(place, sql):
    done = subprocess.run(["/usr/lib/postgresql/15/bin/psql", "-Xqt", "-v", "ON_ERROR_STOP=1", place.connection()], text=True,
                          input=sql, capture_output=True, check=False, env={"PGPASSWORD": "a password of ours"}, cwd="/")
    assert done.returncode == 0, done.stderr


def test_nobody_else_may_connect(place):
    assert place.with_password().init().returncode == 0
    place.cluster.sql("DROP ROLE IF EXISTS wiki; CREATE ROLE wiki LOGIN PASSWORD 'w'")
    done = subprocess.run(["/usr/lib/postgresql/15/bin/psql", "-X", f"{place.connection()} user=wiki", "-c", "LISTEN anteroom"],
                          text=True, capture_output=True, check=False, env={"PGPASSWORD": "w"}, cwd="/")
    assert done.returncode == 2 and "permission denied for database" in done.stderr


TRAP = """
ALTER TABLE anteroom.schema_version RENAME TO schema_version_0;
CREATE FUNCTION anteroom.trap() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('role', session_user, false);
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('ALTER ROLE %I SUPERUSER', (SELECT datname FROM pg_database WHERE datname = current_database()));
  END IF;
  RETURN 0;
END $$;
CREATE VIEW anteroom.schema_version AS SELECT version + anteroom.trap() AS version, name, applied_at
FROM anteroom.schema_version_0;
"""


@pytest.mark.parametrize("command", ["init", "migrate"])
def test_what_the_workers_put_into_their_database_never_runs_as_the_administrator(place, command):
    """Whoever has taken over a worker waits for root to run this again."""
    assert place.with_password().init().returncode == 0
    as_the_role(place, TRAP)
    if command == "init":
        place.yaml.unlink()
    assert (place.init() if command == "init" else place.run(command="migrate")).returncode == 0
    name = place.name.replace("'", "''")
    assert place.cluster.sql(f"SELECT rolsuper FROM pg_roles WHERE rolname = '{name}'") == ["f"]
