"""A configuration of its own for the `anteroom` command, and ways to run it."""

import json
import secrets
import subprocess
from pathlib import Path
from typing import Any

import psycopg2

from tests.support import BUILD

YAML = """service_provider:
  entity_id: urn:example:sp
  base_url: https://login.example.com
  apps: [https://app.example.com]
  landing_url: https://app.example.com/
identity_providers_directory: idp.d
database: {{ connection: "{connection}" }}
sessions: {{ cookie_keys: [cookie.key] }}
access: {{ levels: [viewer, technician, manager] }}
"""


class Installation:
    def __init__(self, directory: Path, connection: str) -> None:
        self.directory = directory
        self.connection = connection
        self.yaml = directory / "anteroom.yaml"
        self.yaml.write_text(YAML.format(connection=connection))
        key = directory / "cookie.key"
        key.write_text(secrets.token_hex(32))
        key.chmod(0o600)
        (directory / "idp.d").mkdir()

    def run(self, *arguments: object, configuration: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [BUILD / "core" / "cli" / "anteroom", "--config", configuration or self.yaml, *arguments]
        return subprocess.run([str(part) for part in command], text=True, capture_output=True, timeout=60, check=False)

    def ok(self, *arguments: object) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def json(self, *arguments: object) -> Any:
        return json.loads(self.ok("--json", *arguments))

    def refused(self, code: int, *arguments: object) -> str:
        done = self.run(*arguments)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert done.stderr.strip()
        return done.stderr

    def value(self, sql: str) -> Any:
        with psycopg2.connect(self.connection) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            row = cursor.fetchone()
            assert row, f"no row: {sql}"
            return row[0]
