import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg2
import pytest

from tests.support import BUILD
from tests.support.certificates import make_certificates
from tests.support.mail_server import PASSWORD, USER, MailServer
from tests.support.processes import Process, clean_environment, free_port, sanitizer_options, wait_until

SERVER = os.environ["ANTEROOM_TEST_DATABASE"]

YAML = """service_provider:
  entity_id: urn:example:sp
  base_url: https://login.example.com
  landing_url: https://login.example.com/app
database: {{ connection: "{connection}" }}
sessions: {{ cookie_keys: [cookie.key] }}
access: {{ levels: [viewer, technician, manager] }}
pages: {{ product_name: "Wartung & Söhne", support: {{ email: support@maintenance.test }} }}
"""


@pytest.fixture(scope="session")
def certificates():
    directory = Path(tempfile.mkdtemp(prefix="anteroom-mail-", dir="/tmp"))
    make_certificates(directory)
    yield directory
    shutil.rmtree(directory)


class Installation:
    """A database of its own, a configuration, and the `anteroom` command."""

    def __init__(self, directory, certificates, connection):
        self.directory = directory
        self.certificates = certificates
        self.connection = connection
        self.yaml = directory / "anteroom.yaml"
        self.port = free_port()
        self._daemons = []
        for name, text in (("cookie.key", secrets.token_hex(32)), ("smtp-password", PASSWORD + "\n")):
            (directory / name).write_text(text)
            (directory / name).chmod(0o600)
        self.configure()
        self.ok("migrate")
        self.database = psycopg2.connect(connection)
        self.database.autocommit = True

    def configure(self, scheme="smtp", host="localhost", **more):
        """The section `mail`: STARTTLS with our authority unless said otherwise; a value of None leaves a key out."""
        keys = {"from": "Maintenance <no-reply@maintenance.test>", "smtp": f"{scheme}://{host}:{self.port}",
                "starttls": "true" if scheme == "smtp" else None, "ca": self.certificates / "ca.crt", **more}
        lines = [f"  {key}: {value}\n" for key, value in keys.items() if value is not None]
        self.yaml.write_text(YAML.format(connection=self.connection) + "mail:\n" + "".join(lines))

    def sign_on(self, password_file="smtp-password"):
        return {"user": USER, "password_file": password_file}

    def _command(self, *arguments):
        return [BUILD / "core" / "cli" / "anteroom", "--config", self.yaml, *arguments]

    def run(self, *arguments):
        done = subprocess.run([str(part) for part in self._command(*arguments)], text=True, capture_output=True,
                              timeout=60, check=False)
        assert PASSWORD not in done.stdout + done.stderr
        return done

    def ok(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def once(self, exit_code=0):
        """One `anteroom mail --once`; what it printed."""
        done = self.run("mail", "--once")
        assert done.returncode == exit_code, (done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def daemon(self):
        log = self.directory / f"mail-{len(self._daemons)}.log"
        environment = clean_environment(ASAN_OPTIONS=sanitizer_options("detect_leaks=0"))
        daemon = Process("anteroom mail", self._command("mail"), log, environment=environment)
        self._daemons.append(daemon)
        return daemon

    def sql(self, statement, *values):
        with self.database.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else None

    def write(self, recipient="ann@corp.test", template="access_approved", parameters='{"name": "Ann"}'):
        """A letter in the outbox; its ID."""
        return self.sql("INSERT INTO anteroom.mail_outbox (recipient, template, parameters) VALUES (%s, %s, %s)"
                        " RETURNING id::text", recipient, template, parameters)[0][0]

    def state(self, letter):
        """(sent, given up, attempts, error)"""
        return self.sql("SELECT sent_at IS NOT NULL, dead_at IS NOT NULL, attempts, last_error"
                        " FROM anteroom.mail_outbox WHERE id = %s", letter)[0]

    def time_passes(self):
        """Leases end and back-off is over, as if we had waited."""
        self.sql("UPDATE anteroom.mail_outbox SET lease_until = now(), due_at = now() WHERE sent_at IS NULL")

    def wait_for(self, condition, what, seconds=15):
        wait_until(condition, seconds, what)

    def close(self):
        for daemon in self._daemons:
            daemon.stop()
        self.database.close()


@pytest.fixture
def post(tmp_path, certificates):
    name = "anteroom_mail_" + secrets.token_hex(6)
    admin = psycopg2.connect(SERVER)
    admin.autocommit = True
    admin.cursor().execute(f"CREATE DATABASE {name}")
    installation = Installation(tmp_path, certificates, f"{SERVER} dbname={name}")
    yield installation
    installation.close()
    admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@pytest.fixture
def server(post):
    """STARTTLS required, with a certificate of our authority."""
    with MailServer(post.port, certificate=post.certificates / "localhost.pem") as running:
        yield running
