"""What the tests of more than one folder, the demo and the benchmark stand on."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ANTEROOM_BUILD", ROOT / "build" / "dev")).resolve()
