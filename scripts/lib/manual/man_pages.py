"""The man pages, as git has them: anteroom(1), one for each command that `anteroom` takes (anteroom-idp(1)), and anteroom.yaml(5)."""

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import command_page
from .command_page import Section

ROOT = Path(__file__).resolve().parents[3]
FILTER = Path(__file__).with_name("man.lua")
CONFIGURATION = command_page.PAGE.with_name("configuration.md")
SYNOPSIS = re.compile(r"^```text\n(.*?)^```\n?", re.MULTILINE | re.DOTALL)
TITLES = {"Exit codes": "Exit status"}  # as man pages have it


@dataclass
class Page:
    name: str
    section: int
    purpose: str  # the line that `man -k` finds
    parts: list[tuple[str, str]]  # heading and Markdown

    def markdown(self) -> str:
        parts = [("Name", f"{self.name} - {self.purpose}"), *self.parts]
        return "\n\n".join(f"# {title}\n\n{text}" for title, text in parts if text) + "\n"


def synopsis(lines: list[str]) -> str:
    return "\n".join(["```synopsis", *lines, "```"])


def before_sections(page: str) -> str:
    """What stands between the title and the first heading."""
    return page.split("\n## ", 1)[0].split("\n", 1)[1].strip()


def purpose(lead: str) -> str:
    """"Check the database." as "check the database"; a name keeps its capital."""
    said = lead.replace("`", "").removesuffix(".")
    return said if said.startswith("New User") else said[0].lower() + said[1:]


def prose(section: Section) -> str:
    """Without the sentence and the synopses that each begins with; links to what holds for all lead to anteroom(1)."""
    text = SYNOPSIS.sub("", section.text.partition("\n\n")[2])
    return text.replace("](#", "](command-line.md#").strip()


def groups(sections: list[Section]) -> dict[str, list[Section]]:
    """Command -> its section and those of the commands within."""
    found: dict[str, list[Section]] = {}
    for section in sections:
        if section.is_command:
            found.setdefault(section.title.split()[0], []).append(section)
    return found


def overview(page: str) -> Page:
    """anteroom(1): what holds for every command, and which there are."""
    text = before_sections(page)
    sections = command_page.sections(page)
    listed = [f"- `anteroom-{of}(1)`: {purpose(command_page.command(parts[0].text).lead)}." for of, parts in groups(sections).items()]
    general = [(TITLES.get(section.title, section.title), section.text) for section in sections if not section.is_command]
    return Page("anteroom", 1, "configure and run the SAML gate of nginx", [
        ("Synopsis", synopsis(SYNOPSIS.findall(text)[0].splitlines())), ("Description", SYNOPSIS.sub("", text)),
        ("Commands", "\n".join(listed)), *general,
        ("Files", "- `/etc/anteroom/anteroom.yaml`: the configuration."),
        ("See also", "**anteroom.yaml**(5), */usr/share/doc/anteroom/README.md*")])


def command(of: str, own: Section, within: list[Section]) -> Page:
    """One command, or a group with all that stand in it."""
    lines = [line for section in (own, *within) for line in command_page.command(section.text).synopses]
    inside = [f"## {section.title}\n\n{command_page.command(section.text).lead}\n\n{prose(section)}" for section in within]
    return Page(f"anteroom-{of}", 1, purpose(command_page.command(own.text).lead), [
        ("Synopsis", synopsis(lines)), ("Description", prose(own)), ("Commands", "\n\n".join(inside)),
        ("See also",
         "**anteroom**(1), which has what holds for all commands: options, exit status, who may run them; **anteroom.yaml**(5)")])


def configuration(page: str) -> Page:
    sections: list[tuple[str, str]] = []
    for section in command_page.sections(page):
        if section.depth == 2:
            sections.append((section.title, section.text))
        else:
            title, text = sections.pop()
            sections.append((title, f"{text}\n\n## {section.title}\n\n{section.text}"))
    return Page("anteroom.yaml", 5, "configuration of Anteroom, the SAML gate of nginx", [
        ("Description", before_sections(page)), *sections, ("See also", "**anteroom**(1), **anteroom-init**(1), **anteroom-check**(1)")])


def pages() -> list[Page]:
    page = command_page.PAGE.read_text()
    return [overview(page), *(command(of, parts[0], parts[1:]) for of, parts in groups(command_page.sections(page)).items()),
            configuration(CONFIGURATION.read_text())]


def version() -> str:
    found = re.search(r"^project\(anteroom VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
    return found[1] if found else ""


def date() -> str:
    """Of SOURCE_DATE_EPOCH, if it is set: the same sources make the same page."""
    return time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))


def tidy(roff: str) -> str:
    """Without what pandoc says first, of fonts that no page here uses, and paragraphs that begin where one begins anyway."""
    return re.sub(r"^(\.S[HS] .*\n)\.PP\n", r"\1", roff[roff.index(".TH "):], flags=re.MULTILINE)


def write(page: Page, directory: Path) -> Path:
    """The path of the page, in roff."""
    settings = {"title": page.name.upper(), "section": page.section, "date": date(),
                "footer": f"Anteroom {version()}", "header": "Anteroom"}
    variables = [word for key, value in settings.items() for word in ("-V", f"{key}={value}")]
    roff = subprocess.run(["/usr/bin/pandoc", "--from", "gfm", "--to", "man", "--standalone", "--lua-filter", FILTER, *variables],
                          input=page.markdown(), text=True, check=True, stdout=subprocess.PIPE).stdout
    file = directory / f"{page.name}.{page.section}"
    file.write_text(tidy(roff))
    return file


def build(directory: Path) -> list[Path]:
    """Writes them all there, and nothing else stays there."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return [write(page, directory) for page in pages()]


def complaints(file: Path) -> list[str]:
    """What mandoc and groff have against a page."""
    lint = subprocess.run(["/usr/bin/mandoc", "-Tlint", file], capture_output=True, text=True, check=False)
    shown = subprocess.run(["/usr/bin/man", "--warnings", "-l", file], capture_output=True, text=True, check=False,
                           env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
    return (lint.stdout + lint.stderr + shown.stderr).splitlines()
