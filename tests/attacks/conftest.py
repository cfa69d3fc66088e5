"""The laboratory of tests/nginx (real nginx, real PostgreSQL), for attacks."""

import importlib.util
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / name) for name in ("nginx", "support", "attacks")]

spec = importlib.util.spec_from_file_location("laboratory", TESTS / "nginx" / "conftest.py")
laboratory = importlib.util.module_from_spec(spec)
sys.modules["laboratory"] = laboratory
spec.loader.exec_module(laboratory)

workspace, keys, cluster, app, lab = (getattr(laboratory, name) for name in ("workspace", "keys", "cluster", "app", "lab"))
