"""Real nginx nodes with a real PostgreSQL and an app behind them: fixtures that a conftest imports."""

import base64
import contextlib
import datetime
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from . import BUILD
from .echo_app import EchoApp
from .node import Node, directory_for_nginx, nginx_configuration
from .people import People
from .postgres import Cluster
from .processes import StartError, free_port, scratch_directory
from .rsa_keys import rsa_key

METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.northwind.example">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>
{certificate}
</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.northwind.example/sso"/>
</IDPSSODescriptor></EntityDescriptor>
"""


def certificate() -> str:
    """A self-signed one: base64 of its DER bytes."""
    key = rsa_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.northwind.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=300)).sign(key, hashes.SHA256()))
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


@pytest.fixture(scope="session")
def workspace() -> Iterator[Path]:
    """Paths that the servers' own accounts can reach."""
    path = scratch_directory("anteroom-nginx-")
    yield path
    if "ANTEROOM_KEEP" not in os.environ:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def keys(workspace: Path) -> Path:
    (workspace / "cookie.key").write_text(secrets.token_hex(32) + "\n")
    (workspace / "cookie.key").chmod(0o600)
    (workspace / "northwind.xml").write_text(METADATA.format(certificate=certificate()))
    return workspace


def start_cluster(directory: Path) -> Cluster:
    return Cluster(directory / "pg", directory / "s", directory / "postgres.log", is_durable=False).start()


@pytest.fixture(scope="session")
def cluster(workspace: Path) -> Iterator[Cluster]:
    with start_cluster(workspace) as running:
        yield running


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A PostgreSQL that a test may stop, freeze and start again."""
    directory = scratch_directory("anteroom-own-")
    running = start_cluster(directory)
    yield running
    running.stop()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def app() -> Iterator[EchoApp]:
    with EchoApp() as running:
        yield running
        running.shutdown()


TROUBLE = re.compile(r"\[(warn|error|crit|alert|emerg)\]")


class Lab:
    """Makes nodes and databases for a test and checks, when it ends, that no sanitizer complained."""

    def __init__(self, workspace: Path, keys: Path, app: EchoApp) -> None:
        self._workspace = workspace
        self._keys = keys
        self._app = app
        self._nodes: list[Node] = []
        self._databases: list[tuple[Cluster, str]] = []

    def database(self, cluster: Cluster, template: str = "template1") -> str:
        name = f"t{secrets.token_hex(5)}"
        cluster.ensure_database(name, "anteroom_test", "secret", template)
        self._databases.append((cluster, name))
        return name

    def migrated_database(self, cluster: Cluster) -> str:
        """A copy of one that was migrated when the first was wanted."""
        if cluster.migrated is None:
            template = self.database(cluster)
            self.migrate(self.node(cluster, template, migrate=False, start=False))
            cluster.migrated = template
            self._databases.remove((cluster, template))
        return self.database(cluster, cluster.migrated)

    def remembering(self, cluster: Cluster, **more: Any) -> tuple[Node, str, str]:
        """A node, and token and address of somebody whom it remembers: signed in before it listens, or what it is told of their grants a
        moment later makes it ask again."""
        node = self.node(cluster, start=False, **more)
        token, email, _ = node.people.sign_in()
        node.start()
        node.wait_for_listener()
        assert node.ask("/x", token).status == 200
        return node, token, email

    def yaml(self, port: int, connection: str, more: str = "") -> str:
        return f"""\
service_provider:
  entity_id: urn:example:sp
  base_url: http://localhost:{port}
identity_providers:
  - name: northwind
    display_name: Northwind
    metadata: {self._keys}/northwind.xml
    domains: [northwind.example]
database:
  connection: {connection}
  pool_size: 2
  statement_timeout: 10s
  connect_timeout: 10s
  grace: 60s
sessions: {{ cookie_keys: [{self._keys}/cookie.key], cache_size: 8M }}
access: {{ levels: [viewer, technician, manager, admin] }}
manage: {{ request_new_users: manager, process_requests: admin }}
{more}"""

    def node(self, cluster: Cluster, database: str | None = None, *, migrate: bool = True,
             yaml: Callable[[str], str] | None = None, connection: str | None = None, start: bool = True, **configuration: Any) -> Node:
        """A running node with its database; `.people` makes sessions. `yaml` changes its text."""
        if database is None and migrate:
            database, migrate = self.migrated_database(cluster), False
        elif database is None:
            database = self.database(cluster) if start else "nobody_has_made_it"
        directory = directory_for_nginx(self._workspace / f"n{secrets.token_hex(3)}")
        port = free_port()
        text = self.yaml(port, connection or cluster.conninfo(database, "anteroom_test", "secret"))
        node = Node(BUILD, directory, port, yaml(text) if yaml else text,
                    nginx_configuration(BUILD, directory, port, self._app.port, **configuration))
        node.database = database
        node.people = People(cluster, database, f"http://localhost:{port}", self._keys / "cookie.key")
        node.write()
        if migrate:
            self.migrate(node)
        self._nodes.append(node)
        return node.start() if start else node

    def _drop_databases(self) -> None:
        for cluster, name in self._databases:
            if cluster.is_running():
                with contextlib.suppress(StartError):  # one that takes no changes goes with its cluster
                    cluster.sql(f"DROP DATABASE {name} WITH (FORCE)")
        self._databases.clear()

    def migrate(self, node: Node) -> None:
        node.cli("migrate")

    def close(self) -> None:
        for node in self._nodes:
            node.stop()
        self._drop_databases()
        reports = "".join(node.sanitizer_reports() for node in self._nodes)
        for node in self._nodes:  # pytest shows it with a test that failed
            print(f"{node.directory.name}:", *[line for line in node.error_log().splitlines() if TROUBLE.search(line)][-40:], sep="\n  ")
        alerts = [line for node in self._nodes for line in node.error_log().splitlines() if "[alert]" in line]
        self._nodes.clear()
        assert not reports, reports
        assert not alerts, "\n".join(alerts)


@pytest.fixture
def lab(workspace: Path, keys: Path, app: EchoApp) -> Iterator[Lab]:
    made = Lab(workspace, keys, app)
    yield made
    made.close()


@pytest.fixture(scope="module")
def node(workspace: Path, keys: Path, app: EchoApp, cluster: Cluster) -> Iterator[Node]:
    """One node for the tests of a file that change nothing about it."""
    made = Lab(workspace, keys, app)
    yield made.node(cluster)
    made.close()
