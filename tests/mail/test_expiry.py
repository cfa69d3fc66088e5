"""Letters about certificates that end, 60, 30 and 7 days ahead, and about metadata that is not refreshed; each once."""

import json
import os
import socket
import subprocess
import time

import pytest

from tests.support.metadata_server import certificate, metadata


def key_pair(post, days):
    """Our signing pair, which ends in so many days and an hour less."""
    subprocess.run(["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj",
                    "/CN=login.example.com", "-keyout", post.directory / "sp.key", "-out", post.directory / "sp.pem"],
                   check=True, capture_output=True)
    (post.directory / "sp.key").chmod(0o600)


def configure(post, days, **more):
    key_pair(post, days)
    post.configure(**more)
    post.yaml.write_text(post.yaml.read_text().replace(
        "database:", "  signing: { key: sp.key, certificate: sp.pem }\ndatabase:", 1))


def warnings(post):
    return post.sql("SELECT recipient, (parameters->>'days')::int FROM anteroom.mail_outbox"
                    " WHERE template = 'expiry_warning' ORDER BY created_at, recipient")


def test_one_letter_for_each_certificate_and_threshold(post, server):
    expected = []
    for days, is_told in ((61, False), (59, True), (59, True), (29, True), (6, True)):
        configure(post, days, warn="ops@maintenance.test")
        for _ in range(2):
            post.once()
        if is_told:
            expected.append(("ops@maintenance.test", days - 1))
        assert warnings(post) == expected, days
    # The same certificate, as time passes.
    post.sql("UPDATE anteroom.expiry_warnings SET days = 30 WHERE days = 7")
    post.once()
    post.once()
    assert len(warnings(post)) == len(expected) + 1


def test_the_letter_says_what_to_do(post, server):
    configure(post, 29, notify="[ops@maintenance.test, lead@maintenance.test]")
    assert "ends in 28 days: what=own_signing" in post.once()
    assert {received.recipients[0] for received in server.received} == {"ops@maintenance.test", "lead@maintenance.test"}
    message = server.received[0].message
    assert message["Subject"] == "In 28 days: our signing certificate ends"
    text = message.get_body(("plain",)).get_content()
    assert "anteroom keys prepare signing" in text and "Certificate (SHA-256): " in text


def test_what_ends_in_less_than_a_day_is_not_said_to_end_in_no_days(post, server):
    configure(post, 1, warn="ops@maintenance.test")
    post.once()
    assert server.received[0].message["Subject"] == "In less than a day: our signing certificate ends"


def test_nobody_to_tell_leaves_it_to_be_told(post, server):
    configure(post, 29)
    post.once()
    assert warnings(post) == [] and post.sql("SELECT count(*) FROM anteroom.expiry_warnings") == [(0,)]
    configure(post, 29, warn="ops@maintenance.test")
    post.once()
    assert len(warnings(post)) == 1


def test_what_has_ended_is_no_news(post, server):
    configure(post, 1, warn="ops@maintenance.test")
    post.once()
    assert [days for _, days in warnings(post)] == [0]


def test_the_service_sees_a_certificate_that_came_while_it_ran(post, server):
    configure(post, 300, warn="ops@maintenance.test")
    daemon = post.daemon()
    post.wait_for(lambda: "delivering" in daemon.log.read_text(), "the service")
    post.wait_for(lambda: post.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'anteroom'"
                                   " AND datname = current_database()")[0][0] > 0, "its connection")
    daemon.stop()
    configure(post, 6, warn="ops@maintenance.test")
    post.daemon()
    post.wait_for(lambda: len(server.received) == 1, "the letter")


def test_simultaneous_services_write_one(post, server):
    configure(post, 29, warn="ops@maintenance.test")
    for _ in range(3):
        post.daemon()
    post.wait_for(lambda: len(server.received) >= 1, "the letter")
    post.once()
    assert len(warnings(post)) == 1


URL = "https://corp.test/metadata.xml"
DAY = 86400


@pytest.fixture
def copy(post):
    """The last good copy of metadata that is refreshed every six hours, put there a day ago."""
    path = post.directory / "corp.xml"
    path.write_text(metadata(certificate()))
    written(path, 1)
    post.configure(warn="ops@maintenance.test")
    post.yaml.write_text(post.yaml.read_text() + f"identity_providers:\n  - name: corp\n    display_name: Corp & Co\n"
                         f"    metadata: {path}\n    metadata_url: {URL}\n    domains: [corp.test]\n")
    return path


def written(path, days_ago):
    os.utime(path, (time.time() - days_ago * DAY,) * 2)


def heard_of(copy, days_ago, error="", url=URL):
    state = {"url": url, "good_at": int(time.time() - days_ago * DAY), "error": error}
    (copy.parent / f"{copy.name}.state").write_text(json.dumps(state))


def warned_of(post):
    return post.sql("SELECT (parameters->>'days')::int FROM anteroom.mail_outbox"
                    " WHERE template = 'metadata_not_refreshed' ORDER BY created_at")


def test_metadata_that_is_not_refreshed_is_told_once_for_each_time_that_it_began(post, server, copy):
    expected = []
    for days, is_told in ((0, False), (2.9, False), (3.1, True), (1, False), (5, True)):
        heard_of(copy, days)
        for _ in range(2):
            post.once()
        if is_told:
            expected.append((int(days),))
        assert warned_of(post) == expected, days


def test_the_letter_says_where_since_when_and_why(post, server, copy):
    heard_of(copy, 4, "status 404\r\nBcc: eve@evil.test")
    assert "metadata not refreshed for 4 days: idp=corp" in post.once()
    (received,) = server.received
    assert received.recipients == ["ops@maintenance.test"] and received.message["Bcc"] is None
    assert received.message["Subject"] == "Corp & Co's metadata has not been refreshed for 4 days"
    text = " ".join(received.message.get_body(("plain",)).get_content().split())
    assert f"{socket.gethostname()} last fetched" in text and "the last attempt said: status 404 Bcc" in text
    assert "anteroom idp refresh --once corp" in text and "Nothing has been tried" not in text


def test_a_company_of_the_database_is_told_of_too_and_names_no_machine(post, server):
    post.configure(warn="ops@maintenance.test")
    post.sql("SET search_path = anteroom; INSERT INTO companies (name, display_name, state, settings) VALUES"
             " ('contoso', 'Contoso & Co', 'live', '{\"metadata_url\": \"https://idp.test/metadata\"}')")
    for age, error, is_told in (("2 days", "status 404", False), ("4 days", "status 404", True), ("5 days", "", True)):
        post.sql(f"UPDATE anteroom.company_fetches SET good_at = now() - interval '{age}', error = '{error}'")
        before = len(warned_of(post))
        for _ in range(2):
            post.once()
        assert len(warned_of(post)) == before + is_told, age
    first, second = (" ".join(one.message.get_body(("plain",)).get_content().split()) for one in server.received)
    assert "The metadata of Contoso & Co was last fetched on" in first and "the last attempt said: status 404" in first
    assert "sudo -u www-data anteroom company refresh contoso" in first and "on any node?" in second
    # One that is asked once a week is not late after four days.
    post.sql("UPDATE anteroom.company_fetches SET good_at = now() - interval '6 days', refresh_every = interval '7 days'")
    told = len(warned_of(post))
    post.once()
    assert len(warned_of(post)) == told


def test_an_address_that_never_gave_anything_is_told_of_as_such(post, server):
    post.configure(warn="ops@maintenance.test")
    post.sql("SET search_path = anteroom; INSERT INTO companies (name, display_name, state, settings) VALUES"
             " ('contoso', 'Contoso', 'live', '{\"metadata_url\": \"https://idp.test/metadata\"}');"
             "UPDATE company_fetches SET given_at = now() - interval '4 days'")
    post.once()
    (received,) = server.received
    assert "has never been fetched from its address" in " ".join(received.message.get_body(("plain",)).get_content().split())


def test_a_service_that_never_ran_is_told_too(post, server, copy):
    written(copy, 4)
    post.once()
    (received,) = server.received
    assert "Nothing has been tried since: is the service anteroom-metadata" in received.message.get_body(("plain",)).get_content()


def test_what_was_heard_from_another_address_does_not_count(post, server, copy):
    written(copy, 4)
    heard_of(copy, 0, url="https://old.test/metadata.xml")
    post.once()
    assert warned_of(post) == [(4,)]


def test_a_longer_interval_has_longer_patience(post, server, copy):
    post.yaml.write_text(post.yaml.read_text() + "    metadata_refresh: 2d\n")
    heard_of(copy, 5)
    post.once()
    assert warned_of(post) == []
    heard_of(copy, 6.1)
    post.once()
    assert warned_of(post) == [(6,)]


def test_a_state_that_cannot_be_read_alarms_nobody(post, server, copy):
    written(copy, 4)
    (copy.parent / f"{copy.name}.state").mkdir()
    post.once()
    assert warned_of(post) == []


def test_pinned_metadata_is_not_expected_to_be_refreshed(post, server, copy):
    written(copy, 400)
    post.yaml.write_text(post.yaml.read_text().replace(f"    metadata_url: {URL}\n", ""))
    post.once()
    assert warned_of(post) == []
