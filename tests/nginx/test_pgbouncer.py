"""PgBouncer between the nodes and PostgreSQL, as operations.md says to set it."""

import signal
import tempfile
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.processes import Process, service_user, wait_until

PROGRAM = Path("/usr/sbin/pgbouncer")
PAGE = ROOT / "nginx-conf" / "manual" / "operations.md"

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="no pgbouncer: scripts/install-packages test")


@pytest.fixture
def bouncer(cluster):
    folder = Path(tempfile.mkdtemp(prefix="anteroom-pgb-", dir="/tmp"))
    folder.chmod(0o777)
    (folder / "users").write_text('"anteroom_test" "secret"\n')
    documented = PAGE.read_text().split("```ini\n")[1].split("```")[0]
    own = f"""[databases]
* = host={cluster.socket_directory}
[pgbouncer]
{documented.split("[pgbouncer]")[1].strip()}
listen_addr =
unix_socket_dir = {folder}
listen_port = 6432
auth_type = plain
auth_file = {folder}/users
"""
    (folder / "pgbouncer.ini").write_text(own)
    for path in folder.iterdir():
        path.chmod(0o644)
    user = service_user("postgres")
    process = Process("PgBouncer", [PROGRAM, folder / "pgbouncer.ini"], folder / "log", user=user,
                      stop_signal=signal.SIGINT)
    process.wait_until((folder / ".s.PGSQL.6432").exists, 20, "to listen")
    yield folder
    process.stop()


def test_a_gate_behind_pgbouncer(lab, cluster, bouncer):
    """Statements, and that ends of sessions are heard of, by the same connection string."""
    database = lab.database(cluster)
    direct = cluster.conninfo(database, "anteroom_test", "secret")
    by_bouncer = direct.replace(f"host={cluster.socket_directory}", f"host={bouncer} port=6432")
    assert by_bouncer != direct
    node = lab.node(cluster, database, connection=by_bouncer)
    token, _, _ = node.people.sign_in()
    wait_until(lambda: node.ask("/x", token).status == 200, 10, "the session to be known")
    for _ in range(20):
        assert node.ask("/x", token).status == 200
    node.people.end_session(token)
    wait_until(lambda: node.ask("/x", token).status == 302, 4, "the end to be heard of within two seconds")
    assert "prepared statement" not in node.error_log()
