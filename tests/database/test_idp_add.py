"""`anteroom idp add` and what is said of the metadata afterwards: what is odd in it refuses nobody, and is named."""

import subprocess

import pytest

from tests.support.metadata_server import certificate, metadata


def with_signing_key(installation):
    key, pem = installation.directory / "sign.key", installation.directory / "sign.pem"
    subprocess.run(["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "300", "-subj", "/CN=sp",
                    "-keyout", key, "-out", pem], check=True, capture_output=True)
    key.chmod(0o600)
    installation.yaml.write_text(installation.yaml.read_text().replace(
        "  base_url:", f"  signing: {{ key: {key}, certificate: {pem} }}\n  base_url:"))


@pytest.fixture
def add(blank, tmp_path):
    """Adds corp with this metadata: the answer as JSON."""
    def run(xml, name="corp"):
        (tmp_path / "given.xml").write_text(xml)
        return blank.json("idp", "add", name, "--metadata", tmp_path / "given.xml", "--domain", f"{name}.test")
    run.refused = lambda xml: (tmp_path / "given.xml").write_text(xml) and blank.refused(
        1, "idp", "add", "corp", "--metadata", tmp_path / "given.xml", "--domain", "corp.test")
    return run


def test_a_weak_key_beside_a_good_one_is_named_and_left_out(blank, add):
    added = add(metadata(certificate(bits=1024), certificate()))
    assert len(added["certificates"]) == 1
    assert any("(RSA, 1024 bits)" in line for line in added["warnings"])
    assert "(RSA, 1024 bits)" in blank.ok("check", "--no-database")
    assert "(RSA, 1024 bits)" in blank.ok("idp", "show", "corp")


def test_a_weak_key_alone_adds_nothing(blank, add):
    said = add.refused(metadata(certificate(bits=1024)))
    assert "no usable signing key" in said and "(RSA, 1024 bits)" in said
    assert list((blank.directory / "idp.d").iterdir()) == []


def test_sign_on_by_post_only(blank, add):
    added = add(metadata(certificate(), binding="POST"))
    assert added["requests"] == "POST" and added["warnings"] == []
    shown = blank.json("idp", "show", "corp")
    assert (shown["sso_url"], shown["requests"]) == ("https://idp.test/sso", "POST")


def test_odd_parts_are_named_and_refuse_nobody(add):
    odd = metadata(certificate()).replace("<SingleSignOnService", (
        '<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="http://idp.test/out"/>'
        "<SingleSignOnService"), 1).replace('"https://idp.test/sso"', '" https://idp.test/sso "')
    added = add(odd)
    assert any("SingleLogoutService leads to 'http://idp.test/out'" in line for line in added["warnings"])
    assert any("white space around 'https://idp.test/sso'" in line for line in added["warnings"])


WANTS = metadata(certificate()).replace("<IDPSSODescriptor ", '<IDPSSODescriptor WantAuthnRequestsSigned="true" ')


def test_requests_are_signed_where_the_metadata_wants_it_and_we_can(blank, add):
    with_signing_key(blank)
    added = add(WANTS)
    assert added["requests"] == "Redirect, signed" and added["warnings"] == []
    yaml = blank.directory / "idp.d" / "corp.yaml"
    assert "sign_requests: true" in yaml.read_text()
    assert "signed" in blank.ok("idp", "show", "corp")
    yaml.write_text(yaml.read_text().replace("sign_requests: true", "sign_requests: false"))
    assert "without 'sign_requests' every sign-on may be refused" in blank.ok("check", "--no-database")


def test_where_we_cannot_sign_it_is_said(blank, add):
    added = add(WANTS)
    assert added["requests"] == "Redirect"
    assert any("WantAuthnRequestsSigned" in line and "'service_provider.signing'" in line for line in added["warnings"])
    assert "WantAuthnRequestsSigned" in blank.ok("check", "--no-database")


def test_a_company_that_is_closed_is_named_and_no_other(blank, add):
    add(metadata(certificate()))
    add(metadata(certificate(), entity="https://fine.test/"), "fine")
    (blank.directory / "idp.d" / "corp.xml").write_text(metadata(certificate(bits=1024)))
    checked = blank.json("check", "--no-database")
    assert (checked["configuration"], checked["closed"]) == ("ok", ["corp"])
    said = blank.ok("check", "--no-database")
    assert "nobody of 'corp' signs on" in said and "nobody signs on at: corp\n" in said
    assert "no usable signing key" in blank.json("idp", "show", "corp")["closed"]
    assert {row["name"]: bool(row["closed"]) for row in blank.json("idp", "list")} == {"corp": True, "fine": False}


def test_doctor_says_what_the_metadata_is_worth(ready):
    xml = ready.directory / "idp.d" / "corp.xml"
    good = xml.read_text()
    xml.write_text(good.replace("<IDPSSODescriptor ", '<IDPSSODescriptor WantAuthnRequestsSigned="true" ', 1))
    assert ready.json("doctor", "ann@corp.test")["signs_requests"] is False
    assert "THEY ARE NOT" in ready.ok("doctor", "ann@corp.test")
    xml.write_text(good.replace("SingleSignOnService", "SingleOffService"))
    assert "SingleSignOnService" in ready.json("doctor", "ann@corp.test")["closed"]
    assert "NOBODY OF corp GETS IN" in ready.ok("doctor", "ann@corp.test")
