"""A customer's published metadata, signed by an authority of theirs, and a live node that follows it: only what that
authority signed brings a new key in, whoever else has the server that publishes it."""

import base64
import subprocess

import pytest
from lxml import etree

from tests.support.metadata_server import MetadataServer
from tests.support.processes import clean_environment, sanitizer_options
from tests.support.saml import live, messages
from tests.support.saml.browser import post_response, session_of, start


def signed_by(authority, text, name="_m1"):
    root = messages.parse(text.replace("<EntityDescriptor ", f'<EntityDescriptor ID="{name}" ', 1))
    messages.sign_element(root, authority, {})
    root.insert(0, root[1])  # the schema has the signature first
    return etree.tostring(root).decode()


class Customer:
    """Their authority, their keys, their server; and a node of ours that takes metadata from there."""

    def __init__(self, lab, cluster, folder):
        self.keys, self.authority = live.authorities(), messages.Authority("Metadata authority")
        self.server = MetadataServer(folder)
        self._copy = folder / "corp.xml"
        (folder / "authority.pem").write_bytes(self.authority.certificate_pem)
        self.publish("idp")
        self._copy.write_text(self.server.body)
        live.write_key_pairs(self.keys, folder)
        more = (f"    metadata_url: {self.server.url}\n    metadata_ca: {self.server.ca}\n"
                f"    metadata_certificate: {folder}/authority.pem\n")
        self.node = lab.node(cluster, yaml=live.configuration(self._copy, more))
        self.node.people.add("ann@corp.test")

    def metadata(self, *names):
        return messages.metadata([self.keys[name] for name in names])

    def publish(self, *names):
        self.server.body = signed_by(self.authority, self.metadata(*names))

    def refresh(self):
        """The exit code, and what was said."""
        done = subprocess.run([self.node.build / "core/cli/anteroom", "--config", self.node.directory / "anteroom.yaml",
                               "idp", "refresh", "--once"], text=True, capture_output=True, check=False, timeout=60,
                              env=clean_environment(ASAN_OPTIONS=sanitizer_options("detect_leaks=0")))
        self.node.reload()
        return done.returncode, done.stdout

    def is_let_in(self, name):
        """With a Response signed by that key."""
        under_way = start(self.node)
        message = base64.b64encode(live.make_now({"key": name}, self.keys, under_way.request_id)).decode()
        token = session_of(post_response(self.node, message, under_way))
        self.node.people.sql("DELETE FROM consumed_messages")
        return token is not None


@pytest.fixture(scope="module")
def customer(module_lab, workspace, cluster):
    folder = workspace / "signed-metadata"
    folder.mkdir()
    made = Customer(module_lab, cluster, folder)
    with made.server:
        yield made


@pytest.fixture(autouse=True)
def as_it_began(customer):
    yield
    customer.publish("idp")
    assert customer.refresh()[0] == 0


def test_a_key_that_the_authority_signed_signs_people_on(customer):
    assert customer.is_let_in("idp") and not customer.is_let_in("idp2")
    customer.publish("idp", "idp2")
    code, said = customer.refresh()
    assert code == 0 and "new key " in said
    assert customer.is_let_in("idp") and customer.is_let_in("idp2")
    customer.publish("idp2")
    assert customer.refresh()[0] == 0
    assert customer.is_let_in("idp2") and not customer.is_let_in("idp")


def unsigned(customer):
    return customer.metadata("idp", "idp2")


def of_another_authority(customer):
    return signed_by(messages.Authority("Somebody"), customer.metadata("idp", "idp2"))


def of_a_key_that_signs_responses(customer):
    return signed_by(customer.keys["idp"], customer.metadata("idp", "idp2"))


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
    assert code == 1 and "failed" in said, said
    assert customer.is_let_in("idp") and not customer.is_let_in("idp2")
