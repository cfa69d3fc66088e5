"""nginx-conf/manual/command-line.md names every command and option there is, and none that there is not."""

import re
import subprocess
from pathlib import Path

from installation import BUILD

PAGE = Path(__file__).resolve().parents[2] / "nginx-conf" / "manual" / "command-line.md"
EVERYWHERE = {"--help", "--version", "--config", "--json"}


def commands():
    """Command -> its own options, as the program itself knows them."""
    said = subprocess.run([str(BUILD / "core" / "cli" / "anteroom"), "completion"], capture_output=True, text=True,
                          check=True).stdout
    found = {path: set(words.split()) for path, words in re.findall(r'^ +"([^"]*)"\) words="([^"]*)"', said, re.MULTILINE)}
    own = {path: {word for word in words if word.startswith("--")} - EVERYWHERE for path, words in found.items() if path}
    groups = {path for path in own if any(other.startswith(f"{path} ") for other in own)}
    return {path: options for path, options in own.items() if path not in groups or options}


def documented():
    """Command -> the text of all its rows."""
    rows = {}
    for usage, text in re.findall(r"^\| `([a-z][^`]*)` \| (.*) \|$", PAGE.read_text(), re.MULTILINE):
        path = re.match(r"[a-z-]+(?: [a-z][a-z-]*)*", usage)[0]
        rows[path] = " ".join([rows.get(path, ""), usage, text])
    return rows


def test_every_command_is_there_and_no_other():
    assert set(documented()) == set(commands())


def test_every_option_is_there_and_no_other():
    rows = documented()
    behind = PAGE.read_text().split("\n\n")[-5:]  # what holds for several commands
    for command, options in commands().items():
        named = set(re.findall(r"--[a-z][a-z0-9-]+", rows[command]))
        assert named - EVERYWHERE <= options, command
        missing = options - named - set(re.findall(r"--[a-z][a-z0-9-]+", " ".join(behind)))
        assert not missing, f"{command}: {missing}"
