"""Every case of cases/*.yaml against the code of the Reply URL, by way of `anteroom verify-response`."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support import BUILD
from tests.support.saml import live
from tests.support.saml.messages import REQUEST, encode, make


def load_cases():
    return [{"file": path.stem, **case} for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
            for case in yaml.safe_load(path.read_text())]


CASES = load_cases()


def label(case):
    return f"{case['file']}: {case['name']}"


@pytest.fixture(scope="session")
def authorities():
    return live.authorities()


@pytest.fixture(scope="session")
def trusted(authorities, tmp_path_factory):
    path = tmp_path_factory.mktemp("metadata") / "idp.xml"
    path.write_text(live.registered(authorities))
    live.write_key_pairs(authorities, path.parent)
    return path


def test_every_case_has_its_own_name():
    names = [label(case) for case in CASES]
    assert len(set(names)) == len(names)
    assert sum(case["expect"] != "accepted" for case in CASES) >= 120
    assert sum(case["expect"] == "accepted" for case in CASES) >= 25


def verify(message, metadata, *more):
    done = subprocess.run([BUILD / "core" / "cli" / "anteroom", "--json", "verify-response", "-", "--idp-metadata", metadata,
                           "--sp-entity-id", "https://sp.test", "--acs-url", "https://login.test/saml2/idpresponse", *more],
                          input=message, capture_output=True, check=False, timeout=60)
    return done, json.loads(done.stdout)


# As they were captured: another hand signed them.
STORED = sorted(path for path in (Path(__file__).parent / "stored").iterdir() if path.name != "idp.metadata.xml")


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.name)
def test_stored_response_is_accepted(stored):
    done, said = verify(stored.read_bytes(), stored.parent / "idp.metadata.xml", "--at", "2027-01-15T08:00:00Z",
                        "--in-response-to", REQUEST)
    assert said["accepted"], (said["checks"], done.stderr[-500:])
    assert said["email"] == "ann@corp.test" and done.returncode == 0


@pytest.mark.parametrize("case", CASES, ids=label)
def test_case(case, authorities, trusted):
    message = case["raw"].encode("latin-1") if "raw" in case else encode(case, make(case, authorities)).encode()
    request = [] if "--unsolicited" in case.get("options", []) else ["--in-response-to", REQUEST]
    done, said = verify(message, trusted, "--at", case.get("at", "2027-01-15T08:00:00Z"), "--domain", "corp.test",
                        "--email-attribute", "mail", "--decryption-key", trusted.parent / "sp.key",
                        "--decryption-key", trusted.parent / "sp2.key", *request, *case.get("options", []))
    got = "accepted" if said["accepted"] else said["failure"]
    assert got == case["expect"], (case.get("why", ""), done.stderr[-500:])
    if got == "accepted":
        assert said["email"] == case.get("email", "ann@corp.test")
    assert done.returncode == (0 if got == "accepted" else 1)
