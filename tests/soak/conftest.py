"""The laboratory of the faults."""

from pathlib import Path

FAULTS = Path(__file__).resolve().parents[1] / "faults"
HERE = FAULTS
exec(compile((FAULTS / "conftest.py").read_text().replace("Path(__file__).resolve().parent", "FAULTS"), "faults", "exec"))


@pytest.fixture
def durable_cluster():
    """It is killed: what it has acknowledged must be on the disk, as it is wherever people sign in."""
    folder = Path(tempfile.mkdtemp(prefix="anteroom-soak-", dir="/tmp"))
    folder.chmod(0o755)
    with laboratory.Cluster(folder / "pg", folder / "s", folder / "log", settings={"max_connections": "60"}) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)
