"""What nginx may compress of our own answers, and what it never does (BREACH)."""

import gzip
import json

import pytest

from tests.support.laboratory import METADATA, Lab, certificate
from tests.support.node import NAVIGATION
from tests.support.processes import wait_until

GZIP = "gzip on; gzip_types *; gzip_min_length 1;"
TAKES = ("Accept-Encoding", "gzip, deflate, br")
TYPED, OURS = ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "same-origin")


@pytest.fixture(scope="module")
def packing(workspace, keys, app, cluster):
    made = Lab(workspace, keys, app)
    yield made.node(cluster, server=GZIP)
    made.close()


def asset_of(node):
    page = node.ask("/auth/sign-in").body.decode()
    return next(part.partition('"')[0] for part in page.split('href="')[1:] if "style.css" in part.partition('"')[0])


@pytest.mark.parametrize("site", [TYPED, OURS], ids=["typed", "ours"])
def test_a_page_is_smaller_and_the_same(packing, site):
    plain = packing.ask("/auth/sign-in", headers=[site])
    packed = packing.ask("/auth/sign-in", headers=[site, TAKES])
    assert plain.header("content-encoding") is None and packed.header("content-encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body)
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.header("vary") and answer.header("cache-control") == "no-store"
        assert answer.header("etag") is None and answer.header("last-modified") is None


@pytest.mark.parametrize("takes", [None, "gzip;q=0", "identity", "br", "gzip;q=0.000, deflate", ""])
def test_who_takes_no_gzip_gets_none(packing, takes):
    headers = [OURS] if takes is None else [OURS, ("Accept-Encoding", takes)]
    for path in ("/auth/sign-in", asset_of(packing)):
        assert packing.ask(path, headers=headers).header("content-encoding") is None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", None])
def test_a_page_that_another_site_may_have_asked_for_is_as_long_as_it_is(packing, site):
    headers = [TAKES] if site is None else [TAKES, ("Sec-Fetch-Site", site)]
    answer = packing.ask("/auth/sign-in", headers=headers)
    assert answer.header("content-encoding") is None and int(answer.header("content-length")) == len(answer.body)


def test_a_refusal_reads_as_well(packing):
    token, _, _ = packing.people.sign_in()
    answer = packing.ask("/manager/x", token, headers=[*NAVIGATION, OURS, TAKES])
    assert answer.status == 403 and answer.header("content-encoding") == "gzip"
    assert b"<main" in gzip.decompress(answer.body)


def test_assets_are_smaller_for_everybody(packing):
    path = asset_of(packing)
    plain = packing.ask(path, headers=[])
    for site in ("cross-site", "same-origin"):
        packed = packing.ask(path, headers=[TAKES, ("Sec-Fetch-Site", site)])
        assert packed.header("content-encoding") == "gzip" and gzip.decompress(packed.body) == plain.body
    assert plain.header("vary") == "Accept-Encoding" and packed.header("vary") == "Accept-Encoding"


@pytest.mark.parametrize("headers", [[OURS], [OURS, TAKES]], ids=["plain", "gzip"])
def test_head_and_ranges(packing, headers):
    for path in ("/auth/sign-in", asset_of(packing)):
        whole = packing.ask(path, headers=[OURS])
        head = packing.ask(path, method="HEAD", headers=headers)
        assert head.status == 200 and head.body == b""
        assert head.header("content-length") in (None, str(len(whole.body)))
        part = packing.ask(path, headers=[*headers, ("Range", "bytes=0-9"), ("If-None-Match", "*")])
        body = gzip.decompress(part.body) if part.header("content-encoding") else part.body
        assert part.status == 200 and body == whole.body and part.header("content-range") is None


def test_a_page_with_a_secret_is_never_compressed(packing):
    xml = packing.directory / "contoso.xml"
    xml.write_text(METADATA.format(certificate=certificate()).replace("northwind", "contoso"))
    packing.cli("company", "add", "contoso", "--domain", "contoso.example", "--metadata", xml)
    link = json.loads(packing.cli("--json", "company", "test", "contoso"))["link"]
    path, token = link[link.index("/auth/test"):], link.partition("?t=")[2]
    wait_until(lambda: token.encode() in packing.ask(path).body, 10, "the node to know the company")
    answer = packing.ask(path, headers=[OURS, TAKES])
    assert answer.status == 200 and token.encode() in answer.body and answer.header("content-encoding") is None


def test_neither_is_what_is_no_page(packing):
    token, _, _ = packing.people.sign_in(grants=())
    answer = packing.ask("/auth/waiting/status", token, headers=[OURS, TAKES])
    assert answer.status == 200 and answer.json["state"] == "waiting" and answer.header("content-encoding") is None


def test_a_stream_is_heard_at_once(packing):
    token, _, user = packing.people.sign_in(grants=())
    connection = packing.connect(timeout=20)
    connection.request("GET", "/auth/waiting/events", headers={
        "Host": packing.host, "Cookie": f"__Host-anteroom={token}", "Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"})
    answer = connection.getresponse()
    assert answer.status == 200 and answer.getheader("content-encoding") is None
    packing.people.grant(user, "*", "viewer")
    while b"event: changed" not in answer.readline():
        pass
    connection.close()


def test_what_the_app_answers_is_nginxs_business(packing):
    """Whatever site it is asked from."""
    token, _, _ = packing.people.sign_in()
    for path in ("/x", "/open/x"):
        answer = packing.ask(path, token, headers=[("Sec-Fetch-Site", "cross-site"), TAKES])
        assert answer.status == 200 and answer.header("content-encoding") == "gzip"


def test_nothing_is_compressed_where_nginx_is_not_told_to(node):
    assert node.ask("/auth/sign-in", headers=[OURS, TAKES]).header("content-encoding") is None
