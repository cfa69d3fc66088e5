"""An app whose answers take their time: /stream says something ten times a second, /quiet nothing after its head, /silent nothing
at all, /flood all that the other side takes, /sized as many bytes as `bytes=` says; /upload reads a body to its end."""

import socketserver
import threading
import time
from urllib.parse import parse_qs, urlsplit


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline().decode("latin-1").split(" ")
        length = 0
        while (field := self.rfile.readline().decode("latin-1").rstrip("\r\n")):
            name, _, value = field.partition(":")
            length = int(value) if name.lower() == "content-length" else length
        target = urlsplit(line[1])
        self.server.asked += 1
        getattr(self, "answer_" + target.path.rstrip("/").rsplit("/", 1)[-1])(parse_qs(target.query), length)

    def head(self, *fields):
        lines = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Connection: close", *fields]
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def wait(self):
        """Until the other side has gone."""
        self.connection.recv(1)

    def answer_stream(self, *_):
        self.head("X-Accel-Buffering: no")
        while True:
            self.wfile.write(b"data: tick\n\n")
            time.sleep(0.1)

    def answer_quiet(self, *_):
        self.head()
        self.wait()

    def answer_silent(self, *_):
        self.wait()

    def answer_flood(self, *_):
        self.head("Content-Length: 1000000000000")
        while True:
            self.wfile.write(b"x" * 65536)

    def answer_sized(self, query, _):
        size = int(query["bytes"][0])
        self.head(f"Content-Length: {size}", "Cache-Control: max-age=600")
        self.wfile.write(b"x" * size)

    def answer_upload(self, _, length):
        self.rfile.read(length)
        self.head()

    def answer_sent(self, query, _):
        self.head(f"X-Accel-Redirect: {query['to'][0]}")


class StreamApp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 4096

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = self.server_address[1]
        self.asked = 0  # requests whose head is here
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # nginx goes on purpose
