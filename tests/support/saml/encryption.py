"""XML Encryption by code of another hand than what opens it: cryptography's AES and RSA, and text.

`encrypt` of a case is a mapping:
  what        assertion (default) or name_id
  block       aes128-cbc, aes256-cbc, aes128-gcm, aes256-gcm (default)
  transport   oaep-mgf1p (default), oaep-sha256, rsa-1_5, rsa-1_5-digest (which names OAEP's digest)
  to          sp (default), sp2 (the other key of ours), other
  plain       [[from, to], ...] in the text that is encrypted
  trick       one of TRICKS, on the encrypted element
"""

import base64
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
DS = "http://www.w3.org/2000/09/xmldsig#"
OPEN = {"assertion": "saml:Assertion", "name_id": "saml:NameID"}
WRAPPER = {"assertion": "saml:EncryptedAssertion", "name_id": "saml:EncryptedID"}

OAEP_SHA1 = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
OAEP_SHA256 = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
TRANSPORTS = {
    "oaep-mgf1p": (XENC + "rsa-oaep-mgf1p", "", OAEP_SHA1),
    "oaep-sha256": (XENC11 + "rsa-oaep", f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{XENC}sha256"/>'
                    f'<xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{XENC11}mgf1sha256"/>', OAEP_SHA256),
    "rsa-1_5": (XENC + "rsa-1_5", "", padding.PKCS1v15()),
    "rsa-1_5-digest": (XENC + "rsa-1_5", f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{DS}sha1"/>', padding.PKCS1v15()),
}


def encrypt_block(name: str, key: bytes, plain: bytes, spoil: bool) -> bytes:
    vector = os.urandom(12 if name.endswith("gcm") else 16)
    if name.endswith("gcm"):
        return vector + AESGCM(key).encrypt(vector, plain, None)
    missing = 16 - len(plain) % 16
    # XML Encryption 5.2: the last byte is the number of padding bytes.
    padded = plain + b"\0" * (missing - 1) + bytes([0 if spoil else missing])
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return vector + encryptor.update(padded) + encryptor.finalize()


def cipher_data(data: bytes) -> str:
    return f"<xenc:CipherData><xenc:CipherValue>{base64.b64encode(data).decode()}</xenc:CipherValue></xenc:CipherData>"


def encrypted(plain: str, how: Mapping[str, Any], recipients: Mapping[str, Any]) -> str:
    block, what = how.get("block", "aes256-gcm"), how.get("what", "assertion")
    key = os.urandom(16 if "128" in block else 32)
    algorithm, inner, scheme = TRANSPORTS[how.get("transport", "oaep-mgf1p")]
    wrapped = recipients[how.get("to", "sp")].key.public_key().encrypt(key, scheme)
    content = encrypt_block(block, key, plain.encode(), how.get("trick") == "bad_padding")
    method = (XENC11 if block.endswith("gcm") else XENC) + block
    return (f'<{WRAPPER[what]} xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">'
            f'<xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element"><xenc:EncryptionMethod Algorithm="{method}"/>'
            f'<ds:KeyInfo xmlns:ds="{DS}"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{algorithm}">{inner}'
            f"</xenc:EncryptionMethod>{cipher_data(wrapped)}</xenc:EncryptedKey></ds:KeyInfo>{cipher_data(content)}"
            f"</xenc:EncryptedData></{WRAPPER[what]}>")


def change_last_value(change: Callable[[bytes], bytes]) -> Callable[[str], str]:
    """Of the content's cipher text, which comes behind the key's."""
    def trick(text: str) -> str:
        start = text.rindex("<xenc:CipherValue>") + len("<xenc:CipherValue>")
        end = text.index("</xenc:CipherValue>", start)
        data = change(base64.b64decode(text[start:end]))
        return text[:start] + base64.b64encode(data).decode() + text[end:]
    return trick


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


CONTENT = re.compile(r"<xenc:CipherData>(?:(?!<xenc:CipherData>).)*</xenc:CipherData></xenc:EncryptedData>", re.DOTALL)
KEY = re.compile(r"<xenc:EncryptedKey>.*</xenc:EncryptedKey>", re.DOTALL)
TRICKS = {
    "bad_padding": lambda text: text,
    "flip_last_byte": change_last_value(flip),
    "flip_first_byte": change_last_value(lambda data: bytes([data[0] ^ 1]) + data[1:]),
    "cut_last_byte": change_last_value(lambda data: data[:-1]),
    "cut_to_vector": change_last_value(lambda data: data[:12]),
    "empty": change_last_value(lambda _: b""),
    "cipher_reference_file": lambda text: CONTENT.sub(
        '<xenc:CipherData><xenc:CipherReference URI="file:///etc/passwd"/></xenc:CipherData></xenc:EncryptedData>', text),
    "cipher_reference_http": lambda text: CONTENT.sub(
        '<xenc:CipherData><xenc:CipherReference URI="http://evil.test/x"/></xenc:CipherData></xenc:EncryptedData>', text),
    "retrieval_http": lambda text: KEY.sub(f'<ds:RetrievalMethod Type="{XENC}EncryptedKey" URI="http://evil.test/k"/>', text),
    "retrieval_file": lambda text: KEY.sub(f'<ds:RetrievalMethod Type="{XENC}EncryptedKey" URI="file:///etc/passwd"/>', text),
    "retrieval_nowhere": lambda text: KEY.sub(f'<ds:RetrievalMethod Type="{XENC}EncryptedKey" URI="#_none"/>', text),
    "no_key": lambda text: KEY.sub("", text),
    "key_name_only": lambda text: KEY.sub("<ds:KeyName>sp</ds:KeyName>", text),
    "two_keys": lambda text: KEY.sub(lambda match: match[0] * 2, text),
    "twenty_keys": lambda text: KEY.sub(lambda match: match[0] * 20, text),
    "other_type": lambda text: text.replace(f'Type="{XENC}Element"', f'Type="{XENC}Content"'),
    "triple_des": lambda text: text.replace(XENC11 + "aes256-gcm", XENC + "tripledes-cbc"),
    "unknown_transport": lambda text: text.replace("rsa-oaep-mgf1p", "rsa-oaep-mgf2p"),
    "odd_part_of_key": lambda text: text.replace("</xenc:EncryptedKey>", '<x xmlns="urn:x"/></xenc:EncryptedKey>'),
    "odd_part_of_data": lambda text: text.replace("</xenc:EncryptedData>", '<x xmlns="urn:x"/></xenc:EncryptedData>'),
    "odd_parameter": lambda text: text.replace("</xenc:EncryptionMethod>", '<x xmlns="urn:x"/></xenc:EncryptionMethod>', 1),
    "hint_to_elsewhere": lambda text: text.replace(
        "</xenc:EncryptionMethod>", '</xenc:EncryptionMethod><ds:KeyInfo><ds:RetrievalMethod URI="http://evil.test/"/>'
        "</ds:KeyInfo>", 1),
    "two_key_infos": lambda text: text.replace("<ds:KeyInfo", f'<ds:KeyInfo xmlns:ds="{DS}"/><ds:KeyInfo', 1),
    "unknown_mask": lambda text: text.replace("mgf1sha256", "mgf1md5"),
    "unknown_digest": lambda text: text.replace(f'{XENC}sha256"', f'{DS}md5"'),
    "long_label": lambda text: text.replace("</xenc:EncryptionMethod>", "<xenc:OAEPparams>" + "AAAA" * 500 +
                                            "</xenc:OAEPparams></xenc:EncryptionMethod>", 1),
    "no_cipher_value": lambda text: CONTENT.sub("<xenc:CipherData/></xenc:EncryptedData>", text),
    "declared_cbc": lambda text: text.replace(XENC11 + "aes256-gcm", XENC + "aes256-cbc"),
    "declared_128": lambda text: text.replace("aes256-gcm", "aes128-gcm"),
}


def encrypt_in(text: str, how: Mapping[str, Any], recipients: Mapping[str, Any]) -> str:
    """`text` with its assertion or NameID encrypted."""
    name = OPEN[how.get("what", "assertion")]
    start = text.index(f"<{name}")
    end = text.index(f"</{name}>") + len(f"</{name}>")
    plain = text[start:end]
    for old, new in how.get("plain", []):
        assert old in plain, f"nothing to replace: {old}"
        plain = plain.replace(old, new, 1)
    data = encrypted(plain, how, recipients)
    return text[:start] + TRICKS.get(how.get("trick", ""), lambda same: same)(data) + text[end:]
