"""A real SMTP server (aiosmtpd) that can be told to refuse, to break off, and to stand still."""

import asyncio
import datetime
import email
import email.policy
import ipaddress
import ssl
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER, PASSWORD = "anteroom", "s3cret-of-the-mail-server"


def make_certificates(directory):
    """An authority and certificates of it for localhost and for another host: NAME.pem holds key and certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
    now = datetime.datetime.utcnow()

    def certificate(common_name, key, issuer, issuer_key, *extensions):
        builder = (x509.CertificateBuilder().subject_name(common_name).issuer_name(issuer)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=30)))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = name("Test authority")
    (directory / "ca.crt").write_bytes(certificate(authority, authority_key, authority, authority_key,
                                                   x509.BasicConstraints(ca=True, path_length=None)))
    for file, names in (("localhost", [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                        ("other", [x509.DNSName("mail.other.test")])):
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
        (directory / f"{file}.pem").write_bytes(pem + certificate(name(file), key, authority, authority_key,
                                                                  x509.SubjectAlternativeName(names)))


def tls_context(pem):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


class Received:
    def __init__(self, envelope, is_tls, is_signed_on):
        self.sender = envelope.mail_from
        self.recipients = list(envelope.rcpt_tos)
        self.bytes = envelope.content
        self.is_tls = is_tls
        self.is_signed_on = is_signed_on

    @property
    def message(self):
        return email.message_from_bytes(self.bytes, policy=email.policy.default)


class _Protocol(SMTP):
    """Stands still after 354 while the server is told to."""

    async def smtp_DATA(self, arg):
        if self.event_handler.stalls_in_data:
            await self.push("354 go on")
            self.event_handler.stalled.set()
            await asyncio.sleep(120)
            return
        await super().smtp_DATA(arg)


class MailServer(Controller):
    """`answers`: by command ("MAIL", "RCPT", "DATA"), what to say instead of 250, one after the other.

    "close" as an answer to DATA takes the message and breaks the connection without a word.
    """

    def __init__(self, port, *, certificate=None, is_tls_from_start=False, needs_sign_on=False):
        self.received = []
        self.answers = {"MAIL": [], "RCPT": [], "DATA": []}
        self.commands = []
        self.stalls_in_data = False
        self.stalled = threading.Event()
        self.holds_back = None  # a threading.Event: the answer to DATA waits for it
        context = tls_context(certificate) if certificate else None
        options = {"require_starttls": True, "tls_context": context} if context and not is_tls_from_start else {}
        if is_tls_from_start:
            options["ssl_context"] = context
        super().__init__(self, hostname="127.0.0.1", port=port, authenticator=self._check_sign_on,
                         auth_required=needs_sign_on, auth_require_tls=not is_tls_from_start, **options)

    def factory(self):
        return _Protocol(self, **self.SMTP_kwargs)

    def _trigger_server(self):  # it listens: there is nothing to try, and nothing to count
        self._factory_invoked.set()
        self.smtpd = self.smtpd or True

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @staticmethod
    def _check_sign_on(_server, _session, _envelope, _mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=good)

    def _answer(self, command):
        self.commands.append(command)
        return self.answers[command].pop(0) if self.answers[command] else None

    async def handle_MAIL(self, _server, _session, envelope, address, _options):
        answer = self._answer("MAIL")
        if answer is None:
            envelope.mail_from = address
        return answer or "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        answer = self._answer("RCPT")
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = self._answer("DATA")
        if self.holds_back is not None:
            self.stalled.set()
            await asyncio.get_running_loop().run_in_executor(None, self.holds_back.wait)
        if answer is None or answer == "close":
            self.received.append(Received(envelope, session.ssl is not None, session.authenticated))
        if answer == "close":
            server.transport.abort()
        return answer or "250 OK"
