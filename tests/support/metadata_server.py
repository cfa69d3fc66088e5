"""An https server that gives out an identity provider's metadata, and such metadata."""

import base64
import contextlib
import datetime
import hashlib
import http.server
import threading
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from .certificates import make_certificates, tls_context
from .rsa_keys import rsa_key

METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}"{more}>
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{keys}
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-{binding}" Location="https://idp.test/sso"/>
</IDPSSODescriptor></EntityDescriptor>
"""
KEY = """
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"""


def certificate(bits: int = 2048, days: int = 300) -> str:
    """Base64 of a self-signed one that ends in so many days."""
    key = rsa_key(bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=400))
            .not_valid_after(now + datetime.timedelta(days=days)).sign(key, hashes.SHA256()))
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


def metadata(*certificates: str, entity: str = "https://idp.test/", more: str = "", binding: str = "Redirect") -> str:
    return METADATA.format(entity=entity, more=more, binding=binding, keys="".join(map(KEY.format, certificates)))


class MetadataServer:
    """Serves `body`; a test may change what it says. `asked`: the headers of each request."""

    def __init__(self, directory: Path, pem: str = "localhost") -> None:
        make_certificates(directory)
        self.ca = directory / "ca.crt"
        self.body: str | bytes = b""
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(dict(self.headers))
                body = outer.body.encode() if isinstance(outer.body, str) else outer.body
                etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
                is_known = outer.status == 200 and self.headers.get("If-None-Match") == etag
                self.send_response(304 if is_known else outer.status)
                self.send_header("ETag", etag)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0" if is_known else str(len(body)))
                self.end_headers()
                if not is_known:
                    with contextlib.suppress(OSError):  # the client has had enough
                        self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass  # handshakes that fail are what some tests want

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.socket = tls_context(directory / f"{pem}.pem").wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"https://localhost:{self.port}/metadata.xml"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
