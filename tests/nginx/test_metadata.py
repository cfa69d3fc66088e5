"""Our own metadata, judged by the OASIS schema and by a signature check that shares no code with the product."""

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from tests.support.processes import run

SCHEMAS = [Path("/usr/share/xml/opensaml"), Path("/usr/share/xml/xmltooling")]
MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"


class LocalSchemas(etree.Resolver):
    """Debian's copies of what the schemas import by URL."""

    def resolve(self, url, _, context):
        for folder in SCHEMAS:
            file = folder / url.rsplit("/", 1)[-1]
            if file.exists():
                return self.resolve_filename(str(file), context)
        return None


@pytest.fixture(scope="module")
def schema():
    parser = etree.XMLParser()
    parser.resolvers.add(LocalSchemas())
    return etree.XMLSchema(etree.parse(str(SCHEMAS[0] / "saml-schema-metadata-2.0.xsd"), parser))


def key_pair(folder, name):
    """NAME.key and NAME.pem; returns the certificate."""
    run(["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}",
         "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"])
    (folder / f"{name}.key").chmod(0o600)
    return (folder / f"{name}.pem").read_bytes()


def check_signature(document, certificate_pem):
    root = document.getroot()
    signature = root.find(f"{DS}Signature")
    assert root.index(signature) == 0, "the schema wants it first"
    info = signature.find(f"{DS}SignedInfo")
    assert info.find(f"{DS}Reference").get("URI") == "#" + root.get("ID")
    bare = etree.fromstring(etree.tostring(root))
    bare.remove(bare.find(f"{DS}Signature"))
    digest = hashlib.sha256(etree.tostring(bare, method="c14n", exclusive=True)).digest()
    assert base64.b64decode(info.findtext(f"{DS}Reference/{DS}DigestValue")) == digest
    x509.load_pem_x509_certificate(certificate_pem).public_key().verify(
        base64.b64decode(signature.findtext(f"{DS}SignatureValue")),
        etree.tostring(info, method="c14n", exclusive=True), padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("is_signed", [False, True])
def test_our_metadata_is_valid_and_complete(lab, cluster, workspace, schema, is_signed):
    pairs = {name: key_pair(workspace, name) for name in ("sp-sign", "sp-old", "sp-new")}
    more = f"""\
  signing: {{ key: {workspace}/sp-sign.key, certificate: {workspace}/sp-sign.pem }}
  sign_metadata: {str(is_signed).lower()}
  decryption:
    - {{ key: {workspace}/sp-old.key, certificate: {workspace}/sp-old.pem }}
    - {{ key: {workspace}/sp-new.key, certificate: {workspace}/sp-new.pem }}
"""
    node = lab.node(cluster, yaml=lambda text: text.replace("identity_providers:", more + "identity_providers:", 1))
    answer = node.ask("/auth/metadata")
    assert answer.status == 200
    assert answer.header("content-type") == "application/samlmetadata+xml"
    document = etree.ElementTree(etree.fromstring(answer.body))
    schema.assertValid(document)
    role = document.getroot().find(f"{MD}SPSSODescriptor")
    uses = [key.get("use") for key in role.findall(f"{MD}KeyDescriptor")]
    assert uses == ["signing", "encryption"], "of several keys to encrypt for, the first"
    named = [base64.b64decode(element.text) for element in role.iter(f"{DS}X509Certificate")]
    wanted = [x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER) for pem in list(pairs.values())[:2]]
    assert named == wanted
    if is_signed:
        check_signature(document, pairs["sp-sign"])
    else:
        assert document.getroot().find(f"{DS}Signature") is None


def test_our_metadata_offers_artifacts_where_one_provider_sends_them(lab, cluster, workspace, schema):
    service = ('<ArtifactResolutionService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" index="0" '
               'Location="https://idp.northwind.example/artifact"/><SingleSignOnService')
    path = workspace / "artifact.xml"
    path.write_text((workspace / "northwind.xml").read_text().replace("<SingleSignOnService", service))
    node = lab.node(cluster, yaml=lambda text: text.replace(
        f"{workspace}/northwind.xml", f"{path}\n    response_binding: artifact"))
    document = etree.ElementTree(etree.fromstring(node.ask("/auth/metadata").body))
    schema.assertValid(document)
    services = [(service.get("index"), service.get("Binding").rsplit(":", 1)[-1], service.get("isDefault"))
                for service in document.getroot().iter(f"{MD}AssertionConsumerService")]
    assert services == [("0", "HTTP-POST", "true"), ("1", "HTTP-Artifact", "false")]
