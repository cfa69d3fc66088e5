"""What else can be put in front of an app, measured in the same run: auth_request, and Apache with mod_auth_mellon."""

import base64
import subprocess
import zlib
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from tests.support.processes import Process, clean_environment, free_port, is_port_open, service_user
from tests.support.saml import live, messages
from tests.support.texts import found

from .bench_lab import Lab, Load, cpu_seconds, median
from .bench_rows import Measurements

MODULES = ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_mellon")


class Mellon:
    """Apache with mod_auth_mellon, without a bundle of authorities to parse for each key. Where its friends set TZ, Lasso
    does not look at the time zone file over and over."""

    def __init__(self, lab: Lab, is_tz_set: bool) -> None:
        self._keys, self._directory = lab.keys, lab.directory / f"mellon-{'tz' if is_tz_set else 'plain'}"
        self._directory.mkdir()
        self._directory.chmod(0o755)
        self.port = free_port()
        live.write_key_pairs(lab.keys, self._directory)
        (self._directory / "idp.xml").write_text(live.registered(lab.keys))
        (self._directory / "htdocs").mkdir()
        (self._directory / "htdocs" / "index.html").write_text("x" * 1024)
        loads = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES)
        user = "User www-data\nGroup www-data" if service_user("www-data") is not None else ""
        (self._directory / "httpd.conf").write_text(f"""\
ServerRoot {self._directory}
ServerName localhost
PidFile {self._directory}/httpd.pid
ErrorLog {self._directory}/error.log
Mutex file:{self._directory}
Listen 127.0.0.1:{self.port}
{loads}
{user}
DocumentRoot {self._directory}/htdocs
StartServers 1
ServerLimit 1
ThreadsPerChild 25
MaxRequestWorkers 25
KeepAlive On
MaxKeepAliveRequests 0
MellonCacheSize 2000
MellonLockFile {self._directory}/mellon.lock
<Location />
    MellonEnable auth
    MellonEndpointPath /mellon
    MellonSPPrivateKeyFile {self._directory}/sp.key
    MellonSPCertFile {self._directory}/sp.pem
    MellonIdPMetadataFile {self._directory}/idp.xml
    MellonSecureCookie Off
    AuthType Mellon
    Require valid-user
</Location>
""")
        for path in self._directory.iterdir():
            path.chmod(0o755 if path.is_dir() else 0o644)
        environment = clean_environment(SSL_CERT_FILE="/dev/null", SSL_CERT_DIR="/nonexistent")
        if not is_tz_set:
            del environment["TZ"]
        self._process = Process("Apache", ["/usr/sbin/apache2", "-f", self._directory / "httpd.conf", "-DFOREGROUND"],
                                self._directory / "out", environment=environment)
        self._process.wait_until(lambda: is_port_open(self.port), 20, "to listen")

    def stop(self) -> None:
        self._process.stop()

    def cpu_seconds(self) -> float:
        children = subprocess.run(["/usr/bin/pgrep", "-P", str(self._process.pid)], capture_output=True, text=True,
                                  check=True).stdout.split()
        return sum(cpu_seconds(pid) for pid in (self._process.pid, *map(int, children)))

    def _ask(self, connection: HTTPConnection, method: str, target: str, headers: dict[str, str],
             body: str | None = None) -> Any:
        connection.request(method, target, body, {"Host": f"localhost:{self.port}", **headers})
        answer = connection.getresponse()
        answer.read()
        return answer

    def sign_on(self, connection: HTTPConnection) -> tuple[str, str]:
        """Ready to post: (body, cookie)."""
        first = self._ask(connection, "GET", "/", {})
        login = urlsplit(first.getheader("Location"))
        away = self._ask(connection, "GET", f"{login.path}?{login.query}", {})
        query = parse_qs(urlsplit(away.getheader("Location")).query)
        request = found(r' ID="([^"]+)"', zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15).decode())
        here = f"http://localhost:{self.port}/mellon"
        base = messages.BASE.replace("https://login.test/saml2/idpresponse", f"{here}/postResponse").replace(
            "https://sp.test", f"{here}/metadata").replace('"_a1"', f'"_a{request[1:17]}"').replace('"_r1"', f'"_r{request[1:17]}"')
        message = base64.b64encode(live.make_now({}, self._keys, request, base)).decode()
        body = f"SAMLResponse={quote(message, safe='')}&RelayState={quote(query['RelayState'][0], safe='')}"
        return body, away.getheader("Set-Cookie").split(";")[0]

    def cost_ms(self, each: int = 40) -> float:
        """CPU of a sign-on, POST of a Response to 303."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        ready = [self.sign_on(connection) for _ in range(each)]
        before = self.cpu_seconds()
        for body, cookie in ready:
            answer = self._ask(connection, "POST", "/mellon/postResponse", {
                "Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}, body)
            assert answer.status == 303, (answer.status, (self._directory / "error.log").read_text()[-600:])
        connection.close()
        return (self.cpu_seconds() - before) / each * 1e3


class Peers(Measurements):
    def peers(self) -> None:
        runs = [(self.wrk_at("plain.test"), self.wrk_at("asked.test")) for _ in range(self.rounds)]
        self.note("auth_request to an empty 204: CPU of plain / with it", f"{median(a.cpu_us / b.cpu_us for a, b in runs):.2f}")
        mellon, tuned = Mellon(self.lab, is_tz_set=False), Mellon(self.lab, is_tz_set=True)
        try:
            costs = [(mellon.cost_ms(), tuned.cost_ms(), self.sign_ons_ms()) for _ in range(self.rounds + 1)][1:]
        finally:
            mellon.stop()
            tuned.stop()
        times = median(theirs / ours for theirs, _, ours in costs)
        self.row("sign-ons per CPU second beside mod_auth_mellon's", "≥ 5 ×", f"{times:.1f} ×", times >= 5,
                 f"{median(cost[0] for cost in costs):.2f} ms and {median(cost[2] for cost in costs):.2f} ms")
        self.note("the same with TZ set for mod_auth_mellon", f"{median(theirs / ours for _, theirs, ours in costs):.1f} ×")

    def wrk_at(self, host: str) -> Load:
        own, self.lab.node.host = self.lab.node.host, host
        try:
            return self.lab.wrk("/work", self.seconds)
        finally:
            self.lab.node.host = own
