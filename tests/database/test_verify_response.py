"""`anteroom verify-response`: the verdict of the ACS on a captured message, without a database."""

import base64
import json
import subprocess

import pytest

from tests.support import BUILD

REQUEST = "id00112233445566778899aabbccddeeff"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    directory = tmp_path_factory.mktemp("authority")
    subprocess.run([str(BUILD / "tests" / "forge-response"), "authority", str(directory), "https://idp.test/",
                    "https://idp.test/sso"], check=True)
    return directory


def forge(authority, **options):
    done = subprocess.run([str(BUILD / "tests" / "forge-response"), "response", str(authority)],
                          input=json.dumps({"now": 1_800_000_000, **options}), text=True, capture_output=True, check=True)
    return done.stdout


def verify(authority, message, *more, request=("--in-response-to", REQUEST), at="2027-01-15T08:00:00Z"):
    command = [str(BUILD / "core" / "cli" / "anteroom"), "--json", "verify-response", "-", "--idp-metadata",
               str(authority / "metadata.xml"), "--sp-entity-id", "https://sp.test", "--acs-url",
               "https://login.test/saml2/idpresponse", "--at", at, *request, *more]
    done = subprocess.run(command, input=message, text=True, capture_output=True, check=False)
    return done.returncode, json.loads(done.stdout)


def test_a_good_response_is_accepted_with_its_facts(authority):
    code, said = verify(authority, forge(authority))
    assert (code, said["accepted"], said["failure"], said["email"]) == (0, True, None, "ann@corp.test")
    assert said["issuer"] == "https://idp.test/" and said["attributes"] == {"mail": ["ann@corp.test"]}
    assert all(check["passed"] for check in said["checks"])


def test_xml_is_as_good_as_base64(authority):
    assert verify(authority, base64.b64decode(forge(authority)).decode())[0] == 0


def test_a_rejected_one_ends_with_the_check_that_failed(authority):
    code, said = verify(authority, forge(authority, audience="https://other.test"))
    assert (code, said["accepted"], said["failure"]) == (1, False, "audience")
    assert said["checks"][-1]["name"] == "audience" and not said["checks"][-1]["passed"]


def test_time_request_and_domain_are_what_one_says_they_are(authority):
    message = forge(authority)
    assert verify(authority, message, at="2027-01-15T12:00:00Z")[1]["failure"] == "not_on_or_after"
    assert verify(authority, message, request=("--in-response-to", "other"))[1]["failure"] == "in_response_to"
    assert verify(authority, message, request=("--unsolicited",))[1]["failure"] == "in_response_to"
    assert verify(authority, message, "--domain", "other.test")[1]["failure"] == "email_domain_not_registered"


def test_an_encrypted_one_opens_with_any_of_the_given_keys(authority, tmp_path):
    for name in ("old", "new", "foreign"):
        (tmp_path / name).mkdir()
        subprocess.run([str(BUILD / "tests" / "forge-response"), "authority", str(tmp_path / name), "x:y", "https://x.test/"],
                       check=True)
    keys = [word for name in ("old", "new") for word in ("--decryption-key", str(tmp_path / name / "key.pem"))]
    for name in ("old", "new"):
        code, said = verify(authority, forge(authority, encrypt_for=str(tmp_path / name)), *keys)
        assert (code, said["email"]) == (0, "ann@corp.test")
        assert {"name": "decryption_failed", "passed": True, "detail": ""} in said["checks"]
    message = forge(authority, encrypt_for=str(tmp_path / "foreign"))
    assert verify(authority, message, *keys)[1]["failure"] == "decryption_failed"
    assert verify(authority, message)[1]["failure"] == "decryption_key_missing"


def test_an_email_attribute_can_be_named(authority):
    message = forge(authority, attributes={"work": ["bob@corp.test"]})
    assert verify(authority, message, "--email-attribute", "work")[1]["email"] == "bob@corp.test"


def test_sha1_is_refused_unless_asked_for(authority):
    message = forge(authority, signature_method="http://www.w3.org/2000/09/xmldsig#rsa-sha1")
    assert verify(authority, message)[1]["failure"] == "signature_algorithm"
    assert verify(authority, message, "--allow-sha1")[0] == 0


@pytest.mark.parametrize("arguments", [
    ["--at", "now"], ["--clock-skew", "900"], ["--idp-metadata", "/nonexistent"], ["--unsolicited"],
])
def test_unusable_input_is_exit_code_2(authority, arguments):
    command = [str(BUILD / "core" / "cli" / "anteroom"), "verify-response", "-", "--idp-metadata",
               str(authority / "metadata.xml"), "--sp-entity-id", "x", "--acs-url", "https://x.test/", "--in-response-to",
               "x", *arguments]
    done = subprocess.run(command, input="PGEvPg==", text=True, capture_output=True, check=False)
    assert done.returncode == 2 and done.stderr
