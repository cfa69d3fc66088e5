"""How nginx-conf/manual/command-line.md is written, for what is made of it and what checks it.

A heading in code is a command: `## ` one of the program's own, `### ` one of a group's. Below it stand one sentence (what `--help` says),
a block of synopses (not for a group), text, and the options as a list: "- `--name VALUE…`: text", with … where it may be repeated."""

import re
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "nginx-conf" / "manual" / "command-line.md"
HEADING = re.compile(r"^(##+) (.+)$", re.MULTILINE)


@dataclass
class Section:
    depth: int
    title: str  # without the marks of code
    is_command: bool
    text: str


@dataclass
class Option:
    value: str  # as the page calls it; empty: it takes none
    is_repeatable: bool
    text: str


@dataclass
class Command:
    lead: str
    synopses: list[str]
    options: dict[str, Option] = field(default_factory=dict)


def sections(page: str) -> list[Section]:
    """All below the title, in order. No block of code has a line that looks like a heading."""
    parts = HEADING.split(page)
    return [Section(len(marks), title.strip("`"), title.startswith("`"), text.strip())
            for marks, title, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)]


def option(item: str) -> tuple[str, Option]:
    found = re.fullmatch(r"`(--[a-z][a-z0-9-]*)(?: ([^`]+))?`: (.+)", item)
    if found is None:
        raise ValueError(f"is not written like an option: {item}")
    value = found[2] or ""
    return found[1], Option(value.rstrip("…"), value.endswith("…"), found[3])


def command(text: str) -> Command:
    blocks = re.findall(r"^```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    items = [" ".join(item.split()) for item in re.findall(r"^- (.*?)(?=^- |^$|\Z)", text, re.MULTILINE | re.DOTALL)]
    return Command(text.split("\n\n", 1)[0].replace("\n", " "), [line for block in blocks for line in block.splitlines()],
                   dict(option(item) for item in items))


def commands(page: str) -> dict[str, Command]:
    """Path, such as "idp add" -> what the page says of it."""
    return {section.title: command(section.text) for section in sections(page) if section.is_command}
