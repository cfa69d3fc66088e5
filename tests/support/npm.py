"""What the tests need and Debian does not have, in the versions that package-lock.json names."""

import fcntl
import shutil
import subprocess
from pathlib import Path

from . import ROOT

WANTED = ROOT / "tests" / "support"  # package.json and its lock
INSTALL = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]


def installed(build: Path) -> Path:
    """The folder node_modules; made once, whoever asks first."""
    folder, lock = build / "npm", WANTED / "package-lock.json"
    build.mkdir(parents=True, exist_ok=True)
    with (build / "npm.lock").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not (folder / lock.name).exists() or (folder / lock.name).read_bytes() != lock.read_bytes():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            shutil.copy(WANTED / "package.json", folder)
            shutil.copy(lock, folder)
            try:
                subprocess.run(INSTALL, cwd=folder, check=True, timeout=300)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    return folder / "node_modules"
