"""The commands and the configuration that README.md shows, for a test to follow."""

import re
from dataclasses import dataclass

from tests.support import ROOT

README = ROOT / "README.md"


@dataclass
class Block:
    language: str
    text: str


def blocks(heading, page=README):
    """The fenced blocks of a section, in order."""
    section = re.search(rf"^##? {re.escape(heading)}\n(.*?)(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    assert section, f"{page.name} has no section {heading!r}"
    return [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)]


def install_command(*options):
    """What the guide installs the packages with, where nobody is asked; `options` for apt-get."""
    build, apt = blocks("In front of your own app, in ten minutes")[0].text.strip().splitlines()
    assert build.startswith("scripts/package")  # done outside
    words = " ".join(("apt-get install -y -q --no-install-recommends", *options))
    return f"cd / && {apt.replace('apt install', words)}"
