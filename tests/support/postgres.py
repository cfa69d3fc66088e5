"""A private PostgreSQL cluster: no TCP port, a socket in a directory of its own, password sign-in."""

import os
import secrets
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from .processes import Process, StartError, clean_environment, run, service_user
from .psql import Psql


def program_directory() -> Path:
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

    def __init__(self, directory: Path, socket_directory: Path, log: Path, *, is_durable: bool = True,
                 settings: Mapping[str, object] | None = None, encoding: str = "UTF8", locale: str = "C.UTF-8") -> None:
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
        self._process: Process | None = None
        self.migrated: str | None = None  # a database with our schema, for copies
        self._psql: Psql | None = None  # connected still to the database that was asked last

    def start(self) -> Self:
        """Creates the cluster if there is none, and starts it. Returns self."""
        if not (self._data / "PG_VERSION").exists():
            self._create()
        self.socket_directory.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            # Only the socket's owner needs to write here; everybody else proves a password.
            self._give_to_user(self.socket_directory)
        settings: dict[str, object] = {"listen_addresses": "", "unix_socket_directories": self.socket_directory,
                    "max_connections": 150, "log_min_messages": "warning", "shared_buffers": "32MB"}
        if not self._is_durable:
            settings.update(fsync="off", full_page_writes="off", synchronous_commit="off")
        settings.update(self._settings)
        command: list[object] = [self._programs / "postgres", "-D", self._data]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self._process = Process("PostgreSQL", command, self._log, user=self._user, stop_signal=signal.SIGINT,
                                patience=20)
        self._process.wait_until(self._is_ready, 30, "to accept connections")
        return self

    def is_running(self) -> bool:
        return self._process is not None and self._process.is_running()

    @property
    def pid(self) -> int:
        assert self._process is not None, "PostgreSQL has not been started"
        return self._process.pid

    def stop(self) -> None:
        if self._psql is not None:
            self._psql.close()
            self._psql = None
        if self._process is not None:
            self._process.stop()
            self._process = None

    def __enter__(self) -> Self:
        return self if self.is_running() else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def superuser_password(self) -> str:
        return self._password_file.read_text().strip()

    def conninfo(self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        """A libpq connection string; with the superuser's password unless another user is named."""
        text = f"host={self.socket_directory} dbname={database} user={user}"
        if password is None and user == self.SUPERUSER:
            password = self.superuser_password
        return f"{text} password={password}" if password else text

    def sql(self, statement: str, database: str = "postgres") -> list[str]:
        """Runs SQL as superuser; returns the rows as text lines, columns separated by '|'."""
        psql, self._psql = self._psql, None  # whoever asks meanwhile, in another thread, starts one
        if psql is not None and not psql.is_fresh_for(database):
            psql.close()
            psql = None
        if psql is None:
            psql = Psql(self._programs / "psql", self.socket_directory, self.SUPERUSER, self.superuser_password, database)
        answer = psql.run(statement)
        self._psql = psql
        return answer

    def ensure_database(self, name: str, owner: str, password: str, template: str = "template1") -> None:
        """A login role and a database it owns, made unless they exist. `name` and `owner`: plain identifiers."""
        self.sql(f"SELECT 'CREATE ROLE {owner} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{owner}') \\gexec\n"
                 f"ALTER ROLE {owner} PASSWORD '{password}';\n"
                 f"SELECT 'CREATE DATABASE {name} OWNER {owner} TEMPLATE {template}' WHERE NOT EXISTS "
                 f"(SELECT FROM pg_database WHERE datname = '{name}') \\gexec\n")

    def _is_ready(self) -> bool:
        probe = [self._programs / "pg_isready", "-q", "-h", self.socket_directory]
        return subprocess.run([str(part) for part in probe], env=clean_environment(), check=False, cwd="/").returncode == 0

    def _create(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_hex(24) + "\n")
        if self._user is not None:
            self._give_to_user(self._directory)
            self._give_to_user(self._password_file)
        run([self._programs / "initdb", "-D", self._data, "-U", self.SUPERUSER, "-A", "scram-sha-256",
             f"--pwfile={self._password_file}", "-E", self._encoding, f"--locale={self._locale}", "--no-sync"], user=self._user)

    def _give_to_user(self, path: Path) -> None:
        assert self._user is not None
        os.chown(path, self._user.pw_uid, self._user.pw_gid)
