"""`anteroom init`: what it writes can be used as it is; whatever goes wrong, nothing half-done is left."""

import os
import pty
import re
import shutil
import stat
import subprocess

import pytest
import yaml

from tests.support.installation import BUILD

PROGRAM = str(BUILD / "core" / "cli" / "anteroom")
BASE = ["--base-url", "https://login.example.com"]


class Place:
    """A directory to configure, as /etc/anteroom would be."""

    def __init__(self, directory):
        self.directory = directory / "anteroom"
        self.yaml = self.directory / "anteroom.yaml"

    def run(self, *arguments, command="init"):
        return subprocess.run([PROGRAM, "--config", str(self.yaml), command, *arguments], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)

    def names(self):
        return sorted(path.name for path in self.directory.iterdir()) if self.directory.exists() else None


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_what_it_writes_loads_without_a_problem(place):
    done = place.run(*BASE, "--app", "https://app.example.com", "--entity-id", "urn:example:sp", "--product-name",
                     'Ann\'s "Maintenance": #1', "--support-email", "help@example.com")
    assert done.returncode == 0, done.stderr
    assert place.names() == ["anteroom.yaml", "cookie.key", "idp.d"]
    checked = place.run("--no-database", command="check")
    assert checked.returncode == 0, checked.stdout
    assert "error" not in checked.stdout
    written = yaml.safe_load(place.yaml.read_text())
    assert written["pages"]["product_name"] == 'Ann\'s "Maintenance": #1'
    assert written["service_provider"]["landing_url"] == "https://app.example.com/"
    assert re.fullmatch("[0-9a-f]{64}\n", (place.directory / "cookie.key").read_text())


def test_the_least_that_it_takes_is_one_address(place):
    assert place.run(*BASE).returncode == 0
    assert place.run("--no-database", command="check").returncode == 0
    assert yaml.safe_load(place.yaml.read_text())["service_provider"] == {
        "entity_id": "https://login.example.com", "base_url": "https://login.example.com"}


def test_others_can_read_nothing_of_it(place):
    assert place.run(*BASE).returncode == 0
    for path in [place.directory, *place.directory.iterdir()]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o027 == 0, f"{path.name}: {mode:o}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a group away")
def test_the_workers_can_read_it_and_not_write_it(place):
    assert place.run(*BASE).returncode == 0
    for path in [place.directory, *place.directory.iterdir()]:
        assert (path.owner(), path.group()) == ("root", "www-data")


def test_every_key_is_another(place):
    keys = set()
    for _ in range(2):
        assert place.run(*BASE).returncode == 0
        keys.add((place.directory / "cookie.key").read_text())
        shutil.rmtree(place.directory)
    assert len(keys) == 2


def test_a_configuration_that_exists_stays_as_it_is(place):
    place.directory.mkdir()
    place.yaml.write_text("mine")
    done = place.run(*BASE)
    assert done.returncode == 1 and "exists already" in done.stderr
    assert place.names() == ["anteroom.yaml"] and place.yaml.read_text() == "mine"


def test_a_dangling_link_in_its_place_is_not_followed(place, tmp_path):
    place.directory.mkdir()
    place.yaml.symlink_to(tmp_path / "elsewhere")
    assert place.run(*BASE).returncode == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_key_that_exists_is_used(place):
    place.directory.mkdir()
    key = place.directory / "cookie.key"
    key.write_text("ab" * 32)
    key.chmod(0o600)
    assert place.run(*BASE).returncode == 0
    assert key.read_text() == "ab" * 32


def test_what_an_interrupted_run_left_is_in_nobodys_way(place):
    place.directory.mkdir()
    (place.directory / "anteroom.yaml.part").write_text("half")
    assert place.run(*BASE).returncode == 0
    assert place.names() == ["anteroom.yaml", "cookie.key", "idp.d"]


@pytest.mark.parametrize("arguments, reason", [
    ([], "--base-url is missing"),
    (["--base-url", "http://login.example.com"], "must be https"),
    (["--base-url", "login.example.com"], "base_url"),
    ([*BASE, "--app", "nonsense"], "app"),
    ([*BASE, "--connection", "nonsense"], "connection"),
    ([*BASE, "--connection", "dbname=a password=s3cret"], "password_file"),
    ([*BASE, "--connection", "host=db"], "dbname"),
    ([*BASE, "--support-email", "nobody"], "email"),
    ([*BASE, "--user", "no-such-user"], "no user 'no-such-user'"),
    ([*BASE, "--bogus"], "bogus"),
    ([*BASE, "stray"], "stray"),
])
def test_what_cannot_be_used_is_exit_code_2_and_leaves_nothing(place, arguments, reason):
    done = place.run(*arguments)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert reason in done.stderr and "s3cret" not in done.stderr
    assert place.names() is None


def test_a_directory_that_cannot_be_made_is_exit_code_1(tmp_path):
    place = Place(tmp_path / "absent")
    done = place.run(*BASE)
    assert done.returncode == 1 and "cannot make" in done.stderr


def test_it_says_how_to_make_the_database_and_what_nginx_needs(place):
    said = place.run(*BASE, "--app", "https://app.example.com", "--connection", "host=db.example dbname=a user=b").stdout
    for line in ["createuser --host='db.example' 'b'", "createdb --host='db.example' --owner='b' 'a'", "migrate",
                 "psql --host='db.example' --set=db='a'",
                 f"auth_saml_config {place.yaml};", "server_name app.example.com;", "server_name login.example.com;"]:
        assert line in said


def on_a_terminal(place, lines):
    master, slave = pty.openpty()
    process = subprocess.Popen([PROGRAM, "--config", str(place.yaml), "init"], stdin=slave, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    os.close(slave)
    os.write(master, lines)
    said, _ = process.communicate(timeout=60)
    os.close(master)
    return process.returncode, said


def test_on_a_terminal_it_asks(place):
    code, said = on_a_terminal(place, b"https://login.example.com\nhttps://app.example.com\n\nExample\n\n\nno\n")
    assert code == 0, said
    written = yaml.safe_load(place.yaml.read_text())
    assert written["service_provider"]["entity_id"] == "https://login.example.com"
    assert written["service_provider"]["apps"] == ["https://app.example.com"]
    assert written["pages"] == {"product_name": "Example"}


def test_questions_left_unanswered_leave_nothing(place):
    code, said = on_a_terminal(place, b"https://login.example.com\n\x04")
    assert code == 1 and "nothing was written" in said
    assert place.names() is None
