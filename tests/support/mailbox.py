"""A mailbox for the demo: takes every mail that is sent to it and shows it on a page. Loopback only.

mailbox.py SMTP_PORT HTTP_PORT
"""

import email
import email.policy
import html
import json
import sys
import threading
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 500
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .3rem 1rem .3rem 0; border-bottom: 1px solid #8886; vertical-align: top }}
pre {{ white-space: pre-wrap; border: 1px solid #8886; padding: 1rem }}
iframe {{ width: 100%; height: 32rem; border: 1px solid #8886 }}
</style></head><body>
{body}
</body></html>
"""
# What a mail says may come from anybody: no script runs, nothing is fetched.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'none'; base-uri 'none'"


class Mailbox:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: list[EmailMessage] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        with self._lock:
            self._messages = [*self._messages, message][-KEPT:]
        return "250 OK"

    def messages(self) -> list[EmailMessage]:
        with self._lock:
            return list(self._messages)


def body_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return part.get_content() if isinstance(part, EmailMessage) else ""


def listing(messages: list[EmailMessage]) -> str:
    rows = "".join(f"<tr><td>{html.escape(str(message['Date']))}<td>{html.escape(str(message['To']))}"
                   f"<td><a href=\"/{number}\">{html.escape(str(message['Subject']))}</a>"
                   for number, message in reversed(list(enumerate(messages))))
    table = f"<table><tr><th>Date<th>To<th>Subject{rows}</table>" if rows else "<p>Nothing has arrived yet.</p>"
    return PAGE.format(title="Mailbox", body="<h1>Mailbox</h1><p>Every mail that the demo sent, newest first.</p>" + table)


def single(message: EmailMessage) -> str:
    headers = "".join(f"<tr><th>{html.escape(name)}<td>{html.escape(str(value))}" for name, value in message.items())
    return PAGE.format(title=html.escape(str(message["Subject"])), body=(
        f"<p><a href=\"/\">All mails</a></p><h1>{html.escape(str(message['Subject']))}</h1><table>{headers}</table>"
        f"<h2>Text</h2><pre>{html.escape(body_of(message, 'plain'))}</pre><h2>HTML</h2>"
        f"<iframe sandbox title=\"HTML\" srcdoc=\"{html.escape(body_of(message, 'html'))}\"></iframe>"))


def as_json(messages: list[EmailMessage]) -> str:
    return json.dumps([{"to": str(message["To"]), "subject": str(message["Subject"]), "id": str(message["Message-ID"]),
                        "text": body_of(message, "plain")} for message in messages])


def page_handler(mailbox: Mailbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            messages = mailbox.messages()
            name = self.path.lstrip("/")
            if name == "":
                self._answer(200, "text/html", listing(messages))
            elif name == "messages.json":
                self._answer(200, "application/json", as_json(messages))
            elif name.isdecimal() and int(name) < len(messages):
                self._answer(200, "text/html", single(messages[int(name)]))
            else:
                self._answer(404, "text/plain", "There is no such mail.\n")

        def _answer(self, status: int, kind: str, text: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def main() -> None:
    smtp_port, http_port = int(sys.argv[1]), int(sys.argv[2])
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=smtp_port)
    controller.start()
    ThreadingHTTPServer(("127.0.0.1", http_port), page_handler(mailbox)).serve_forever()


if __name__ == "__main__":
    main()
