"""The app behind the gate: answers every request with what it was asked, as JSON, with the header fields that `answer=` in the
query names; echoes bytes after an upgrade."""

import json
import socketserver
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit


class _Handler(socketserver.StreamRequestHandler):
    server: "EchoApp"

    def handle(self) -> None:
        while True:
            line = self.rfile.readline().decode("latin-1").strip()
            if not line:
                return
            method, target, _ = line.split(" ", 2)
            headers = []
            while (field := self.rfile.readline().decode("latin-1").rstrip("\r\n")):
                name, _, value = field.partition(":")
                headers.append([name, value.strip()])
            given = {name.lower(): value for name, value in headers}
            if given.get("upgrade", "").lower() == "websocket":
                self._echo()
                return
            body = self.rfile.read(int(given.get("content-length", "0")))
            self.server.requests.append((method, target, headers))
            self._answer(target, {"method": method, "target": target, "headers": headers, "body_length": len(body)})

    def _answer(self, target: str, what: object) -> None:
        text = json.dumps(what).encode()
        status = "404 Not Found" if "missing" in target else "200 OK"
        wished = "".join(f"{field}\r\n" for field in parse_qs(urlsplit(target).query).get("answer", []))
        self.wfile.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{wished}"
                         f"Content-Length: {len(text)}\r\n\r\n".encode() + text)

    def _echo(self) -> None:
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        while (data := self.connection.recv(4096)):
            self.connection.sendall(data)


class EchoApp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.port = self.server_address[1]
        self.requests: list[tuple[str, str, list[list[str]]]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients of these tests vanish on purpose
