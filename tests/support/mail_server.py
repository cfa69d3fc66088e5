"""A real SMTP server (aiosmtpd) that can be told to refuse, to break off, and to stand still."""

import asyncio
import email
import email.policy
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from .certificates import tls_context

USER, PASSWORD = "anteroom", "s3cret-of-the-mail-server"


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
