"""Letters about certificates that end: 60, 30 and 7 days ahead, each once."""

import subprocess

import pytest
from mail_server import MailServer


@pytest.fixture
def server(post):
    with MailServer(post.port, certificate=post.certificates / "localhost.pem") as running:
        yield running


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
