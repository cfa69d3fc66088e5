"""Nodes on which people sign on, for attacks."""

import pytest

from tests.support.laboratory import Lab, app, cluster, keys, lab, workspace
from tests.support.saml import live


@pytest.fixture(scope="module")
def keys_of_idp():
    return live.authorities()


@pytest.fixture(scope="module")
def metadata_of_idp(keys_of_idp):
    """What the node of a module knows of it; a module may say otherwise."""
    return live.registered(keys_of_idp)


@pytest.fixture(scope="module")
def module_lab(workspace, keys, app):
    made = Lab(workspace, keys, app)
    yield made
    made.close()


@pytest.fixture(scope="module")
def node(request, module_lab, workspace, cluster, keys_of_idp, metadata_of_idp):
    """For all tests of a module. Ann may sign on there."""
    path = workspace / f"{request.module.__name__}.xml"
    path.write_text(metadata_of_idp)
    live.write_key_pairs(keys_of_idp, workspace)
    running = module_lab.node(cluster, yaml=live.configuration(path, ""))
    running.people.add("ann@corp.test")
    return running
