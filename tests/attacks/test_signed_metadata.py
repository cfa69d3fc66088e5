"""A customer's published metadata, signed by an authority of theirs, and a live node that follows it: only what that
authority signed brings a new key in, whoever else has the server that publishes it."""

import subprocess

import pytest
from lxml import etree

from tests.support.metadata_server import MetadataServer
from tests.support.processes import clean_environment, sanitizer_options, wait_until
from tests.support.saml import live, messages
from tests.support.saml.browser import FORM, LOGIN_HOST, PAGE, post_response, session_of, start
from tests.support.saml.messages import metadata_signed_by


class Customer:
    """Their authority, their keys, their server; and a node of ours that takes metadata from there."""

    ENTITY, EMAIL = "https://idp.test/", "ann@corp.test"

    def __init__(self, lab, cluster, folder):
        folder.mkdir()
        self.keys, self.authority = live.authorities(), messages.Authority("Metadata authority")
        self.server = MetadataServer(folder)
        (folder / "authority.pem").write_bytes(self.authority.certificate_pem)
        self.publish("idp")
        live.write_key_pairs(self.keys, folder)
        copy, more = self.configured(folder)
        (folder / "corp.xml").write_text(copy)
        self.node = lab.node(cluster, yaml=live.configuration(folder / "corp.xml", more))
        self.node.people.add(self.EMAIL)

    def configured(self, folder):
        """The copy that a node has of its metadata, and what the entry says besides."""
        return self.server.body, (f"    metadata_url: {self.server.url}\n    metadata_ca: {self.server.ca}\n"
                                  f"    metadata_certificate: {folder}/authority.pem\n")

    def metadata(self, *names):
        return messages.metadata([self.keys[name] for name in names]).replace("https://idp.test/", self.ENTITY)

    def publish(self, *names):
        self.server.body = metadata_signed_by(self.authority, self.metadata(*names))

    def command(self, *words):
        """The exit code, and what was said."""
        done = subprocess.run([self.node.build / "core/cli/anteroom", "--config", self.node.directory / "anteroom.yaml", *words],
                              text=True, capture_output=True, check=False, timeout=60,
                              env=clean_environment(ASAN_OPTIONS=sanitizer_options("detect_leaks=0")))
        return done.returncode, done.stdout + done.stderr

    def refresh(self):
        done = self.command("idp", "refresh", "--once")
        self.node.reload()
        return done

    def leaves(self):
        return start(self.node)

    def is_let_in(self, name):
        """With a Response signed by that key."""
        under_way = self.leaves()
        answer = live.fresh_response({**self.keys, "idp": self.keys[name]}, under_way.request_id, self.EMAIL, self.ENTITY)
        return session_of(post_response(self.node, answer, under_way)) is not None

    def come_to_let_in(self, *names):
        """These alone."""
        wait_until(lambda: all(self.is_let_in(name) == (name in names) for name in ("idp", "idp2")), 10, f"{names} to be the keys")


class CustomerInTheDatabase(Customer):
    """The same, as a row; the company of the configuration has nothing to do with it."""

    ENTITY, EMAIL = "https://contoso-idp.test/", "ann@contoso.test"

    def __init__(self, lab, cluster, folder):
        super().__init__(lab, cluster, folder)
        settings = {"metadata_url": self.server.url, "metadata_ca": self.server.ca.read_text(),
                    "metadata_certificate": (folder / "authority.pem").read_text(), "attributes.email": "mail"}
        words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        self.node.cli("company", "add", "contoso", "--domain", "contoso.test", *words)
        self.node.cli("company", "refresh", "contoso")
        self.node.cli("company", "live", "contoso")
        wait_until(lambda: self.node.ask("/auth/at/contoso", host=LOGIN_HOST, headers=[PAGE]).status == 200, 10, "the company to be known")

    def configured(self, folder):
        return messages.metadata([self.keys["idp"]]), ""

    def refresh(self):
        return self.command("company", "refresh", "contoso")

    def leaves(self):
        return start(self.node, "contoso")


@pytest.fixture(scope="module", params=[Customer, CustomerInTheDatabase])
def customer(request, module_lab, workspace, cluster):
    made = request.param(module_lab, cluster, workspace / f"signed-metadata-{request.param.__name__}")
    with made.server:
        yield made


@pytest.fixture(autouse=True)
def as_it_began(customer):
    yield
    customer.publish("idp")
    assert customer.refresh()[0] == 0
    customer.come_to_let_in("idp")


def test_a_key_that_the_authority_signed_signs_people_on(customer):
    customer.come_to_let_in("idp")
    customer.publish("idp", "idp2")
    code, said = customer.refresh()
    assert code == 0 and "new" in said
    customer.come_to_let_in("idp", "idp2")
    customer.publish("idp2")
    assert customer.refresh()[0] == 0
    customer.come_to_let_in("idp2")


def unsigned(customer):
    return customer.metadata("idp", "idp2")


def of_another_authority(customer):
    return metadata_signed_by(messages.Authority("Somebody"), customer.metadata("idp", "idp2"))


def of_a_key_that_signs_responses(customer):
    return metadata_signed_by(customer.keys["idp"], customer.metadata("idp", "idp2"))


def changed_afterwards(customer):
    return customer.server.body.replace(customer.keys["idp"].der, customer.keys["idp2"].der, 1)


def around_the_signed_one(customer):
    """The signed entity inside a role of the forged."""
    forged = customer.metadata("idp2")
    return forged.replace("<IDPSSODescriptor", f"<Extensions>{customer.server.body}</Extensions><IDPSSODescriptor", 1)


def with_the_signature_of_the_signed_one(customer):
    """The forged entity has the signature; what was signed stands in an Object of it."""
    good = messages.parse(customer.server.body)
    signature = etree.tostring(good[0]).decode()
    holder = signature.replace("</ds:Signature>", f"<ds:Object>{customer.server.body}</ds:Object></ds:Signature>", 1)
    forged = customer.metadata("idp2").replace("<EntityDescriptor ", '<EntityDescriptor ID="_evil" ', 1)
    return forged.replace("<IDPSSODescriptor", f"{holder}<IDPSSODescriptor", 1)


def several_entities(customer):
    return ('<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">'
            f"{customer.metadata('idp2')}{customer.server.body}</EntitiesDescriptor>")


@pytest.mark.parametrize("forged", [unsigned, of_another_authority, of_a_key_that_signs_responses, changed_afterwards,
                                    around_the_signed_one, with_the_signature_of_the_signed_one, several_entities])
def test_nothing_else_brings_a_key_in(customer, forged):
    customer.server.body = forged(customer)
    code, said = customer.refresh()
    assert code == 1 and ("failed" in said or "what is in force stays" in said), said
    assert customer.is_let_in("idp") and not customer.is_let_in("idp2")


def test_a_row_written_behind_our_back_brings_no_key_in_either(customer):
    """What nodes check is the metadata itself: nobody is so much as sent away."""
    if not isinstance(customer, CustomerInTheDatabase):
        return
    customer.node.people.sql("SET search_path = anteroom, public; UPDATE company_metadata SET xml = "
                             f"$xml${unsigned(customer)}$xml$ WHERE company = 'contoso'; "
                             "UPDATE companies SET version = nextval('company_versions') WHERE name = 'contoso'")
    pressed = {"method": "POST", "host": LOGIN_HOST, "body": b"idp=contoso", "headers": [FORM, PAGE, ("Sec-Fetch-Site", "same-origin")]}

    def wait_until_answered(status):
        wait_until(lambda: customer.node.ask("/auth/sign-in/start", **pressed).status == status, 10, f"the button to answer {status}")

    wait_until_answered(403)
    assert "is not signed, but 'metadata_certificate' is set" in customer.node.error_log()
    customer.node.people.sql("SET search_path = anteroom, public; UPDATE company_fetches SET etag = '' WHERE company = 'contoso'")
    assert customer.refresh()[0] == 0
    wait_until_answered(303)
