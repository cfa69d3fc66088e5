"""How apps read what the gate has decided on; ordinary requests that nothing may refuse; and people who were only asked for."""

import pytest

from tests.support.node import NAVIGATION
from tests.support.processes import free_port

from .test_decided import Asking

PASS = "proxy_pass http://app;"


def reached(app, before):
    return [request[1] for request in app.requests[before:]]


# A wrong yes.

@pytest.mark.parametrize("expression, target", [("^/admin/", "/ADMIN"), ("^/admin/", "/Admin"), ("^/report/$", "/REPORT"), ("^/report$", "/REPORT/")])
def test_letters_and_slash_together_where_a_regular_expression_stands(lab, cluster, app, expression, target):
    """Express: /ADMIN is /admin/. Each alone is tried, both together are not."""
    node = lab.node(cluster, locations=f"location / {{ {PASS} }} location ~ {expression} {{ auth_saml on; auth_saml_require manager; {PASS} }}")
    before = len(app.requests)
    answer = node.ask(target)
    assert answer.status in (302, 400, 403) and reached(app, before) == []


@pytest.mark.parametrize("query", ["property=elm-court&+property=oak-house",       # PHP takes spaces off the front
                                   "property=elm-court&%20property=oak-house",
                                   "property=elm-court&property%00x=oak-house",     # PHP ends the name there
                                   "property=elm-court&[property]=oak-house",       # qs (Express)
                                   "property=elm-court#&property=oak-house"])       # nginx's $args end at '#', what is sent does not
def test_an_argument_that_php_or_qs_reads_otherwise(lab, cluster, app, query):
    node = lab.node(cluster, locations=f"location / {{ auth_saml on; auth_saml_require technician at $arg_property; {PASS} }}")
    token, _, _ = node.people.sign_in(grants=(("elm-court", "technician"),))
    assert node.ask("/x?property=elm-court", token).status == 200
    before = len(app.requests)
    node.ask("/x?" + query, token)
    assert reached(app, before) == []


@pytest.mark.parametrize("query", ["my_property=elm-court&my.property=oak-house", "my_property=elm-court&my+property=oak-house", "my_property=elm-court&my[property=oak-house"])
def test_an_argument_with_an_underscore_in_php(lab, cluster, app, query):
    node = lab.node(cluster, locations=f"location / {{ auth_saml on; auth_saml_require technician at $arg_my_property; {PASS} }}")
    token, _, _ = node.people.sign_in(grants=(("elm-court", "technician"),))
    assert node.ask("/x?my_property=elm-court", token).status == 200
    before = len(app.requests)
    node.ask("/x?" + query, token)
    assert reached(app, before) == []


def test_a_rewrite_adds_the_argument_and_the_client_the_other(lab, cluster, app):
    node = lab.node(cluster, locations=f"""
        location /p/ {{ rewrite ^/p/([^/]+)$ /app?property=$1 last; }}
        location / {{ auth_saml on; auth_saml_require technician at $arg_property; {PASS} }}""")
    token, _, _ = node.people.sign_in(grants=(("elm-court", "technician"),))
    assert node.ask("/p/elm-court", token).status == 200
    before = len(app.requests)
    node.ask("/p/elm-court?property=oak-house", token)
    assert reached(app, before) == []


@pytest.mark.parametrize("how", ["map", "set"])
def test_a_host_by_way_of_a_map(lab, cluster, app, how):
    http = r"map $host $house { default none; ~^(?<name>[a-z-]+)\.localhost$ $name; }" if how == "map" else ""
    server = "" if how == "map" else r"if ($host ~ ^([a-z-]+)\.localhost$) { set $house $1; }"
    node = lab.node(cluster, start=False, http=http, server=server,
                    locations=f"location / {{ auth_saml on; auth_saml_require technician at $house; {PASS} }}")
    host = f"elm-court.localhost:{node.port}"
    node.yaml = node.yaml.replace("  base_url:", f"  apps: [http://{host}]\n  base_url:")
    node.nginx_conf = node.nginx_conf.replace("server_name localhost;", "server_name localhost .localhost;")
    node.start()
    _, user = node.people.add(grants=(("elm-court", "technician"),))
    token = node.people.session(user, origin=f"http://{host}")
    assert node.ask("/x", token, host=host).status == 200
    before = len(app.requests)
    node.ask("/x", token, host=host, headers=[*NAVIGATION, ("X-Forwarded-Host", "oak-house.localhost")])
    assert [one for request in app.requests[before:] for one in request[2] if "oak-house" in one[1]] == []


@pytest.mark.parametrize("target", ["/shop/index.php/manager/x", "/a/b/index.php/../x"])
def test_a_front_controller_in_a_folder(lab, cluster, app, target):
    """Symfony, Laravel and others take their base (/shop/index.php) off: this is the page /manager/x of the app in /shop/."""
    node = lab.node(cluster, locations=f"location / {{ {PASS} }} location /shop/manager/ {{ auth_saml on; auth_saml_require manager; {PASS} }}")
    before = len(app.requests)
    assert node.ask("/shop/manager/x").status == 302
    node.ask("/shop/index.php/manager/x")
    assert reached(app, before) == []


def test_the_front_page_by_its_script(lab, cluster, app):
    node = lab.node(cluster, locations=f"location / {{ {PASS} }} location = / {{ auth_saml on; {PASS} }}")
    before = len(app.requests)
    node.ask("/index.php")
    assert reached(app, before) == []


# Ordinary requests refused.

ORDINARY = {
    "assets_by_regex": (f"location / {{ auth_saml on; {PASS} }} location ~* \\.(js|css|png|ico)$ {{ {PASS} }}", "/app.js"),
    "assets_by_folder_regex": (f"location / {{ auth_saml on; {PASS} }} location ~ ^/assets/[^/]+\\.js$ {{ {PASS} }}", "/assets/app-4f3a.js"),
    "favicon_beside_a_regex": (f"location / {{ auth_saml on; {PASS} }} location = /favicon.ico {{ {PASS} }} location ~ \\.php$ {{ auth_saml on; {PASS} }}", "/favicon.ico"),
    "health_beside_a_regex": (f"location / {{ auth_saml on; {PASS} }} location = /healthz {{ {PASS} }} location ~ \\.php$ {{ auth_saml on; {PASS} }}", "/healthz"),
    "open_folder_with_capitals": (f"location / {{ auth_saml on; {PASS} }} location /Content/ {{ {PASS} }}", "/Content/site.css"),
    "open_file_with_capitals": (f"location / {{ auth_saml on; {PASS} }} location = /README.txt {{ {PASS} }}", "/README.txt"),
    "open_regex_with_capitals": (f"location / {{ auth_saml on; {PASS} }} location ~ ^/Shibboleth\\.sso/ {{ {PASS} }}", "/Shibboleth.sso/x"),
    "acme": (f"location / {{ auth_saml on; {PASS} }} location ^~ /.well-known/acme-challenge/ {{ {PASS} }}", "/.well-known/acme-challenge/tok_EN-1"),
    "acme_with_regex": (f"location / {{ auth_saml on; {PASS} }} location ^~ /.well-known/acme-challenge/ {{ {PASS} }} location ~ \\.php$ {{ auth_saml on; {PASS} }}", "/.well-known/acme-challenge/tok_EN-1"),
    "next": (f"location / {{ auth_saml on; {PASS} }} location /_next/static/ {{ {PASS} }}", "/_next/static/chunks/pages/%5Bid%5D-AbC.js"),
    "exact_and_folder": (f"location / {{ auth_saml on; {PASS} }} location /api {{ {PASS} }} location /api/ {{ {PASS} }}", "/api"),
    "webhook_capital": (f"location / {{ auth_saml on; {PASS} }} location = /api/Webhook {{ {PASS} }}", "/api/Webhook"),
    "static_folder_index": (f"location / {{ auth_saml on; {PASS} }} location /docs/ {{ return 200 ok; }} location ~ \\.php$ {{ auth_saml on; {PASS} }}", "/docs/"),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_open_request_is_answered(lab, cluster, app, name):
    locations, target = ORDINARY[name]
    node = lab.node(cluster, locations=locations)
    assert node.ask(target).status == 200


LEVELS = {
    "regex_beside_levels": ("/admin/", r"location / { auth_saml on; auth_saml_require viewer; proxy_pass http://app; } location ~ ^/admin/ { auth_saml on; auth_saml_require manager; proxy_pass http://app; }"),
    "php_front_controller": ("/admin/", r"location / { auth_saml on; auth_saml_require viewer; root /nonexistent; try_files $uri /index.php; } "
                                        r"location /admin/ { auth_saml on; auth_saml_require manager; root /nonexistent; try_files $uri /admin/index.php; } "
                                        r"location ~ ^(.+\.php)(/.*)?$ { auth_saml on; auth_saml_require viewer; proxy_pass http://app; }"),
    "property_without_slash": ("/properties/elm-court", r"location / { auth_saml on; auth_saml_require viewer; proxy_pass http://app; } location ~ ^/properties/(?<property>[^/]+)$ { auth_saml on; auth_saml_require technician at $property; proxy_pass http://app; }"),
    "property_with_rest": ("/properties/elm-court/", r"location / { auth_saml on; auth_saml_require viewer; proxy_pass http://app; } location ~ ^/properties/(?<property>[^/]+)/ { auth_saml on; auth_saml_require technician at $property; proxy_pass http://app; }"),
    "step_up_beside_level": ("/payouts/", r"location / { auth_saml on; auth_saml_require viewer; proxy_pass http://app; } location ~ ^/payouts/ { auth_saml on; auth_saml_require viewer; auth_saml_step_up 10m; proxy_pass http://app; }"),
}


@pytest.mark.parametrize("name", LEVELS)
def test_who_may_do_everything_is_let_in(lab, cluster, app, name):
    target, locations = LEVELS[name]
    node = lab.node(cluster, locations=locations)
    token, _, _ = node.people.sign_in(grants=(("*", "admin"),))
    assert node.ask(target, token).status == 200


def test_the_usual_maintenance_page(lab, cluster, app):
    node = lab.node(cluster, start=False)
    (node.directory / "maintenance.html").write_text("BACK SOON")
    (node.directory / "maintenance.html").chmod(0o644)
    node.nginx_conf = node.nginx_conf[:node.nginx_conf.index("location / {")] + f"""
        error_page 503 @maintenance;
        location / {{ if (-f {node.directory}/maintenance.html) {{ return 503; }} auth_saml on; {PASS} }}
        location @maintenance {{ root {node.directory}; rewrite ^ /maintenance.html break; }}
    }} }}"""
    node.start()
    answer = node.ask("/x")
    assert answer.status == 503 and b"BACK SOON" in answer.body


def test_a_page_for_too_many_requests(lab, cluster, app):
    node = lab.node(cluster, start=False)
    (node.directory / "busy.html").write_text("BUSY")
    (node.directory / "busy.html").chmod(0o644)
    node.nginx_conf = node.nginx_conf.replace("upstream app", "limit_req_zone $server_name zone=one:1m rate=1r/m; limit_req_status 429; upstream app")
    node.nginx_conf = node.nginx_conf[:node.nginx_conf.index("location / {")] + f"""
        error_page 429 @busy;
        location / {{ limit_req zone=one; auth_saml on; {PASS} }}
        location @busy {{ root {node.directory}; try_files /busy.html =500; }}
    }} }}"""
    node.start()
    node.ask("/x")
    answer = node.ask("/x")
    assert answer.status == 429 and b"BUSY" in answer.body


def test_an_x_accel_redirect_to_a_folder_with_capitals(lab, cluster, app):
    node = lab.node(cluster, start=False)
    (node.directory / "files").mkdir(mode=0o755)
    (node.directory / "files" / "Report 2026.pdf").write_text("PDF")
    node.nginx_conf = node.nginx_conf[:node.nginx_conf.index("location / {")] + f"""
        location / {{ auth_saml on; {PASS} }}
        location /Files/ {{ internal; alias {node.directory}/files/; }}
    }} }}"""
    node.start()
    token, _, _ = node.people.sign_in()
    answer = node.ask("/download?answer=X-Accel-Redirect:%20/Files/Report%25202026.pdf", token)
    assert (answer.status, answer.body) == (200, b"PDF")


def test_spa_and_error_page(lab, cluster, app):
    node = lab.node(cluster, start=False)
    (node.directory / "index.html").write_text("SPA")
    (node.directory / "index.html").chmod(0o644)
    (node.directory / "app.js").write_text("JS")
    node.nginx_conf = node.nginx_conf[:node.nginx_conf.index("location / {")] + f"""
        root {node.directory};
        location / {{ auth_saml on; try_files $uri $uri/ /index.html; }}
        location = /index.html {{ auth_saml on; }}
        location /open/ {{ error_page 404 =200 /open/index.html; }}
        location ~* \\.(js|css)$ {{ auth_saml on; expires 1y; }}
    }} }}"""
    node.start()
    token, _, _ = node.people.sign_in()
    assert node.ask("/Some/Page", token).body == b"SPA"
    assert node.ask("/app.js", token).body == b"JS"


# People out of reach.

@pytest.mark.parametrize("page", [Asking.PERSON, Asking.CHECK])
def test_of_whom_somebody_only_asked_for_it_is_not_said_whether_they_hold_something_elsewhere(lab, cluster, keys, page):
    """manage.md: with what the request and the own properties say, not with access elsewhere."""
    asking = Asking(lab, cluster, keys)
    people = asking.node.people
    people.sql(f"UPDATE users SET last_sign_on_at = now() WHERE id = '{asking.vera}'")
    asking.file()
    shown = []
    for _ in range(2):
        answer = asking.shown(page)
        assert answer.status == 200
        text = answer.body.decode()
        shown.append([line for line in text.splitlines() if "badge" in line or "<li>" in line or "oom" in line or "<p" in line])
        people.sql(f"DELETE FROM grants WHERE user_id = '{asking.vera}'")
    assert shown[0] == shown[1]


def test_why_does_not_say_that_somebody_with_access_would_wait(lab, cluster, keys):
    asking = Asking(lab, cluster, keys)
    asking.file()
    text = asking.shown(Asking.CHECK).body.decode()
    main = text[text.index("<main"):]
    assert "aiting" not in main, main


def test_no_upgrade_to_http_2_reaches_the_app(lab, cluster, app):
    """h2c: the usual snippet for WebSockets passes the client's Upgrade on, whatever it is to."""
    node = lab.node(cluster, locations=f"location / {{ auth_saml on; {PASS} }} location /open/ {{ proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; {PASS} }}")
    before = len(app.requests)
    node.ask("/open/x", headers=[("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAAP__")])
    assert [value for request in app.requests[before:] for name, value in request[2] if name.lower() == "upgrade"] == []


def test_functions_are_replaced_by_a_role_that_may_not_make_schemas(lab, cluster):
    """The administrator owns the database, the role its schema: an upgrade makes no schema."""
    node = lab.node(cluster)
    database, user = node.people.sql("SELECT current_database()")[0], "anteroom_test"
    cluster.sql(f'ALTER DATABASE "{database}" OWNER TO postgres')
    cluster.sql(f'REVOKE CREATE ON DATABASE "{database}" FROM "{user}", PUBLIC')
    node.people.sql("INSERT INTO anteroom.schema_functions VALUES ('newer', now() + interval '1 second')")
    lab.migrate(node)


@pytest.mark.parametrize("target, header", [("/..;/manager/x", None), ("/%252e%252e/manager/x", None), ("/x", ("X-Original-URL", "/manager/x"))])
def test_a_server_with_one_weak_rule_beside_one_with_a_strong_one(lab, cluster, app, target, header):
    """Neither has several rules in itself nor no gate: nothing is looked at."""
    port = free_port()
    node = lab.node(cluster, yaml=lambda text: text.replace("  base_url:", f"  apps: ['http://localhost:{port}']\n  base_url:"),
                    locations=f"location /manager/ {{ auth_saml on; auth_saml_require manager; {PASS} }} location / {{ return 404; }}",
                    http=f"server {{ listen 127.0.0.1:{port}; server_name localhost; location / {{ auth_saml on; proxy_pass http://app/public/; }} }}")
    _, user = node.people.add(grants=(("*", "viewer"),))
    token = node.people.session(user, origin=f"http://localhost:{port}")
    own, node.port, node.host = node.port, port, f"localhost:{port}"
    before = len(app.requests)
    node.ask(target, token, headers=[*NAVIGATION, *([header] if header else [])])
    node.port = own
    got = [(one[1], [value for name, value in one[2] if name == "X-Original-URL"]) for one in app.requests[before:]]
    assert got in ([], [("/public/x", [])])
