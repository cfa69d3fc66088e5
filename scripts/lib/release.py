"""Whether a tag can be released: prints what CHANGELOG.md says of it, or why not. The version itself is in CMakeLists.txt alone."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def version_of(root: Path) -> str:
    named = re.search(r"^project\(anteroom VERSION (\S+)", (root / "CMakeLists.txt").read_text(), re.MULTILINE)
    assert named, "CMakeLists.txt names no version"
    return named[1]


def section_of(root: Path, version: str) -> str | None:
    """What stands below "## X.Y.Z (YYYY-MM-DD)", up to the next version; None: there is no such heading, or nothing below it."""
    changelog = (root / "CHANGELOG.md").read_text()
    found = re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found and found[1].strip() else None


def trouble(root: Path, tag: str) -> str | None:
    """Why this tag is not one of this version; None: it is."""
    version = version_of(root)
    if tag != f"v{version}":
        return f"the tag {tag} is not v{version}, the version in CMakeLists.txt"
    if section_of(root, version) is None:
        return f'CHANGELOG.md has no section "## {version} (YYYY-MM-DD)"'
    return None


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: release.py vX.Y.Z")
    if (why := trouble(ROOT, sys.argv[1])) is not None:
        sys.exit(f"release: {why}")
    print(section_of(ROOT, version_of(ROOT)))


if __name__ == "__main__":
    main()
