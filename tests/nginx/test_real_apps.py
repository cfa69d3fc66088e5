"""What other hands' apps make of odd requests: Express, PHP, Tomcat with HTTP/2."""

import shutil
import socket

import h2.config
import h2.connection
import h2.events
import pytest

from tests.support.processes import Process, clean_environment, free_port

from .back_ends import HERE, PAGES, TOMCAT, BackEnds


@pytest.fixture
def express(tmp_path):
    port = free_port()
    process = Process("express", ["/usr/bin/env", "node", HERE / "express_app.js", str(port)], tmp_path / "log",
                      environment=clean_environment(NODE_PATH="/usr/share/nodejs"))
    process.wait_for_port(port, 30)
    yield port
    process.stop()


def test_express_serves_a_gated_page_to_a_stranger(lab, cluster, express):
    to = f"proxy_pass http://127.0.0.1:{express};"
    node = lab.node(cluster, locations=f"location / {{ {to} }} location ~ ^/manager/ {{ auth_saml on; auth_saml_require manager; {to} }}")
    assert node.ask("/manager/x").status == 302
    assert b"PAGE manager" not in node.ask("/MANAGER").body


@pytest.mark.parametrize("query", ["property=elm-court&+property=oak-house", "property=elm-court&property%00x=oak-house"])
def test_php_shows_another_property(lab, cluster, tmp_path, query):
    (tmp_path / "index.php").write_text("<?php echo 'PAGE ' . ($_GET['property'] ?? 'none');")
    port = free_port()
    php = Process("php", ["/usr/bin/php", "-S", f"127.0.0.1:{port}", tmp_path / "index.php"], tmp_path / "log",
                  environment=clean_environment())
    php.wait_for_port(port, 30)
    try:
        node = lab.node(cluster, locations=f"location / {{ auth_saml on; auth_saml_require technician at $arg_property; "
                                           f"proxy_pass http://127.0.0.1:{port}; }}")
        token, _, _ = node.people.sign_in(grants=(("elm-court", "technician"),))
        assert node.ask("/x?property=elm-court", token).body == b"PAGE elm-court"
        assert node.ask("/x?property=oak-house", token).status == 403
        assert node.ask("/x?" + query, token).body != b"PAGE oak-house"
    finally:
        php.stop()


JSP = ('<%@page contentType="text/plain"%>PAGE manager as <%=request.getHeader("X-Auth-Email")%>, '
       '<%=request.getHeader("X-Auth-Access-Level")%>')


def test_a_tunnel_of_http_2_through_a_location_for_web_sockets(lab, cluster, tmp_path):
    """Tomcat with HTTP/2 switched on, nginx passing Upgrade and Connection on as sent, in an open location."""
    port = free_port()
    base = tmp_path / "tomcat"
    for folder in ("conf", "logs", "temp", "work"):
        (base / folder).mkdir(parents=True)
    for path, page in PAGES.items():
        folder = base / "webapps" / "ROOT" / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "x").write_text(f"PAGE {page}")
    shutil.copy("/usr/share/tomcat10/skel/conf/web.xml", base / "conf" / "web.xml")
    (base / "conf" / "server.xml").write_text(f"""<Server port="-1"><Service name="Catalina">
<Connector port="{port}" address="127.0.0.1" protocol="HTTP/1.1">
<UpgradeProtocol className="org.apache.coyote.http2.Http2Protocol"/></Connector>
<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine></Service></Server>""")
    jars = f"{TOMCAT}/bin/bootstrap.jar:{TOMCAT}/bin/tomcat-juli.jar"
    tomcat = Process("tomcat", ["/usr/bin/env", "java", "-XX:TieredStopAtLevel=1", "-Xmx128m", "-cp", jars, f"-Dcatalina.home={TOMCAT}",
                                f"-Dcatalina.base={base}", "org.apache.catalina.startup.Bootstrap", "start"], tmp_path / "log")
    try:
        tomcat.wait_for_port(port, 60)
        to = f"proxy_pass http://127.0.0.1:{port};"
        node = lab.node(cluster, http="map $http_upgrade $connection_upgrade { default upgrade; '' close; }", locations=f"""
            location /public/ {{ proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; {to} }}
            location / {{ auth_saml on; {to} }}
            location /manager/ {{ auth_saml on; auth_saml_require manager; {to} }}""")
        assert node.ask("/public/x").body == b"PAGE public" and node.ask("/manager/x").status == 302
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        settings = state.initiate_upgrade_connection().decode()
        with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
            connection.sendall(f"GET /public/x HTTP/1.1\r\nHost: {node.host}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                               f"HTTP2-Settings: {settings}\r\n\r\n".encode())
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536)
            first, _, rest = received.partition(b"\r\n\r\n")
            print(first)
            bodies = {}
            if b" 101" in first.split(b"\r\n")[0]:
                connection.sendall(state.data_to_send())
                stream = state.get_next_available_stream_id()
                state.send_headers(stream, [(":method", "GET"), (":path", "/manager/x"), (":scheme", "http"), (":authority", "localhost"),
                                            ("x-auth-email", "boss@northwind.example"), ("x-auth-access-level", "admin")], end_stream=True)
                connection.sendall(state.data_to_send())
                done = False
                while not done:
                    data = rest or connection.recv(65536)
                    rest = b""
                    if not data:
                        break
                    for event in state.receive_data(data):
                        if isinstance(event, h2.events.DataReceived):
                            bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                        done = done or (isinstance(event, h2.events.StreamEnded) and event.stream_id == stream)
                    connection.sendall(state.data_to_send())
        assert b"PAGE manager" not in bodies.values(), bodies
    finally:
        tomcat.stop()



class PhpAlone(BackEnds):
    def __enter__(self):
        for process, port in self._php():
            process.wait_for_port(port, 60)
        return self


@pytest.mark.parametrize("early", ["TRACE /manager/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                                   "GET /manager/x HTTP/1.1\r\nHost: localhost\r\nX-Long: " + "a" * 9000 + "\r\nConnection: close\r\n\r\n",
                                   "GET /manager/x HTTP/1.1\r\nConnection: close\r\n\r\n"])
def test_an_early_error_leads_to_a_front_controller(lab, cluster, workspace, early):
    """error_page names a file, as the log advises (ungated_path): PHP gets REQUEST_URI as it was sent."""
    directory = workspace / f"php-alone-{abs(hash(early))}"
    directory.mkdir()
    directory.chmod(0o755)
    with PhpAlone(directory) as back_ends:
        to = back_ends.all[0].pass_to
        node = lab.node(cluster, locations=f"""
            error_page 400 404 405 /index.php;
            location / {{ {to} }}
            location /manager/ {{ auth_saml on; auth_saml_require manager; {to} }}
            location = /index.php {{ {to} }}""")
        assert node.ask("/manager/x").status == 302
        assert b"PAGE manager" not in node.raw(early.encode())


@pytest.mark.parametrize("what", ["too_large", "too_often"])
def test_an_error_before_the_gate_leads_to_a_front_controller(lab, cluster, workspace, what):
    directory = workspace / f"php-{what}"
    directory.mkdir()
    directory.chmod(0o755)
    with PhpAlone(directory) as back_ends:
        to = back_ends.all[0].pass_to
        node = lab.node(cluster, http="limit_req_zone $server_name zone=one:1m rate=1r/m;", locations=f"""
            error_page 404 413 503 /index.php;
            location / {{ {to} }}
            location /manager/ {{ limit_req zone=one; auth_saml on; auth_saml_require manager; {to} }}
            location = /index.php {{ {to} }}""")
        assert node.ask("/manager/x").status == 302
        if what == "too_large":
            got = node.raw(b"POST /manager/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\nConnection: close\r\n\r\n")
        else:
            got = node.ask("/manager/x").body
        assert b"PAGE manager" not in got
