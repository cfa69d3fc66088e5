"""The laboratory of tests/nginx (real nginx, real PostgreSQL), for attacks."""

import importlib.util
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

import live  # noqa: E402


@pytest.fixture(scope="module")
def keys_of_idp():
    return live.authorities()


@pytest.fixture(scope="module")
def metadata_of_idp(keys_of_idp):
    """What the node of a module knows of it; a module may say otherwise."""
    return live.registered(keys_of_idp)


@pytest.fixture(scope="module")
def module_lab(workspace, keys, app):
    made = laboratory.Lab(workspace, keys, app)
    yield made
    made.close()


@pytest.fixture(scope="module")
def node(request, module_lab, workspace, cluster, keys_of_idp, metadata_of_idp):
    """For all tests of a module. Ann may sign on there."""
    from test_live import configuration
    path = workspace / f"{request.module.__name__}.xml"
    path.write_text(metadata_of_idp)
    live.write_key_pairs(keys_of_idp, workspace)
    running = module_lab.node(cluster, yaml=configuration(path, ""))
    running.people.add("ann@corp.test")
    return running
