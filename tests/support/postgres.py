"""A private PostgreSQL cluster: no TCP port, a socket in a directory of its own, password sign-in."""

import os
import secrets
import signal
import subprocess
from pathlib import Path

from .processes import Process, StartError, clean_environment, run, service_user


def program_directory():
    """Where initdb and postgres of the newest installed PostgreSQL are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not found:
        raise StartError("PostgreSQL is not installed: scripts/install-packages")
    return found[-1].parent


class Cluster:
    """`directory` holds the data (kept), `socket_directory` the socket (short: the kernel allows 107 characters).

    As root it runs as `postgres`, because initdb refuses root; `directory` must be reachable for that user.
    """

    SUPERUSER = "postgres"
    name = "PostgreSQL"

    def __init__(self, directory, socket_directory, log, *, is_durable=True, settings=None, encoding="UTF8",
                 locale="C.UTF-8"):
        self._directory = Path(directory)
        self._data = self._directory / "data"
        self._password_file = self._directory / "superuser-password"
        self.socket_directory = Path(socket_directory)
        self._log = log
        self._is_durable = is_durable
        self._encoding, self._locale = encoding, locale
        self._settings = settings or {}
        self._user = service_user("postgres")
        self._programs = program_directory()
        self._process = None

    def start(self):
        """Creates the cluster if there is none, and starts it. Returns self."""
        if not (self._data / "PG_VERSION").exists():
            self._create()
        self.socket_directory.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            # Only the socket's owner needs to write here; everybody else proves a password.
            self._give_to_user(self.socket_directory)
        settings = {"listen_addresses": "", "unix_socket_directories": self.socket_directory,
                    "max_connections": 150, "log_min_messages": "warning", "shared_buffers": "32MB"}
        if not self._is_durable:
            settings.update(fsync="off", full_page_writes="off", synchronous_commit="off")
        settings.update(self._settings)
        command = [self._programs / "postgres", "-D", self._data]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self._process = Process("PostgreSQL", command, self._log, user=self._user, stop_signal=signal.SIGINT,
                                patience=20)
        self._process.wait_until(self._is_ready, 30, "to accept connections")
        return self

    def is_running(self):
        return self._process is not None and self._process.is_running()

    @property
    def pid(self):
        return self._process.pid

    def stop(self):
        if self._process is not None:
            self._process.stop()
            self._process = None

    def __enter__(self):
        return self if self.is_running() else self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def superuser_password(self):
        return self._password_file.read_text().strip()

    def conninfo(self, database="postgres", user=SUPERUSER, password=None):
        """A libpq connection string; with the superuser's password unless another user is named."""
        text = f"host={self.socket_directory} dbname={database} user={user}"
        if password is None and user == self.SUPERUSER:
            password = self.superuser_password
        return f"{text} password={password}" if password else text

    def sql(self, statement, database="postgres"):
        """Runs SQL as superuser; returns the rows as text lines, columns separated by '|'."""
        environment = clean_environment(PGPASSWORD=self.superuser_password)
        return run([self._programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.socket_directory,
                    "-U", self.SUPERUSER, "-d", database, "-f", "-"],
                   environment=environment, input_text=statement).splitlines()

    def ensure_database(self, name, owner, password):
        """A login role and a database it owns, made unless they exist. `name` and `owner`: plain identifiers."""
        if not self.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{owner}'"):
            self.sql(f"CREATE ROLE {owner} LOGIN")
        self.sql(f"ALTER ROLE {owner} PASSWORD '{password}'")
        if not self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            self.sql(f"CREATE DATABASE {name} OWNER {owner}")

    def _is_ready(self):
        probe = [self._programs / "pg_isready", "-q", "-h", self.socket_directory]
        return subprocess.run(probe, env=clean_environment(), check=False, cwd="/").returncode == 0

    def _create(self):
        self._directory.mkdir(parents=True, exist_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_hex(24) + "\n")
        if self._user is not None:
            self._give_to_user(self._directory)
            self._give_to_user(self._password_file)
        run([self._programs / "initdb", "-D", self._data, "-U", self.SUPERUSER, "-A", "scram-sha-256",
             f"--pwfile={self._password_file}", "-E", self._encoding, f"--locale={self._locale}", "--no-sync"], user=self._user)

    def _give_to_user(self, path):
        os.chown(path, self._user.pw_uid, self._user.pw_gid)
