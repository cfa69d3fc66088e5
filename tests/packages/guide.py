"""The commands and the configuration that README.md shows, for a test to follow."""

import re
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


@dataclass
class Block:
    language: str
    text: str


def blocks(heading):
    """The fenced blocks of a section, in order."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", README.read_text(), re.MULTILINE | re.DOTALL)
    assert section, f"README.md has no section {heading!r}"
    return [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)]
