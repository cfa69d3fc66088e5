"""The app gets the path that was decided on, or the request is refused: with apps by other hands, in every spelling."""

import socket
import subprocess

import pytest

from tests.support.laboratory import Lab
from tests.support.node import COOKIE
from tests.support.processes import free_port

from .back_ends import BackEnds
from .spellings import disguises
from .test_routing import streams_at_once

LOCATIONS = """
location / {{ {0} }}
location /public/ {{ {0} }}
location /manager/ {{ auth_saml on; auth_saml_require manager; {0} }}
location = /report {{ auth_saml on; auth_saml_require manager; {0} }}
location /Archive/ {{ auth_saml on; auth_saml_require manager; {0} }}
location ~ ^/properties/(?<property>[^/]+) {{ auth_saml on; auth_saml_require technician at $property; {0} }}
"""
NAMES = ["node-raw", "node-url", "node-legacy", "express", "wsgi", "flask", "tomcat", "php-fpm"]


class Gated:
    """One node with a server for each app."""

    def __init__(self, lab, cluster, back_ends):
        self.ports = {back_end.name: free_port() for back_end in back_ends}
        servers = "".join(f"server {{ listen 127.0.0.1:{self.ports[one.name]}; server_name localhost; underscores_in_headers on; "
                          f"{LOCATIONS.format(one.pass_to)} }}\n"
                          for one in back_ends)
        origins = ", ".join(f"http://localhost:{port}" for port in self.ports.values())
        self.node = lab.node(cluster, http=servers,
                             yaml=lambda text: text.replace("  base_url:", f"  apps: [{origins}]\n  base_url:"))
        _, self._technician = self.node.people.add(grants=(("elm-court", "technician"),))

    def technician(self, name):
        """Of elm-court alone: a session at one app's host."""
        return self.node.people.session(self._technician, origin=f"http://localhost:{self.ports[name]}")

    def ask(self, name, target, token=None, header=""):
        """(status, which page the app served or None)."""
        cookie = f"Cookie: {COOKIE}={token}\r\n" if token else ""
        head = f"GET {target} HTTP/1.1\r\nHost: localhost:{self.ports[name]}\r\nAccept: text/html\r\n"
        head += f"{header}{cookie}Connection: close\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.ports[name]), timeout=20) as connection:
            connection.sendall(head.encode("latin-1"))
            received = b""
            while (piece := connection.recv(65536)):
                received += piece
        page = received.partition(b"PAGE ")[2].decode().split("\r\n")[0] if b"PAGE " in received else None
        return int(received.split()[1]), page


@pytest.fixture(scope="module")
def gated(workspace, keys, app, cluster, tmp_path_factory):
    directory = workspace / "back-ends"
    directory.mkdir()
    directory.chmod(0o755)
    lab = Lab(workspace, keys, app)
    with BackEnds(directory) as back_ends:
        assert sorted(one.name for one in back_ends.all) == sorted(NAMES)
        yield Gated(lab, cluster, back_ends.all)
        lab.close()


@pytest.mark.parametrize("name", NAMES)
def test_every_app_serves_its_pages_to_who_may_see_them(gated, name):
    token = gated.technician(name)
    assert gated.ask(name, "/public/x") == (200, "public")
    assert gated.ask(name, "/manager/x") == (302, None)
    assert gated.ask(name, "/manager/x", token) == (403, None)
    assert gated.ask(name, "/properties/elm-court/x", token) == (200, "elm-court")
    assert gated.ask(name, "/properties/oak-house/x", token) == (403, None)


@pytest.mark.parametrize("name", NAMES)
def test_no_spelling_brings_a_stranger_to_a_gated_page(gated, name):
    spellings = disguises("/public/", "/manager/x")
    assert len(spellings) >= 200
    got = {target: gated.ask(name, target)[1] for target in spellings}
    assert {target: page for target, page in got.items() if page not in (None, "public", "front")} == {}


@pytest.mark.parametrize("name", NAMES)
def test_no_spelling_brings_a_technician_to_another_property(gated, name):
    token = gated.technician(name)
    spellings = disguises("/properties/elm-court/", "/properties/oak-house/x")
    got = {target: gated.ask(name, target, token)[1] for target in spellings}
    assert {target: page for target, page in got.items() if page not in (None, "public", "front", "elm-court")} == {}


@pytest.mark.parametrize("target", ["/report", "/report/", "/REPORT", "/Report/", "/archive/x", "/Archive/x", "/archive", "/ARCHIVE/x/",
                                    "/%61rchive/x", "/;/archive/x"])
def test_letters_and_slashes_that_an_app_takes_for_others_lead_to_no_other_rule(gated, target):
    assert gated.ask("express", target)[1] is None
    assert gated.ask("express", target, gated.technician("express"))[1] is None


@pytest.mark.parametrize("name, header", [("express", "X-Original-URL: /manager/x"), ("express", "x-rewrite-url: /manager/x"),
                                          ("express", "X_Original_Url: /manager/x"), ("wsgi", "SCRIPT_NAME: /public"),
                                          ("flask", "SCRIPT_NAME: /public"), ("flask", "script_name: /public")])
def test_no_header_names_another_path(gated, name, header):
    assert gated.ask(name, "/public/manager/x", header=header + "\r\n")[1] in ("public", None)


@pytest.mark.parametrize("target", ["/open/README.md", "/open/A/", "/OPENED/X", "/open/x/", "/open"])
def test_capitals_and_slashes_of_ordinary_paths_are_nothing_odd(node, target):
    assert node.ask(target).status in (200, 301, 302, 404)
    assert node.ask(target).status != 400


def reaches_as_sent(node, target, token=None):
    answer = node.ask(target, token)
    return answer.status == 200 and answer.json["target"] == target


ORDINARY = ["/open/x;jsessionid=0A1B2C", "/open/a%2Fb", "/open/a//b", "/open/with%20space", "/open/caf%C3%A9", "/open/a;v=1/b",
            "/open/.hidden", "/open/a%3Bb", "/open/a%5Cb", "/open/100%25", "/open/?next=/../manager/;x", "/open/a+b:c@d,e"]


@pytest.mark.parametrize("target", ORDINARY)
def test_what_ordinary_apps_use_reaches_them_as_sent(node, target):
    assert reaches_as_sent(node, target)


@pytest.mark.parametrize("rest", ["x;jsessionid=0A1B2C", "a%2Fb", "with%20space", "a//b", ";v=1/x", "100%25"])
def test_so_it_does_behind_a_rule_about_the_path(node, rest):
    token, _, _ = node.people.sign_in(grants=(("elm-court", "technician"),))
    assert reaches_as_sent(node, f"/properties/elm-court/{rest}", token)


@pytest.mark.parametrize("target, sent", [("/manager/../open/x", "/open/x"), ("//open/x", "/open/x"),
                                          ("/manager/..%2fopen/x?q=%2e", "/open/x?q=%2e"),
                                          ("/manager/%2e%2e/open/a%20b", "/open/a%20b")])
def test_what_has_one_rule_in_normal_form_goes_on_in_that_form(node, target, sent):
    answer = node.raw(f"GET {target} HTTP/1.1\r\nHost: {node.host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200") and f'"target": "{sent}"'.encode() in answer


def test_the_refusal_says_to_the_operator_what_would_differ(node):
    answer = node.ask("/open/..;/manager/x")
    assert answer.status == 400 and b"/manager" not in answer.body
    line = next(line for line in node.error_log().splitlines() if "ambiguous_path" in line)
    assert "may read this path as /manager/x" in line and "/open/..;/manager/x" in line


def ask_for(node, line, host, cookie=""):
    answer = node.raw(f"GET {line} HTTP/1.1\r\nHost: {host}\r\n{cookie}Connection: close\r\n\r\n".encode())
    return int(answer.split()[1])


def test_a_request_line_for_another_host_than_host_is_refused(node):
    assert ask_for(node, f"http://{node.host}/open/x", node.host) == 200
    assert ask_for(node, f"http://{node.host}/open/x", node.host.upper()) == 200
    assert ask_for(node, f"http://{node.host}/open/x", "other.example") == 400
    assert ask_for(node, "http://other.example/open/x", node.host) == 421


def test_where_all_locations_have_one_rule_nothing_changes(lab, cluster):
    node = lab.node(cluster, locations="location / { auth_saml on; proxy_pass http://app; } "
                                       "location /b/ { auth_saml on; proxy_pass http://app; }")
    token, _, _ = node.people.sign_in()
    for target in ("/a/..;/b/x", "/b/../a", "/b//%2e%2e%2fa", "/b\\..\\x"):
        assert reaches_as_sent(node, target, token), target


def test_a_server_of_one_location_beside_the_server_itself_has_one_rule(lab, cluster):
    node = lab.node(cluster, locations="location / { auth_saml on; auth_saml_path_as_sent on; proxy_pass http://app; }")
    assert "auth_saml_path_as_sent" not in node.test()[1]


MIXED = "location / { auth_saml on; proxy_pass http://app; } location /open/ { %s proxy_pass http://app; }"


def test_a_location_can_ask_for_paths_as_sent_and_nginx_t_names_it(lab, cluster):
    node = lab.node(cluster, locations=MIXED % "auth_saml_path_as_sent on;")
    assert reaches_as_sent(node, "/open/..;/x")
    status, said = node.test()
    assert status == 0 and 'auth_saml_path_as_sent in location "/open/": the app' in said
    node = lab.node(cluster, locations=MIXED % "")
    assert node.ask("/open/..;/x").status == 400
    assert "auth_saml_path_as_sent" not in node.test()[1]


def test_a_property_that_a_map_finds_takes_nginx_s_own_reading_only(lab, cluster):
    node = lab.node(cluster, http="map $uri $found { ~^/properties/(?<name>[^/]+) $name; }", locations="""
        location / { proxy_pass http://app; }
        location /properties/ { auth_saml on; auth_saml_require technician at $found; proxy_pass http://app; }""")
    token, _, _ = node.people.sign_in(grants=(("elm-court", "technician"),))
    assert node.ask("/properties/elm-court/..;/oak-house/x", token).status == 400
    answer = node.ask("/properties/elm-court/a%2Fb", token)
    assert answer.status == 200 and answer.json["target"] == "/properties/elm-court/a/b"


def test_a_property_that_the_host_names_has_nothing_to_do_with_the_path(lab, cluster):
    node = lab.node(cluster, locations="location / { auth_saml on; auth_saml_require technician at $house; proxy_pass http://app; } "
                                       "location /open/ { proxy_pass http://app; }", start=False)
    node.nginx_conf = node.nginx_conf.replace("server_name localhost;", "server_name ~^(?<house>localhost)$;")
    node.start()
    token, _, _ = node.people.sign_in(grants=(("localhost", "technician"),))
    for target in ("/a;v=1/b", "/a%2Fb", "/a//b"):
        assert reaches_as_sent(node, target, token), target
    assert node.ask("/open/..;/a", token).status == 400


# Ways on which nginx gives the app a path. Each has an open page and a gated one, and a target that is open to nginx.
WAYS = {
    "request_uri": ("location /open/ { proxy_pass http://app$request_uri; }", "/manager/../open/x", "/open/x"),
    "uri_part": ("location /open/ { proxy_pass http://app/open/; }", "/open/..;/manager/x", None),
    "rewrite_break": ("location /open/ { rewrite ^/open/(.*)$ /$1 break; proxy_pass http://app; }", "/open/..;/manager/x", None),
    "rewrite_last": ("location /old/ { rewrite ^/old/(.*)$ /open/$1 last; } location /open/ { proxy_pass http://app; }",
                     "/old/..;/manager/x", None),
    "rewrite_of_a_query": ("location /old { rewrite ^ /open/$arg_page? last; } location /open/ { proxy_pass http://app; }",
                           "/old?page=..%2fmanager/x", None),
    "server_rewrite": ("rewrite ^/old/(.*)$ /open/$1; location /open/ { proxy_pass http://app; }", "/old/..;/manager/x", None),
    "try_files": ("location /open/ { try_files /none @app; } location @app { proxy_pass http://app; }", "/open/..;/manager/x", None),
    "try_files_normal": ("location /open/ { try_files /none @app; } location @app { proxy_pass http://app; }",
                         "/manager/../open/x", "/open/x"),
    "regular_expression": ("location ~ ^/op[e]n/ { proxy_pass http://app; }", "/open/..;/manager/x", None),
    "nested": ("location /open/ { proxy_pass http://app; location /open/inner/ { proxy_pass http://app; } }",
               "/open/inner/..;/..;/manager/x", None),
    "exact": ("location / { proxy_pass http://app; } location = /secret { auth_saml on; proxy_pass http://app; }", "/secret;x", None),
    "error_page": ("location /open/ { error_page 404 = @app; return 404; } location @app { proxy_pass http://app; }",
                   "/open/..;/manager/x", None),
}


@pytest.fixture(scope="module")
def ways(workspace, keys, app, cluster):
    lab = Lab(workspace, keys, app)
    ports = {name: free_port() for name in WAYS}
    gated = "location /manager/ { auth_saml on; auth_saml_require manager; proxy_pass http://app; }"
    servers = "".join(f"server {{ listen 127.0.0.1:{ports[name]}; server_name localhost; {locations} {gated} }}\n"
                      for name, (locations, _, _) in WAYS.items())
    node = lab.node(cluster, http=servers + "merge_slashes on;")
    yield node, ports
    lab.close()


@pytest.mark.parametrize("name", WAYS)
def test_every_way_to_the_app_has_the_path_that_was_decided_on(ways, app, name):
    _, ports = ways
    _, target, sent = WAYS[name]
    before = len(app.requests)
    done = subprocess.run(["/usr/bin/curl", "-sS", "-m", "20", "--noproxy", "*", "--path-as-is", "-o", "/dev/null", "-w", "%{http_code}",
                           f"http://localhost:{ports[name]}{target}"], capture_output=True, text=True, check=True)
    reached = [request[1] for request in app.requests[before:]]
    assert reached == ([] if sent is None else [sent])
    assert done.stdout == ("400" if sent is None else "200")


def test_http2_is_no_other_way(lab, cluster, app):
    node = lab.node(cluster, start=False)
    node.nginx_conf = node.nginx_conf.replace(f"listen 127.0.0.1:{node.port};", f"listen 127.0.0.1:{node.port} http2;")
    node.start()

    def ask(target, *more):
        command = ["/usr/bin/curl", "-sS", "-m", "20", "--noproxy", "*", "--http2-prior-knowledge", "--path-as-is", "-o", "/dev/null",
                   "-w", "%{http_code}", *more, f"http://{node.host}{target}"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    got = {target: ask(target) for target in ("/open/..;/manager/x", "/open/..%5cmanager/x", "/open/%252e%252e/manager/x")}
    assert set(got.values()) == {"400"}
    assert ask("/manager/../open/x") == "200" and app.requests[-1][1] == "/open/x"
    other, = streams_at_once(node, ["/open/x"], [("host", "other.example")])
    assert "400" in other and "target" not in other


BEFORE_ALL_PHASES = {
    "no_host": b"GET /manager/x HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two_hosts": b"GET /manager/x HTTP/1.1\r\nHost: localhost\r\nHost: other\r\nConnection: close\r\n\r\n",
    "trace": b"TRACE /manager/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "bad_length": b"POST /manager/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\nConnection: close\r\n\r\n",
    "unknown_coding": b"POST /manager/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: odd\r\nConnection: close\r\n\r\n",
    "oversized_header": b"GET /manager/x HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 40000 + b"\r\nConnection: close\r\n\r\n",
    "oversized_body": b"POST /manager/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000000\r\nConnection: close\r\n\r\n",
    "no_path": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("name", BEFORE_ALL_PHASES)
def test_an_early_error_leads_no_request_for_a_gated_page_to_an_open_location(lab, cluster, app, name):
    node = lab.node(cluster, locations="""
        error_page 400 405 408 411 413 414 494 501 505 = @open;
        location / { proxy_pass http://app; }
        location /manager/ { auth_saml on; proxy_pass http://app; }
        location @open { proxy_pass http://app; }""")
    before = len(app.requests)
    answer = node.raw(BEFORE_ALL_PHASES[name])
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5"))
    assert [request for request in app.requests[before:] if "manager" in request[1]] == []
