"""Certificates for servers of tests, and what serves with them."""

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKeyWithSerialization


def private_key() -> Key:
    key = ec.generate_private_key(ec.SECP256R1())
    assert isinstance(key, Key)
    return key


def make_certificates(directory: Path) -> None:
    """An authority and certificates of it for localhost and for another host: NAME.pem holds key and certificate."""
    now = datetime.datetime.now(datetime.UTC)

    def certificate(common_name: x509.Name, key: Key, issuer: x509.Name, issuer_key: Key, *extensions: x509.ExtensionType) -> bytes:
        builder = (x509.CertificateBuilder().subject_name(common_name).issuer_name(issuer)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=30)))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    authority_key = private_key()
    authority = name("Test authority")
    (directory / "ca.crt").write_bytes(certificate(authority, authority_key, authority, authority_key,
                                                   x509.BasicConstraints(ca=True, path_length=None)))
    hosts: dict[str, list[x509.GeneralName]] = {
        "localhost": [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))],
        "other": [x509.DNSName("mail.other.test")]}
    for file, names in hosts.items():
        key = private_key()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
        (directory / f"{file}.pem").write_bytes(pem + certificate(name(file), key, authority, authority_key,
                                                                  x509.SubjectAlternativeName(names)))


def tls_context(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
