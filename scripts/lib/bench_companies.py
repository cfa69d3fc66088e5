"""Rows of scripts/bench about many companies: reading them, starting and reloading beside them, and the first sign-on at one."""

import shutil
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from tests.support.node import Node
from tests.support.processes import wait_until
from tests.support.saml.browser import start
from tests.support.saml.messages import metadata

from .bench_lab import cpu_seconds, median, private_kib
from .bench_rows import Measurements


class Companies(Measurements):
    def companies(self, many: int = 10000, few: int = 10, used: int = 200) -> None:
        """Each a file beside the one company of the configuration. What is served while nginx reads them is what counts."""
        node = self.lab.node
        folder = Path(node.directory) / "idp.d"
        folder.mkdir()
        node.yaml = node.yaml.replace("database:", "identity_providers_directory: idp.d\ndatabase:", 1)
        memory, made = {}, 0
        for count in (few, many):
            self.add_companies(folder, made, count)
            made = count
            began = time.monotonic()
            code, said = node.test()
            assert code == 0, said[-600:]
            self.note(f"reading {count:,} companies (nginx -t)", f"{time.monotonic() - began:.2f} s")
            node.stop()
            node.start()
            with Prober(node) as prober:
                for _ in range(5):
                    node.reload(seconds=120)  # many take their time to be read
                time.sleep(0.2)
            self.row(f"slowest answer through five reloads with {count:,} companies", "≤ 100 ms", f"{prober.slowest * 1e3:.0f} ms",
                     prober.slowest <= 0.1, f"{prober.asked} new connections, one every 20 ms")
            first = median(self.first_answer(node) for _ in range(3))
            self.row(f"a worker's first answer after its start with {count:,} companies", "≤ 0.5 s", f"{first:.3f} s", first <= 0.5)
            memory[count] = private_kib(self.lab.worker)
        each = (memory[many] - memory[few]) / (many - few)
        self.row("a worker's own memory for a company that nobody signs on at", "≤ 1 KiB", f"{each:.2f} KiB", each <= 1)
        self.sign_ons_at(["company-0"])
        before = private_kib(self.lab.worker)
        first, again = self.sign_ons_at([f"company-{number}" for number in range(1, used + 1)])
        self.row("first sign-on at a company, above a later one: CPU", "≤ 0.7 ms", f"{first - again:.2f} ms", first - again <= 0.7,
                 f"{first:.2f} ms, then {again:.2f} ms")
        each = (private_kib(self.lab.worker) - before) / used
        self.row("a worker's own memory for a company in use", "≤ 100 KiB", f"{each:.0f} KiB", each <= 100)
        shutil.rmtree(folder)
        node.yaml = node.yaml.replace("identity_providers_directory: idp.d\n", "", 1)
        node.write()  # for the command
        self.companies_in_database(node, many)

    def companies_in_database(self, node: Node, many: int) -> None:
        """The same as rows, which the node keeps a copy of, as `anteroom init` has it, and every worker asks for when it has started."""
        kept = Path(node.directory) / "kept"
        node.yaml += f"companies: {{ kept_in: {kept} }}\n"
        memory, made = {}, 0
        for count in (10, many):
            began = time.time()
            self.add_rows(node, made, count)
            made = count
            node.reload(seconds=120)
            self.wait_until_known(node, f"row-{count - 1}")
            at_first = private_kib(self.lab.worker)
            wait_until_written(kept / "companies", began)
            with Prober(node) as prober:
                for _ in range(5):
                    node.reload(seconds=120)
                    self.wait_until_known(node, f"row-{count - 1}")
            self.row(f"slowest answer through five reloads with {count:,} companies in the database", "≤ 100 ms",
                     f"{prober.slowest * 1e3:.0f} ms", prober.slowest <= 0.1, f"{prober.asked} new connections, one every 20 ms")
            known = median(self.known_after(node, f"row-{count - 1}") for _ in range(3))
            self.note(f"a worker knows {count:,} companies of the database after its start", f"{known:.2f} s")
            memory[count] = private_kib(self.lab.worker)
        self.note("a worker's own memory for a company of the database that came after nginx's last start or reload",
                  f"{(at_first - memory[10]) / (many - 10):.2f} KiB")
        each = (memory[many] - memory[10]) / (many - 10)
        self.row("a worker's own memory for a company of the database that nobody signs on at", "≤ 1 KiB", f"{each:.2f} KiB", each <= 1)
        self.sign_ons_at(["row-0"])
        first, again = self.sign_ons_at([f"row-{number}" for number in range(1, 201)])
        self.row("first sign-on at a company of the database, above a later one: CPU", "≤ 0.7 ms", f"{first - again:.2f} ms",
                 first - again <= 0.7, f"{first:.2f} ms, then {again:.2f} ms")

    def add_rows(self, node: Node, first: int, behind: int) -> None:
        """The first by the command, the others after its pattern."""
        if first == 0:
            xml = Path(node.directory) / "row-0.xml"
            text = metadata([self.lab.keys["idp"], self.lab.keys["idp2"]])
            xml.write_text(text.replace("https://idp.test/\"", "https://row-0.test/\""))
            node.cli("company", "add", "row-0", "--domain", "row-0.test", "--metadata", xml, "--set", "attributes.email=mail")
            node.cli("company", "live", "row-0")
            first = 1
        self.lab.cluster.sql(f"""
            SET search_path = anteroom, public;
            BEGIN;
            CREATE TEMPORARY TABLE made ON COMMIT DROP AS SELECT 'row-' || n AS name FROM generate_series({first}, {behind - 1}) n;
            INSERT INTO companies (name, display_name, settings)
              SELECT made.name, 'Company ' || made.name, c.settings FROM made, companies c WHERE c.name = 'row-0';
            INSERT INTO company_metadata (company, number, xml, entity_id, fingerprints, brought_by, summary)
              SELECT made.name, 1, replace(m.xml, 'row-0', made.name), replace(m.entity_id, 'row-0', made.name), m.fingerprints,
                     m.brought_by, replace(m.summary::text, 'row-0', made.name)::jsonb
              FROM made, company_metadata m WHERE m.company = 'row-0';
            INSERT INTO company_domains (domain, company, added_by) SELECT made.name || '.test', made.name, 'bench' FROM made;
            UPDATE companies c SET state = 'live', metadata = 1, entity_id = m.entity_id
              FROM made JOIN company_metadata m ON m.company = made.name WHERE c.name = made.name;
            COMMIT;
            ANALYZE companies, company_metadata, company_domains""", "bench")

    def wait_until_known(self, node: Node, name: str) -> None:
        wait_until(lambda: node.ask(f"/auth/at/{name}", headers=[("Accept", "text/html")]).status == 200, 60, "the companies to be known")

    def known_after(self, node: Node, name: str) -> float:
        """Seconds from the start of a worker to the page of a company."""
        node.reload(seconds=120)
        begun = began_at(node)
        self.wait_until_known(node, name)
        return time.clock_gettime(time.CLOCK_BOOTTIME) - begun

    def add_companies(self, folder: Path, first: int, behind: int) -> None:
        xml = metadata([self.lab.keys["idp"], self.lab.keys["idp2"]])
        for number in range(first, behind):
            name = f"company-{number}"
            (folder / f"{name}.xml").write_text(xml.replace("https://idp.test/\"", f"https://{name}.test/\""))
            (folder / f"{name}.yaml").write_text(
                f"name: {name}\ndisplay_name: Company {number}\nmetadata: {name}.xml\ndomains: [{name}.test]\n"
                "attributes: { email: mail }\n")

    def first_answer(self, node: Node) -> float:
        """Seconds from the start of a worker to what it answers first."""
        node.reload(seconds=120)
        begun = began_at(node)
        assert node.ask("/work", headers=[("Accept", "text/html")]).status == 302
        return time.clock_gettime(time.CLOCK_BOOTTIME) - begun

    def sign_ons_at(self, companies: Iterable[str]) -> tuple[float, float]:
        """Milliseconds of CPU, from the button to the session: of the first sign-on at each, and of a later one, both of somebody new."""
        costs: tuple[list[float], list[float]] = ([], [])
        connection = self.lab.node.connect()
        for _ in range(3):
            self.sign_ons_ms()  # warms up
        for name in companies:
            for who, cost in zip(("ann", "bea"), costs, strict=True):
                before = cpu_seconds(self.lab.worker)
                under_way = start(self.lab.node, name)
                begun = cpu_seconds(self.lab.worker) - before
                body, cookie = self.response(under_way, f"{who}@{name}.test", f"https://{name}.test/")
                before = cpu_seconds(self.lab.worker)
                self.sign_on_with(connection, body, cookie)
                cost.append((begun + cpu_seconds(self.lab.worker) - before) * 1e3)
        connection.close()
        return median(costs[0]), median(costs[1])


def wait_until_written(file: Path, since: float) -> None:
    """A minute after a change at most, and the time that it takes."""
    wait_until(lambda: file.exists() and file.stat().st_mtime > since, 90, f"{file} to be written")


def began_at(node: Node) -> float:
    """When its only worker did, in seconds since the machine has started."""
    worker, = node.workers()
    ticks = int(Path(f"/proc/{worker}/stat").read_text().rsplit(")", 1)[1].split()[19])
    return ticks / 100


class Prober:
    """Asks for a gated page every 20 ms, each time by a new connection."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(4)]
        self.slowest, self.asked = 0.0, 0

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        self._is_over.wait(0.02 * number)
        while not self._is_over.wait(0.08):
            began = time.monotonic()
            assert self._node.ask("/work", headers=[("Accept", "text/html")]).status == 302
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.asked += 1
