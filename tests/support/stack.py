"""The whole product on real parts: PostgreSQL, an identity provider per company, the app, nginx with the module.

The demo and the tests start the same stack under different names.
"""

import hashlib
import json
import os
import secrets
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from .http_client import Browser
from .identity_provider import Company, IdentityProvider
from .maintenance_app import PROPERTIES
from .postgres import Cluster
from .processes import Process, StartError, clean_environment, free_port, is_port_open, run, sanitizer_options, service_user

SUPPORT = Path(__file__).resolve().parent


@dataclass
class Plan:
    """What to start. `build`: a CMake build directory. `state`: where keys, data and logs are kept."""

    build: Path
    state: Path
    port: int
    app_host: str
    login_host: str
    companies: list[Company]
    entity_id: str
    product_name: str = "Maintenance"
    is_durable: bool = True
    yaml_extra: str = ""
    worker_processes: int = 2
    mailbox_port: int = 0  # of a page with all mail that is sent; 0: none is sent
    say: Callable[[str], object] = field(default=lambda text: None)

    @property
    def app_url(self) -> str:
        return f"https://{self.app_host}:{self.port}"

    @property
    def login_url(self) -> str:
        return f"https://{self.login_host}:{self.port}"

    @property
    def mailbox_url(self) -> str:
        return f"http://127.0.0.1:{self.mailbox_port}/"


def is_reachable_for_others(path: Path) -> bool:
    """Whether another account may walk down to `path` (or to the part of it that exists)."""
    path = Path(path).absolute()
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (path, *path.parents) if parent.exists())


def state_directory(wanted: Path, say: Callable[[str], object]) -> Path:
    """`wanted`, or a directory below /var/tmp where the servers' accounts could not reach `wanted`."""
    wanted = Path(wanted).absolute()
    if os.geteuid() != 0 or is_reachable_for_others(wanted):
        return wanted
    name = "anteroom-" + wanted.name + "-" + hashlib.sha256(str(wanted).encode()).hexdigest()[:10]
    moved = Path("/var/tmp") / name
    if moved.is_symlink() or (moved.exists() and moved.stat().st_uid != 0):
        raise StartError(f"{moved} is somebody else's; remove it first")
    say(f"{wanted.parent} can't be reached by the servers' own accounts: data and logs are kept in {moved}")
    return moved


class Stack:
    """`with Stack(plan) as stack:` starts everything in order and stops it in reverse, whatever happens."""

    cluster: Cluster  # there once they have been started
    nginx: Process

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.state = Path(plan.state)
        self.logs = self.state / "logs"
        self.config_file = self.state / "anteroom" / "anteroom.yaml"
        self.module = Path(plan.build) / "module" / "ngx_http_auth_saml_module.so"
        self.command_line = Path(plan.build) / "core" / "cli" / "anteroom"
        self._worker = service_user("www-data")
        self._running: list[Cluster | IdentityProvider | Process] = []
        self._run_directory: Path | None = None
        self._app_port = free_port()
        self._smtp_port = free_port()
        self.providers = [IdentityProvider(company, self.state / "idp" / company.key,
                                           self.logs / f"idp-{company.key}.log", plan.port)
                          for company in plan.companies]

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        while self._running:
            self._running.pop().stop()
        if self._run_directory is not None:
            shutil.rmtree(self._run_directory, ignore_errors=True)
            (self.state / "run-directory").unlink(missing_ok=True)
            self._run_directory = None

    @property
    def run_directory(self) -> Path:
        """Sockets and what nginx buffers; its path is short."""
        assert self._run_directory is not None
        return self._run_directory

    # What tests and the demo ask of a running stack.

    def anteroom(self, *arguments: object) -> str:
        """Runs the command-line tool with this stack's configuration; returns what it printed."""
        return run([self.command_line, "--config", self.config_file, *arguments],
                   environment=clean_environment(ASAN_OPTIONS=sanitizer_options("detect_leaks=0")))

    def users(self) -> dict[str, dict[str, Any]]:
        return {user["email"]: user for user in json.loads(self.anteroom("--json", "user", "list"))}

    def add_properties(self) -> None:
        known = {item["key"] for item in json.loads(self.anteroom("--json", "property", "list"))}
        for key, name in PROPERTIES.items():
            if key not in known:
                self.anteroom("property", "add", key, name)

    def app_url(self, path: str = "/") -> str:
        return self.plan.app_url + path

    def login_url(self, path: str = "/") -> str:
        return self.plan.login_url + path

    def ended(self) -> list[str]:
        """The names of servers that ended by themselves; empty is good."""
        return [server.name for server in self._running if not server.is_running()]

    def reload_nginx(self) -> None:
        self.nginx.signal(signal.SIGHUP)

    def error_log(self) -> str:
        return (self.logs / "nginx-error.log").read_text(errors="replace")

    def sanitizer_reports(self) -> dict[str, str]:
        """What AddressSanitizer wrote, if the module was built with it; empty is good."""
        return {path.name: path.read_text(errors="replace") for path in self.logs.glob("sanitizer.*")}

    # Starting.

    def _start(self) -> None:
        self._prepare_directories()
        say = self.plan.say
        self._make_certificate()
        sp_certificate = self._make_sp_key()
        say("PostgreSQL (a private cluster)")
        self.cluster = Cluster(self.state / "postgres", self.run_directory / "pg", self.logs / "postgres.log",
                               is_durable=self.plan.is_durable)
        self._running.append(self.cluster)
        self.cluster.start()
        self._make_database()
        for provider in self.providers:
            say(f"identity provider of {provider.company.display_name} (SimpleSAMLphp)")
            provider.configure(self.plan.entity_id, self.plan.login_url + "/saml2/idpresponse",
                               self.plan.login_url + "/saml2/logout", sp_certificate)
            self._running.append(provider)
            provider.start()
        say("maintenance app")
        self._start_app()
        say("configuration, keys and database schema")
        self._fetch_metadata()
        self._write_yaml()
        self.anteroom("migrate")
        self.add_properties()
        say(f"nginx with the module, on port {self.plan.port}")
        self._start_nginx()
        if self.plan.mailbox_port:
            say("mailbox and mail delivery")
            self._start_mail()

    def _prepare_directories(self) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        for name in ("anteroom", "logs", "idp", "tls"):
            (self.state / name).mkdir(exist_ok=True)
        (self.state / "anteroom").chmod(0o700)
        for report in self.logs.glob("sanitizer.*"):
            report.unlink()
        note = self.state / "run-directory"
        if note.exists():  # an earlier run was killed
            shutil.rmtree(note.read_text(), ignore_errors=True)
        self._run_directory = Path(tempfile.mkdtemp(prefix="anteroom-", dir="/tmp"))
        note.write_text(str(self.run_directory))
        self.run_directory.chmod(0o755)
        # Workers under a sanitizer report here.
        if self._worker is not None:
            os.chown(self.logs, self._worker.pw_uid, -1)

    def _secret(self, name: str, size: int = 32) -> Path:
        path = self.state / "anteroom" / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(size) + "\n")
        return path

    def _make_database(self) -> None:
        password = self._secret("database-password", 24).read_text().strip()
        self.cluster.ensure_database("anteroom", "anteroom", password)

    def _start_app(self) -> None:
        copy = self.state / "maintenance_app.py"
        shutil.copyfile(SUPPORT / "maintenance_app.py", copy)
        app = Process("the maintenance app", [sys.executable, "-B", copy, str(self._app_port)],
                      self.logs / "app.log", user=self._worker)
        self._running.append(app)
        app.wait_for_port(self._app_port)

    def _start_mail(self) -> None:
        mailbox = Process("the mailbox", [sys.executable, "-B", SUPPORT / "mailbox.py", str(self._smtp_port),
                                          str(self.plan.mailbox_port)], self.logs / "mailbox.log")
        self._running.append(mailbox)
        mailbox.wait_for_port(self._smtp_port)
        mailbox.wait_for_port(self.plan.mailbox_port)
        self._running.append(Process("mail delivery", [self.command_line, "--config", self.config_file, "mail"],
                                     self.logs / "mail.log"))

    def _fetch_metadata(self) -> None:
        for provider in self.providers:
            page = Browser().get(f"http://127.0.0.1:{provider.port}/saml2/idp/metadata.php")
            if page.status != 200 or b"IDPSSODescriptor" not in page.body:
                raise StartError(f"{provider.company.display_name}'s identity provider gave no metadata "
                                 f"(status {page.status}): {page.text[:300]}; see {self.logs}")
            (self.state / "anteroom" / f"{provider.company.key}.xml").write_bytes(page.body)

    def _make_certificate(self) -> None:
        key, certificate = self.state / "tls" / "server.key", self.state / "tls" / "server.crt"
        hosts = sorted({self.plan.app_host, self.plan.login_host, *(c.host for c in self.plan.companies)})
        noted = self.state / "tls" / "hosts"
        if certificate.exists() and noted.exists() and noted.read_text() == " ".join(hosts):
            return
        names = ",".join(f"DNS:{host}" for host in hosts)
        run(["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", "825",
             "-subj", f"/CN={self.plan.app_host}", "-addext", f"subjectAltName={names}", "-keyout", key, "-out",
             certificate])
        key.chmod(0o600)
        noted.write_text(" ".join(hosts))

    def _make_sp_key(self) -> str:
        """Anteroom's own key pair; returns the certificate as base64 of its DER."""
        key, certificate = (self.state / "anteroom" / f"sp.{suffix}" for suffix in ("key", "crt"))
        if not certificate.exists():
            run(["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", "1095",
                 "-subj", "/CN=Anteroom", "-keyout", key, "-out", certificate])
            key.chmod(0o600)
        return "".join(line for line in certificate.read_text().splitlines() if "-----" not in line)

    def _write_yaml(self) -> None:
        quote = json.dumps  # a JSON string is a YAML string
        plan = self.plan
        self._secret("cookie.key")
        providers = "".join(self._provider_yaml(company) for company in plan.companies if company.is_configured)
        mail = f"""mail:
  from: no-reply@maintenance.example
  smtp: smtp://127.0.0.1:{self._smtp_port}
  notify: [support@maintenance.example]
  digest_every: 1m
""" if plan.mailbox_port else ""
        self.config_file.write_text(f"""\
# Written at every start; changes are lost.
service_provider:
  entity_id: {quote(plan.entity_id)}
  base_url: {plan.login_url}
  apps: [{quote(plan.app_url)}]
  landing_url: {quote(plan.app_url + "/")}
  signing: {{ key: sp.key, certificate: sp.crt }}
  decryption: [{{ key: sp.key, certificate: sp.crt }}]
identity_providers:
{providers}database:
  connection: {quote(f"host={self.cluster.socket_directory} dbname=anteroom user=anteroom")}
  password_file: database-password
sessions:
  cookie_keys: [cookie.key]
access:
  levels: [viewer, technician, manager, admin]
manage:
  request_new_users: manager
  process_requests: admin
pages:
  product_name: {quote(plan.product_name)}
  support: {{ email: support@maintenance.example, phone: "+1 555 0100" }}
{mail}{plan.yaml_extra}""")

    @staticmethod
    def _provider_yaml(company: Company) -> str:
        quote = json.dumps
        lines = [f"  - name: {company.key}", f"    display_name: {quote(company.display_name)}",
                 f"    preset: {company.preset}", f"    metadata: {company.key}.xml",
                 f"    domains: [{quote(company.domain)}]", "    single_logout: { answer: true }"]
        lines += [f"    {key}: {quote(value)}" for key, value in company.options.items()]
        return "\n".join(lines) + "\n"

    def _start_nginx(self) -> None:
        run_directory = self.run_directory / "nginx"
        run_directory.mkdir()
        configuration = self.state / "nginx.conf"
        configuration.write_text(self._nginx_configuration(run_directory))
        command: list[object] = ["/usr/sbin/nginx", "-p", run_directory, "-c", configuration, "-g", "daemon off;"]
        # A first line in the log, so that errors before the configuration is read have somewhere to go.
        command += ["-e", self.logs / "nginx-error.log"]
        environment = clean_environment(**self._sanitizer_environment())
        (self.logs / "nginx.log").write_text("")
        (self.logs / "nginx-error.log").write_text("")
        self.nginx = Process("nginx", command, self.logs / "nginx.log", environment=environment,
                             stop_signal=signal.SIGTERM)
        self._running.append(self.nginx)
        try:
            self.nginx.wait_until(lambda: is_port_open(self.plan.port), 30, f"to listen on port {self.plan.port}")
        except StartError as error:
            raise StartError(f"{error}\n{self.error_log()[-3000:]}") from None

    def _sanitizer_environment(self) -> dict[str, str]:
        cache = Path(self.plan.build) / "CMakeCache.txt"
        if not cache.exists() or "ANTEROOM_SANITIZE:BOOL=ON" not in cache.read_text():
            return {}
        return {"LD_PRELOAD": run(["/usr/bin/gcc", "-print-file-name=libasan.so"]).strip(),
                "ASAN_OPTIONS": sanitizer_options("detect_leaks=0", "abort_on_error=0", f"log_path={self.logs}/sanitizer")}

    def _nginx_configuration(self, run_directory: Path) -> str:
        plan = self.plan
        user = "user www-data;" if self._worker is not None else ""
        temporary = "\n    ".join(f"{kind}_temp_path {run_directory}/{kind};"
                                  for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        listen = f"listen 127.0.0.1:{plan.port} ssl http2;"
        providers = "\n".join(f"""
    server {{
        {listen}
        server_name {provider.company.host};
        location / {{ proxy_pass http://127.0.0.1:{provider.port}; proxy_set_header Host $http_host; }}
    }}""" for provider in self.providers)
        return f"""\
# Written at every start; changes are lost.
load_module {self.module};
{user}
worker_processes {plan.worker_processes};
pid {run_directory}/nginx.pid;
error_log {self.logs}/nginx-error.log info;
events {{ worker_connections 512; }}
http {{
    access_log {self.logs}/nginx-access.log;
    {temporary}
    proxy_buffer_size 16k;
    proxy_buffers 8 16k;
    proxy_http_version 1.1;
    ssl_certificate {self.state}/tls/server.crt;
    ssl_certificate_key {self.state}/tls/server.key;
    server_tokens off;

    auth_saml_config {self.config_file};

    server {{
        {listen}
        server_name {plan.app_host};
        proxy_set_header Host $http_host;
        location / {{ auth_saml on; proxy_pass http://127.0.0.1:{self._app_port}; }}
        location /reports/ {{ auth_saml on; auth_saml_require manager; proxy_pass http://127.0.0.1:{self._app_port}; }}
        location /payouts/ {{ auth_saml on; auth_saml_step_up 5m; proxy_pass http://127.0.0.1:{self._app_port}; }}
        location ~ ^/properties/(?<property>[^/]+) {{
            auth_saml on;
            auth_saml_require technician at $property;
            proxy_pass http://127.0.0.1:{self._app_port};
        }}
        location = /healthz {{ proxy_pass http://127.0.0.1:{self._app_port}; }}
    }}
    server {{
        {listen}
        server_name {plan.login_host};
        auth_saml on;
        location / {{ return 302 {plan.app_url}/; }}
    }}{providers}
    server {{
        {listen}
        server_name _;
        return 421;
    }}
}}
"""
