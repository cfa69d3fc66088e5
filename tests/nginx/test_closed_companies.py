"""What a company says of itself closes that company at most; our own keys are judged before a worker needs them."""

import base64
import json
import os
import re
import signal

import pytest

from tests.support.node import COOKIE
from tests.support.processes import run, wait_until
from tests.support.saml import live
from tests.support.saml.browser import FORM, LOGIN_HOST, PAGE, post_response, session_of, start
from tests.support.saml.messages import metadata

OPENSSL = "/usr/bin/openssl"
KINDS = {"RSA-1024": ["rsa:1024"], "secp256k1": ["ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
         "brainpool": ["ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"], "Ed25519": ["ed25519"],
         "RSA-PSS": ["rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"], "DSA": None}


def make_pair(folder, name, kind):
    """NAME.key and NAME.pem."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    words = KINDS.get(kind, [kind])
    if words is None:
        parameters = folder / f"{name}.parameters"
        run([OPENSSL, "genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024", "-out", parameters])
        words = [f"dsa:{parameters}"]
    run([OPENSSL, "req", "-x509", "-newkey", *words, "-nodes", "-days", "300", "-subj", "/CN=odd", "-keyout", key,
         "-out", certificate])
    key.chmod(0o600)
    return certificate


@pytest.fixture(scope="module")
def weak(workspace):
    """Of each kind the base64 of a certificate."""
    folder = workspace / f"weak-{os.urandom(3).hex()}"
    folder.mkdir()
    made = {}
    for kind in KINDS:
        pem = make_pair(folder, kind.lower(), kind).read_text()
        made[kind] = "".join(pem.split("-----")[2].split())
    return made


class Gate:
    """A node with two companies: corp, whose metadata a test replaces, and fine."""

    def __init__(self, lab, cluster, folder):
        self.authorities = live.authorities()
        folder.mkdir()
        live.write_key_pairs(self.authorities, folder)
        self.folder = folder
        self.good = metadata([self.authorities["idp"]])
        (folder / "fine.xml").write_text(self.good.replace("https://idp.test/", "https://fine.test/"))
        self.publish(self.good)
        self.more = ""
        self.node = lab.node(cluster, yaml=self.configured, start=False)
        self.node.people.add("ann@corp.test")

    def configured(self, text):
        rest = text[text.index("database:"):]
        own = "".join(f"  - {{ name: {name}, metadata: {self.folder}/{name}.xml, domains: [{name}.test], "
                      "attributes: { email: mail } }\n" for name in ("corp", "fine"))
        return (f"service_provider:\n  entity_id: https://sp.test\n  base_url: https://{LOGIN_HOST}\n"
                f"  # more\nidentity_providers:\n{own}{rest}")

    def publish(self, xml):
        (self.folder / "corp.xml").write_text(xml)

    def with_keys(self, *certificates):
        key = re.search(r"<KeyDescriptor.*?</KeyDescriptor>", self.good, re.DOTALL)[0]
        body = re.search(r"X509Certificate>([^<]*)<", key)[1]
        return self.good.replace(key, "".join(key.replace(body, one or body) for one in certificates))

    def press(self, idp):
        return self.node.ask("/auth/sign-in/start", method="POST", host=LOGIN_HOST, body=f"idp={idp}".encode(),
                             headers=[FORM, PAGE, ("Sec-Fetch-Site", "same-origin")])

    def signs_on(self):
        under_way = start(self.node)
        message = live.fresh_response(self.authorities, under_way.request_id)
        token = session_of(post_response(self.node, message, under_way))
        assert token is not None, self.node.error_log()[-3000:]
        return token

    def is_inside(self, token):
        return self.node.ask("/work", host=LOGIN_HOST, cookies=[f"{COOKIE}={token}"]).status == 200


@pytest.fixture
def gate(lab, cluster, workspace):
    return Gate(lab, cluster, workspace / f"closed-{os.urandom(3).hex()}")


def test_weak_keys_beside_a_good_one_are_named_and_cost_nobody_anything(gate, weak):
    gate.node.start()
    inside = gate.signs_on()
    gate.publish(gate.with_keys(*weak.values(), None))
    status, said = gate.node.test()
    assert status == 0 and said.count("signing key ") == len(weak) and "[warn]" in said, said
    checked = gate.node.anteroom("check", "--no-database")
    assert checked.returncode == 0 and checked.stdout.count("signing key ") == len(weak), checked.stdout
    gate.node.reload()
    assert gate.is_inside(inside) and gate.is_inside(gate.signs_on())
    assert gate.press("fine").status == 303
    assert "company closed" not in gate.node.error_log()


BAD = {
    "nothing": lambda gate, weak: "",
    "no XML": lambda gate, weak: "<html>",
    "a DTD": lambda gate, weak: "<!DOCTYPE x>" + gate.good,
    "another document": lambda gate, weak: "<a/>",
    "weak keys only": lambda gate, weak: gate.with_keys(*weak.values()),
    "no certificate": lambda gate, weak: gate.with_keys("AAAA"),
    "no sign-on address": lambda gate, weak: gate.good.replace("SingleSignOnService", "SingleOffService"),
    "plain http": lambda gate, weak: gate.good.replace("https://idp.test/sso", "http://idp.test/sso"),
}


@pytest.mark.parametrize("what", BAD)
def test_metadata_of_no_use_closes_its_company_alone(gate, weak, what):
    """Whoever starts nginx that night, after a failure of the machine, finds the gate open for all others."""
    gate.node.start()
    inside = gate.signs_on()
    gate.publish(BAD[what](gate, weak))
    status, said = gate.node.test()
    assert status == 0 and "nobody of 'corp' signs on" in said, said
    checked = gate.node.anteroom("--json", "check", "--no-database")
    assert checked.returncode == 0 and json.loads(checked.stdout)["closed"] == ["corp"], checked.stdout
    gate.node.stop()
    gate.node.start()
    assert gate.press("fine").status == 303, gate.node.error_log()[-3000:]
    assert gate.is_inside(inside), "who is signed in stays so"
    refused = gate.press("corp")
    assert refused.status == 403 and b"does not work at the moment" in refused.body
    assert "code=company_closed" in gate.node.error_log()
    gate.publish(gate.good)
    gate.node.reload()
    gate.signs_on()


def test_a_worker_uses_what_was_read_and_checked(gate, weak):
    """Metadata may change on disk between the check and a worker's start, after a crash for one."""
    gate.node.start()
    inside = gate.signs_on()
    gate.publish(gate.with_keys(*weak.values()))
    before = gate.node.workers()
    for worker in before:
        os.kill(worker, signal.SIGTERM)
    wait_until(lambda: gate.node.workers() and not before & gate.node.workers(), 20, "new workers")
    assert gate.is_inside(inside) and gate.is_inside(gate.signs_on())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", ["sign_metadata: true", "sign_metadata: false"])
def test_a_signing_key_that_cannot_sign_is_refused_before_it_is_needed(gate, kind, more):
    make_pair(gate.folder, "odd", kind)
    gate.node.start()
    inside = gate.signs_on()
    whole = gate.node.yaml
    gate.node.yaml = whole.replace("  # more", f"  signing: {{ key: {gate.folder}/odd.key, certificate: "
                                               f"{gate.folder}/odd.pem }}\n  {more}")
    status, said = gate.node.test()
    assert status != 0 and "RSA of at least 2048 bits is needed" in said, said
    checked = gate.node.anteroom("check", "--no-database")
    assert checked.returncode == 3 and "RSA of at least 2048 bits is needed" in checked.stdout, checked.stdout
    gate.node.reload()
    assert gate.is_inside(inside) and gate.is_inside(gate.signs_on())


@pytest.mark.parametrize("kind", ["RSA-1024", "Ed25519"])
@pytest.mark.parametrize("what", ["signing", "decryption"])
@pytest.mark.parametrize("stage", ["next", "previous"])
def test_a_pair_beside_our_own_that_is_of_no_use_is_left_out(gate, kind, what, stage):
    pair = f"{{ key: {gate.folder}/sp.key, certificate: {gate.folder}/sp.pem }}"
    gate.node.yaml = gate.node.yaml.replace(
        "  # more", f"  signing: {pair}\n  sign_metadata: true" if what == "signing" else f"  decryption: [{pair}]")
    make_pair(gate.folder, "odd", kind)
    (gate.folder / "odd.key").rename(gate.folder / f"sp.key.{stage}")
    (gate.folder / "odd.pem").rename(gate.folder / f"sp.pem.{stage}")
    status, said = gate.node.test()
    assert status == 0 and f"sp.key.{stage} is left out" in said, said
    gate.node.start()
    gate.signs_on()
    answer = gate.node.ask("/auth/metadata", host=LOGIN_HOST)
    assert answer.status == 200 and answer.body.count(b"X509Certificate>") == 2


def test_requests_go_by_post_where_the_metadata_offers_nothing_else(gate):
    gate.publish(gate.good.replace("bindings:HTTP-Redirect", "bindings:HTTP-POST"))
    status, said = gate.node.test()
    assert status == 0, said
    gate.node.start()
    page = gate.press("corp")
    assert page.status == 200 and b'action="https://idp.test/' in page.body and b"SAMLRequest" in page.body
    sent = base64.b64decode(re.search(rb'name="SAMLRequest" value="([^"]+)"', page.body)[1])
    assert b"<samlp:AuthnRequest " in sent


def test_signed_requests_are_sent_where_they_are_wanted_or_it_is_said_why_not(gate):
    gate.publish(gate.good.replace("IDPSSODescriptor ", 'IDPSSODescriptor WantAuthnRequestsSigned="true" ', 1))
    status, said = gate.node.test()
    assert status == 0 and "WantAuthnRequestsSigned" in said and "'service_provider.signing'" in said, said
    pair = f"{{ key: {gate.folder}/sp.key, certificate: {gate.folder}/sp.pem }}"
    gate.node.yaml = gate.node.yaml.replace("  # more", f"  signing: {pair}")
    assert "WantAuthnRequestsSigned" not in gate.node.test()[1]
    gate.node.start()
    assert "SigAlg=" in gate.press("corp").header("location")
    assert "SigAlg=" not in gate.press("fine").header("location")
    gate.node.yaml = gate.node.yaml.replace("metadata: " + f"{gate.folder}/corp.xml",
                                            f"metadata: {gate.folder}/corp.xml, sign_requests: false")
    said = gate.node.test()[1]
    assert "WantAuthnRequestsSigned" in said and "'sign_requests'" in said, said
