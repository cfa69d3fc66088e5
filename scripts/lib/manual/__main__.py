"""Builds the manual of nginx-conf/manual: HTML with search, and man pages."""

import argparse
import sys
from pathlib import Path

from . import pictures
from .checks import checks
from .site import ROOT


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/manual", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "manual", help="html/ and man/ are written there (build/manual)")
    parser.add_argument("--pictures", action="store_true", help="take the pictures of the pages again, of what the unit tests render")
    given = parser.parse_args()
    output = given.output.resolve()
    if given.pictures:
        pictures.renew(ROOT / "build" / "dev")
    is_good = True
    for name, problems in checks(output):
        if problems:
            is_good = False
            print(f"scripts/manual: {name}", *problems, sep="\n  ", file=sys.stderr)
    print(output / "html" / "index.html", output / "man", sep="\n")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
