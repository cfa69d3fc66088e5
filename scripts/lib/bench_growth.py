"""What support's questions and a directory's cost in PostgreSQL as a customer list grows: each at a tenth of the size and at the whole."""

import json
import re
import shutil
from dataclasses import asdict, dataclass

from tests.support.postgres import Cluster
from tests.support.processes import run, scratch_directory

from .bench_rows import Measurements

# Triggers are left out: rows are as they leave them. One company has a thirteenth of all people; of it is who decides at some properties.
FILL = """
SET session_replication_role = replica;
SET search_path = anteroom, public;
CREATE TEMP TABLE size AS SELECT {people} AS people, {companies} AS companies, {properties} AS properties, {events} AS events;
INSERT INTO properties (key, name) SELECT 'p' || i, 'Property ' || i FROM size, generate_series(0, properties - 1) i;
CREATE TEMP TABLE person AS
  SELECT i, gen_random_uuid() AS id, CASE WHEN i < people / 13 THEN 0 ELSE 1 + i % (companies - 1) END AS company
  FROM size, generate_series(0, people - 1) i;
INSERT INTO users (id, email, name, status, idp, subject, created_at, last_sign_on_at, waiting_since, let_in_at)
  SELECT id, first || '.' || md5(i::text) || '@c' || company || '.example', initcap(first) || ' ' || initcap(substr(md5('n' || i), 1, 8)),
         CASE WHEN i % 16 = 5 THEN 'waiting' ELSE 'active' END, 'c' || company, 's' || i, now() - i % 700 * interval '1 day',
         now() - i % 90 * interval '1 hour', now() - i % 600 * interval '1 hour',
         CASE WHEN i % 16 <> 5 THEN now() - i % 500 * interval '1 hour' END
  FROM person, LATERAL (SELECT (ARRAY['anna', 'ben', 'carla', 'dora', 'erik', 'farid', 'gina'])[1 + i % 7]) names(first);
INSERT INTO grants (user_id, property, level, granted_by)
  SELECT id, 'p' || ((company * 7 + n) * 3 + i % 3) % properties, (ARRAY['viewer', 'technician', 'manager'])[1 + i % 3], 'sue@x.example'
  FROM size, person, generate_series(0, 1) n WHERE i % 16 <> 5;
INSERT INTO grants (user_id, property, level) SELECT id, NULL, 'admin' FROM person WHERE i = 1;
INSERT INTO grants (user_id, property, level)
  SELECT id, 'p' || ((company * 7 + n) * 3 + 2), 'admin' FROM person, generate_series(2, 6) n WHERE i = 2;
INSERT INTO access_requests (email, name, property, level, requested_by, requested_at, state, decided_by, decided_at)
  SELECT 'new.' || md5('r' || i) || '@c' || company || '.example', 'New Person ' || i, 'p' || (company * 21 + i % 3) % properties,
         'viewer', id, now() - i % 300 * interval '1 hour', CASE WHEN i % 160 = 1 THEN 'open' ELSE 'approved' END,
         CASE WHEN i % 160 = 1 THEN NULL ELSE id END, CASE WHEN i % 160 = 1 THEN NULL ELSE now() END
  FROM size, person WHERE i % 32 = 1;
INSERT INTO sign_on_tallies SELECT current_date - d, 'c' || c, 40 FROM size, generate_series(0, 30) d, generate_series(0, companies - 1) c;
INSERT INTO audit_events (at, kind, code, reference, actor, idp, email, user_id, client_address)
  SELECT now() - n * (interval '90 days' / events), CASE WHEN n % 9 = 0 THEN 'sign_on_refused' ELSE 'signed_on' END, '', md5('e' || n), '',
         'c' || p.company, u.email::text, p.id, '192.0.2.1'
  FROM size, generate_series(0, events - 1) n JOIN person p ON p.i = n % {people} JOIN users u ON u.id = p.id ORDER BY n DESC;
INSERT INTO audit_chain (position, event_id, sealed_at, hash)
  SELECT row_number() OVER (ORDER BY id), id, at, sha256(id::text::bytea) FROM audit_events;
INSERT INTO scim_users (user_id, idp, user_name, user_name_address, external_id, work_email, work_address, display_name, formatted_name,
                        given_name, family_name)
  SELECT u.id, 'c0', u.email::text, u.email::text, 'x' || i, u.email::text, u.email::text, u.name, u.name, '', ''
  FROM person p JOIN users u ON u.id = p.id WHERE company = 0;
UPDATE scim_users SET domain = 'c0.example';
INSERT INTO scim_groups (idp, display_name, external_id) VALUES ('c0', 'Everybody', '');
INSERT INTO scim_members SELECT g.id, s.user_id FROM scim_groups g, scim_users s JOIN users u ON u.id = s.user_id WHERE u.status = 'active';
INSERT INTO grants (user_id, property, level, granted_by)
  SELECT user_id, 'p9', 'viewer', 'scim:c0' FROM scim_members ON CONFLICT DO NOTHING;
RESET session_replication_role;
VACUUM ANALYZE;
DO $$ BEGIN WHILE count_day() LOOP NULL; END LOOP; END $$;
"""


@dataclass
class Size:
    people: int
    companies: int
    properties: int
    events: int


SIZES = (Size(32_500, 200, 500, 308_000), Size(325_000, 2_000, 5_000, 3_080_000))


@dataclass
class Cost:
    ms: float
    buffers: int


class Growth(Measurements):
    def growth(self) -> None:
        directory = scratch_directory("anteroom-growth-")
        cluster = Cluster(directory / "state", directory / "pg", directory / "log", is_durable=False,
                          settings={"shared_buffers": "2GB", "maintenance_work_mem": "512MB", "max_wal_size": "8GB"})
        try:
            with cluster:
                measured = [costs(cluster, self.fill(cluster, f"size{number}", size), size) for number, size in enumerate(SIZES)]
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        for name, reach in REACH.items():
            tenth, whole = (one[name] for one in measured)
            self.row(f"in PostgreSQL: {name}", f"≤ {reach} ms", f"{whole.ms:.1f} ms", whole.ms <= reach,
                     f"{whole.buffers} buffers; of a tenth: {tenth.ms:.1f} ms, {tenth.buffers} buffers")

    def fill(self, cluster: Cluster, database: str, size: Size) -> str:
        print(f"fills a database with {size.people} people and {size.events} events", flush=True)
        cluster.ensure_database(database, "anteroom_test", "secret")
        node = self.lab.node
        file = node.directory / "growth.yaml"
        connection = f'connection: "{cluster.conninfo(database, "anteroom_test", "secret")}"'
        file.write_text(re.sub(r'connection: ("[^"]*"|[^,}\n]*)', connection, node.yaml))
        run([node.build / "core" / "cli" / "anteroom", "--config", file, "migrate"])
        cluster.sql(FILL.format(**asdict(size)), database)
        return database


def costs(cluster: Cluster, database: str, size: Size) -> dict[str, Cost]:
    return {name: cost(cluster, database, question) for name, question in questions(cluster, database, size).items()}


EVERYBODY = "NULL, NULL, NULL, NULL, {first}, {most}, NULL, '{{}}', '{{}}', '{{}}'"


def questions(cluster: Cluster, database: str, size: Size) -> dict[str, str]:
    """As pages and commands put them."""
    everywhere, some = (actor(database, cluster, where) for where in ("property IS NULL", "level = 'admin' AND property IS NOT NULL"))
    email, user = cluster.sql("SELECT email || ' ' || id FROM anteroom.users WHERE idp = 'c0' ORDER BY email LIMIT 1", database)[0].split()
    return {
        "Queue, who waits without a request, at some properties": f"waiting_without_request({some}, 50)",
        "Queue, who waits without a request": f"waiting_without_request({everywhere}, 50)",
        "Queue, at some properties": f"list_requests({some}, NULL, 'open', '{{}}', '', 0, '', 51)",
        "Queue": f"list_requests({everywhere}, NULL, 'open', '{{}}', '', 0, '', 51)",
        "the first properties to choose from": "properties WHERE closed_at IS NULL ORDER BY key LIMIT 41",
        "a property, by its key": "find_properties(NULL, '{p77}', 40, true)",
        "a property, by a part that many have": "find_properties(NULL, '{property}', 40, true)",
        "40 properties at once, by their names": f"find_properties(NULL, ARRAY{[f'Property {i}' for i in range(40)]}, 40, true)",
        "People, at some properties": f"search_people({some}, '', false, '', 51)",
        "People who wait, at some properties": f"search_people({some}, '', true, '', 51)",
        "People, searched, at some properties": f"search_people({some}, 'anna', false, '', 51)",
        "People, searched": f"search_people({everywhere}, 'anna', false, '', 51)",
        "People, searched by two letters": f"search_people({everywhere}, 'zq', false, '', 51)",
        "one person": f"show_person({everywhere}, '{user}')",
        "one person by address": f"see_person({some}, '{email}')",
        "anteroom user show": f"person_with('{email}')",
        "anteroom user list --waiting": "list_people('', true, 1000)",
        "anteroom audit --email": f"audit_matching('', '', '{email}', '', '', '', '') ORDER BY id DESC LIMIT 100",
        "metrics, who waits": "waiting_now()",
        "Activity of 30 days": "sign_on_activity(30, '', 20)",
        "Activity of one company": "sign_on_activity(30, 'c0', 20)",
        "Activity, how long people waited": "waiting_times(30)",
        "SCIM, a page of 100 people": f"scim_list_users('c0', '{{c0.example}}', {EVERYBODY.format(first=0, most=100)})",
        "SCIM, the last page": f"scim_list_users('c0', '{{c0.example}}', {EVERYBODY.format(first=size.people // 13 - 100, most=100)})",
        "SCIM, how many there are": f"scim_list_users('c0', '{{c0.example}}', {EVERYBODY.format(first=0, most=0)})",
        "anteroom scim apply, nothing changed": "scim_unsettled('c0', '{c0.example}', '{Everybody}', '{p9}', '{viewer}', "
                                                "'{viewer,technician,manager,admin}')",
    }


REACH = {  # ms
    "Queue, who waits without a request, at some properties": 50, "Queue, who waits without a request": 50,
    "Queue, at some properties": 50, "Queue": 50,
    "the first properties to choose from": 5, "a property, by its key": 50, "a property, by a part that many have": 50,
    "40 properties at once, by their names": 500,
    "People, at some properties": 20, "People who wait, at some properties": 20, "People, searched, at some properties": 20,
    "People, searched": 20, "People, searched by two letters": 5, "one person": 5, "one person by address": 5, "anteroom user show": 5,
    "anteroom user list --waiting": 50, "anteroom audit --email": 5, "metrics, who waits": 5, "Activity of 30 days": 50,
    "Activity of one company": 50, "Activity, how long people waited": 50, "SCIM, a page of 100 people": 10, "SCIM, the last page": 10,
    "SCIM, how many there are": 10, "anteroom scim apply, nothing changed": 200,
}


def actor(database: str, cluster: Cluster, where: str) -> str:
    user = cluster.sql(f"SELECT DISTINCT user_id FROM anteroom.grants WHERE {where}", database)[0]
    return f"ROW('{user}', 'Sue', '192.0.2.1', '{{viewer,technician,manager,admin}}', 'admin')::anteroom.actor"


def cost(cluster: Cluster, database: str, question: str) -> Cost:
    """Of the third time, so that what is read is in memory."""
    explained = f"SET search_path = anteroom; SET jit = off; EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM {question}"
    for _ in range(3):
        answer = cluster.sql(explained, database)
    plan = json.loads("\n".join(answer))[0]
    return Cost(plan["Execution Time"], plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])
