"""Letters about what a company's administrator does by a link, and about domains that are not proven any more."""

import hashlib
import re
import secrets

import pytest

from tests.support.metadata_server import certificate, metadata


@pytest.fixture
def contoso(post):
    post.ok("company", "add", "contoso", "--display-name", "Contoso & Co", "--domain", "contoso.test")
    return post


def text_of(message, kind="plain"):
    return message.get_body((kind,)).get_content()


def test_the_link_is_in_the_letter_alone(contoso, server):
    contoso.configure(language="en")
    assert "sent to ida@contoso.test" in contoso.ok("company", "link", "contoso", "--to", "Ida@Contoso.test")
    contoso.once()
    (received,) = server.received
    assert received.recipients == ["ida@contoso.test"]
    assert received.message["Subject"] == "Connect Contoso & Co to Wartung & Söhne"
    (token,) = set(re.findall(r"https://login\.example\.com/auth/set-up#([A-Za-z0-9_-]{43})\b", text_of(received.message)))
    assert f'href="https://login.example.com/auth/set-up#{token}"' in text_of(received.message, "html")
    digest = hashlib.sha256(token.encode()).hexdigest()
    assert contoso.sql("SELECT encode(token_hash, 'hex'), sent_to FROM anteroom.company_links") == [(digest, "ida@contoso.test")]
    assert contoso.sql("SELECT count(*) FROM anteroom.mail_outbox WHERE parameters::text LIKE %s", f"%{token}%") == [(0,)]


def test_a_link_whose_key_was_taken_away_is_given_up_and_says_so(contoso, server):
    contoso.ok("company", "link", "contoso", "--to", "ida@contoso.test")
    (contoso.directory / "cookie.key").write_text(secrets.token_hex(32))
    contoso.once()
    ((dead, error),) = contoso.sql("SELECT dead_at IS NOT NULL, last_error FROM anteroom.mail_outbox")
    assert dead and "its link cannot be opened with our keys" in error and server.received == []


@pytest.mark.parametrize("to", ["ida", "ida@contoso", "a@b.test,c@d.test", "ida@contoso.test\r\nBcc: eve@evil.test"])
def test_where_it_cannot_go(contoso, to):
    done = contoso.run("company", "link", "contoso", "--to", to)
    assert done.returncode == 2 and "is not an email address" in done.stderr
    assert contoso.sql("SELECT count(*) FROM anteroom.company_links") == [(0,)]


def test_without_mail_nothing_is_sent(contoso):
    contoso.yaml.write_text(contoso.yaml.read_text().partition("\nmail:")[0] + "\n")
    done = contoso.run("company", "link", "contoso", "--to", "ida@contoso.test")
    assert done.returncode == 1 and "the configuration has no `mail`" in done.stderr


def test_a_proof_that_is_gone_for_a_day_is_told_once_each_time(contoso, server):
    contoso.configure(warn="ops@maintenance.test")
    contoso.sql("SET search_path = anteroom; UPDATE companies SET state = 'live'")
    contoso.sql("INSERT INTO anteroom.domain_proofs (company, domain, challenge, asked_by, proven_at, checked_at, detail) VALUES"
                " ('contoso', 'contoso.test', 'anteroom-domain=x', 'ida', now() - interval '30 days', now(),"
                " 'there is no name _anteroom-challenge')")
    for hours, letters in ((None, 0), (23, 0), (25, 1), (None, 1), (49, 2)):
        contoso.sql("UPDATE anteroom.domain_proofs SET missing_since = now() - make_interval(hours => %s)", hours)
        for _ in range(2):
            contoso.once()
        assert len(server.received) == letters, hours
    message = server.received[0].message
    text = " ".join(text_of(message).split())
    assert message["Subject"] == "Contoso & Co does not prove its domain contoso.test any more"
    for said in ("nobody is cut off", "there is no name _anteroom-challenge", "_anteroom-challenge.contoso.test", "anteroom-domain=x",
                 "anteroom company domain verify contoso contoso.test"):
        assert said in text, said


def test_nobody_is_told_of_a_domain_that_is_not_its_own_or_of_one_that_is_not_live(contoso, server):
    contoso.configure(warn="ops@maintenance.test")
    contoso.sql("INSERT INTO anteroom.domain_proofs (company, domain, challenge, asked_by, proven_at, missing_since, checked_at)"
                " SELECT 'contoso', d, 'x', 'ida', now() - interval '30 days', now() - interval '3 days', now()"
                " FROM unnest(ARRAY['contoso.test', 'other.test']) d")
    contoso.once()
    contoso.sql("SET search_path = anteroom; UPDATE companies SET state = 'live'")
    contoso.sql("DELETE FROM anteroom.company_domains")
    contoso.once()
    assert server.received == []


@pytest.mark.parametrize("seen", ["checked_at = now() - interval '47 hours'", "checked_at = now(), failures = 2"],
                         ids=["once, and the service stands still", "once, and nobody answers since"])
def test_one_look_alone_is_told_of_to_nobody(contoso, server, seen):
    contoso.configure(warn="ops@maintenance.test")
    contoso.sql("SET search_path = anteroom; UPDATE companies SET state = 'live'")
    contoso.sql("INSERT INTO anteroom.domain_proofs (company, domain, challenge, asked_by, proven_at, missing_since)"
                " VALUES ('contoso', 'contoso.test', 'x', 'ida', now(), now() - interval '2 days')")
    contoso.sql(f"UPDATE anteroom.domain_proofs SET {seen}")
    contoso.once()
    assert server.received == []


def test_whoever_was_sent_a_link_and_opened_it_hears_that_it_is_ready(contoso, server):
    contoso.ok("company", "contacts", "contoso", "ida@contoso.test")
    for number, to in enumerate(("ida@contoso.test", "bo@contoso.test", "never@contoso.test"), 1):
        contoso.ok("company", "link", "contoso", "--to", to)
        contoso.sql("UPDATE anteroom.company_links SET opened_at = now() WHERE number = %s AND sent_to <> 'never@contoso.test'", number)
    xml = contoso.directory / "contoso.xml"
    xml.write_text(metadata(certificate()).replace("https://idp.test/", "https://contoso.test/"))
    contoso.ok("company", "metadata", "contoso", xml)
    contoso.ok("company", "live", "contoso")
    told = contoso.sql("SELECT recipient FROM anteroom.mail_outbox WHERE template = 'company_ready' ORDER BY 1")
    assert told == [("bo@contoso.test",), ("ida@contoso.test",)]
