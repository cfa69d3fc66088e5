"""Letters about companies that the database keeps: what ends there, what people call them, and that one is ready."""

import pytest

from tests.support.metadata_server import certificate, metadata


@pytest.fixture
def contoso(post, server):
    """Brings metadata whose certificate ends in so many days and an hour less."""
    post.configure(warn="ops@maintenance.test")
    post.ok("company", "add", "contoso", "--display-name", "Contoso & Sons", "--domain", "contoso.test")

    def bring(days):
        path = post.directory / "contoso.xml"
        path.write_text(metadata(certificate(days=days), entity="https://contoso.test/"))
        post.ok("company", "metadata", "contoso", path)
    bring(20)
    return bring


def text_of(letter):
    return " ".join(letter.message.get_body(("plain",)).get_content().split())


def sent_to(server, address):
    return [letter for letter in server.received if letter.recipients == [address]]


def test_what_ends_at_a_live_company_is_told_once(post, server, contoso):
    post.once()
    assert server.received == [], "nobody signs on at a draft"
    post.ok("company", "live", "contoso")
    for _ in range(2):
        post.once()
    (letter,) = server.received
    assert letter.message["Subject"] == "In 19 days: Contoso & Sons's signing certificate ends"
    contoso(300)
    post.once()
    assert len(server.received) == 1


def test_a_suspended_company_is_not_told_of_and_one_that_came_is(post, server, contoso):
    post.ok("company", "live", "contoso")
    post.once()
    post.ok("company", "suspend", "contoso")
    post.sql("DELETE FROM anteroom.expiry_warnings")
    post.ok("company", "add", "fabrikam", "--domain", "fabrikam.test")
    (post.directory / "fabrikam.xml").write_text(metadata(certificate(days=6), entity="https://fabrikam.test/"))
    post.ok("company", "metadata", "fabrikam", post.directory / "fabrikam.xml")
    post.ok("company", "live", "fabrikam")
    said = post.once()
    assert "idp=fabrikam" in said and "idp=contoso" not in said


def test_one_company_s_broken_row_keeps_no_other_from_being_told(post, server, contoso):
    post.ok("company", "live", "contoso")
    post.sql("SET search_path = anteroom, public;"
             " INSERT INTO companies (name, display_name, state, settings) VALUES ('broken', 'Broken', 'live', '{\"preset\": 7}')")
    post.once()
    assert len(server.received) == 1


def test_a_company_of_the_configuration_is_told_of_once(post, server, contoso):
    """It has the name that one in the database had first: what counts is the configuration's."""
    post.ok("company", "live", "contoso")
    path = post.directory / "corp.xml"
    path.write_text(metadata(certificate(days=25), entity="https://corp.test/"))
    post.yaml.write_text(post.yaml.read_text() + f"identity_providers:\n  - name: contoso\n    display_name: Ours\n    metadata: {path}\n"
                         "    domains: [corp.test]\n")
    post.once()
    assert [letter.message["Subject"] for letter in server.received] == ["In 24 days: Ours's signing certificate ends"]


def test_contacts_are_told_when_their_company_goes_live_and_then_only(post, server, contoso):
    post.configure()
    post.ok("company", "contacts", "contoso", "ida@contoso.test", "it@partner.test")
    post.ok("company", "live", "contoso")
    post.ok("company", "suspend", "contoso")
    post.ok("company", "live", "contoso")
    post.once()
    assert sorted(letter.recipients[0] for letter in server.received) == ["ida@contoso.test", "it@partner.test"]
    letter, = sent_to(server, "ida@contoso.test")
    assert letter.message["Subject"].startswith("Contoso & Sons's people can sign in to ")
    assert "https://login.example.com/auth/at/contoso" in text_of(letter) and "contoso.test" in text_of(letter)
    assert "https://login.example.com/auth/at/contoso" in letter.message.get_body(("html",)).get_content()


def test_letters_call_a_company_by_its_name(post, server, contoso):
    post.configure(notify="[ops@maintenance.test]")
    post.sql("INSERT INTO anteroom.users (id, email, name, status, idp, subject, last_sign_on_at)"
             " VALUES (gen_random_uuid(), 'ann@contoso.test', 'Ann', 'waiting', 'contoso', 'ann', now())")
    post.once()
    (letter,) = server.received
    assert "Contoso & Sons" in text_of(letter)
