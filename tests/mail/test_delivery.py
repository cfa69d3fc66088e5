"""`anteroom mail` against a real SMTP server: what arrives, what is refused, and what survives which failure."""

import json
import re
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from tests.support import ROOT
from tests.support.mail_server import MailServer


def parts(message):
    """The text and the HTML of a message, as a reader sees them."""
    return (message.get_body(("plain",)).get_content().replace("\r\n", "\n"),
            message.get_body(("html",)).get_content().replace("\r\n", "\n"))


def test_a_letter_arrives_as_it_was_meant(post, server):
    letter = post.write(parameters=json.dumps(
        {"email": "ann@corp.test", "name": "Ánn <b>&", "properties": ["Elm Court", "Mühle"], "level": "technician",
         "requested_by": "carla@corp.test"}))
    assert "sent 1, postponed 0, given up 0" in post.once()
    (received,) = server.received
    assert (received.sender, received.recipients, received.is_tls) == (
        "no-reply@maintenance.test", ["ann@corp.test"], True)
    message = received.message
    assert not message.defects and not any(part.defects for part in message.walk())
    assert [name for name, _ in message.items()] == [
        "Date", "From", "To", "Reply-To", "Subject", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
        "MIME-Version", "Content-Type"]
    assert message["From"] == "Maintenance <no-reply@maintenance.test>"
    assert message["To"] == "ann@corp.test"
    assert message["Reply-To"] == "support@maintenance.test"
    assert message["Subject"] == "You may sign in now"
    assert message["Message-ID"] == f"<{letter}@maintenance.test>"
    written = post.sql("SELECT date_trunc('second', created_at) FROM anteroom.mail_outbox")[0][0]
    assert message["Date"].datetime == written
    text, html = parts(message)
    assert text == """Hello Ánn <b>&,

You have been given access to Wartung & Söhne at Elm Court, Mühle. Sign in with your company account, ann@corp.test:

Access level: technician
Asked for by: carla@corp.test

https://login.example.com/app

-- 
Wartung & Söhne
This message was sent automatically. Answers go to support@maintenance.test.
"""  # noqa: W291
    assert "Hello Ánn &lt;b&gt;&amp;," in html and '<a href="https://login.example.com/app"' in html
    assert post.state(letter)[:3] == (True, False, 1)
    assert "sent 0" in post.once()
    assert len(server.received) == 1


def test_the_subject_survives_every_alphabet(post, server):
    post.write(template="request_approved", parameters=json.dumps({"email": "ñandú 北京 😀 " * 12}))
    post.once()
    assert server.received[0].message["Subject"] == "Approved: access for " + "ñandú 北京 😀 " * 12


def test_values_begin_no_header_and_no_part(post, server):
    evil = "x\r\nBcc: eve@evil.test\r\n\r\n--=_\r\n<script>alert(1)</script>\r\n.\r\nMAIL FROM:<eve@evil.test>"
    for template in ("access_approved", "access_declined", "please_request", "request_declined", "digest"):
        post.write(template=template, parameters=json.dumps(
            {"email": evil, "name": evil, "reason": evil, "people_count": evil, "has_people": True,
             "people": [{"email": evil, "name": evil}]}))
    post.once()
    assert len(server.received) == 5
    for received in server.received:
        assert received.recipients == ["ann@corp.test"]
        message = received.message
        assert not message.defects and "Bcc" not in message
        assert [part.get_content_type() for part in message.walk()] == [
            "multipart/alternative", "text/plain", "text/html"]
        assert "<script>" not in parts(message)[1]


@pytest.mark.parametrize("recipient", [
    "ann@corp.test, eve@evil.test", "ann@corp.test>\r\nRCPT TO:<eve@evil.test", "<eve@evil.test>", "Ann <a@corp.test>"])
def test_what_is_no_address_is_given_up(post, server, recipient):
    letter = post.write(recipient=recipient)
    assert "given up 1" in post.once()
    assert post.state(letter)[1]
    assert server.commands == []


def test_lines_that_begin_with_dots_arrive_whole(post, server):
    directory = post.directory / "letters"
    directory.mkdir()
    (directory / "access_approved.en.txt.mustache").write_text("Subject: Dots\n\n.\n..\n.{{name}}\nend\n")
    post.configure(templates="letters")
    post.write()
    post.write(template="access_declined")
    post.once()
    replaced, shipped = (received.message for received in sorted(server.received, key=lambda r: b"Dots" not in r.bytes))
    assert parts(replaced)[0].startswith(".\n..\n.Ann\nend\n\n-- \n")
    assert "You have been given access" in parts(replaced)[1]  # the HTML was not replaced
    assert shipped["Subject"] == "Your access was not approved"


def test_spanish_is_spoken_where_it_is_asked_for(post, server):
    post.write(parameters='{"name": "Ann", "language": "es"}')
    post.once()
    message = server.received[0].message
    assert message["Subject"] == "Ya puede iniciar sesión"
    assert parts(message)[0].startswith("Hola, Ann:\n")
    assert message.get_body(("plain",))["Content-Language"] == "es"


# Who the server is.

def test_without_starttls_nothing_is_said(post):
    with MailServer(post.port) as server:
        letter = post.write()
        assert "no mail gets through" in post.once(exit_code=5)
        assert server.commands == []
    assert post.state(letter)[:3] == (False, False, 0)
    with MailServer(post.port, certificate=post.certificates / "localhost.pem") as server:
        post.once()
        assert len(server.received) == 1


def test_a_certificate_of_another_authority_is_refused(post, server):
    post.configure(ca=None)
    post.write()
    assert "certificate" in post.once(exit_code=5)
    assert server.commands == []


def test_a_certificate_for_another_host_is_refused(post):
    with MailServer(post.port, certificate=post.certificates / "other.pem") as server:
        post.write()
        assert "subject name" in post.once(exit_code=5)
        assert server.commands == []


def test_smtps(post):
    post.configure(scheme="smtps", **post.sign_on())
    with MailServer(post.port, certificate=post.certificates / "localhost.pem", is_tls_from_start=True,
                    needs_sign_on=True) as server:
        post.write()
        post.once()
        assert server.received[0].is_signed_on


def test_plain_smtp_on_this_machine_only_where_it_is_said(post):
    post.configure(starttls=None, ca=None)
    with MailServer(post.port) as server:
        post.write()
        post.once()
        assert not server.received[0].is_tls


def test_sign_on(post):
    with MailServer(post.port, certificate=post.certificates / "localhost.pem", needs_sign_on=True) as server:
        letter = post.write()
        post.once()  # 530 to MAIL: it is about us, not about the letter
        assert post.state(letter)[:3] == (False, False, 1)
        post.configure(**post.sign_on())
        post.time_passes()
        post.once()
        assert server.received[0].is_tls and server.received[0].is_signed_on


def test_a_wrong_password_loses_no_letter(post):
    (post.directory / "wrong").write_text("wrong\n")
    (post.directory / "wrong").chmod(0o600)
    post.configure(**post.sign_on("wrong"))
    with MailServer(post.port, certificate=post.certificates / "localhost.pem", needs_sign_on=True) as server:
        letters = [post.write() for _ in range(3)]
        assert "denied" in post.once(exit_code=5)
        assert {post.state(letter)[:3] for letter in letters} == {(False, False, 0)}
        post.configure(**post.sign_on())
        post.once()
        assert len(server.received) == 3


# What it answers.

@pytest.mark.parametrize("command, answer, is_final", [
    ("RCPT", "450 4.2.0 greylisted", False), ("DATA", "451 4.3.0 try again", False), ("MAIL", "452 4.3.1 full", False),
    ("MAIL", "550 5.7.1 not as this sender", False), ("RCPT", "550 5.1.1 no such user", True),
    ("DATA", "554 5.6.0 not wanted", True)])
def test_refusals(post, server, command, answer, is_final):
    server.answers[command] = [answer]
    letter = post.write()
    other = post.write()
    post.once()
    failed = letter if not post.state(letter)[0] else other
    assert post.state(failed) == (False, is_final, 1, answer)
    assert len(server.received) == 1  # the other one is not concerned
    shown = json.loads(post.ok("--json", "mail", "status"))
    assert (shown["failing"], shown["given_up"], shown["sent"]) == (int(not is_final), int(is_final), 1)
    assert shown["letters"][0]["id"] == failed and shown["letters"][0]["error"] == answer
    assert answer in post.ok("mail", "status")
    post.once()
    assert len(server.received) == 1  # not yet, or never
    if is_final:
        events = post.sql("SELECT email, detail FROM anteroom.audit_events WHERE kind = 'mail_given_up'")
        assert events == [("ann@corp.test", f"{failed}: {answer}")]
        post.ok("mail", "retry", failed)
    else:
        post.time_passes()
    post.once()
    assert [r.message["Message-ID"] for r in server.received].count(f"<{failed}@maintenance.test>") == 1


def test_retry_says_what_it_cannot_do(post):
    letter = post.write()
    assert post.run("mail", "retry").returncode == 2
    assert post.run("mail", "retry", letter, "--all").returncode == 2
    assert post.run("mail", "retry", "nonsense").returncode == 1
    assert post.run("mail", "retry", "00000000-0000-4000-8000-000000000000").returncode == 1
    assert "0 due again" in post.ok("mail", "retry", "--all")  # nothing failed
    post.once(exit_code=5)
    assert "1 due again" in post.ok("mail", "retry", "--all")


def test_a_letter_too_old_is_given_up(post):
    letter = post.write()
    post.sql("UPDATE anteroom.mail_outbox SET queued_at = now() - interval '4 days'")
    post.once(exit_code=5)
    assert post.state(letter)[1]


# What it survives.

def test_a_server_that_is_down_and_comes_up(post):
    daemon = post.daemon()
    letters = [post.write() for _ in range(3)]
    post.wait_for(lambda: any(post.state(letter)[3] for letter in letters), "a first attempt")
    with MailServer(post.port, certificate=post.certificates / "localhost.pem") as server:
        post.wait_for(lambda: len(server.received) == 3, "three letters", 30)
        post.wait_for(lambda: all(post.state(letter)[0] for letter in letters), "the notes of them")
        assert daemon.is_running()
        assert len(server.received) == 3


def test_killed_in_the_middle_of_data_nothing_is_lost_or_doubled(post, server):
    server.stalls_in_data = True
    letter = post.write()
    daemon = post.daemon()
    assert server.stalled.wait(15)
    daemon.signal(signal.SIGKILL)
    daemon.stop()
    server.stalls_in_data = False
    post.once()
    assert server.received == []  # the dead process's lease
    post.time_passes()
    post.once()
    assert [r.message["Message-ID"] for r in server.received] == [f"<{letter}@maintenance.test>"]
    assert post.state(letter)[0]


def test_the_window_between_the_servers_answer_and_our_note(post, server):
    """The documented one: the server has it, and we never hear so. Twice then, with one Message-ID."""
    server.answers["DATA"] = ["close"]
    letter = post.write()
    assert "postponed 1" in post.once()
    assert post.state(letter)[:3] == (False, False, 1)
    post.time_passes()
    post.once()
    first, second = server.received
    assert first.bytes == second.bytes
    assert first.message["Message-ID"] == f"<{letter}@maintenance.test>"


def test_told_to_stop_it_ends_the_letter_it_is_at(post, server):
    server.holds_back = threading.Event()
    letters = [post.write() for _ in range(3)]
    daemon = post.daemon()
    assert server.stalled.wait(15)
    daemon.signal(signal.SIGTERM)
    server.holds_back.set()
    post.wait_for(lambda: not daemon.is_running(), "the end")
    assert daemon._child.returncode == 0
    assert "stopped" in daemon.log.read_text()
    assert len(server.received) == 1
    assert sorted(post.state(letter)[0] for letter in letters) == [False, False, True]
    server.holds_back = None
    post.once()  # the others were given back at once
    assert len(server.received) == 3


def test_idle_it_stops_at_once(post):
    daemon = post.daemon()
    post.wait_for(lambda: "delivering by" in daemon.log.read_text(), "the start")
    daemon.signal(signal.SIGINT)
    post.wait_for(lambda: not daemon.is_running(), "the end", 5)
    assert daemon._child.returncode == 0


def test_the_database_away_for_a_while(post, server):
    daemon = post.daemon()
    first = post.write()
    post.wait_for(lambda: post.state(first)[0], "the first letter")
    post.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
             " AND pid <> pg_backend_pid()")
    second = post.write()
    post.wait_for(lambda: post.state(second)[0], "the second letter", 30)
    assert daemon.is_running()
    assert len(server.received) == 2


def test_two_processes_send_each_letter_once(post, server):
    letters = {post.write() for _ in range(60)}
    post.daemon()
    post.daemon()
    post.wait_for(lambda: len(server.received) >= 60, "sixty letters", 30)
    post.wait_for(lambda: all(post.state(letter)[0] for letter in letters), "the notes of them")
    sent = [r.message["Message-ID"] for r in server.received]
    assert sorted(sent) == sorted(f"<{letter}@maintenance.test>" for letter in letters)


def test_a_server_that_says_nothing_holds_nobody_up_for_ever(post):
    """The port is open and silent: the daemon still hears that it should stop, at the latest after its patience."""
    with socket.create_server(("127.0.0.1", post.port)) as silent:
        silent.listen()
        daemon = post.daemon()
        post.write()
        connection, _ = silent.accept()
        daemon.signal(signal.SIGTERM)
        connection.close()
        post.wait_for(lambda: not daemon.is_running(), "the end", 10)
        assert daemon._child.returncode == 0


# The digest.

def test_a_digest_of_who_waits(post, server):
    post.configure(notify="[support@maintenance.test, second@maintenance.test]")
    post.sql("INSERT INTO anteroom.users (email, name, status, idp, subject, last_sign_on_at)"
             " VALUES ('ben@corp.test', 'Ben <b>', 'waiting', 'corp', 's', '2026-01-02 03:04Z')")
    post.once()
    post.once()
    assert sorted(r.recipients[0] for r in server.received) == ["second@maintenance.test", "support@maintenance.test"]
    message = server.received[0].message
    assert message["Subject"] == "Newly waiting: 1, new requests: 0"
    text, html = parts(message)
    assert "Waiting Room:\n\n* ben@corp.test, Ben <b>, at corp, since 2026-01-02 03:04 UTC\n\nWaiting in all: 1." in text
    assert "Ben &lt;b&gt;" in html and "https://login.example.com/auth/manage" in text
    assert "New requests" not in text


# How it is run.

def test_without_a_section_mail(post):
    post.yaml.write_text(re.sub(r"mail:\n(  .*\n)+", "", post.yaml.read_text()))
    letter = post.write()
    assert "no section 'mail'" in post.run("mail").stderr
    assert post.run("mail", "--once").returncode == 3
    assert post.state(letter)[:3] == (False, False, 0)
    assert "warning: there is no section 'mail'" in post.ok("check")
    assert "due:           1" in post.ok("mail", "status")


def test_a_schema_that_is_not_ours_ends_the_service_and_says_what_mends_it(post):
    post.sql("DELETE FROM anteroom.schema_functions")
    daemon = post.daemon()
    post.wait_for(lambda: not daemon.is_running(), "the end", 10)
    assert daemon._child.returncode == 4
    assert "run `anteroom migrate`" in daemon.log.read_text()


@pytest.mark.parametrize("name", ["mail", "companies", "metadata"])
def test_the_unit_file_is_good(tmp_path, name):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze")
    unit = (ROOT / "nginx-conf" / f"anteroom-{name}.service").read_text()
    path = tmp_path / f"anteroom-{name}.service"
    path.write_text(unit.replace("/usr/bin/anteroom", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if f"anteroom-{name}" in line]
    assert done.returncode == 0 and not complaints, done.stderr
