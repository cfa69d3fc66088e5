"""The laboratory of the attacks."""

from pathlib import Path

ATTACKS = Path(__file__).resolve().parents[1] / "attacks"
exec(compile((ATTACKS / "conftest.py").read_text(), str(ATTACKS / "conftest.py"), "exec"))
