"""One nginx with the module, started and looked at by a test."""

import http.client
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from .people import People
from .processes import Process, clean_environment, free_port, is_port_open, run, sanitizer_options, service_user, wait_until
from .texts import found

NAVIGATION = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
SCRIPT = [("Accept", "application/json"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")]
WEBSOCKET = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
             ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
COOKIE = "__Host-anteroom"

# The empty statement is the last thing that a listener's connection ran: it pings as soon as the node knows that it hears.
LISTENERS = "FROM pg_stat_activity WHERE datname = current_database() AND query = '' AND query_start IS NOT NULL"

LOCATIONS = """
location / { auth_saml on; proxy_pass http://app; }
location /open/ { proxy_pass http://app; }
location /manager/ { auth_saml on; auth_saml_require manager; proxy_pass http://app; }
location /fresh/ { auth_saml on; auth_saml_step_up 5m; proxy_pass http://app;
  location /fresh/not/ { auth_saml_step_up off; proxy_pass http://app; } }
location /kind/ { auth_saml on; auth_saml_step_up 1h urn:mfa; proxy_pass http://app; }
location ~ ^/properties/(?<property>[^/]+)/ { auth_saml on; auth_saml_require technician at $property; proxy_pass http://app; }
"""


def sanitizer_environment(build: Path, log_path: Path | str, asan_options: str) -> dict[str, str]:
    cache = Path(build) / "CMakeCache.txt"
    if "ANTEROOM_SANITIZE:BOOL=ON" not in cache.read_text():
        return {}
    return {"LD_PRELOAD": run(["/usr/bin/gcc", "-print-file-name=libasan.so"]).strip(),
            "ASAN_OPTIONS": sanitizer_options(asan_options, "detect_odr_violation=0", f"log_path={log_path}")}


class Answer:
    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = [(name.lower(), value) for name, value in answer.getheaders()]
        self.body = answer.read()

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def seen(self, name: str) -> list[str]:
        """All values of a request header that reached the app."""
        return [value for key, value in self.json["headers"] if key.lower() == name.lower()]

    def __repr__(self) -> str:
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


class Node:
    """`yaml` and `nginx_conf` are texts; a test may change them and reload()."""

    database: str  # whoever makes a node says
    people: People

    def __init__(self, build: Path, directory: Path, port: int, yaml: str, nginx_conf: str) -> None:
        self.build = Path(build)
        self.directory = Path(directory)
        self.port = port
        self.host = f"localhost:{port}"
        self.yaml = yaml
        self.nginx_conf = nginx_conf
        self.asan_options = "detect_leaks=0"
        self.preload: list[Path] = []  # behind the sanitizers
        self.more_environment: dict[str, str] = {}
        self._process: Process | None = None

    def write(self) -> None:
        (self.directory / "anteroom.yaml").write_text(self.yaml)
        (self.directory / "nginx.conf").write_text(self.nginx_conf)

    def environment(self) -> dict[str, str]:
        own = sanitizer_environment(self.build, self.directory / "sanitizer", self.asan_options)
        libraries = [own.pop("LD_PRELOAD", ""), *map(str, self.preload)]
        return clean_environment(**own, **self.more_environment, LD_PRELOAD=" ".join(filter(None, libraries)))

    def command(self, *more: str) -> list[str]:
        return [os.environ.get("ANTEROOM_NGINX", "/usr/sbin/nginx"), "-p", str(self.directory),
                "-c", str(self.directory / "nginx.conf"), *more]

    def test(self) -> tuple[int, str]:
        """nginx -t: exit status and what it said."""
        self.write()
        done = subprocess.run(self.command("-t"), env=self.environment(), capture_output=True, text=True, check=False,
                              timeout=60)
        return done.returncode, done.stderr

    def start(self) -> Self:
        self.write()
        self._process = Process("nginx", self.command(), self.directory / "nginx.out", environment=self.environment(),
                                stop_signal=signal.SIGTERM)
        self._process.wait_until(lambda: is_port_open(self.port) and self.has_all_workers(), 30, "to listen")
        return self

    def listeners(self) -> set[str]:
        """Those connections to its database that hear notifications."""
        return set(self.people.sql(f"SELECT pid {LISTENERS}"))

    def wait_for_listener(self, count: int = 1, but: Iterable[str] = ()) -> None:
        """Until so many nodes on its database hear notifications, `but` for connections of those that were ended: what a
        node has learnt before, it does not keep."""
        wait_until(lambda: len(self.listeners() - set(but)) >= count, 10, "the listener")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None

    def quit(self, seconds: float = 10) -> None:
        """Graceful end; True if nginx was gone in time."""
        self._running().signal(signal.SIGQUIT)
        wait_until(lambda: not self.is_running(), seconds, "nginx's graceful end")

    def _running(self) -> Process:
        assert self._process is not None, "nginx has not been started"
        return self._process

    # The `anteroom` command, with its configuration.

    def anteroom(self, *words: object) -> subprocess.CompletedProcess[str]:
        command = [self.build / "core" / "cli" / "anteroom", "--config", self.directory / "anteroom.yaml", *words]
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=60,
                              env=clean_environment(ASAN_OPTIONS=sanitizer_options("detect_leaks=0")))

    def cli(self, *words: object) -> str:
        """What it printed; it has to succeed."""
        done = self.anteroom(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def signal(self, number: int) -> None:
        self._running().signal(number)

    def is_running(self) -> bool:
        return self._process is not None and self._process.is_running()

    def workers(self) -> set[int]:
        """Those that have begun to work: nginx names them when they are, and they run as root until just before."""
        listed = subprocess.run(["/usr/bin/pgrep", "-P", str(self._running().pid), "-f", "^nginx: worker"], capture_output=True, text=True,
                                check=False).stdout.split()
        return {int(pid) for pid in listed}

    def has_all_workers(self) -> bool:
        """Unless nginx is to work without; the configuration is the one it runs with."""
        if "master_process off" in self.nginx_conf:
            return True
        return len(self.workers()) >= int(found(r"worker_processes (\d+);", self.nginx_conf))

    def reload(self, seconds: float = 30) -> None:
        """Returns once the old workers have been replaced, or nginx has said why not."""
        self.write()
        before = self.workers()
        lines = self.error_log().count("\n")
        self._running().signal(signal.SIGHUP)

        def has_settled() -> bool:
            new_lines = self.error_log().splitlines()[lines:]
            if any("[emerg]" in line for line in new_lines):
                return True
            return not before & self.workers() and self.has_all_workers()

        wait_until(has_settled, seconds, "the reload")

    def error_log(self) -> str:
        path = self.directory / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def access_log(self) -> str:
        return (self.directory / "access.log").read_text(errors="replace")

    def sanitizer_reports(self) -> str:
        said = [line for line in (self.error_log() + self.output()).splitlines() if "AddressSanitizer" in line]
        return "\n".join([*said, *(path.read_text(errors="replace") for path in self.directory.glob("sanitizer*"))])

    def output(self) -> str:
        path = self.directory / "nginx.out"
        return path.read_text(errors="replace") if path.exists() else ""

    # Asking it.

    def connect(self, timeout: float = 60) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, path: str = "/", token: str | None = None, headers: Iterable[tuple[str, str]] = NAVIGATION,
            method: str = "GET", body: bytes | None = None, host: str | None = None, cookies: Iterable[str | bytes] = (),
            connection: http.client.HTTPConnection | None = None) -> Answer:
        """One request; `cookies` are further Cookie fields, each sent as it is."""
        own = connection is None
        connection = connection or self.connect()
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self.host if host is None else host)
        for name, value in headers:
            connection.putheader(name, value)
        if token is not None:
            connection.putheader("Cookie", f"{COOKIE}={token}")
        for cookie in cookies:
            connection.putheader("Cookie", cookie)  # type: ignore[arg-type]  # bytes are taken, too
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = Answer(connection.getresponse())
        if own:
            connection.close()
        return answer

    def raw(self, data: bytes, timeout: float = 10) -> bytes:
        """Sends bytes, returns what comes back until the other side closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(data)
            received = b""
            try:
                while (piece := connection.recv(65536)):
                    received += piece
            except (TimeoutError, ConnectionError):
                pass
            return received


def nginx_configuration(build: Path, directory: Path, port: int, app_port: int, *, locations: str = LOCATIONS, server: str = "",
                        http: str = "", workers: int = 1, main: str = "") -> str:
    module = Path(build) / "module" / "ngx_http_auth_saml_module.so"
    user = "user www-data;" if service_user("www-data") is not None else ""
    temporary = " ".join(f"{kind}_temp_path {directory}/{kind};"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""\
load_module {module};
{user}
daemon off;
worker_processes {workers};
pid {directory}/nginx.pid;
error_log {directory}/error.log info;
{main}
events {{ worker_connections 512; }}
http {{
    log_format outcome '$request_uri $status outcome=$auth_saml_outcome email=$auth_saml_email cookie="$http_cookie"';
    access_log {directory}/access.log outcome;
    {temporary}
    proxy_http_version 1.1;
    keepalive_timeout 30s;
    upstream app {{ server 127.0.0.1:{app_port}; }}
    auth_saml_config {directory}/anteroom.yaml;
    {http}
    server {{
        listen 127.0.0.1:{port};
        server_name localhost;
        {server}
        {locations}
    }}
}}
"""


def directory_for_nginx(path: Path) -> Path:
    path.mkdir(parents=True)
    path.chmod(0o755)
    user = service_user("www-data")
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


__all__ = ["Node", "directory_for_nginx", "free_port", "nginx_configuration"]
