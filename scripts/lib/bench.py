"""Measures the shipped build beside its baselines, all in one run, and prints reach and measured side by side.

CPU figures are of the one nginx worker under test, all its threads, as the kernel accounts them; each ratio is the median
over interleaved rounds.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

from tests.support import ROOT
from tests.support.processes import clean_environment
from tests.support.saml.browser import start

from .bench_companies import Companies
from .bench_growth import Growth
from .bench_lab import Lab, Load, cpu_seconds, gates, median, private_kib
from .bench_loads import GROUPS, LONG, Loads
from .bench_peers import Peers
from .bench_rows import Row

MANY = {"waiting": 110000, "open_requests": 30000}  # connections of the measured worker
FORM = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "text/html")]


class Bench(Loads, Companies, Growth, Peers):
    # Requests through the gate.

    def gate(self) -> None:
        token, _, _ = self.lab.people.sign_in(lifetime="10 hours")
        own = self.lab.node.host
        page = ("Accept", "text/html")
        kinds: dict[str, tuple[str, list[tuple[str, str]]]]
        kinds = {"bare": ("plain.test", [("Cookie", f"__Host-anteroom={token}")]),
                 **{kind: (host, [("Cookie", cookie)]) for kind, (host, cookie) in gates(own, token).items()},
                 "stranger": (own, [page]), "unknown": (own, [page, ("Cookie", "__Host-anteroom=" + "A" * 43)])}
        runs: dict[str, list[Load]] = {kind: [] for kind in kinds}
        for kind, (host, headers) in kinds.items():  # warm up, and see that each does what it is for
            assert self.status(host, headers) == (302 if kind in ("stranger", "unknown") else 200), kind
        before = self.lab.statements()
        for _ in range(self.rounds):
            for kind, (host, headers) in kinds.items():
                self.lab.node.host = host
                runs[kind].append(self.lab.wrk("/work", self.seconds, headers, bare=kind == "bare"))
        self.lab.node.host = own
        asked = self.lab.statements() - before
        cpu = {kind: median(load.cpu_us for load in loads) for kind, loads in runs.items()}

        def ratio(over: str, under: str) -> float:
            return median(a.cpu_us / b.cpu_us for a, b in zip(runs[over], runs[under], strict=True))

        figures = ", ".join(f"{kind} {value:.1f}" for kind, value in cpu.items()) + " µs each"
        self.row("gated, session known: CPU of plain / gated", "≥ 0.95", f"{ratio('plain', 'gated'):.3f}",
                 ratio("plain", "gated") >= 0.95, figures)
        self.note("beside an nginx without the module: CPU of bare / ungated, bare / gated",
                  f"{ratio('bare', 'plain'):.3f}, {ratio('bare', 'gated'):.3f}")
        self.row("the same beside a minimal gate: minimal / gated", "≥ 0.97", f"{ratio('minimal', 'gated'):.3f}",
                 ratio("minimal", "gated") >= 0.97)
        self.row("stranger sent to sign-on: plain / stranger", "≥ 1.8", f"{ratio('plain', 'stranger'):.2f}",
                 ratio("plain", "stranger") >= 1.8)
        self.row("unknown cookie: plain / unknown", "≥ 1.5", f"{ratio('plain', 'unknown'):.2f}", ratio("plain", "unknown") >= 1.5)
        # A made-up token leads to no question; the kept session is asked for every minute at most.
        allowed = 2 + int(self.rounds * self.seconds * len(kinds) / 60) + 1
        self.row("statements during all of that", f"≤ {allowed}", str(asked), asked <= allowed)

    def status(self, host: str, headers: Iterable[tuple[str, str]]) -> int:
        own, self.lab.node.host = self.lab.node.host, host
        try:
            return self.lab.node.ask("/work", headers=headers).status
        finally:
            self.lab.node.host = own

    # Signing on.

    def sign_on(self) -> None:
        self.sign_ons_ms()  # warms up
        statements = self.lab.statements()
        cost = median(self.sign_ons_ms() for _ in range(self.rounds))
        asked = (self.lab.statements() - statements) / (40 * self.rounds)
        self.row("sign-on, POST of a Response to 303: CPU", "≤ 1.0 ms", f"{cost:.2f} ms", cost <= 1.0,
                 "a fifth of mod_auth_mellon's, see --peers")
        self.row("statements for a sign-on", "≤ 1", f"{asked:.2f}", asked <= 1)

    def junk(self) -> None:
        connection = self.lab.node.connect()
        cookie = start(self.lab.node).cookie
        noise = quote(base64.b64encode(os.urandom(6000)).decode(), safe="").encode()
        xml = quote(base64.b64encode(b"<a>" + b"<b/>" * 1500 + b"</a>").decode(), safe="").encode()
        kinds = {"noise, no sign-on under way": (noise, None), "noise": (noise, cookie), "XML that is not a Response": (xml, cookie)}
        for kind, (value, own) in kinds.items():
            costs = []
            for _ in range(self.rounds):
                before = cpu_seconds(self.lab.worker)
                for _ in range(200):
                    assert self.post(connection, b"SAMLResponse=" + value, own).status in (303, 403)
                costs.append((cpu_seconds(self.lab.worker) - before) / 200 * 1e3)
            self.row(f"junk at the ACS ({kind}): CPU", "≤ 0.3 ms", f"{median(costs):.3f} ms", median(costs) <= 0.3)

    # Memory.

    def memory(self) -> None:
        kept = self.kept_sessions(20000)
        each = (8 << 20) / kept
        self.row("shared memory of one remembered session", "≤ 512 B", f"{each:.0f} B", each <= 512, f"{kept} in 8 MiB")
        app = int((self.lab.directory / "app" / "nginx.pid").read_text())
        plain = int(subprocess.run(["/usr/bin/pgrep", "-P", str(app)], capture_output=True, text=True, check=True).stdout)
        more = (private_kib(self.lab.worker) - private_kib(plain)) / 1024
        self.row("a worker's own memory above plain nginx's", "≤ 12 MiB", f"{more:.1f} MiB", more <= 12)

    def kept_sessions(self, count: int) -> int:
        """How many of `count` sessions are still remembered once all have been asked for (cache of 8 MiB)."""
        _, user = self.lab.people.add(email="typical.person@northwind.example",
                                     grants=(("elm-court", "viewer"), ("harbor-lofts", "technician")))
        tokens = self.lab.people.sessions(user, count)
        connection = self.lab.node.connect()
        for token in tokens:
            self.ask_as(token, connection)
        before, kept = self.lab.statements(), 0
        for number in range(count, 0, -1):  # the last remembered first: none is thrown out before it is counted
            self.ask_as(tokens[number - 1], connection)
            if number % 250 == 0:
                if self.lab.statements() - before > 250:
                    break
                kept = count - number
        return kept

    def ask_as(self, token: str, connection: HTTPConnection) -> None:
        answer = self.lab.node.ask("/work", token, connection=connection)
        assert answer.status == 200, answer


def picture(rows: list[Row]) -> str:
    """An SVG table: what is to be reached, what was measured."""
    height = 26 * (len(rows) + 1)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="980" height="{height}" font-family="sans-serif" font-size="13">']
    for number, row in enumerate(rows):
        y = 26 * number + 20
        colour = "#1b7f3b" if row.is_reached else "#b3261e"
        name, measured, reach = (text.replace("&", "&amp;").replace("<", "&lt;") for text in (row.name, row.measured, row.reach))
        parts.append(f'<circle cx="12" cy="{y - 4}" r="5" fill="{colour}"/><text x="26" y="{y}">{name}</text>'
                     f'<text x="560" y="{y}" fill="{colour}">{measured}</text><text x="680" y="{y}" fill="#555">reach {reach}</text>')
    return "\n".join([*parts, "</svg>\n"])


def build_release(build: Path) -> None:
    environment = clean_environment(**{name: os.environ[name] for name in ("CCACHE_DIR", "CCACHE_BASEDIR") if name in os.environ})
    for command in (["/usr/bin/cmake", "--preset", "release", "-B", build],
                    ["/usr/bin/cmake", "--build", build, "--target", "ngx_http_auth_saml_module",
                     "ngx_http_minimal_gate_module", "anteroom"]):
        subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    names = ("gate", "sign_on", "junk", "memory", "companies", "growth", *GROUPS)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("row", nargs="*", help=f"groups of rows: {', '.join(names)} (default: all but {', '.join(LONG)})")
    parser.add_argument("--peers", action="store_true", help="auth_request and Apache with mod_auth_mellon as well (installs it)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2, help="of each load in each round")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench", help="bench.json and bench.svg go there")
    arguments = parser.parse_args()
    unknown = set(arguments.row) - set(names)
    if unknown:
        parser.error(f"no such rows: {', '.join(sorted(unknown))}")
    if arguments.peers:
        subprocess.run([ROOT / "scripts" / "install-packages", "peers"], check=True)
    build_release(arguments.build)
    rows = []
    wanted = arguments.row or ([] if arguments.peers else [name for name in names if name not in LONG])
    for name in [*wanted, *(["peers"] if arguments.peers else [])]:
        lab = Lab(arguments.build, cache="8M" if name == "memory" else "32M", connections=MANY.get(name, 4096))
        try:
            bench = Bench(lab, arguments.rounds, arguments.seconds)
            getattr(bench, name)()
            rows += bench.rows
        finally:
            lab.close()
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "bench.json").write_text(json.dumps(
        {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "rounds": arguments.rounds, "rows": [asdict(row) for row in rows]},
        indent=1, ensure_ascii=False) + "\n")
    (arguments.output / "bench.svg").write_text(picture(rows))
    missed = [row for row in rows if not row.is_reached]
    print(f"{len(rows) - len(missed)} of {len(rows)} rows reached; {arguments.output}/bench.json, bench.svg; "
          f"again: scripts/bench {' '.join(arguments.row)}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
