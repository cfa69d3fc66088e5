"""The app behind the gate in the demo and the tests: work orders of a few properties. Believes the identity headers.

Run as `python3 maintenance_app.py PORT`; listens on the loopback interface only, because whoever reaches it without
the gate can claim to be anybody.
"""

import json
import sys
from collections.abc import Mapping
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

PROPERTIES = {"elm-court": "Elm Court", "harbor-lofts": "Harbor Lofts", "mill-house": "Mill House"}

WORK_ORDERS = [
    (1041, "elm-court", "Leaking tap in 2B", "open", "high"),
    (1042, "elm-court", "Replace smoke detector, stairwell", "scheduled", "normal"),
    (1043, "harbor-lofts", "Lift door sticks on floor 3", "open", "urgent"),
    (1044, "harbor-lofts", "Repaint lobby", "scheduled", "low"),
    (1045, "mill-house", "Boiler service", "open", "normal"),
    (1046, "mill-house", "Loose railing at the rear steps", "in progress", "high"),
]

IDENTITY = {"email": "X-Auth-Email", "name": "X-Auth-Name", "user": "X-Auth-User",
            "access_level": "X-Auth-Access-Level", "properties": "X-Auth-Properties", "session": "X-Auth-Session"}

STYLE = """
:root{color-scheme:light dark;--line:#8884;background:Canvas}
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1rem}
header{display:flex;flex-wrap:wrap;gap:.5rem 1.25rem;align-items:baseline;border-bottom:1px solid var(--line);
padding-bottom:.75rem}header strong{margin-right:auto}
li,dd,p{overflow-wrap:anywhere}ul.orders{list-style:none;padding:0}
ul.orders li{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .9rem;margin:.6rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dd{margin:0}
small{opacity:.75}button{font:inherit;padding:.4rem 1rem}
"""


def served(identity: Mapping[str, str]) -> list[str]:
    """The properties that the gate says this person may see: "elm-court=technician,mill-house=viewer" or "*=manager"."""
    keys = [item.split("=")[0].strip() for item in identity["properties"].split(",")]
    return list(PROPERTIES) if "*" in keys else [key for key in keys if key in PROPERTIES]


def orders_of(keys: list[str]) -> str:
    lines = "".join(
        f"<li><b>#{number}</b> {escape(title)}<br><small>{escape(PROPERTIES[key])} · {escape(state)} · "
        f"{escape(priority)} priority</small></li>"
        for number, key, title, state, priority in WORK_ORDERS if key in keys)
    return f'<ul class="orders">{lines}</ul>' if lines else "<p>No work orders.</p>"


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer()

    def _answer(self) -> None:
        identity = {name: self.headers.get(header, "") for name, header in IDENTITY.items()}
        parts = urlsplit(self.path)
        steps = [unquote(step) for step in parts.path.split("/") if step]
        if parts.path == "/healthz":
            return self._send(200, "text/plain", "ok\n")
        if parts.path == "/api/me":
            seen = {**identity, "cookie": self.headers.get("Cookie", ""), "path": self.path,
                    "host": self.headers.get("Host", "")}
            return self._send(200, "application/json", json.dumps(seen))
        if not steps:
            return self._page("Work orders", identity, self._overview(identity))
        if steps == ["workorders"]:
            key = parse_qs(parts.query).get("property", [""])[0]
            return self._orders(identity, key)
        if steps[0] == "properties" and len(steps) >= 2:
            return self._orders(identity, steps[1])
        if steps == ["reports"]:
            counts = "".join(f"<li>{escape(name)}: {sum(order[1] == key for order in WORK_ORDERS)} open orders</li>"
                             for key, name in PROPERTIES.items())
            return self._page("Reports", identity, f"<ul>{counts}</ul>")
        return self._page("Not found", identity, f"<p>There is no page {escape(parts.path)}.</p>", 404)

    def _overview(self, identity: Mapping[str, str]) -> str:
        links = "".join(f'<li><a href="/properties/{quote(key)}/">{escape(PROPERTIES[key])}</a></li>'
                        for key in PROPERTIES)
        facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(identity[name]) or '–'}</dd>" for name in IDENTITY
                        if name != "session")
        return (f"{orders_of(served(identity))}<h2>Properties</h2><ul>{links}</ul>"
                f"<h2>Whom the gate says you are</h2><dl>{facts}</dl>")

    def _orders(self, identity: Mapping[str, str], key: str) -> None:
        if key not in PROPERTIES:
            return self._page("Not found", identity, f"<p>There is no property {escape(key)}.</p>", 404)
        shown = orders_of([key]) if key in served(identity) else "<p>None of your properties.</p>"
        return self._page(PROPERTIES[key], identity, shown)

    def _page(self, title: str, identity: Mapping[str, str], content: str, status: int = 200) -> None:
        who = escape(identity["name"] or identity["email"] or "nobody the gate knows")
        text = (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} – Maintenance'
                f'</title><meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
                f'<header><strong>Maintenance</strong><a href="/">Work orders</a><a href="/reports/">Reports</a>'
                f'<span id="who">{who}</span><form method="post" action="/auth/sign-out"><button>Sign out</button>'
                f"</form></header><main><h1>{escape(title)}</h1>{content}</main></body></html>")
        self._send(status, "text/html; charset=utf-8", text)

    def _send(self, status: int, media_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "private, no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def main() -> None:
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), App).serve_forever()


if __name__ == "__main__":
    main()
