"""What a measurement is made of: rows, and sign-ons to measure."""

from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import quote

from tests.support.node import Answer
from tests.support.saml import live
from tests.support.saml.browser import ACS, UnderWay, start

from .bench_lab import Lab, cpu_seconds

FORM = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "text/html")]


@dataclass
class Row:
    name: str
    reach: str
    measured: str
    is_reached: bool
    detail: str = ""


class Measurements:
    def __init__(self, lab: Lab, rounds: int, seconds: int) -> None:
        self.lab, self.rounds, self.seconds = lab, rounds, seconds
        self.rows: list[Row] = []

    def row(self, name: str, reach: str, measured: str, is_reached: bool, detail: str = "") -> None:
        self.rows.append(Row(name, reach, measured, is_reached, detail))
        print(f"{'ok  ' if is_reached else 'MISS'} {name}: {measured} (reach {reach}) {detail}", flush=True)

    def note(self, name: str, measured: str) -> None:
        """Of somebody else: nothing to be reached."""
        self.row(name, "-", measured, True)

    def responses(self, count: int) -> list[tuple[bytes, str]]:
        """Ready to post: (body, cookie)."""
        return [self.response(start(self.lab.node)) for _ in range(count)]

    def response(self, under_way: UnderWay, *whose: str) -> tuple[bytes, str]:
        """To one sign-on; `whose`: address and issuer, if they are not corp's."""
        message = quote(live.fresh_response(self.lab.keys, under_way.request_id, *whose), safe="")
        return f"SAMLResponse={message}&RelayState={under_way.relay_state}".encode(), under_way.cookie

    def post(self, connection: HTTPConnection, body: bytes, cookie: str | None) -> Answer:
        return self.lab.node.ask(ACS, method="POST", body=body, connection=connection,
                                 headers=[*FORM, ("Sec-Fetch-Site", "cross-site")], cookies=[cookie] if cookie else [])

    def sign_on_with(self, connection: HTTPConnection, body: bytes, cookie: str) -> None:
        answer = self.post(connection, body, cookie)
        assert answer.status == 303 and "__Host-anteroom=" in str(answer.headers), self.lab.node.error_log()[-600:]

    def sign_ons_ms(self, each: int = 40) -> float:
        """CPU of a sign-on, POST of a Response to 303."""
        connection = self.lab.node.connect()
        ready = self.responses(each)
        before = cpu_seconds(self.lab.worker)
        for body, cookie in ready:
            self.sign_on_with(connection, body, cookie)
        connection.close()
        return (cpu_seconds(self.lab.worker) - before) / each * 1e3
