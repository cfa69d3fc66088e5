"""What is decided on is what the app gets: under other names at the app, beside a gated server, by arguments, hosts and headers."""

import socket

import pytest

from tests.support.node import NAVIGATION
from tests.support.processes import Process, clean_environment, free_port

from .back_ends import BackEnds
from .test_scim import with_companies

GATED = "location /manager/ { auth_saml on; auth_saml_require manager; proxy_pass http://app; }"


def reached(app, before):
    return [request[1] for request in app.requests[before:]]


MAPPED = {
    "uri_part": ("location /shop/ { proxy_pass http://app/shop-app/; }",
                 "location /manage/ { auth_saml on; auth_saml_require manager; proxy_pass http://app/manager/; }"),
    "rewrite_break": ("location /shop/ { rewrite ^/shop/(.*)$ /shop-app/$1 break; proxy_pass http://app; }",
                      "location /manage/ { auth_saml on; auth_saml_require manager; "
                      "rewrite ^/manage/(.*)$ /manager/$1 break; proxy_pass http://app; }"),
    "regular_expression": ("location ~ ^/shop/(.*)$ { proxy_pass http://app/shop-app/$1; }",
                           "location ~ ^/manage/(.*)$ { auth_saml on; auth_saml_require manager; proxy_pass http://app/manager/$1; }"),
}


@pytest.mark.parametrize("target", ["/shop/..;/manager/x", "/shop/..%5cmanager/x", "/shop/%252e%252e/manager/x"])
@pytest.mark.parametrize("way", MAPPED)
def test_no_reading_leads_out_of_a_location_that_has_another_name_at_the_app(lab, cluster, app, way, target):
    node = lab.node(cluster, locations=" ".join(MAPPED[way]))
    assert node.ask("/shop/x").json["target"] == "/shop-app/x"
    assert node.ask("/manage/x").status == 302
    before = len(app.requests)
    answer = node.ask(target)
    assert answer.status == 400 and reached(app, before) == []


def raw(port, target):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while (piece := connection.recv(65536)):
            received += piece
        return received


def test_a_server_beside_does_not_lead_to_what_another_gates(lab, cluster, app):
    port = free_port()
    lab.node(cluster, locations=f"location / {{ return 404; }} {GATED}",
             http=f"server {{ listen 127.0.0.1:{port}; server_name localhost; location / {{ proxy_pass http://app/public/; }} }}")
    before = len(app.requests)
    assert raw(port, "/..;/manager/x").split()[1] == b"400" and reached(app, before) == []
    assert raw(port, "/a/b;c=1/d%2Fe").split()[1] == b"200" and reached(app, before) == ["/public/a/b;c=1/d/e"]
    assert raw(port, "/a/../b").split()[1] == b"200"


EARLY = {
    "no_host": "GET {} HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two_hosts": "GET {} HTTP/1.1\r\nHost: localhost\r\nHost: other\r\nConnection: close\r\n\r\n",
    "trace": "TRACE {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "unknown_coding": "POST {} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: odd\r\nConnection: close\r\n\r\n",
    "bad_length": "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("target", ["/manager/../open/x", "/manager/..%2fopen/x", "/open/..;/manager/x"])
@pytest.mark.parametrize("early", EARLY)
def test_an_early_error_leads_no_other_reading_to_the_app(lab, cluster, app, early, target):
    node = lab.node(cluster, locations=f"""
        error_page 400 405 411 501 = @open;
        location / {{ proxy_pass http://app; }}
        {GATED}
        location @open {{ proxy_pass http://app; }}""")
    before = len(app.requests)
    node.raw(EARLY[early].format(target).encode())
    assert [one for one in reached(app, before) if "manager" in one] == []


SPLITTING = {
    "header_of_a_capture": "location ~ ^/open/(?<page>[^/]+)/ { proxy_set_header X-Page $page; proxy_pass http://app; }",
    "header_of_the_uri": "location /open/ { proxy_set_header X-Path $uri; proxy_pass http://app; }",
    "target_of_the_uri": "location /open/ { proxy_pass http://app$uri; }",
    "target_of_a_capture": "location ~ ^/open/(.*)$ { proxy_pass http://app/open/$1; }",
}


@pytest.mark.parametrize("way", SPLITTING)
def test_a_line_end_in_a_path_forges_nobody(lab, cluster, app, way):
    node = lab.node(cluster, locations=f"location / {{ auth_saml on; proxy_pass http://app; }} {SPLITTING[way]}")
    before = len(app.requests)
    version = "%20HTTP/1.0" if way.startswith("target") else ""
    node.raw(f"GET /open/a{version}%0d%0aX-Auth-Email:%20boss@northwind.example%0d%0aX-Rest:%20a/ HTTP/1.1\r\n"
             f"Host: {node.host}\r\nConnection: close\r\n\r\n".encode())
    forged = [value for request in app.requests[before:] for name, value in request[2] if name.lower() == "x-auth-email"]
    assert forged == []


def test_a_forged_level_does_not_stand_before_the_real_one(lab, cluster, app):
    node = lab.node(cluster, locations="location ~ ^/pages/(?<page>[^/]+)/ "
                                       "{ auth_saml on; proxy_set_header X-Page $page; proxy_pass http://app; }")
    token, _, _ = node.people.sign_in(grants=(("*", "viewer"),))
    before = len(app.requests)
    node.ask("/pages/a%0d%0aX-Auth-Access-Level:%20admin/", token)
    levels = [[value for name, value in request[2] if name == "X-Auth-Access-Level"] for request in app.requests[before:]]
    assert levels in ([], [["viewer"]])


@pytest.mark.parametrize("query", ["property=elm-court&property=oak-house", "property=elm-court&%70roperty=oak-house",
                                   "property=elm-court&property[]=oak-house", "property=elm-court;property=oak-house",
                                   "%70roperty=elm-court", "PROPERTY=elm-court&property=elm-court"])
def test_an_argument_that_an_app_may_read_otherwise_is_not_decided_on(lab, cluster, app, query):
    node = lab.node(cluster, locations="location / { auth_saml on; auth_saml_require technician at $arg_property; proxy_pass http://app; }")
    token, _, _ = node.people.sign_in(grants=(("elm-court", "technician"),))
    assert node.ask("/x?property=elm-court", token).status == 200
    assert node.ask("/x?property=oak-house", token).status == 403
    before = len(app.requests)
    node.ask("/x?" + query, token)
    assert reached(app, before) == []


@pytest.mark.parametrize("target", ["/%6danager/x", "/manage%72/x"])
def test_a_rule_on_the_address_as_sent_holds_for_all_spellings(lab, cluster, app, target):
    node = lab.node(cluster, http="map $request_uri $wanted { default viewer; ~^/manager/ manager; }",
                    locations="location / { auth_saml on; auth_saml_require $wanted; proxy_pass http://app; }")
    token, _, _ = node.people.sign_in(grants=(("*", "viewer"),))
    assert node.ask("/x", token).status == 200
    assert node.ask("/manager/x", token).status == 403
    before = len(app.requests)
    node.ask(target, token)
    assert reached(app, before) == []


WSGI = """
def app(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    return [repr({name: value for name, value in environ.items() if "X_AUTH" in name}).encode()]
"""


@pytest.mark.parametrize("name", [b"X-Auth-Acce\xdf-Level", b"X-Auth-Se\xdfion", b"X_Auth_Acce\xdf_Level"])
def test_no_letter_stands_for_two_of_a_header(lab, cluster, tmp_path, name):
    (tmp_path / "shown.py").write_text(WSGI)
    port = free_port()
    gunicorn = Process("gunicorn", ["/usr/bin/gunicorn", "--bind", f"127.0.0.1:{port}", "--chdir", tmp_path, "shown:app"],
                       tmp_path / "log", environment=clean_environment(PYTHONDONTWRITEBYTECODE="1"))
    try:
        gunicorn.wait_for_port(port, 30)
        node = lab.node(cluster, locations=f"location / {{ auth_saml on; }} location /open/ {{ proxy_pass http://127.0.0.1:{port}; }}",
                        server="ignore_invalid_headers off; underscores_in_headers on;")
        answer = node.raw(b"GET /open/x HTTP/1.1\r\nHost: localhost\r\n" + name + b": admin\r\nConnection: close\r\n\r\n")
        assert b"admin" not in answer, answer
    finally:
        gunicorn.stop()


class TomcatAlone(BackEnds):
    def __enter__(self):
        for process, port in self._tomcat():
            process.wait_for_port(port, 60)
        return self


def test_a_stranger_does_not_reach_a_gated_page_of_tomcat_from_beside(lab, cluster, workspace):
    directory = workspace / "tomcat-alone"
    directory.mkdir()
    with TomcatAlone(directory) as back_ends:
        address = back_ends.all[0].pass_to.removesuffix(";").split()[1]
        port = free_port()
        node = lab.node(cluster, locations=f"""
            location /shop/ {{ proxy_pass {address}/public/; }}
            location /manage/ {{ auth_saml on; auth_saml_require manager; proxy_pass {address}/manager/; }}""",
                        http=f"server {{ listen 127.0.0.1:{port}; server_name localhost; location / {{ proxy_pass {address}/public/; }} }}")
        assert node.ask("/shop/x").body == b"PAGE public" and node.ask("/manage/x").status == 302
        beside = raw(port, "/..;/manager/x")
        assert [b"PAGE manager" in node.ask("/shop/..;/manager/x").body, b"PAGE manager" in beside] == [False, False]


def test_the_name_of_a_front_controller_is_no_way_around(lab, cluster, app):
    node = lab.node(cluster, locations=f"location / {{ proxy_pass http://app; }} {GATED}")
    before = len(app.requests)
    assert node.ask("/index.php/manager/x").status in (302, 400)
    assert reached(app, before) == []


@pytest.mark.parametrize("header", ["X-Forwarded-Host: oak-house.localhost", "Forwarded: host=oak-house.localhost",
                                    "X-Host: oak-house.localhost"])
def test_no_header_brings_another_host(lab, cluster, app, header):
    node = lab.node(cluster, start=False, locations="location / { auth_saml on; auth_saml_require technician at $house; "
                                                    "proxy_pass http://app; }")
    hosts = [f"{house}.localhost:{node.port}" for house in ("elm-court", "oak-house")]
    node.yaml = node.yaml.replace("  base_url:", f"  apps: [{', '.join('http://' + host for host in hosts)}]\n  base_url:")
    node.nginx_conf = node.nginx_conf.replace("server_name localhost;", r"server_name ~^(?<house>[a-z-]+)\.localhost$;")
    node.start()
    _, user = node.people.add(grants=(("elm-court", "technician"),))
    elm = node.people.session(user, origin=f"http://{hosts[0]}")
    oak = node.people.session(user, origin=f"http://{hosts[1]}")
    assert node.ask("/x", elm, host=hosts[0]).status == 200
    assert node.ask("/x", oak, host=hosts[1]).status == 403
    name, value = header.split(": ")
    before = len(app.requests)
    node.ask("/x", elm, host=hosts[0], headers=[*NAVIGATION, (name, value)])
    assert [one for request in app.requests[before:] for one in request[2] if "oak-house" in one[1]] == []


def test_a_requirement_without_a_gate_is_not_taken_in_silence(lab, cluster):
    node = lab.node(cluster, start=False, locations="location / { auth_saml_require manager; proxy_pass http://app; }")
    status, said = node.test()
    assert status != 0 and "auth_saml_require" in said and "auth_saml on" in said


@pytest.mark.parametrize("locations", ["auth_saml_require manager; location / { auth_saml on; proxy_pass http://app; }",
                                       "location /a/ { auth_saml_require manager; "
                                       "location /a/b/ { auth_saml on; proxy_pass http://app; } }",
                                       "auth_saml on; auth_saml_require manager; "
                                       "location /open/ { auth_saml off; proxy_pass http://app; }"])
def test_a_requirement_for_what_is_inside_is_one(lab, cluster, locations):
    assert lab.node(cluster, start=False, locations=locations).test()[0] == 0


def test_crossing_to_another_host_again_and_again_is_bounded(lab, cluster):
    node = lab.node(cluster, start=False)
    app_host = f"127.0.0.1:{node.port}"
    node.yaml = node.yaml.replace("  base_url:", f"  apps: [http://{app_host}]\n  base_url:")
    node.start()
    token, _, _ = node.people.sign_in(grants=(), status="waiting")
    turned = node.ask("/x", host=app_host)
    browser = turned.header("set-cookie").split(";")[0]
    target = turned.header("location").partition(node.host)[2]
    written = 0
    for _ in range(200):
        ticket = node.ask(target, token)
        if ticket.status not in (302, 303) or "/handoff" not in ticket.header("location"):
            break
        written += node.ask(ticket.header("location").partition(app_host)[2], headers=NAVIGATION, host=app_host,
                            cookies=[browser]).status == 303
    sessions = len(node.people.sql("SELECT reference FROM sessions"))
    assert written > 50 and sessions <= 5, f"{written} crossings, {sessions} sessions of one browser"


class Asking:
    """Ann may ask at elm-court and Max decides there; Vera of another company holds something at oak-house."""

    PERSON = "/auth/manage/people/show?user={id}"
    CHECK = "/auth/manage/why?q=vera%40southwind.example"
    FORM = (("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin"), ("Accept", "text/html"))

    def __init__(self, lab, cluster, keys):
        self.node = lab.node(cluster, yaml=with_companies(keys))
        people = self.node.people
        self._ann, _, _ = people.sign_in(grants=(("elm-court", "manager"),))
        _, decider = people.add(grants=(("elm-court", "admin"),))
        people.sql(f"UPDATE users SET idp = 'northwind', subject = 'max' WHERE id = '{decider}'")
        self._decider = people.session(decider)
        _, self.vera = people.add(email="vera@southwind.example", grants=(("oak-house", "viewer"),))
        people.sql(f"UPDATE users SET idp = 'southwind', subject = 'vera' WHERE id = '{self.vera}'")

    def file(self):
        """Ann asks for Vera."""
        self.node.ask("/auth/manage/new-user", self._ann, method="POST", headers=self.FORM,
                      body=b"email=vera%40southwind.example&name=V&property=elm-court&level=viewer")

    def shown(self, page):
        """What the one who decides gets to see."""
        return self.node.ask(page.format(id=self.vera), self._decider)


def test_a_colleague_s_request_does_not_show_sessions_of_another_company(lab, cluster, keys):
    asking = Asking(lab, cluster, keys)
    people = asking.node.people
    people.session(asking.vera)
    people.sql(f"UPDATE sessions SET user_agent = 'Veras browser', client_address = '192.0.2.77' WHERE user_id = '{asking.vera}'")
    assert asking.shown(Asking.PERSON).status == 404
    asking.file()
    assert len(people.sql("SELECT email FROM access_requests")) == 1
    shown = asking.shown(Asking.PERSON)
    assert shown.status == 200 and b"@southwind.example" in shown.body and b"Somebody asked for access" in shown.body
    assert not any(secret in shown.body for secret in (b"192.0.2.77", b"Veras browser", b"oak-house"))
