"""What people are called: one set of rules, at whichever door it comes in. (Manage's: tests/unit/journey.)"""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def made(settled):
    settled.ok("property", "add", "elm-court", "Elm Court")
    settled.ok("user", "provision", "max@corp.test", "--level", "manager", "--all-properties")
    return settled


def imported(made, name):
    table = made.directory / "people.csv"
    table.write_bytes(b"email,name,property,level\nann@corp.test,\"" + name + b"\",elm,viewer\n")
    return made.run("import", table)


DOORS = {
    "user add": lambda made, name: made.run("user", "add", "ann@corp.test", "--name", name),
    "user provision": lambda made, name: made.run("user", "provision", "ann@corp.test", "--level", "viewer", "--property", "elm",
                                                  "--name", name),
    "request file": lambda made, name: made.run("request", "file", "ann@corp.test", "--level", "viewer", "--property", "elm",
                                                "--name", name, "--as", "max@corp.test"),
    "property add": lambda made, name: made.run("property", "add", "oak", name),
    "import": imported,
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name, reason", [
    (b"Ren\xe9 M\xfcller", "UTF-8"), ("Ren\ufffd".encode(), "UTF-8"), (b"Ann\nArbor", "cannot be seen"), (b"Ann\tArbor", "cannot be seen"),
    ("Ann\u202egnp".encode(), "cannot be seen"), ("A\u200cnn".encode(), "cannot be seen"), (b"\x1b[2J", "cannot be seen"),
    (b"x" * 101, "100 characters"), ("ł".encode() * 101, "100 characters"),
], ids=lambda value: value.decode("latin-1").encode("unicode_escape").decode()[:24] if isinstance(value, bytes) else value)
def test_a_name_that_is_none_is_refused(made, door, name, reason):
    done = DOORS[door](made, name if door == "import" else os.fsdecode(name))
    assert done.returncode == 1, done.stdout + done.stderr
    assert reason in done.stderr
    assert made.value("SELECT count(*) FROM anteroom.users WHERE email = 'ann@corp.test'") == 0
    assert made.value("SELECT count(*) FROM anteroom.properties WHERE key = 'oak'") == 0


def test_names_as_they_are_written_everywhere(ready):
    for number, name in enumerate(["Łukasz Ölund", "می\u200cخواهم", "李小龍", "O'Neil, \"Bob\"", "ł" * 100]):
        ready.ok("user", "add", f"p{number}@corp.test", "--name", f" {name} ")
        assert ready.json("user", "show", f"p{number}@corp.test")["name"] == name


def test_notes_and_reasons_follow_the_rule_for_notes(made):
    file = ["request", "file", "new@corp.test", "--level", "viewer", "--property", "elm", "--as", "max@corp.test", "--note"]
    for note in ["x" * 501, "Ann\u202e"]:
        made.refused(1, *file, note)
    assert made.value("SELECT count(*) FROM anteroom.access_requests") == 0


def test_import_takes_heads_as_people_write_them(made):
    table = HERE / "import_heads_as_typed.csv"
    assert made.json("import", table, "--dry-run", "--allow-unregistered-domain") == {"rows": 1, "imported": 0}
    made.ok("import", table, "--allow-unregistered-domain")
    shown = made.json("user", "show", "ann@northwind.example")
    assert (shown["name"], shown["grants"]) == ("Ann", "elm-court=viewer")


def test_import_names_the_lines_that_are_not_utf8(made):
    table = HERE / "import_windows_1252.csv"
    message = made.refused(1, "import", table, "--allow-unregistered-domain")
    assert "line 2 is not UTF-8" in message and "nothing was imported" in message
    assert "line 2 is not UTF-8" in made.refused(1, "import", table, "--dry-run", "--allow-unregistered-domain")
    utf16 = made.directory / "utf16.csv"
    utf16.write_bytes("email,property,level\nann@corp.test,elm,viewer\n".encode("utf-16"))
    assert "line 1 is not UTF-8" in made.refused(1, "import", utf16)


@pytest.mark.parametrize("day", ["2027-02-30", "2027-02-29", "2027-04-31", "2027-13-01", "2027-00-10", "0000-01-01", "2027-1-1", "soon",
                                 "2027-01-31T24:00:00Z", "2027-06-31T10:00:00Z"])
def test_an_impossible_day_is_named_with_its_line(made, day):
    table = made.directory / "days.csv"
    table.write_text(f"email,property,level,expires\nbob@corp.test,elm,viewer,2099-02-28\nann@corp.test,elm,viewer,{day}\n")
    message = made.refused(1, "import", table)
    assert "line 3" in message and day in message, message
    made.refused(1, "user", "provision", "ann@corp.test", "--level", "viewer", "--property", "elm", "--expires", day)
    assert made.value("SELECT count(*) FROM anteroom.users WHERE email = 'bob@corp.test'") == 0
