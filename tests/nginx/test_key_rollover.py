"""`anteroom keys`: our own keys change under a running nginx, and nobody notices."""

import base64
import json
import os
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from lxml import etree

from tests.support.node import COOKIE
from tests.support.saml import live
from tests.support.saml.browser import LOGIN_HOST, post_response, session_of, start

from .encrypting_providers import PROVIDERS

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"


class Gate:
    """A node with keys of its own beside its YAML, and the command that changes them."""

    def __init__(self, lab, cluster, folder):
        self.authorities = live.authorities()
        folder.mkdir()
        live.write_key_pairs(self.authorities, folder)
        (folder / "corp.xml").write_text(live.registered(self.authorities))
        (folder / "cookie.key").write_text("ab" * 32 + "\n")
        (folder / "cookie.key").chmod(0o640)
        self.folder = folder
        self.node = lab.node(cluster, yaml=self.configured)
        self.node.people.add("ann@corp.test")

    def configured(self, text):
        head, rest = text.split("identity_providers:", 1)
        pair = f"{{ key: {self.folder}/NAME.key, certificate: {self.folder}/NAME.pem }}"
        head = head.replace("urn:example:sp", "https://sp.test").replace("http://localhost", "https://login.test")
        head = head.splitlines()[0] + f"\n  entity_id: https://sp.test\n  base_url: https://{LOGIN_HOST}\n"
        head += f"  signing: {pair.replace('NAME', 'sp2')}\n  decryption: [{pair.replace('NAME', 'sp')}]\n"
        idp = (f"  - name: corp\n    metadata: {self.folder}/corp.xml\n    domains: [corp.test]\n"
               "    attributes: { email: [mail, NameID] }\n    sign_requests: true\n")
        rest = rest[rest.index("database:"):]
        start_of_key = rest.index("cookie_keys: [") + len("cookie_keys: [")
        rest = rest[:start_of_key] + f"{self.folder}/cookie.key" + rest[rest.index("]", start_of_key):]
        return head + "identity_providers:\n" + idp + rest

    def run(self, *words):
        return self.node.anteroom("--json", "keys", *words)

    def keys(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def change(self, *words):
        self.keys(*words)
        self.node.reload()
        assert "[emerg]" not in self.node.error_log(), self.node.error_log()

    def refused(self, *words, code=1):
        done = self.run(*words)
        assert done.returncode == code and done.stderr.strip(), (done.returncode, done.stdout, done.stderr)
        return done.stderr

    def stages(self, kind):
        return [row["stage"] for row in self.keys("list") if row["kind"] == kind]

    def is_inside(self, token):
        return self.node.ask("/work", host=LOGIN_HOST, cookies=[f"{COOKIE}={token}"]).status == 200

    def come_back(self, under_way, encrypted_for=None):
        """Ends a sign-on; encrypted for the certificate of this PEM file, if one is given."""
        authorities, case = self.authorities, {}
        if encrypted_for is not None:
            certificate = x509.load_pem_x509_certificate(encrypted_for)
            key = type("Recipient", (), {"public_key": lambda _: certificate.public_key()})()
            authorities = {**authorities, "sp": type("Authority", (), {"key": key})()}
            case = {"encrypt": {"what": "assertion"}}
        message = base64.b64encode(live.make_now(case, authorities, under_way.request_id)).decode()
        token = session_of(post_response(self.node, message, under_way))
        self.node.people.sql("DELETE FROM consumed_messages")
        return token

    def sign_on(self, encrypted_for=None):
        token = self.come_back(start(self.node), encrypted_for)
        assert token is not None and self.is_inside(token), self.node.error_log()[-2000:]
        return token

    def published(self, use):
        """The certificates in our metadata, as PEM."""
        document = etree.fromstring(self.node.ask("/auth/metadata", host=LOGIN_HOST).body)
        found = []
        for descriptor in document.iter(f"{MD}KeyDescriptor"):
            if descriptor.get("use") == use:
                der = base64.b64decode(next(descriptor.iter(f"{DS}X509Certificate")).text)
                found.append(x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM))
        return found


@pytest.fixture
def gate(lab, cluster, workspace, request):
    return Gate(lab, cluster, workspace / f"keys-{os.urandom(3).hex()}")


def test_the_cookie_key_changes_under_sessions_and_sign_ons(gate):
    session, under_way = gate.sign_on(), start(gate.node)
    old = (gate.folder / "cookie.key").read_bytes()
    gate.change("rotate", "cookie")
    assert (gate.folder / "cookie.key").read_bytes() != old
    assert (gate.folder / "cookie.key.previous").read_bytes() == old
    assert gate.stages("cookie") == ["current", "previous"]
    assert gate.is_inside(session)
    assert gate.come_back(under_way) is not None, "begun under the old key, ended under the new"
    left_behind = start(gate.node)
    gate.change("retire", "cookie")
    assert gate.stages("cookie") == ["current"] and gate.is_inside(session)
    assert gate.come_back(left_behind) is not None
    gate.sign_on()


def test_a_login_state_under_a_retired_key_is_none(gate):
    under_way = start(gate.node)
    gate.change("rotate", "cookie")
    gate.change("retire", "cookie")
    assert gate.come_back(under_way) is None


def test_the_next_cookie_key_opens_before_it_seals(gate):
    """What lets several nodes change one after the other."""
    gate.change("prepare", "cookie")
    under_way = start(gate.node)
    assert gate.stages("cookie") == ["current", "next"]
    gate.change("rotate", "cookie")
    assert gate.stages("cookie") == ["current", "previous"]
    assert gate.come_back(under_way) is not None


def test_the_decryption_key_changes_while_customers_still_use_the_old(gate):
    session = gate.sign_on()
    old = (gate.folder / "sp.pem").read_bytes()
    gate.sign_on(encrypted_for=old)
    gate.change("prepare", "decryption")
    waiting = (gate.folder / "sp.pem.next").read_bytes()
    assert gate.published("encryption") == [old], "nobody encrypts for it before every node has it"
    gate.sign_on(encrypted_for=waiting)
    gate.change("rotate", "decryption")
    new = (gate.folder / "sp.pem").read_bytes()
    assert new == waiting and gate.published("encryption") == [new], "of two, one provider takes the first, another the last"
    assert x509.load_pem_x509_certificate(new).public_key().key_size >= 2048
    for certificate in (old, new):
        gate.sign_on(encrypted_for=certificate)
    gate.change("retire", "decryption")
    assert gate.published("encryption") == [new]
    gate.sign_on(encrypted_for=new)
    assert gate.come_back(start(gate.node), old) is None
    assert gate.is_inside(session)


@pytest.mark.parametrize("make", PROVIDERS)
def test_providers_of_other_makes_follow_the_decryption_key(gate, tmp_path, make):
    """Each reads our metadata at every stage, or goes on with what it read before; each picks a key in it its own way."""
    own = live.registered({**gate.authorities, "idp2": gate.authorities["idp"]})

    def read():
        return gate.node.ask("/auth/metadata", host=LOGIN_HOST).body.decode()

    def sign_on(metadata):
        under_way = start(gate.node)
        message = PROVIDERS[make](own, metadata, under_way.query, gate.authorities["idp"], tmp_path)
        assert b"EncryptedAssertion" in base64.b64decode(message)
        return session_of(post_response(gate.node, message, under_way))

    before = read()
    assert sign_on(before) is not None, gate.node.error_log()[-2000:]
    gate.change("prepare", "decryption")
    prepared = read()
    assert sign_on(prepared) is not None
    gate.change("rotate", "decryption")
    during = read()
    for metadata in (before, prepared, during):
        assert sign_on(metadata) is not None, gate.node.error_log()[-2000:]
    gate.change("retire", "decryption")
    for metadata in (during, read()):
        assert sign_on(metadata) is not None, gate.node.error_log()[-2000:]
    assert sign_on(before) is None and "code=decryption_failed" in gate.node.error_log()


def test_the_signing_key_is_known_before_it_is_used(gate):
    session = gate.sign_on()
    old = (gate.folder / "sp2.pem").read_bytes()
    assert "keys prepare signing" in gate.refused("rotate", "signing")
    gate.change("prepare", "signing")
    new = (gate.folder / "sp2.pem.next").read_bytes()
    assert gate.published("signing") == [old, new]
    under_way = start(gate.node)
    gate.change("rotate", "signing")
    assert (gate.folder / "sp2.pem").read_bytes() == new
    assert gate.published("signing") == [new, old]
    assert gate.come_back(under_way) is not None
    gate.sign_on()
    gate.change("retire", "signing")
    assert gate.published("signing") == [new] and gate.is_inside(session)


def test_new_files_have_the_rights_of_the_old(gate):
    if os.geteuid() == 0:
        for name in ("cookie.key", "sp.key"):
            os.chown(gate.folder / name, 0, 33)
            (gate.folder / name).chmod(0o640)
    before = {name: (gate.folder / name).stat() for name in ("cookie.key", "sp.key", "sp.pem")}
    for kind in ("cookie", "decryption"):
        gate.keys("prepare", kind)
        for name, was in before.items():
            path = gate.folder / f"{name}.next"
            if path.exists():
                now = path.stat()
                assert (stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid) == (
                    stat.S_IMODE(was.st_mode), was.st_uid, was.st_gid), name
        gate.keys("rotate", kind)
    for name, was in before.items():
        for path in (gate.folder / name, gate.folder / f"{name}.previous"):
            now = path.stat()
            assert (stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid) == (
                stat.S_IMODE(was.st_mode), was.st_uid, was.st_gid), path
    assert list(gate.folder.glob("*.part")) == list(gate.folder.glob("*.next")) == []


def marks(gate, kind):
    return {row["stage"]: row["mark"] for row in gate.keys("list") if row["kind"] == kind}


def test_nodes_are_compared_by_a_mark_that_says_nothing_of_the_key(gate):
    gate.keys("prepare", "cookie")
    before = marks(gate, "cookie")
    assert len(set(before.values())) == 2 and all(len(mark) == 16 for mark in before.values())
    assert gate.keys("rotate", "cookie")["was_prepared"]
    assert marks(gate, "cookie") == {"current": before["next"], "previous": before["current"]}
    gate.keys("retire", "cookie")
    assert not gate.keys("rotate", "cookie")["was_prepared"], "made now: no other node has it"


def test_one_rollover_at_a_time(gate):
    gate.keys("rotate", "cookie")
    kept = (gate.folder / "cookie.key.previous").read_bytes()
    assert "keys retire cookie" in gate.refused("rotate", "cookie")
    assert (gate.folder / "cookie.key.previous").read_bytes() == kept
    gate.keys("prepare", "cookie")
    assert "a next key already" in gate.refused("prepare", "cookie")
    assert "no previous signing key" in gate.refused("retire", "signing")
    for words in (["rotate", "tea"], ["rotate"], ["prepare", "signing", "--days", "0"]):
        gate.refused(*words, code=2)


@pytest.mark.parametrize("left", [("sp.key.next",), ("sp.key.next", "sp.pem.next", "sp.key.previous")])
def test_a_rollover_cut_short_before_the_change_leaves_the_gate_as_it_was(gate, left):
    gate.keys("prepare", "decryption")
    for name in ("sp.key.next", "sp.pem.next"):
        if name not in left:
            (gate.folder / name).unlink()
    if "sp.key.previous" in left:
        (gate.folder / "sp.key.previous").write_bytes((gate.folder / "sp.key").read_bytes())
        (gate.folder / "sp.key.previous").chmod(0o600)
    gate.node.reload()
    gate.sign_on(encrypted_for=(gate.folder / "sp.pem").read_bytes())
    if "sp.key.previous" in left:
        gate.keys("retire", "decryption")
    gate.keys("rotate", "decryption")
    gate.node.reload()
    gate.sign_on(encrypted_for=(gate.folder / "sp.pem").read_bytes())


def test_a_rollover_cut_short_between_key_and_certificate_is_ended_by_the_same_command(gate):
    old = (gate.folder / "sp.pem").read_bytes()
    gate.keys("prepare", "decryption")
    for name in ("sp.key", "sp.pem"):
        (gate.folder / f"{name}.previous").write_bytes((gate.folder / name).read_bytes())
        (gate.folder / f"{name}.previous").chmod(0o600)
    new = (gate.folder / "sp.pem.next").read_bytes()
    (gate.folder / "sp.key.next").rename(gate.folder / "sp.key")
    gate.node.reload()
    for certificate in (old, new):
        gate.sign_on(encrypted_for=certificate)
    gate.change("rotate", "decryption")
    assert (gate.folder / "sp.pem").read_bytes() == new and not (gate.folder / "sp.pem.next").exists()
    for certificate in (old, new):
        gate.sign_on(encrypted_for=certificate)


def test_a_link_is_not_replaced_by_a_file(gate):
    (gate.folder / "cookie.key").rename(gate.folder / "elsewhere.key")
    (gate.folder / "cookie.key").symlink_to(gate.folder / "elsewhere.key")
    assert "is a link" in gate.refused("rotate", "cookie")
    assert (gate.folder / "cookie.key").is_symlink()
