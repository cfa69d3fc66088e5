"""Builds what is shipped and makes Debian packages of it: the same bytes from the same commit in the same directory."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT
from tests.support.processes import clean_environment


def date_of_sources() -> str:
    """Seconds: of the commit, or of the changelog where the sources are not in git."""
    done = subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or str(int((ROOT / "CHANGELOG.md").stat().st_mtime))


def contact() -> list[str]:
    """Who the packages are from, as Debian's own tools ask for it."""
    name, address = os.environ.get("DEBFULLNAME"), os.environ.get("DEBEMAIL")
    return [f"-DANTEROOM_PACKAGE_CONTACT={name} <{address}>"] if name and address else []


def build(directory: Path, revision: str, jobs: int | None) -> list[Path]:
    """The paths of the packages."""
    kept = {name: os.environ[name] for name in ("CCACHE_DIR",) if name in os.environ}
    environment = clean_environment(SOURCE_DATE_EPOCH=date_of_sources(), **kept)
    packages = directory / "packages"
    shutil.rmtree(packages, ignore_errors=True)
    for command in (["cmake", "--preset", "release", "-B", directory, "-DANTEROOM_TESTS=OFF", "-DANTEROOM_MANUAL=ON",
                     f"-DANTEROOM_PACKAGE_REVISION={revision}", *contact()],
                    ["cmake", "--build", directory, *([f"-j{jobs}"] if jobs else [])],
                    ["cpack", "--config", directory / "CPackConfig.cmake"]):
        done = subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            sys.exit(f"{done.stdout[-4000:]}\nscripts/package: {command[0]} failed")
    return sorted(packages.glob("*.deb"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/package", description=__doc__)
    parser.add_argument("--revision", default="1", help="Debian revision: raise it to package the same version anew (1)")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "package", help="build directory (build/package)")
    parser.add_argument("--jobs", type=int, help="how many compilers at once")
    arguments = parser.parse_args()
    if not re.fullmatch(r"[0-9][A-Za-z0-9.+~]*", arguments.revision):
        parser.error(f"'{arguments.revision}' is not a Debian revision")
    os.umask(0o022)
    print(*build(arguments.build.resolve(), arguments.revision, arguments.jobs), sep="\n")


if __name__ == "__main__":
    main()
