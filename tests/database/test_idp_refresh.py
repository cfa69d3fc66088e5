"""`anteroom idp refresh`: new metadata from its URL, and the last good copy through everything that can go wrong."""

import json
import signal
import subprocess

import pytest

from tests.support.installation import BUILD
from tests.support.metadata_server import MetadataServer, certificate, metadata
from tests.support.processes import wait_until


@pytest.fixture
def corp(blank, server, keys):
    """An installation whose identity provider came from the server."""
    server.body = metadata(keys[0])
    blank.ok("idp", "add", "corp", "--metadata-url", server.url, "--metadata-ca", server.ca, "--domain", "corp.test")
    blank.copy = blank.directory / "idp.d" / "corp.xml"
    return blank


def fingerprints(corp):
    return len(corp.json("idp", "show", "corp")["certificates"])


def test_a_key_rollover_is_followed_with_both_keys_valid_meanwhile(corp, server, keys):
    assert fingerprints(corp) == 1
    for listed, detail in ((keys, "new key "), (keys[1:], "key gone ")):
        server.body = metadata(*listed)
        (done,) = corp.json("idp", "refresh", "--once")
        assert (done["name"], done["outcome"]) == ("corp", "changed") and done["detail"].startswith(detail)
        assert corp.copy.read_text() == server.body and fingerprints(corp) == len(listed)
    assert list(corp.copy.parent.glob("*.part")) == []


def test_what_has_not_changed_is_not_sent_again(corp, server):
    assert corp.json("idp", "refresh", "--once")[0]["outcome"] == "unchanged"
    assert "If-None-Match" not in server.asked[-1]
    before = corp.copy.stat().st_mtime_ns
    assert corp.json("idp", "refresh", "--once")[0]["outcome"] == "unchanged"
    assert "If-None-Match" in server.asked[-1]
    assert corp.copy.stat().st_mtime_ns == before
    assert corp.json("idp", "show", "corp")["metadata"]["error"] == ""


def test_a_copy_that_was_changed_by_hand_is_not_taken_for_the_servers(corp, server, keys):
    corp.ok("idp", "refresh", "--once")
    corp.copy.write_text(metadata(keys[1]))
    assert corp.json("idp", "refresh", "--once")[0]["outcome"] == "changed"
    assert "If-None-Match" not in server.asked[-1] and corp.copy.read_text() == server.body


BAD = {
    "empty": lambda: "",
    "no XML": lambda: "<html>Sign in to continue</html>",
    "cut off": lambda: metadata(certificate())[:-40],
    "a DTD": lambda: "<!DOCTYPE x [<!ENTITY e 'e'>]>" + metadata(certificate()),
    "another identity provider": lambda: metadata(certificate(), entity="https://evil.test/"),
    "no key": metadata,
    "a weak key": lambda: metadata(certificate(bits=1024)),
    "expired": lambda: metadata(certificate(), more=' validUntil="2020-01-01T00:00:00Z"'),
    "expired keys": lambda: metadata(certificate(days=-1)),
    "the sign-on address is gone": lambda: metadata(certificate(), binding="POST"),
    "too long": lambda: metadata(certificate()) + " " * (4 << 20),
}


@pytest.mark.parametrize("what", BAD)
def test_the_last_good_copy_stays(corp, server, what):
    good = corp.copy.read_text()
    server.body = BAD[what]()
    corp.refused(1, "idp", "refresh", "--once")
    assert corp.copy.read_text() == good
    assert corp.json("idp", "show", "corp")["metadata"]["error"]
    assert corp.json("check", "--no-database")["configuration"] == "ok"


def test_a_weak_key_beside_a_strong_one_is_named_and_holds_nothing_up(corp, server):
    server.body = metadata(certificate(), certificate(bits=1024))
    (done,) = corp.json("idp", "refresh", "--once")
    assert done["outcome"] == "changed" and "(RSA, 1024 bits)" in done["detail"]
    assert fingerprints(corp) == 1 and "(RSA, 1024 bits)" in corp.ok("check", "--no-database")


@pytest.mark.parametrize("status", [404, 500, 302])
def test_a_server_that_does_not_answer_with_metadata(corp, server, status):
    good = corp.copy.read_text()
    server.status = status
    server.headers = {"Location": "http://localhost/metadata.xml"} if status == 302 else {}
    server.body = metadata(certificate())
    message = corp.run("idp", "refresh", "--once").stdout
    assert ("no redirect is followed" if status == 302 else f"status {status}") in message
    assert corp.copy.read_text() == good and len(server.asked) == 2


def test_tls_must_be_right(corp, server, tmp_path):
    good = corp.copy.read_text()
    yaml = corp.directory / "idp.d" / "corp.yaml"
    text = yaml.read_text()
    (other := tmp_path / "other").mkdir()
    server.body = metadata(certificate())
    with MetadataServer(other, "other") as impostor:  # its certificate is for another host, of another authority
        impostor.body = server.body
        yaml.write_text(text.replace(server.url, impostor.url))
        corp.refused(1, "idp", "refresh", "--once")
        yaml.write_text(text.replace(server.url, impostor.url).replace(str(server.ca), str(impostor.ca)))
        corp.refused(1, "idp", "refresh", "--once")
        assert impostor.asked == []
    yaml.write_text("\n".join(line for line in text.splitlines() if not line.startswith("metadata_ca")))
    corp.refused(1, "idp", "refresh", "--once")
    assert corp.copy.read_text() == good


def test_only_https_is_asked(corp, server):
    yaml = corp.directory / "idp.d" / "corp.yaml"
    yaml.write_text(yaml.read_text().replace("https://localhost", "http://localhost"))
    assert "must be an https URL" in corp.refused(3, "idp", "refresh", "--once")
    assert len(server.asked) == 1


def test_unsigned_metadata_is_refused_where_a_certificate_is_pinned(corp, server, tmp_path):
    (tmp_path / "pin.pem").write_text(f"-----BEGIN CERTIFICATE-----\n{certificate()}\n-----END CERTIFICATE-----\n")
    yaml = corp.directory / "idp.d" / "corp.yaml"
    yaml.write_text(yaml.read_text() + f"metadata_certificate: {tmp_path}/pin.pem\n")
    server.body = metadata(certificate())
    assert "is not signed" in corp.run("idp", "refresh", "--once").stdout
    (tmp_path / "pin.pem").unlink()
    asked = len(server.asked)
    corp.refused(3, "idp", "refresh", "--once")  # a pin that cannot be read is not left out
    assert len(server.asked) == asked


def test_a_missing_or_expired_copy_is_mended(corp, server, keys):
    corp.copy.unlink()
    assert "anteroom idp refresh --once corp" in corp.refused(3, "idp", "list")
    corp.ok("idp", "refresh", "--once", "corp")
    assert fingerprints(corp) == 1
    corp.copy.write_text(metadata(keys[0], more=' validUntil="2020-01-01T00:00:00Z"'))
    assert "it has expired (validUntil)" in corp.ok("check", "--no-database")
    corp.ok("idp", "refresh", "--once")
    assert "has expired" not in corp.ok("check", "--no-database")


def test_pinned_metadata_is_never_fetched(corp, server, tmp_path):
    (tmp_path / "mailed.xml").write_text(metadata(certificate(), entity="https://mailed.test/"))
    corp.ok("idp", "add", "mailed", "--metadata", tmp_path / "mailed.xml", "--domain", "mailed.test")
    assert [done["name"] for done in corp.json("idp", "refresh", "--once")] == ["corp"]
    assert "no identity provider 'mailed' with a 'metadata_url'" in corp.refused(1, "idp", "refresh", "--once", "mailed")
    assert corp.json("idp", "show", "mailed")["metadata"]["url"] is None


def test_the_command_runs_on_change_only_and_again_until_it_works(corp, server, keys, tmp_path):
    seen, works = tmp_path / "seen", tmp_path / "works"
    command = f"echo x >> {seen}; test -e {works}"
    corp.ok("idp", "refresh", "--once", "--on-change", command)
    assert not seen.exists()
    server.body = metadata(*keys)
    corp.refused(1, "idp", "refresh", "--once", "--on-change", command)
    works.touch()
    for _ in range(2):
        corp.ok("idp", "refresh", "--once", "--on-change", command)
    assert seen.read_text() == "x\nx\n"


def test_what_somebody_fetched_by_hand_is_announced_by_the_service(corp, server, keys, tmp_path):
    corp.ok("idp", "refresh", "--once")
    server.body = metadata(*keys)
    assert "nginx -t && nginx -s reload" in corp.ok("idp", "refresh", "--once")
    seen = tmp_path / "seen"
    corp.ok("idp", "refresh", "--once", "--on-change", f"touch {seen}")
    assert seen.exists()


def test_an_expired_copy_closes_its_company_and_nobody_elses(corp, server, keys, tmp_path):
    """nginx starts, and every command works: one company's validUntil is not everybody's."""
    corp.copy.write_text(metadata(keys[0], more=' validUntil="2020-01-01T00:00:00Z"'))
    (tmp_path / "other.xml").write_text(metadata(certificate(), entity="https://other.test/"))
    corp.ok("idp", "add", "other", "--metadata", tmp_path / "other.xml", "--domain", "other.test")
    assert [idp["name"] for idp in corp.json("idp", "list")] == ["corp", "other"]


@pytest.mark.parametrize("year", [2300, 9999])
def test_metadata_for_ever_has_not_expired(corp, server, keys, year):
    server.body = metadata(keys[0], more=f' validUntil="{year}-12-31T00:00:00Z"')
    corp.ok("idp", "refresh", "--once")
    assert "has expired" not in corp.ok("check", "--no-database")


def test_more_keys_than_anybody_has_are_refused(corp, server):
    good = corp.copy.read_text()
    server.body = metadata(*(certificate() for _ in range(17)))
    assert "more than 16 signing certificates" in corp.run("idp", "refresh", "--once").stdout
    assert corp.copy.read_text() == good


@pytest.mark.parametrize("evil", ["&#10;sign-on at: https://evil.test", "&#x9b;2K", "&#x202e;"])
def test_an_entity_id_that_reads_as_something_else_is_refused(corp, server, tmp_path, evil):
    (tmp_path / "evil.xml").write_text(metadata(certificate(), entity=f"https://evil.test/{evil}"))
    said = corp.refused(1, "idp", "add", "evil", "--metadata", tmp_path / "evil.xml", "--domain", "evil.test")
    assert "entityID" in said


def test_a_terminal_obeys_nothing_that_a_server_says(corp, server):
    server.status = 302
    server.headers = {"Location": "https://evil.test/\x1b[2K\x1b]0;owned\x07"}
    done = corp.run("idp", "refresh", "--once")
    assert done.returncode == 1 and "\x1b" not in done.stdout + done.stderr


def test_interrupted_while_it_adds_it_leaves_nothing_that_nginx_refuses(blank, server, keys):
    server.body = metadata(keys[0])
    command = [BUILD / "core/cli/anteroom", "--config", blank.yaml, "idp", "add", "corp", "--metadata-url", server.url,
               "--metadata-ca", server.ca, "--domain", "corp.test", "--domain", "corp.test"]
    for delay in range(0, 300, 15):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            try:
                run.wait(delay / 1000)
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGINT)
            run.wait(20)
        assert run.returncode in (1, -signal.SIGINT)
        blank.ok("check", "--no-database")


def test_a_copy_that_cannot_be_replaced_is_told(corp, server, keys):
    corp.copy.unlink()
    corp.copy.mkdir()
    assert "cannot read" in corp.run("idp", "refresh", "--once").stdout
    assert list(corp.copy.parent.glob("*.part")) == []


def test_the_service_refreshes_when_it_is_due_and_stops_when_told(corp, server, keys, tmp_path):
    state = corp.directory / "idp.d" / "corp.xml.state"
    changed = tmp_path / "changed"
    server.body = metadata(*keys)
    with subprocess.Popen([BUILD / "core" / "cli" / "anteroom", "--config", corp.yaml, "idp", "refresh", "--on-change",
                           f"touch {changed}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as service:
        wait_until(changed.exists, 20, "the first round")
        service.send_signal(signal.SIGTERM)
        said, _ = service.communicate(timeout=20)
    assert service.returncode == 0
    assert "corp: new metadata: new key " in said and said.endswith("stopped\n")
    known = json.loads(state.read_text())
    distance = known["next_at"] - known["checked_at"]
    assert 0.9 * 6 * 3600 <= distance <= 1.1 * 6 * 3600, "six hours, give or take a tenth"
    asked = len(server.asked)
    with subprocess.Popen([BUILD / "core" / "cli" / "anteroom", "--config", corp.yaml, "idp", "refresh"],
                          stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout.readline() == "refreshing metadata\n"
        service.send_signal(signal.SIGTERM)
        service.communicate(timeout=20)
    assert len(server.asked) == asked, "not due for hours"


def test_after_failures_it_asks_again_sooner_but_ever_more_seldom(corp, server):
    state = corp.directory / "idp.d" / "corp.xml.state"
    server.status = 500
    distances = []
    for _ in range(4):
        corp.refused(1, "idp", "refresh", "--once")
        known = json.loads(state.read_text())
        distances.append(known["next_at"] - known["checked_at"])
    assert all(0.89 * 300 * 2**i <= distance <= 1.11 * 300 * 2**i for i, distance in enumerate(distances)), distances


def test_wrong_words(corp, server):
    corp.refused(2, "idp", "add", "x", "--domain", "x.test")
    corp.refused(2, "idp", "add", "x", "--metadata", "a", "--metadata-url", server.url, "--domain", "x.test")
    corp.refused(1, "idp", "add", "x", "--metadata-url", "http://x.test/", "--domain", "x.test")
    corp.refused(1, "idp", "refresh", "--once", "nobody")
    assert not (corp.directory / "idp.d" / "x.xml").exists()
