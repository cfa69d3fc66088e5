from tests.support.laboratory import app, cluster, keys, lab, node, own_cluster, workspace
