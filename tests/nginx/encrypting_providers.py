"""Identity providers of other makes that read our metadata, choose a key in it and encrypt an assertion for it.

Lasso is what LemonLDAP::NG stands on, pysaml2 what SATOSA does. Each is given our metadata and a request as the browser
brings it, and returns the Response as it posts it.
"""

import base64
import datetime
import functools
import re
import zlib
from urllib.parse import parse_qs

import lasso
import saml2.entity
import saml2.sigver
from saml2.config import IdPConfig
from saml2.saml import NameID
from saml2.server import Server

ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


def in_minutes(minutes):
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def lasso_answers(own_metadata, sp_metadata, query, authority, _, email="ann@corp.test"):
    server = lasso.Server.newFromBuffers(own_metadata, authority.private_pem.decode(), None,
                                         authority.certificate_pem.decode())
    server.signatureMethod = lasso.SIGNATURE_METHOD_RSA_SHA256
    server.addProviderFromBuffer(lasso.PROVIDER_ROLE_SP, sp_metadata)
    ours = server.getProvider(re.search(r'entityID="([^"]+)"', sp_metadata)[1])
    ours.setEncryptionMode(lasso.ENCRYPTION_MODE_ASSERTION)
    ours.setEncryptionSymKeyType(lasso.ENCRYPTION_SYM_KEY_TYPE_AES_256)
    login = lasso.Login(server)
    login.processAuthnRequestMsg(query)  # and checks our signature
    login.validateRequestMsg(True, True)
    login.buildAssertion(lasso.SAML2_AUTHN_CONTEXT_PASSWORD, in_minutes(0), None, in_minutes(-1), in_minutes(5))
    login.assertion.subject.nameID.format = ADDRESS
    login.assertion.subject.nameID.content = email
    login.buildAuthnResponseMsg()
    return login.msgBody


def pysaml2_answers(own_metadata, sp_metadata, query, authority, folder, email="ann@corp.test"):
    # Its default is Triple DES, which XML Encryption has given up.
    saml2.entity.pre_encryption_part = functools.partial(
        saml2.sigver.pre_encryption_part, msg_enc="http://www.w3.org/2001/04/xmlenc#aes256-cbc")
    saml2.sigver.SecurityContext.encrypt_assertion.__defaults__ = ("aes-256", None)
    (folder / "idp.key").write_bytes(authority.private_pem)
    (folder / "idp.pem").write_bytes(authority.certificate_pem)
    (folder / "sp.xml").write_text(sp_metadata)
    entity_id = re.search(r'entityID="([^"]+)"', own_metadata)[1]
    config = IdPConfig().load({
        "entityid": entity_id, "xmlsec_binary": "/usr/bin/xmlsec1", "key_file": str(folder / "idp.key"),
        "cert_file": str(folder / "idp.pem"), "metadata": {"local": [str(folder / "sp.xml")]},
        "service": {"idp": {"endpoints": {"single_sign_on_service": [
            ("https://idp.test/sso", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect")]},
            "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None}}}}})
    server = Server(config=config)
    request = parse_qs(query)["SAMLRequest"][0]
    xml = zlib.decompress(base64.b64decode(request), -15).decode()
    response = server.create_authn_response(
        {"mail": [email]}, re.search(r' ID="([^"]+)"', xml)[1],
        re.search(r'AssertionConsumerServiceURL="([^"]+)"', xml)[1],
        sp_entity_id=re.search(r"Issuer>([^<]+)<", xml)[1], name_id=NameID(format=ADDRESS, text=email),
        authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": entity_id},
        sign_response=True, sign_assertion=False, encrypt_assertion=True, encrypted_advice_attributes=False,
        sign_alg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        digest_alg="http://www.w3.org/2001/04/xmlenc#sha256")
    return base64.b64encode(str(response).encode()).decode()


PROVIDERS = {"Lasso": lasso_answers, "pysaml2": pysaml2_answers}
