"""Responses made and signed by code of another hand than what verifies them: lxml's c14n, cryptography's keys.

A case is a mapping (see cases/*.yaml):
  name, why      what it is, and where it comes from
  sign           none, assertion (default), response, both
  key            idp (default), idp2 (registered too), other (another IdP's), ec, ec384 (registered, P-256 and P-384)
  say            [[from, to], …] in the text before signing: the IdP itself says so
  tamper         [[from, to], …] in the text after signing
  encrypt        how the assertion or NameID is encrypted, see encryption.py
  wrap           a wrapping of WRAPPINGS, after signing
  algorithm, digest, transforms, c14n, reference, prefixes    of the signature
  place          of the Signature among the children: a number (1: behind the Issuer), or last
  gap            white space in the base64
  lost_plus      a plus in the base64 became a space, as in a form that was not escaped
  options        further words for `anteroom verify-response`
  live           false: not through nginx, whose clock cannot be set to the second
  expect         a code of nginx-conf/manual/refusals.md, or accepted
"""

import base64
import copy
import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from tests.support.rsa_keys import rsa_key

from .encryption import encrypt_in

Element = Any  # of lxml, which has no types
Wrapping = Callable[[Element, Element, Element, Element], None]

NOW = datetime(2027, 1, 15, 8, 0, 0, tzinfo=UTC)
REQUEST = "id00112233445566778899aabbccddeeff"
DS = "http://www.w3.org/2000/09/xmldsig#"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DS + "enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

BASE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0" \
IssueInstant="2027-01-15T08:00:00Z" Destination="https://login.test/saml2/idpresponse" \
InResponseTo="id00112233445566778899aabbccddeeff">\
<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.test/</saml:Issuer>\
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>\
<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" \
IssueInstant="2027-01-15T08:00:00Z"><saml:Issuer>https://idp.test/</saml:Issuer>\
<saml:Subject><saml:NameID>ann@corp.test</saml:NameID>\
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData \
NotOnOrAfter="2027-01-15T08:05:00Z" Recipient="https://login.test/saml2/idpresponse" \
InResponseTo="id00112233445566778899aabbccddeeff"/></saml:SubjectConfirmation></saml:Subject>\
<saml:Conditions NotBefore="2027-01-15T08:00:00Z" NotOnOrAfter="2027-01-15T09:00:00Z">\
<saml:AudienceRestriction><saml:Audience>https://sp.test</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
<saml:AuthnStatement AuthnInstant="2027-01-15T07:59:00Z" SessionIndex="_a1"><saml:AuthnContext>\
<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>\
</saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="mail">\
<saml:AttributeValue>ann@corp.test</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>\
</saml:Assertion></samlp:Response>"""


CURVES: dict[str, ec.EllipticCurve] = {"ec": ec.SECP256R1(), "ec384": ec.SECP384R1()}


def key_pair(kind: str) -> rsa.RSAPrivateKeyWithSerialization | ec.EllipticCurvePrivateKeyWithSerialization:
    if kind not in CURVES:
        return rsa_key()
    key = ec.generate_private_key(CURVES[kind])
    assert isinstance(key, ec.EllipticCurvePrivateKeyWithSerialization)
    return key


class Authority:
    def __init__(self, name: str, kind: str = "rsa") -> None:
        self.key = key_pair(kind)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
                            .public_key(self.key.public_key()).serial_number(1)
                            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
                            .sign(self.key, hashes.SHA256()))

    @property
    def der(self) -> str:
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()

    @property
    def private_pem(self) -> bytes:
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def sign(self, data: bytes, algorithm: str) -> bytes:
        digests: dict[str, hashes.HashAlgorithm] = {
            "sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512(), "md5": hashes.MD5()}
        digest = digests[algorithm.rsplit("-", 1)[1]]
        if "hmac" in algorithm:
            public = self.certificate.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            mac = hmac.HMAC(public, digest)
            mac.update(data)
            return mac.finalize()
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(digest)))
            size = self.key.key_size // 8
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        return self.key.sign(data, padding.PKCS1v15(), digest)


def metadata(authorities: Iterable[Authority]) -> str:
    keys = "".join('<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
                   f"<X509Certificate>{authority.der}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
                   for authority in authorities)
    return ('<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.test/">'
            '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">' + keys +
            '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
            'Location="https://idp.test/sso"/></IDPSSODescriptor></EntityDescriptor>')


def canonical(element: Element, prefixes: str | None = None) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False,
                          inclusive_ns_prefixes=prefixes.split() if prefixes else None)


def sign_element(element: Element, authority: Authority, case: Mapping[str, Any]) -> None:
    digest_name = case.get("digest", SHA256)
    algorithm = case.get("algorithm", RSA_SHA256)
    prefixes = case.get("prefixes")
    hash_name = digest_name.rsplit("#", 1)[1]
    digest = hashlib.new(hash_name, canonical(element, prefixes)).digest()
    inner = f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{prefixes}"/>' if prefixes else ""
    transforms = "".join(f'<ds:Transform Algorithm="{name}">{inner if name.startswith(EXC) else ""}</ds:Transform>'
                         for name in case.get("transforms", [ENVELOPED, EXC]))
    reference = case.get("reference", "#" + element.get("ID"))
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{case.get("c14n", EXC)}"/>'
        f'<ds:SignatureMethod Algorithm="{algorithm}"/><ds:Reference URI="{reference}"><ds:Transforms>{transforms}'
        f'</ds:Transforms><ds:DigestMethod Algorithm="{digest_name}"/><ds:DigestValue>'
        f"{base64.b64encode(digest).decode()}</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue/>"
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{authority.der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        "</ds:Signature>")
    place = case.get("place", 1)
    element.insert(len(element) if place == "last" else place, signature)
    value = authority.sign(canonical(signature[0]), algorithm)
    signature[1].text = base64.b64encode(value).decode()


def replace_all(text: str, pairs: Iterable[tuple[str, str]]) -> str:
    for old, new in pairs:
        assert text.count(old) >= 1, f"nothing to replace: {old}"
        text = text.replace(old, new, 1)
    return text


def parse(text: str) -> Element:
    return etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, strip_cdata=False))


def signed(text: str, case: Mapping[str, Any], authorities: Mapping[str, Authority], what: str) -> str:
    """`text` with the assertion or the Response signed, if the case wants it."""
    if case.get("sign", "assertion") not in (what, "both"):
        return text
    root = parse(text)
    element = root if what == "response" else root.find(f"{{{SAML}}}Assertion")
    sign_element(element, authorities[case.get("key", "idp")], case)
    return etree.tostring(root).decode()


def metadata_signed_by(authority: Authority, text: str, name: str = "_m1") -> str:
    """Of one entity."""
    root = parse(text.replace("<EntityDescriptor ", f'<EntityDescriptor ID="{name}" ', 1))
    sign_element(root, authority, {})
    root.insert(0, root[1])  # the schema has the signature first
    return etree.tostring(root).decode()


def make(case: Mapping[str, Any], authorities: Mapping[str, Authority], base: str = BASE) -> bytes:
    """The Response's bytes."""
    text = replace_all(base, case.get("say", []))
    how = case.get("encrypt", {})
    if how.get("what") == "name_id":
        text = encrypt_in(text, how, authorities)
    text = signed(text, case, authorities, "assertion")
    if how and how.get("what") != "name_id":
        text = encrypt_in(text, how, authorities)
    text = signed(text, case, authorities, "response")
    if "wrap" in case:
        text = etree.tostring(WRAPPINGS[case["wrap"]](parse(text))).decode()
    data = replace_all(text, case.get("tamper", [])).encode()
    return data + case.get("behind", "").encode("latin-1")


def encode(case: Mapping[str, Any], data: bytes) -> str:
    """The form value."""
    text = base64.b64encode(data).decode()
    if case.get("lost_plus"):
        assert "+" in text
        text = text.replace("+", " ", 1)
    return case.get("gap", "").join(text[at:at + 70] for at in range(0, len(text), 70))


# The signature wrappings of Somorovsky et al., "On Breaking SAML" (USENIX Security 2012), figures 5 to 12, and later ones.

def evil_copy(element: Element) -> Element:
    """Says to be Eve, under another ID and without the signature."""
    evil = copy.deepcopy(element)
    for signature in evil.findall(f"{{{DS}}}Signature"):
        evil.remove(signature)
    evil.set("ID", "_evil" + element.get("ID"))
    inner = evil.find(f"{{{SAML}}}Assertion")
    if inner is not None:
        inner.set("ID", "_evil_inner")
    for node in evil.iter(f"{{{SAML}}}NameID", f"{{{SAML}}}AttributeValue"):
        node.text = "eve@corp.test"
    return evil


def parts(element: Element) -> tuple[Element, Element]:
    signature = element.find(f"{{{DS}}}Signature")
    return signature, evil_copy(element)


def without_signature(element: Element) -> Element:
    bare = copy.deepcopy(element)
    bare.remove(bare.find(f"{{{DS}}}Signature"))
    return bare


def response_in_signature(root: Element) -> Element:
    signature, evil = parts(root)
    moved = copy.deepcopy(signature)
    moved.append(without_signature(root))
    evil.insert(1, moved)
    return evil


def response_beside_signature(root: Element) -> Element:
    signature, evil = parts(root)
    evil.insert(1, without_signature(root))
    evil.insert(2, copy.deepcopy(signature))
    return evil


def response_in_extensions(root: Element) -> Element:
    _, evil = parts(root)
    extensions = etree.SubElement(evil, f"{{{SAMLP}}}Extensions")
    extensions.append(copy.deepcopy(root))
    evil.insert(1, extensions)
    return evil


def response_in_object(root: Element) -> Element:
    signature, evil = parts(root)
    moved = copy.deepcopy(signature)
    etree.SubElement(moved, f"{{{DS}}}Object").append(without_signature(root))
    evil.insert(1, moved)
    return evil


def on_assertion(change: Wrapping) -> Callable[[Element], Element]:
    def wrap(root: Element) -> Element:
        assertion = root.find(f"{{{SAML}}}Assertion")
        signature, evil = parts(assertion)
        change(root, assertion, signature, evil)
        return root
    return wrap


def evil_first(root: Element, assertion: Element, _: Element, evil: Element) -> None:
    root.insert(root.index(assertion), evil)


def evil_last(root: Element, _assertion: Element, _: Element, evil: Element) -> None:
    root.append(evil)


def evil_around(root: Element, assertion: Element, _: Element, evil: Element) -> None:
    root.replace(assertion, evil)
    evil.append(assertion)


def evil_with_signature_original_last(root: Element, assertion: Element, signature: Element, evil: Element) -> None:
    root.replace(assertion, evil)
    assertion.remove(signature)
    evil.insert(1, signature)
    root.append(assertion)


def original_in_evil_signature(root: Element, assertion: Element, signature: Element, evil: Element) -> None:
    root.replace(assertion, evil)
    assertion.remove(signature)
    signature.append(assertion)
    evil.insert(1, signature)


def evil_in_extensions(root: Element, _assertion: Element, _: Element, evil: Element) -> None:
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(evil)
    root.insert(1, extensions)


def original_in_object(root: Element, assertion: Element, signature: Element, evil: Element) -> None:
    root.replace(assertion, evil)
    assertion.remove(signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(assertion)
    evil.insert(1, signature)


def original_in_advice(root: Element, assertion: Element, _: Element, evil: Element) -> None:
    root.replace(assertion, evil)
    advice = etree.SubElement(evil, f"{{{SAML}}}Advice")
    advice.append(assertion)


def original_in_status_detail(root: Element, assertion: Element, _: Element, evil: Element) -> None:
    root.replace(assertion, evil)
    detail = etree.SubElement(root.find(f"{{{SAMLP}}}Status"), f"{{{SAMLP}}}StatusDetail")
    detail.append(assertion)


def evil_in_genuine_signature(_root: Element, assertion: Element, signature: Element, evil: Element) -> None:
    etree.SubElement(signature, f"{{{DS}}}Object").append(evil)


def evil_in_key_info(_root: Element, assertion: Element, signature: Element, evil: Element) -> None:
    signature.find(f"{{{DS}}}KeyInfo").append(evil)


def same_id_first(root: Element, assertion: Element, _: Element, evil: Element) -> None:
    evil.set("ID", assertion.get("ID"))
    root.insert(root.index(assertion), evil)


def same_id_last(root: Element, assertion: Element, _: Element, evil: Element) -> None:
    evil.set("ID", assertion.get("ID"))
    root.append(evil)


def signature_moved_to_response(root: Element, assertion: Element, signature: Element, evil: Element) -> None:
    root.replace(assertion, evil)
    root.insert(1, signature)
    root.append(assertion)




def signature_removed(_root: Element, assertion: Element, signature: Element, _evil: Element) -> None:
    assertion.remove(signature)


def assertion_in_subject_confirmation(root: Element, assertion: Element, _: Element, evil: Element) -> None:
    root.replace(assertion, evil)
    data = next(evil.iter(f"{{{SAML}}}SubjectConfirmationData"))
    data.append(assertion)


WRAPPINGS: dict[str, Callable[[Element], Element]] = {
    "xsw1": response_in_signature, "xsw2": response_beside_signature, "response_in_extensions": response_in_extensions,
    "response_in_object": response_in_object,
    **{name: on_assertion(change) for name, change in {
        "xsw3": evil_first, "xsw4": evil_around, "xsw5": evil_with_signature_original_last,
        "xsw6": original_in_evil_signature, "xsw7": evil_in_extensions, "xsw8": original_in_object,
        "evil_last": evil_last, "advice": original_in_advice, "status_detail": original_in_status_detail,
        "object_in_genuine_signature": evil_in_genuine_signature, "key_info": evil_in_key_info,
        "same_id_first": same_id_first, "same_id_last": same_id_last,
        "signature_moved_to_response": signature_moved_to_response, "signature_removed": signature_removed,
        "subject_confirmation_data": assertion_in_subject_confirmation}.items()}}
