"""Every `anteroom` command in the documentation is one that there is, with options that it has."""

import re
import shlex

import pytest

from tests.support import ROOT

from .test_command_line_page import EVERYWHERE, commands

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "nginx-conf").rglob("*.md"),
                *(ROOT / "nginx-conf").glob("*.service"), *(ROOT / ".github").glob("*.md")])


def written(text):
    """Command lines that begin with `anteroom`, in blocks of shell, in running text, and in units."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield from re.split(r"&&|\||;", line.split(" #")[0])
    yield from re.findall(r"`((?:sudo )?anteroom [^`]*)`", text)
    yield from re.findall(r"^ExecStart=\S*/(anteroom .*)$", text, re.MULTILINE)


def words_of(line):
    """The words after `anteroom`; None: it is another command, or a pattern and no command."""
    if not re.match(r"\s*(?:sudo (?:-u \S+ )?)?anteroom\s", line) or re.search(r"[…|\[(]|COMMAND", line):
        return None
    words = shlex.split(line)
    return words[words.index("anteroom") + 1:]


def problem(words, known):
    """What is wrong with a command, or None. Options that hold everywhere may stand anywhere."""
    paths = {" ".join(parts[:count]) for parts in map(str.split, known) for count in range(1, len(parts) + 1)}
    path = ""
    for word in words:
        if word.startswith("-") or f"{path} {word}".strip() not in paths:
            break
        path = f"{path} {word}".strip()
    if not path:
        return None if words and words[0] in EVERYWHERE else "there is no such command"
    options = {word.split("=")[0] for word in words if re.match(r"--[a-z]", word)} - EVERYWHERE
    allowed = set().union(*(own for command, own in known.items() if command == path or command.startswith(f"{path} ")))
    if options - allowed:
        return f"{path} has no {', '.join(options - allowed)}"
    rest = words[len(path.split(" ")):]
    if path not in known and rest and not rest[0].startswith("-"):
        return f"{path} has no {rest[0]}"
    return None


def test_every_command_in_the_documentation_exists():
    known, seen, wrong = commands(), 0, []
    for page in PAGES:
        for line in written(page.read_text()):
            words = words_of(line)
            if words is None:
                continue
            seen += 1
            if (what := problem(words, known)) is not None:
                wrong.append(f"{page.relative_to(ROOT)}: {line.strip()}: {what}")
    assert not wrong, "\n".join(wrong)
    assert seen > 40, "the documentation names more commands than that"


@pytest.mark.parametrize("line", ["anteroom migrat", "anteroom user provison ann@x.test", "anteroom idp add x --metdata y",
                                  "sudo -u www-data anteroom keys rotete cookie"])
def test_a_misspelt_one_would_be_noticed(line):
    assert problem(words_of(line), commands()) is not None
