"""The servers that scripts/bench measures, and how it measures them."""

import os
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.support.node import Node, directory_for_nginx
from tests.support.people import People
from tests.support.postgres import Cluster
from tests.support.processes import Process, clean_environment, free_port, run, service_user
from tests.support.saml import live
from tests.support.texts import found

GATE_CPU, LOAD_CPU = "0", "1"  # the measured worker has a processor of its own
PAGE = "x" * 1024
BEFORE_OTHERS = ["/usr/bin/chrt", "--fifo"]  # needs root


@dataclass
class Load:
    """What one run of wrk saw, and what it cost the measured worker."""

    requests: int
    cpu_us: float  # per request
    p99_ms: float


def cpu_seconds(pid: int) -> float:
    """Of a process, all its threads (schedstat counts nanoseconds)."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def private_kib(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(value) for value in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE))


def children(pid: int) -> list[int]:
    listed = subprocess.run(["/usr/bin/pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(child) for child in listed.split()]


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def gates(host: str, token: str) -> dict[str, tuple[str, str]]:
    """Host and cookie of one request: through no gate, through the smallest there can be, through ours."""
    ours = f"__Host-anteroom={token}"
    return {"plain": ("plain.test", ours), "minimal": ("minimal.test", f"minimal-gate={token}"), "gated": (host, ours)}


class Lab:
    """One gated nginx worker, the app behind it (another nginx), PostgreSQL; closed by close()."""

    def __init__(self, build: Path, cache: str = "32M", connections: int = 4096) -> None:
        self.build = Path(build)
        self.directory = Path(tempfile.mkdtemp(prefix="anteroom-bench-", dir="/tmp"))
        self.directory.chmod(0o755)
        self._running: list[Cluster | Node | Process] = []
        self.cluster = Cluster(self.directory / "pg", self.directory / "s", self.directory / "postgres.log", is_durable=False,
                               settings={"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "top"})
        self._running.append(self.cluster.start())
        self.app_port = self._start_app()
        self.bare_port, self.bare_worker = self._start_bare()
        self.hold_port = free_port()
        self.keys = live.authorities()
        self.cache, self.connections = cache, connections
        self.node = self._start_node()
        self.people = People(self.cluster, "bench", "https://login.test", self.directory / "gate" / "cookie.key")

    def close(self) -> None:
        for server in reversed(self._running):
            server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def worker(self) -> int:
        worker, = self.node.workers()
        return worker

    def statements(self) -> int:
        """How many statements the server has executed for requests: housekeeping comes once a minute, whatever is asked."""
        rows = self.cluster.sql("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid "
                                "WHERE rolname = 'anteroom' AND query <> '' "
                                "AND query !~ 'anteroom[.](housekeep|seal_audit|upkeep_behind|count_day)[(]'", "bench")
        return int(rows[0])

    def keep_others_off(self) -> None:
        """PostgreSQL stays off the gate's processor; the app comes before it on the other, as an `undisturbed` wrk does.
        What that wrk then sees late, the gate's worker has made late."""
        for pid in [self.cluster.pid, *children(self.cluster.pid)]:
            run(["/usr/bin/taskset", "-a", "-c", "-p", LOAD_CPU, str(pid)])
        for pid in children(int((self.directory / "app" / "nginx.pid").read_text())):
            run([*BEFORE_OTHERS, "-p", "1", str(pid)])

    def wrk(self, path: str, seconds: int, headers: Iterable[tuple[str, str]] = (), connections: int = 16,
            script: str | None = None, undisturbed: bool = False, bare: bool = False) -> Load:
        """`bare`: the nginx that has no module of ours."""
        command = [*([*BEFORE_OTHERS, "1"] if undisturbed else []), "/usr/bin/taskset", "-c", LOAD_CPU,
                   "/usr/bin/wrk", "--latency", "-t1", f"-c{connections}", f"-d{seconds}s"]
        for name, value in headers:
            command += ["-H", f"{name}: {value}"]
        if script is not None:
            file = self.directory / "load.lua"
            file.write_text(script)
            command += ["-s", str(file)]
        pid, port = (self.bare_worker, self.bare_port) if bare else (self.worker, self.node.port)
        before = cpu_seconds(pid)
        said = run([*command, f"http://127.0.0.1:{port}{path}", "-H", f"Host: {self.node.host}"])
        used = cpu_seconds(pid) - before
        requests = int(found(r"(\d+) requests in", said))
        if "Socket errors" in said:
            raise RuntimeError(said)
        late, unit = found(r"99%\s+([\d.]+)(?:us|ms|s)\b", said), found(r"99%\s+[\d.]+(us|ms|s)\b", said)
        return Load(requests, used / requests * 1e6, float(late) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit])

    def nginx_lines(self, directory: Path, *, log: str = "warn") -> tuple[str, str]:
        user = "user www-data;" if service_user("www-data") is not None else ""
        temporary = " ".join(f"{kind}_temp_path {directory}/{kind};"
                             for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        top = f"{user} daemon off; pid {directory}/nginx.pid; error_log {directory}/error.log {log};"
        http = f"access_log off; {temporary} keepalive_requests 100000000; keepalive_timeout 300s;"
        return top, http

    def _start_app(self) -> int:
        _, port = self._start_nginx("app", "10", "", f"location / {{ return 200 {PAGE}; }} location = /empty {{ return 204; }}")
        return port

    def _start_bare(self) -> tuple[int, int]:
        process, port = self._start_nginx("bare", "01", self._way_to_app(), "location / { proxy_pass http://app; }")
        process.wait_until(lambda: children(process.pid), 20, "to have a worker")
        worker, = children(process.pid)
        return port, worker

    def _start_nginx(self, name: str, affinity: str, more: str, locations: str) -> tuple[Process, int]:
        """One without our module, of one worker, and its port."""
        directory = directory_for_nginx(self.directory / name)
        port = free_port()
        top, http = self.nginx_lines(directory)
        (directory / "nginx.conf").write_text(
            f"{top} worker_processes 1; worker_cpu_affinity {affinity}; events {{ worker_connections 4096; }}\n"
            f"http {{ {http} {more}\nserver {{ listen 127.0.0.1:{port}; {locations} }} }}\n")
        process = Process(f"the {name} nginx", ["/usr/sbin/nginx", "-p", directory, "-c", directory / "nginx.conf"], directory / "out")
        self._running.append(process)
        process.wait_for_port(port)
        return process, port

    def _way_to_app(self) -> str:
        return (f'proxy_http_version 1.1; proxy_set_header Connection ""; '
                f"upstream app {{ server 127.0.0.1:{self.app_port}; keepalive 64; }}")

    def _start_node(self) -> Node:
        self.cluster.ensure_database("bench", "anteroom", "secret")
        self.cluster.sql("CREATE EXTENSION pg_stat_statements", "bench")
        directory = directory_for_nginx(self.directory / "gate")
        port = free_port()
        (directory / "cookie.key").write_text(os.urandom(32).hex() + "\n")
        (directory / "cookie.key").chmod(0o600)
        (directory / "idp.xml").write_text(live.registered(self.keys))
        connection = self.cluster.conninfo("bench", "anteroom", "secret")
        node = Node(self.build, directory, port, f"""\
service_provider:
  entity_id: https://sp.test
  base_url: https://login.test
identity_providers:
  - {{ name: corp, metadata: {directory}/idp.xml, domains: [corp.test], attributes: {{ email: mail }} }}
database: {{ connection: {connection} }}
sessions: {{ cookie_keys: [{directory}/cookie.key], cache_size: {self.cache}, cache_ttl: 10m }}
access: {{ levels: [viewer, technician, manager, admin] }}
manage: {{ request_new_users: manager, process_requests: admin }}
""", self.configuration(directory, port))
        node.write()
        run([self.build / "core" / "cli" / "anteroom", "--config", directory / "anteroom.yaml", "migrate"],
            environment=clean_environment())
        node.host = "login.test"
        self._running.append(node)
        return node.start()

    def configuration(self, directory: Path, port: int) -> str:
        top, http = self.nginx_lines(directory)
        module = self.build / "module" / "ngx_http_auth_saml_module.so"
        minimal = self.build / "tests" / "bench" / "ngx_http_minimal_gate_module.so"
        servers = "".join(f"""
    server {{
        listen 127.0.0.1:{port};
        server_name {name};
        location / {{ {gate} proxy_pass http://app; }}
        location /hold {{ {gate} proxy_pass http://127.0.0.1:{self.hold_port}; proxy_read_timeout 1h; }}
    }}""" for name, gate in (("plain.test", ""), ("minimal.test", "minimal_gate on;"), ("login.test", "auth_saml on;"),
                             ("asked.test", "auth_request /asked;")))
        servers = servers.replace("server_name asked.test;", """server_name asked.test;
        location = /asked { internal; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_pass http://app/empty; }""")
        return f"""\
load_module {module};
load_module {minimal};
{top}
worker_processes 1;
worker_cpu_affinity 01;
worker_rlimit_nofile {2 * self.connections + 1000};
events {{ worker_connections {self.connections}; }}
http {{
    {http}
    {self._way_to_app()}
    auth_saml_config {directory}/anteroom.yaml;{servers}
}}
"""
