import shutil
import tempfile
from pathlib import Path

import pytest

from tests.faults.conftest import make_sign_ons, surroundings
from tests.support.laboratory import app, cluster, keys, lab, workspace
from tests.support.postgres import Cluster


@pytest.fixture
def durable_cluster():
    """It is killed: what it has acknowledged must be on the disk, as it is wherever people sign in."""
    folder = Path(tempfile.mkdtemp(prefix="anteroom-soak-", dir="/tmp"))
    folder.chmod(0o755)
    with Cluster(folder / "pg", folder / "s", folder / "log", settings={"max_connections": "60"}) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)
