"""What ruff and mypy say about the Python of this repository."""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePath

from tests.support.npm import installed

TYPED = ("scripts.lib", "tests.support")  # what more than one folder imports, and what runs it all


def sources(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for folder in ("scripts", "tests") for path in (root / folder).rglob("*.py"))


def ruff(root: Path, build: Path) -> Iterator[tuple[str, list[str]]]:
    """One (name, problems), as .ruff.toml has it. The ruff that npm brings sees one text at a time, so that the exceptions for
    single files are ours to make."""
    options = tomllib.loads((root / ".ruff.toml").read_text())
    exceptions = options["lint"].pop("per-file-ignores")
    files = sources(root)
    done = subprocess.run(["/usr/bin/env", "node", root / "scripts/lib/ruff.js", installed(build) / "@astral-sh/ruff-wasm-nodejs"],
                          input=json.dumps({"options": options, "files": files}), cwd=root, capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    problems = [f"{one['file']}:{one['row']}:{one['column']}: {one['code']} {one['message']}" for one in found
                if not any(one["code"] in codes and PurePath(one["file"]).match(pattern) for pattern, codes in exceptions.items())]
    if done.returncode != 0:
        problems += ["ruff does not run", *done.stderr.splitlines()[-10:]]
    yield f"ruff: {len(files)} files", problems or ([] if files else ["no files"])


def mypy(root: Path, build: Path) -> Iterator[tuple[str, list[str]]]:
    """One (name, problems), as .mypy.ini has it."""
    packages = [word for name in TYPED for word in ("-p", name)]
    done = subprocess.run(["/usr/bin/mypy", "--cache-dir", build / "mypy", *packages], cwd=root, capture_output=True,
                          text=True, check=False)
    checked = re.search(r"^Success: no issues found in (\d+) source files?$", done.stdout, re.MULTILINE)
    yield f"mypy: {checked[1] if checked else 'no'} files", [] if checked else (done.stdout + done.stderr).splitlines()[:60]
