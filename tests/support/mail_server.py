"""A real SMTP server (aiosmtpd) that can be told to refuse, to break off, and to stand still."""

import asyncio
import email
import email.policy
import threading
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from .certificates import tls_context

USER, PASSWORD = "anteroom", "s3cret-of-the-mail-server"


class Received:
    def __init__(self, envelope: Envelope, is_tls: bool, is_signed_on: bool) -> None:
        self.sender = envelope.mail_from
        self.recipients = list(envelope.rcpt_tos)
        assert isinstance(envelope.content, bytes)
        self.bytes = envelope.content
        self.is_tls = is_tls
        self.is_signed_on = is_signed_on

    @property
    def message(self) -> EmailMessage:
        message = email.message_from_bytes(self.bytes, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message


class _Protocol(SMTP):
    """Stands still after 354 while the server is told to."""

    async def smtp_DATA(self, arg: str) -> None:
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

    def __init__(self, port: int, *, certificate: Path | None = None, is_tls_from_start: bool = False, needs_sign_on: bool = False) -> None:
        self.received: list[Received] = []
        self.answers: dict[str, list[str]] = {"MAIL": [], "RCPT": [], "DATA": []}
        self.commands: list[str] = []
        self.stalls_in_data = False
        self.stalled = threading.Event()
        self.holds_back: threading.Event | None = None  # the answer to DATA waits for it
        context = tls_context(certificate) if certificate else None
        options: dict[str, Any] = {"require_starttls": True, "tls_context": context} if context and not is_tls_from_start else {}
        if is_tls_from_start:
            options["ssl_context"] = context
        super().__init__(self, hostname="127.0.0.1", port=port, authenticator=self._check_sign_on,
                         auth_required=needs_sign_on, auth_require_tls=not is_tls_from_start, **options)

    def factory(self) -> _Protocol:
        return _Protocol(self, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:  # it listens: there is nothing to try, and nothing to count
        self._factory_invoked.set()
        self.smtpd = self.smtpd or True

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @staticmethod
    def _check_sign_on(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=good)

    def _answer(self, command: str) -> str | None:
        self.commands.append(command)
        return self.answers[command].pop(0) if self.answers[command] else None

    async def handle_MAIL(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:
        answer = self._answer("MAIL")
        if answer is None:
            envelope.mail_from = address  # type: ignore[assignment]  # declared as None alone
        return answer or "250 OK"

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:
        answer = self._answer("RCPT")
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self._answer("DATA")
        if self.holds_back is not None:
            self.stalled.set()
            await asyncio.get_running_loop().run_in_executor(None, self.holds_back.wait)
        if answer is None or answer == "close":
            self.received.append(Received(envelope, session.ssl is not None, bool(session.authenticated)))
        if answer == "close":
            server.transport.abort()  # type: ignore[attr-defined]  # declared as None alone
        return answer or "250 OK"
