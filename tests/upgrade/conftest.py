"""Two versions side by side: this one, and an older build that ANTEROOM_PREVIOUS_BUILD names."""

import os
from pathlib import Path

import pytest

from tests.support import laboratory
from tests.support.laboratory import app, cluster, keys, lab, workspace
from tests.support.node import sanitizer_environment
from tests.support.processes import sanitizer_options
from tests.support.saml import live

NEW = laboratory.BUILD
OLD = Path(os.environ["ANTEROOM_PREVIOUS_BUILD"]).resolve()


@pytest.fixture
def start(lab, cluster, workspace, keys, monkeypatch):
    """start(build, database) is a node of that build, which migrates the database with its own command."""
    authorities = live.authorities()
    metadata = workspace / "upgrade.xml"
    metadata.write_text(live.registered(authorities))
    live.write_key_pairs(authorities, workspace)

    def make(build, database):
        monkeypatch.setattr(laboratory, "BUILD", build)
        node = lab.node(cluster, database, yaml=live.configuration(metadata, ""), start=False)
        if not sanitizer_environment(build, "", ""):  # but nginx itself may have them
            node.more_environment["ASAN_OPTIONS"] = sanitizer_options("detect_leaks=0")
        node.authorities = authorities
        return node.start()
    return make
