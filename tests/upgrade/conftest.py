"""Two versions side by side: this one, and an older build that ANTEROOM_PREVIOUS_BUILD names."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / name) for name in ("nginx", "support", "attacks")]

spec = importlib.util.spec_from_file_location("laboratory", TESTS / "nginx" / "conftest.py")
laboratory = importlib.util.module_from_spec(spec)
sys.modules["laboratory"] = laboratory
spec.loader.exec_module(laboratory)

workspace, keys, cluster, app, lab = (getattr(laboratory, name) for name in ("workspace", "keys", "cluster", "app", "lab"))

NEW = laboratory.BUILD
OLD = Path(os.environ["ANTEROOM_PREVIOUS_BUILD"]).resolve()


@pytest.fixture
def start(lab, cluster, workspace, keys, monkeypatch):
    """start(build, database) is a node of that build, which migrates the database with its own command."""
    import live
    from node import sanitizer_environment
    from test_live import configuration
    authorities = live.authorities()
    metadata = workspace / "upgrade.xml"
    metadata.write_text(live.registered(authorities))
    live.write_key_pairs(authorities, workspace)

    def make(build, database):
        monkeypatch.setattr(laboratory, "BUILD", build)
        node = lab.node(cluster, database, yaml=configuration(metadata, ""), start=False)
        if not sanitizer_environment(build, "", ""):  # but nginx itself may have them
            node.more_environment["ASAN_OPTIONS"] = "detect_leaks=0"
        node.authorities = authorities
        return node.start()
    return make
