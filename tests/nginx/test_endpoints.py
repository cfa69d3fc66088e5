"""Our own endpoints: bodies of every size and shape, and clients that leave."""

import os
import socket

import pytest

FORM = [("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin"),
        ("Accept", "text/html")]
ACS = "/saml2/idpresponse"


def test_the_sign_in_page_and_its_assets(node):
    page = node.ask("/auth/sign-in")
    assert page.status == 200 and b"<form" in page.body
    assert page.header("content-type") == "text/html; charset=utf-8"
    assert int(page.header("content-length")) == len(page.body)
    assert "default-src 'none'" in page.header("content-security-policy")


def test_head_of_a_page(node):
    answer = node.ask("/auth/sign-in", method="HEAD")
    assert answer.status == 200 and answer.body == b""


def test_the_email_page_finds_the_provider(node):
    answer = node.ask("/auth/sign-in", method="POST", headers=FORM, body=b"email=ann@northwind.example")
    assert answer.status == 200 and b"Northwind" in answer.body


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_company_has_an_address_of_its_own(node, method):
    answer = node.ask("/auth/at/northwind", method=method)
    assert answer.status == 200 and answer.header("set-cookie") is None
    assert (b"Northwind" in answer.body) == (method == "GET")
    assert node.ask("/auth/at/nobody", method=method).status == 404


def test_an_idp_button_leads_to_the_idp_with_a_cookie(node):
    answer = node.ask("/auth/sign-in/start", method="POST", headers=FORM,
                      body=b"idp=northwind&email=ann@northwind.example")
    assert answer.status in (302, 303), answer
    assert answer.header("location").startswith("https://idp.northwind.example/sso?")
    assert "__Host-anteroom-login-" in answer.header("set-cookie")


GARBAGE = {"nothing": b"", "empty": b"SAMLResponse=", "half an escape": b"SAMLResponse=%", "not text": b"\x00\xff" * 500,
           "twice": b"SAMLResponse=AAAA&SAMLResponse=BBBB", "no XML": b"SAMLResponse=" + b"A" * 4000,
           "only a state": b"RelayState=%00"}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_at_the_acs_is_refused_without_a_5xx(node, body):
    answer = node.ask(ACS, method="POST", headers=FORM, body=body)
    assert 400 <= answer.status < 500 or answer.header("location").startswith("/auth/sign-in?"), answer
    assert answer.header("set-cookie") is None or "__Host-anteroom=" not in answer.header("set-cookie")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
@pytest.mark.parametrize("path", [ACS, "/auth/sign-in/start", "/auth/at/northwind"])
def test_other_methods_are_refused(node, method, path):
    assert node.ask(path, method=method).status == 405


def test_the_reply_url_opened_by_hand_leads_back_to_signing_in(node):
    answer = node.ask(ACS)
    assert answer.status == 303 and answer.header("location").startswith("/auth/sign-in")


def test_a_body_in_pieces_and_in_buffers_arrives_whole(node):
    body = b"email=" + b"a" * 60000 + b"@northwind.example"
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        connection.sendall(f"POST /auth/sign-in HTTP/1.1\r\nHost: {node.host}\r\nSec-Fetch-Site: same-origin\r\n"
                           "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
                           f"Content-Length: {len(body)}\r\n\r\n".encode())
        for start in range(0, len(body), 7000):
            connection.sendall(body[start:start + 7000])
        answer = b""
        while (piece := connection.recv(65536)):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 422")  # read as a whole, and no address


def chunked(body, size=1000):
    pieces = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"


def post_chunked(node, body):
    return node.raw(f"POST /auth/sign-in HTTP/1.1\r\nHost: {node.host}\r\nSec-Fetch-Site: same-origin\r\n"
                    "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nConnection: close\r\n"
                    "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
                    + chunked(body))


def test_a_chunked_body(node):
    answer = post_chunked(node, b"email=ann%40northwind.example")
    assert answer.startswith(b"HTTP/1.1 200") and b"Northwind" in answer


def test_too_long_a_body_is_413_however_it_is_sent(node):
    assert node.ask(ACS, method="POST", headers=FORM, body=b"SAMLResponse=" + b"A" * (600 << 10)).status == 413
    try:
        answer = post_chunked(node, b"email=" + b"a" * (600 << 10))
    except (ConnectionError, BrokenPipeError):
        return  # refused so early that we were still sending
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")


def test_the_longest_body_allowed_is_read(node):
    body = b"SAMLResponse=" + b"A" * ((512 << 10) - 13)
    assert node.ask(ACS, method="POST", headers=FORM, body=body).status != 413


def test_a_server_with_a_small_client_max_body_size_still_takes_responses(lab, cluster):
    node = lab.node(cluster, server="client_max_body_size 1k; client_body_buffer_size 1k;")
    answer = node.ask(ACS, method="POST", headers=FORM, body=b"SAMLResponse=" + b"A" * 100000)
    assert answer.status == 303 and answer.header("location").startswith("/auth/sign-in?")  # read, and found stale


def test_a_server_that_returns_404_serves_the_endpoints(lab, cluster):
    node = lab.node(cluster, server="auth_saml on; return 404;", locations="")
    assert node.ask("/auth/sign-in").status == 200
    assert node.ask("/other").status == 404


def test_endpoints_are_the_apps_where_the_module_is_off(lab, cluster):
    node = lab.node(cluster, locations="location / { proxy_pass http://app; }")
    assert node.ask("/auth/sign-in").json["target"] == "/auth/sign-in"


def test_clients_that_leave_at_any_point_do_no_harm(node):
    token, _, _ = node.people.sign_in()
    whole = (f"POST {ACS} HTTP/1.1\r\nHost: {node.host}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
             f"Cookie: __Host-anteroom={token}\r\nContent-Length: 50000\r\n\r\n").encode() + b"SAMLResponse=" + b"A" * 49987
    for cut in (10, 60, 150, 250, 3000, 20000, len(whole)):
        with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
            connection.sendall(whole[:cut])
    fresh = [node.people.sign_in()[0] for _ in range(5)]
    for cookie in fresh:  # each needs the database, and nobody waits for the answer
        with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
            connection.sendall(f"GET /work HTTP/1.1\r\nHost: {node.host}\r\nCookie: __Host-anteroom={cookie}\r\n\r\n"
                               .encode())
    assert node.ask("/work", token).status == 200


def test_random_requests_are_answered_without_a_5xx(node):
    for _ in range(60):
        junk = os.urandom(60).replace(b"\n", b"").replace(b"\r", b"")
        answer = node.raw(b"GET /auth/" + junk.hex().encode()[:40] + b"?" + junk.replace(b" ", b"") + b" HTTP/1.1\r\nHost: "
                          + node.host.encode() + b"\r\nCookie: " + junk + b"\r\nConnection: close\r\n\r\n", timeout=5)
        assert not answer.startswith(b"HTTP/1.1 5"), answer


@pytest.mark.parametrize("query", ["", "?SAMLRequest=AAAA", "?SAMLRequest=%zz&SAMLRequest=x", "?SAMLResponse=" + "A" * 4000])
def test_the_logout_url_takes_anything_without_a_5xx(node, query):
    answer = node.ask("/saml2/logout" + query)
    assert answer.status in (303, 403), answer
    if answer.status == 403:
        assert answer.header("x-frame-options") is None, "an identity provider shows it in a frame"
    posted = node.ask("/saml2/logout", method="POST", headers=FORM, body=query.lstrip("?").encode())
    assert posted.status in (303, 403), posted
