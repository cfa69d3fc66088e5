from tests.support.laboratory import app, cluster, keys, lab, workspace
