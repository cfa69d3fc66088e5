"""nginx-conf/manual/command-line.md says of every command what the program's own --help says: each option, whether it takes a value, may
be repeated, which values and which default it has."""

import functools
import re
import subprocess
from dataclasses import dataclass

import pytest

from scripts.lib.manual import command_page
from tests.support.installation import BUILD

EVERYWHERE = {"--help", "--version", "--config", "--json"}
OPTION = re.compile(r"^  (--[a-z][a-z0-9-]*)( (?:TEXT|INT|\[[A-Z]+\]))?(?::(\{[^}]*\}|INT in \S+ - \S+\]))?(?:=(.*?))?( \.\.\.)?"
                    r"(?: REQUIRED)?(?: (?:Needs|Excludes): .*)?(?:  +(.*))?$")


@dataclass
class Known:
    """An option as --help shows it."""
    takes_value: bool
    takes_several: bool
    words: set[str]  # the default, and those that may stand there
    help: str


@dataclass
class Help:
    lead: str
    arguments: set[str]
    options: dict[str, Known]


def run(*words):
    return subprocess.run([str(BUILD / "core" / "cli" / "anteroom"), *words], capture_output=True, text=True, check=True).stdout


def commands():
    """Command -> its own options, as the program itself knows them."""
    found = {path: set(words.split()) for path, words in re.findall(r'^ +"([^"]*)"\) words="([^"]*)"', run("completion"), re.MULTILINE)}
    own = {path: {word for word in words if word.startswith("--")} - EVERYWHERE for path, words in found.items() if path}
    groups = {path for path in own if any(other.startswith(f"{path} ") for other in own)}
    return {path: options for path, options in own.items() if path not in groups or options}


def known(line):
    """(name, Known) of a line of --help; what a line is too long for stands in the next."""
    found = OPTION.match(line)
    assert found, f"--help shows an option in a way that this test does not know: {line}"
    name, value, choices, default, several, said = found.groups()
    words = set(choices[1:-1].split(",")) if choices and choices.startswith("{") else set()
    return name, Known(value is not None, several is not None, words | ({default} if default else set()), said or "")


@functools.cache
def help_of(path):
    said = re.sub(r"\n {20,}(?=\S)", "  ", run(*path.split(), "--help"))
    usage = re.search(rf"^Usage: anteroom {path} \[OPTIONS\](.*)$", said, re.MULTILINE)[1]
    shown = [line for line in said.splitlines() if line.startswith("  --")]
    return Help(said.splitlines()[0], set(re.findall(r"[A-Z]+", usage)) - {"SUBCOMMAND"}, dict(known(line.rstrip()) for line in shown))


def documented():
    return command_page.commands(command_page.PAGE.read_text())



def test_every_command_is_there_and_no_other():
    groups = {path for path in documented() if any(other.startswith(f"{path} ") for other in documented())}
    assert set(documented()) - groups == set(commands()) - groups
    assert {path for path in groups if documented()[path].synopses} == groups & set(commands())


def test_each_begins_with_what_help_says():
    for path, command in documented().items():
        said = help_of(path).lead
        assert command.lead.replace("`", "") == f"{said[0].upper()}{said[1:]}.", path


def test_each_synopsis_is_of_its_command_and_names_what_there_is():
    for path in commands():
        synopses = documented()[path].synopses
        assert synopses and all(re.match(rf"anteroom {path}(?: [^a-z]|$)", line) for line in synopses), path
        named = set(re.findall(r"--[a-z][a-z0-9-]*", " ".join(synopses)))
        assert named <= set(documented()[path].options), path
        assert named == set(documented()[path].options) or any("[OPTION…]" in line for line in synopses), path
        assert help_of(path).arguments <= set(re.findall(r"\b[A-Z]+\b", " ".join(synopses))), path


@pytest.mark.parametrize("path", sorted(command_page.commands(command_page.PAGE.read_text())))
def test_every_option_is_there_and_no_other(path):
    said = documented()[path].options
    assert set(said) == set(help_of(path).options) == commands().get(path, set())
    for name, option in said.items():
        program = help_of(path).options[name]
        assert bool(option.value) == program.takes_value, name
        assert program.takes_several or not option.is_repeatable, name
        assert option.is_repeatable or "repeatable" not in program.help, name
        assert all(f"`{word}`" in option.text or f"({word})" in option.text for word in program.words), (name, program.words)


def test_what_holds_for_all_commands_is_there():
    general = command_page.PAGE.read_text().split("\n## ")[0]
    assert set(re.findall(r"^- `(--[a-z]+)", general, re.MULTILINE)) == EVERYWHERE
