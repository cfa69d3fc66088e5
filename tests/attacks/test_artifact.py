"""Responses by artifact at a live node: fetched from a real TLS server, and what a bad one can't do."""

import base64
import contextlib
import datetime
import gzip
import hashlib
import http.server
import re
import secrets
import socket
import ssl
import threading
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests.support.processes import wait_until
from tests.support.rsa_keys import rsa_key
from tests.support.saml import live
from tests.support.saml.browser import ACS, LOGIN_HOST, PAGE, post_response, session_of, start

SOAP = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"


def issued(name, by=None, host="localhost", days=30):
    """(key, certificate); `by` another such pair, or itself."""
    key = rsa_key()
    issuer_key, issuer = by or (key, None)
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (x509.CertificateBuilder().subject_name(own).issuer_name(issuer.subject if issuer else own)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(days=60)).not_valid_after(now + datetime.timedelta(days=days))
               .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True))
    if by is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return key, builder.sign(issuer_key, hashes.SHA256())


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


class Resolver:
    """An identity provider's ArtifactResolutionService. `answer` makes (status, headers, body) of a question."""

    def __init__(self, folder, key, certificate, tls=True):
        self.questions = []
        self.answer = None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                question = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.questions.append((self.path, dict(self.headers), question))
                with contextlib.suppress(OSError):  # who asked has gone
                    outer.answer(self, question)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        if tls:
            file = folder / f"tls-{secrets.token_hex(4)}.pem"
            file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()) + pem(certificate))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            # In the thread of its connection: a client that hangs up in the middle is not an error here.
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def send(handler, body, status=200, headers=()):
    handler.send_response(status)
    for name, value in [("Content-Type", "text/xml"), ("Content-Length", str(len(body))), *headers]:
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def envelope(question, response):
    asked = re.search(r'<samlp:ArtifactResolve [^>]* ID="([^"]+)"', question)[1]
    response = re.sub(r"^<\?xml[^>]*\?>\s*", "", response)
    return ('<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
            '<p:ArtifactResponse xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_ar" Version="2.0" '
            f'IssueInstant="2026-01-01T00:00:00Z" InResponseTo="{asked}"><p:Status>'
            '<p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status>'
            f"{response}</p:ArtifactResponse></e:Body></e:Envelope>").encode()


@pytest.fixture(scope="module")
def authority():
    return issued("Test CA")


class World:
    def __init__(self, lab, workspace, cluster, keys_of_idp, ca_pem):
        self._lab, self._workspace, self._cluster = lab, workspace, cluster
        self.keys = keys_of_idp
        self._ca_pem = ca_pem
        self._resolvers = []

    def resolver(self, pair, **options):
        self._resolvers.append(Resolver(self._workspace, *pair, **options))
        return self._resolvers[-1]

    def node(self, url, trusts_ca=True):
        name = f"artifact-{secrets.token_hex(4)}"
        path, ca = self._workspace / f"{name}.xml", self._workspace / f"{name}.pem"
        service = f'<ArtifactResolutionService Binding="{SOAP}" index="0" Location="{url}"/><SingleSignOnService'
        path.write_text(live.registered(self.keys).replace("<SingleSignOnService", service, 1))
        ca.write_bytes(self._ca_pem)
        live.write_key_pairs(self.keys, self._workspace)
        more = "    response_binding: artifact\n" + (f"    back_channel_ca: {ca}\n" if trusts_ca else "")
        signing = f"  signing: {{ key: {self._workspace}/sp.key, certificate: {self._workspace}/sp.pem }}\n"
        change = live.configuration(path, more)
        return self._lab.node(self._cluster, yaml=lambda text: change(text).replace(
            "identity_providers:", signing + "identity_providers:", 1))

    def response(self, under_way, case=None):
        return live.make_now(case or {}, self.keys, under_way.request_id).decode()

    def close(self):
        for resolver in self._resolvers:
            resolver.close()


@pytest.fixture
def world(lab, workspace, cluster, authority):
    made = World(lab, workspace, cluster, live.authorities(), pem(authority[1]))
    yield made
    made.close()


def artifact(entity_id="https://idp.test/"):
    return base64.b64encode(b"\x00\x04\x00\x00" + hashlib.sha1(entity_id.encode()).digest()
                            + secrets.token_bytes(20)).decode()


def bring(node, under_way, text=None):
    query = f"SAMLart={quote(text or artifact(), safe='')}&RelayState={under_way.relay_state}"
    return node.ask(f"{ACS}?{query}", host=LOGIN_HOST, headers=[PAGE], cookies=[under_way.cookie])


def test_a_response_is_fetched_over_verified_tls(world, authority):
    resolver = world.resolver(issued("idp", authority))
    node = world.node(f"https://localhost:{resolver.port}/resolve?x=1")
    under_way = start(node)
    resolver.answer = lambda handler, question: send(handler, envelope(question, world.response(under_way)))
    answer = bring(node, under_way)
    assert session_of(answer) is not None, (answer, node.error_log()[-2000:])
    (path, headers, question), = resolver.questions
    assert path == "/resolve?x=1" and headers["Content-Type"].startswith("text/xml")
    assert headers["SOAPAction"] == '"http://www.oasis-open.org/committees/security"'
    assert "<samlp:Artifact>" in question and "SignatureValue" in question
    # Reloaded: the sign-on is over, nobody is asked.
    under_way.cookie = next(value.split(";")[0] for name, value in answer.headers
                            if name == "set-cookie" and value.startswith("__Host-anteroom-login-"))
    assert session_of(bring(node, under_way)) is None and len(resolver.questions) == 1


def test_an_assertion_fetched_twice_signs_on_once(world, authority):
    resolver = world.resolver(issued("idp", authority))
    node = world.node(f"https://localhost:{resolver.port}/")
    under_way = start(node)
    response = world.response(under_way)
    resolver.answer = lambda handler, question: send(handler, envelope(question, response))
    assert session_of(bring(node, under_way)) is not None
    assert session_of(bring(node, under_way)) is None
    assert session_of(post_response(node, base64.b64encode(response.encode()).decode(), under_way)) is None
    assert node.people.sql("SELECT count(*) FROM sessions") == ["1"]


CRAFTED = {"unsigned": ({"sign": "none"}, "signature_missing"),
           "another company's person": ({"say": [["<saml:AttributeValue>ann@corp.test", "<saml:AttributeValue>ann@other.test"]]},
                                        "email_domain_not_registered"),
           "changed": ({"tamper": [["<saml:AttributeValue>ann@corp.test", "<saml:AttributeValue>eve@corp.test"]]}, "signature_invalid"),
           "comment": ({"tamper": [["<saml:AttributeValue>ann@corp.test", "<saml:AttributeValue>ann@corp.test<!-- -->"]]}, "xml_markup")}


@pytest.mark.parametrize("case,code", CRAFTED.values(), ids=CRAFTED.keys())
def test_what_comes_by_the_back_channel_is_trusted_no_more(world, authority, case, code):
    resolver = world.resolver(issued("idp", authority))
    node = world.node(f"https://localhost:{resolver.port}/")
    under_way = start(node)
    resolver.answer = lambda handler, question: send(handler, envelope(question, world.response(under_way, case)))
    answer = bring(node, under_way)
    assert answer.status == 403 and session_of(answer) is None
    assert f"code={code}" in node.error_log()


def good(handler, question):
    send(handler, envelope(question, "<p:Response/>"))


BAD_TLS = {
    "an authority that is not trusted": (lambda ca: issued("idp", issued("Another CA")), True, "localhost"),
    "the system's authorities do not know it": (lambda ca: issued("idp", ca), False, "localhost"),
    "expired": (lambda ca: issued("idp", ca, days=-1), True, "localhost"),
    "another host's": (lambda ca: issued("idp", ca, host="elsewhere.test"), True, "localhost"),
    "an address that the certificate does not name": (lambda ca: issued("idp", ca), True, "127.0.0.1"),
}


@pytest.mark.parametrize("make,trusts_ca,host", BAD_TLS.values(), ids=BAD_TLS.keys())
def test_nothing_is_asked_of_a_server_that_tls_does_not_vouch_for(world, authority, make, trusts_ca, host):
    resolver = world.resolver(make(authority))
    resolver.answer = good
    node = world.node(f"https://{host}:{resolver.port}/", trusts_ca)
    answer = bring(node, start(node))
    assert answer.status == 503 and session_of(answer) is None
    assert resolver.questions == []
    line = next(line for line in node.error_log().splitlines() if "code=back_channel" in line)
    assert "certificate" in line, line
    assert b"certificate" not in answer.body


def test_nothing_is_asked_without_tls_where_tls_belongs(world, authority):
    resolver = world.resolver((None, None), tls=False)
    resolver.answer = good
    node = world.node(f"https://localhost:{resolver.port}/")
    assert bring(node, start(node)).status == 503
    assert resolver.questions == []


def redirect(handler, question):
    send(handler, b"", 302, [("Location", f"/elsewhere-{len(question)}")])


def endless(handler, _question):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"<" * 65536)


def inflating(handler, question):
    send(handler, gzip.compress(envelope(question, "<p:Response/>" + " " * 10_000_000)), headers=[("Content-Encoding", "gzip")])


def fault(handler, _question):
    send(handler, b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault/></e:Body></e:Envelope>')


UNUSABLE = {"a redirect is not followed": (redirect, "back_channel", 503),
            "an error page": (lambda h, q: send(h, b"<html>oops</html>", 500), "back_channel", 503),
            "a good answer with a bad status": (lambda h, q: send(h, envelope(q, "<p:Response/>"), 202), "back_channel", 503),
            "an endless body": (endless, "back_channel", 503),
            "a connection that ends at once": (lambda h, q: h.connection.close(), "back_channel", 503),
            "a page": (lambda h, q: send(h, b"<html>Sign in to the Wi-Fi</html>"), "artifact_response", 403),
            "nothing": (lambda h, q: send(h, b""), "response_size", 403),
            "packed": (inflating, "xml_bytes", 403),
            "a fault": (fault, "artifact_response", 403)}


@pytest.mark.parametrize("serve,code,status", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_answer_is_refused_kindly(world, authority, serve, code, status):
    resolver = world.resolver(issued("idp", authority))
    resolver.answer = serve
    node = world.node(f"https://localhost:{resolver.port}/")
    answer = bring(node, start(node))
    assert answer.status == status and session_of(answer) is None, answer
    assert f"code={code}" in node.error_log(), node.error_log()[-1500:]
    assert len(resolver.questions) == 1


def test_a_server_that_hangs_holds_up_nobody_else(world, authority):
    resolver = world.resolver(issued("idp", authority))
    released = threading.Event()
    resolver.answer = lambda handler, question: released.wait(30)
    node = world.node(f"https://localhost:{resolver.port}/")
    browsers = [start(node) for _ in range(5)]
    answers = []

    def ask(under_way):
        answers.append(bring(node, under_way))

    threads = [threading.Thread(target=ask, args=[under_way]) for under_way in browsers]
    for thread in threads:
        thread.start()
    # Four calls to one address are under way at once; whoever comes fifth is told at once.
    wait_until(lambda: len(resolver.questions) == 4 and len(answers) == 1, 4, "four calls and one refusal")
    assert "code=overloaded" in node.error_log()
    assert node.ask("/open/x").status == 200  # on the same, only worker
    assert node.ask("/auth/sign-in", host=LOGIN_HOST, headers=[PAGE]).status == 200
    for thread in threads:
        thread.join(15)
    released.set()
    assert len(answers) == 5 and {answer.status for answer in answers} == {503}
    assert node.error_log().count("code=back_channel") == 4


def test_a_port_where_nobody_listens(world):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        node = world.node(f"https://localhost:{closed.getsockname()[1]}/")
        assert bring(node, start(node)).status == 503
    assert "code=back_channel" in node.error_log()


def test_a_stranger_makes_nobody_ask(world, authority):
    resolver = world.resolver(issued("idp", authority))
    resolver.answer = good
    node = world.node(f"https://localhost:{resolver.port}/")
    under_way = start(node)
    stranger = node.ask(f"{ACS}?SAMLart={quote(artifact(), safe='')}", host=LOGIN_HOST, headers=[PAGE])
    other = bring(node, under_way, artifact("https://evil.test/"))
    for answer in (stranger, other):
        assert answer.status == 303 and answer.header("location").startswith("/auth/sign-in?notice=stale"), answer
    assert resolver.questions == []
