"""Every SQL statement of the product, read from its sources, and what it answers as PostgreSQL says.

    python3 tests/database/statements.py CONNECTION > tests/database/released/VERSION.json

records those of this version, whose schema the database must have: done once per release."""

import json
import re
import subprocess
import sys
from pathlib import Path

STORE = Path(__file__).resolve().parents[2] / "core" / "src" / "store"
STATEMENT = re.compile(r'constexpr Statement k\w+\{\s*"(\w+)",\s*((?:"(?:[^"\\]|\\.)*"\s*)+)(?:,\s*Lane::\w+)?\}')


def statements():
    """Name to SQL."""
    found = {}
    for path in sorted(STORE.glob("*.cpp")):
        text = path.read_text()
        matches = STATEMENT.findall(text)
        assert len(matches) == text.count("constexpr Statement k"), f"{path.name}: a statement that this cannot read"
        for name, literals in matches:
            pieces = re.findall(r'"((?:[^"\\]|\\.)*)"', literals)
            assert name not in found, name
            found[name] = "".join(piece.replace('\\"', '"').replace("\\\\", "\\") for piece in pieces)
    return found


def answers(connection, named):
    """Name to the columns that a statement answers with, each "name type"; or to the error."""
    script = "SET search_path = anteroom, public;\n"
    for name, sql in named.items():
        script += f"\\echo == {name}\n{sql} \\gdesc\n"
    done = subprocess.run(["/usr/bin/psql", "-XqAt", "-F", " ", connection], input=script, capture_output=True, text=True,
                          check=True, timeout=60)
    parts = re.split(r"^== (\w+)\n", done.stdout, flags=re.MULTILINE)[1:]
    columns = {name: text.splitlines() for name, text in zip(parts[::2], parts[1::2], strict=True)}
    return columns, done.stderr


if __name__ == "__main__":
    own = statements()
    seen, problems = answers(sys.argv[1], own)
    if problems:
        sys.exit(problems)
    json.dump({name: {"sql": sql, "columns": seen[name]} for name, sql in own.items()}, sys.stdout, indent=1)
    print()
