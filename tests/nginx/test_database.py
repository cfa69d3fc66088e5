"""PostgreSQL away, frozen, slow or changed: the gate stays shut for strangers and open for whom it knows."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time

from tests.support.node import NAVIGATION, SCRIPT
from tests.support.processes import wait_until


def eventually(condition, what, seconds=10):
    wait_until(condition, seconds, what)


def impatient(yaml):
    """The configuration of a node that is made to wait in vain."""
    assert "_timeout: 10s" in yaml
    return yaml.replace("_timeout: 10s", "_timeout: 2s")


def postmaster(cluster):
    return cluster._process.pid


def everybody(cluster):
    listed = subprocess.run(["/usr/bin/pgrep", "-P", str(postmaster(cluster))], capture_output=True, text=True, check=False)
    return [postmaster(cluster), *map(int, listed.stdout.split())]


def test_a_revoked_session_ends_at_once(lab, cluster):
    node = lab.node(cluster)
    node.wait_for_listener()
    token, _, _ = node.people.sign_in()
    assert node.ask("/x", token).status == 200
    node.people.end_session(token)
    eventually(lambda: node.ask("/x", token).status == 302, "the end of the session", 3)


def test_who_waits_is_let_in_as_soon_as_a_grant_exists(lab, cluster):
    node = lab.node(cluster)
    node.wait_for_listener()
    token, _, user = node.people.sign_in(status="waiting", grants=())
    assert node.ask("/x", token, headers=SCRIPT).json["error"] == "waiting"
    node.people.grant(user, "*", "viewer")
    node.people.sql(f"UPDATE users SET status = 'active' WHERE id = '{user}'")
    eventually(lambda: node.ask("/x", token).status == 200, "being let in", 3)


def test_a_disabled_user_is_out_at_once_on_every_session(lab, cluster):
    node = lab.node(cluster)
    node.wait_for_listener()
    token, _, user = node.people.sign_in()
    other = node.people.session(user)
    assert node.ask("/x", token).status == node.ask("/x", other).status == 200
    node.people.sql(f"UPDATE users SET status = 'disabled' WHERE id = '{user}'")
    eventually(lambda: node.ask("/x", token).status == 302 and node.ask("/x", other).status == 302, "the end", 3)


def test_what_is_remembered_costs_no_statement(lab, cluster):
    node, token, _ = lab.remembering(cluster)
    node.people.sql("ALTER FUNCTION find_session(bytea, interval, text[], boolean) RENAME TO find_session_gone")
    for _ in range(20):
        assert node.ask("/x", token).status == 200
    assert node.ask("/x", node.people.sign_in()[0]).status == 503


def test_a_statement_that_lost_a_race_is_repeated_for_the_person(lab, cluster):
    node = lab.node(cluster)
    node.people.sql("CREATE SEQUENCE tries; GRANT ALL ON tries TO PUBLIC;")
    node.people.before_sessions("IF nextval('tries') <= 2 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF;")
    token, _, _ = node.people.sign_in()
    assert node.ask("/x", token).status == 200
    assert node.people.sql("SELECT last_value FROM tries") == ["3"]
    # Not for ever: somebody else's session, which loses every time.
    node.people.sql("ALTER SEQUENCE tries MINVALUE -1000 RESTART WITH -1000")
    assert node.ask("/x", node.people.sign_in()[0]).status == 503
    assert node.people.sql("SELECT last_value FROM tries") == ["-995"]


def test_simultaneous_requests_of_one_session_share_one_statement(lab, cluster):
    node = lab.node(cluster)
    node.people.sql("CREATE TABLE asked (at timestamptz); GRANT ALL ON asked TO PUBLIC;")
    node.people.before_sessions("INSERT INTO asked VALUES (now()); PERFORM pg_sleep(0.7);")
    token, _, _ = node.people.sign_in()
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(node.ask("/x", token).status)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 20
    assert node.people.sql("SELECT count(*) FROM asked") == ["1"]


def test_clients_that_leave_while_the_database_thinks_do_no_harm(lab, cluster):
    node = lab.node(cluster)
    node.people.before_sessions("PERFORM pg_sleep(0.5);")
    token, _, _ = node.people.sign_in()
    for path in ("/x", "/auth/waiting"):
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {node.host}\r\nCookie: __Host-anteroom={token}\r\n\r\n"
                                   .encode())
    assert node.ask("/x", token).status == 200


def test_a_statement_that_takes_too_long_is_given_up(lab, cluster):
    node = lab.node(cluster, yaml=impatient)
    node.people.before_sessions("PERFORM pg_sleep(30);")
    answer = node.ask("/x", node.people.sign_in()[0])
    assert answer.status == 503 and answer.header("retry-after")


def test_a_full_queue_is_503_at_once(lab, cluster):
    node = lab.node(cluster, yaml=lambda text: text.replace("pool_size: 2", "pool_size: 1\n  queue_size: 2"))
    node.people.before_sessions("PERFORM pg_sleep(0.5);")
    tokens = [node.people.sign_in()[0] for _ in range(8)]
    statuses = []
    threads = [threading.Thread(target=lambda t=token: statuses.append(node.ask("/x", t).status)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(statuses)) == [200, 503]
    assert statuses.count(200) <= 4


def test_away_and_back(lab, own_cluster):
    node, known, email = lab.remembering(own_cluster)
    unknown, _, _ = node.people.sign_in()
    own_cluster.stop()
    for headers in (NAVIGATION, SCRIPT):
        answer = node.ask("/x", unknown, headers=headers)
        assert answer.status == 503 and int(answer.header("retry-after")) > 0
    time.sleep(5.2)  # longer than an answer is trusted without the listener
    assert node.ask("/x", known).seen("X-Auth-Email") == [email]
    assert node.ask("/x").status == 302  # a stranger needs no database
    assert node.ask("/auth/sign-in").status == 200
    assert node.test()[0] == 0
    own_cluster.start()
    eventually(lambda: node.ask("/x", unknown).status == 200, "recovery", 15)
    assert node.error_log().count("database unavailable") <= 3


def test_grace_ends(lab, own_cluster):
    node, known, _ = lab.remembering(own_cluster, yaml=lambda text: text.replace("grace: 60s", "grace: 6s"))
    own_cluster.stop()
    assert node.ask("/x", known).status == 200
    eventually(lambda: node.ask("/x", known).status == 503, "the end of the grace", 10)


def test_started_without_a_database_it_recovers(lab, own_cluster):
    node = lab.node(own_cluster, start=False)
    token, _, _ = node.people.sign_in()
    own_cluster.stop()
    node.start()
    assert node.ask("/x", token).status == 503
    own_cluster.start()
    eventually(lambda: node.ask("/x", token).status == 200, "recovery", 15)


def test_a_frozen_server_is_503_within_the_deadline_and_others_are_not_held_up(lab, own_cluster):
    node = lab.node(own_cluster, yaml=impatient)
    known, _, _ = node.people.sign_in()
    unknown, _, _ = node.people.sign_in()
    assert node.ask("/x", known).status == 200
    frozen = everybody(own_cluster)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        statuses = []
        asking = threading.Thread(target=lambda: statuses.append(node.ask("/x", unknown).status))
        asking.start()
        assert node.ask("/x").status == 302
        asking.join(15)
        assert statuses == [503]
    finally:
        for pid in frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    eventually(lambda: node.ask("/x", unknown).status == 200, "recovery", 15)


def test_an_old_schema_is_named_with_what_mends_it(lab, cluster):
    node = lab.node(cluster, migrate=False)
    assert node.ask("/x", node.people.new_token()).status == 503
    assert "the database schema is version 0" in node.error_log()
    assert "anteroom migrate" in node.error_log()
    lab.migrate(node)
    eventually(lambda: node.ask("/x", node.people.sign_in()[0]).status == 200, "recovery", 15)


def test_a_connection_that_the_server_ends_is_replaced(lab, cluster):
    node = lab.node(cluster)
    assert node.ask("/x", node.people.sign_in()[0]).status == 200
    cluster.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{node.database}'")
    eventually(lambda: node.ask("/x", node.people.sign_in()[0]).status == 200, "a new connection", 10)


def test_a_flood_of_unknown_cookies_does_not_evict_live_sessions(lab, cluster):
    node, known, _ = lab.remembering(cluster)
    connection = node.connect()
    for _ in range(1500):
        assert node.ask("/x", node.people.new_token(), connection=connection).status == 302
    connection.close()
    node.people.sql("ALTER FUNCTION find_session(bytea, interval, text[], boolean) RENAME TO find_session_gone")
    assert node.ask("/x", known).status == 200


def test_several_hosts_and_names_that_do_not_resolve_at_once(lab, cluster):
    database = lab.database(cluster)
    sockets = cluster.socket_directory
    parts = f"dbname={database} user=anteroom_test password=secret"
    node = lab.node(cluster, database, connection=f"host=/nonexistent,no-such-host.invalid,{sockets} {parts}",
                    migrate=False, start=False)
    lab.migrate(lab.node(cluster, database, migrate=False, start=False))
    node.start()
    token, _, _ = node.people.sign_in()
    assert node.ask("/x", token).status in (200, 503)  # the first answer may find a resolver that is slow to say no
    eventually(lambda: node.ask("/x", token).status == 200, "the host that is there", 30)


def test_a_standby_is_not_taken_for_the_server_that_accepts_writes(lab, cluster):
    database = lab.database(cluster)
    cluster.sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    node = lab.node(cluster, database, migrate=False)
    assert node.ask("/x", node.people.new_token()).status == 503
    assert "read-only" in node.error_log()


def test_a_session_of_which_a_grant_ends_is_loaded_again(lab, cluster):
    node = lab.node(cluster)
    token, _, user = node.people.sign_in(grants=(("*", "viewer"), ("elm-court", "admin")))
    node.people.sql(f"UPDATE grants SET expires_at = now() + interval '2 seconds' WHERE user_id = '{user}' "
                    "AND property IS NOT NULL")
    assert node.ask("/manager/", token).status == 200
    eventually(lambda: node.ask("/manager/", token).status == 403, "the end of the grant", 6)
    assert node.ask("/x", token).status == 200


def test_thousands_of_sessions_in_little_memory(lab, cluster):
    node = lab.node(cluster, yaml=lambda text: text.replace("cache_size: 8M", "cache_size: 1M"))
    _, user = node.people.add()
    tokens = node.people.sessions(user, 3000)
    connection = node.connect()
    for token in tokens:
        assert node.ask("/x", token, connection=connection).status == 200
    connection.close()
    node.people.sql(f"UPDATE users SET status = 'disabled' WHERE id = '{user}'")
    eventually(lambda: node.ask("/x", tokens[-1]).status == 302, "the end of all sessions", 6)
    assert node.ask("/x", tokens[0]).status == 302


# As PostgreSQL 13 and 14 have it by themselves; and an exact match for what is polymorphic in pg_catalog.
FUNCTION_OF_ANOTHER_ROLE = """
GRANT CREATE ON SCHEMA public TO PUBLIC;
DROP ROLE IF EXISTS wiki;
CREATE ROLE wiki;
SET ROLE wiki;
CREATE FUNCTION public.array_position(text[], text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO anteroom.grants (user_id, level) SELECT id, 'admin' FROM anteroom.users WHERE email = 'eve@northwind.example';
  RETURN pg_catalog.array_position($1, $2);
END $$;
"""


def test_a_function_that_another_role_has_put_in_public_is_not_called(lab, cluster):
    node = lab.node(cluster)
    ann, _, _ = node.people.sign_in(grants=(("*", "viewer"),))
    _, eve = node.people.add("eve@northwind.example", grants=())
    cluster.sql(FUNCTION_OF_ANOTHER_ROLE, node.database)
    node.reload()
    for path in ("/x", "/manager/x", "/auth/manage/people"):
        node.ask(path, ann)
    assert node.ask("/manager/x", node.people.session(eve)).header("location").startswith("/auth/waiting")
    assert node.people.sql("SELECT level FROM grants JOIN users u ON u.id = user_id WHERE email = 'eve@northwind.example'") == []
    cluster.sql("DROP OWNED BY wiki; DROP ROLE wiki", node.database)


def test_what_has_expired_is_removed_until_nothing_is_left(lab, cluster):
    """A batch a minute is less than a busy day leaves."""
    node = lab.node(cluster, start=False)
    node.people.sql("""INSERT INTO consumed_messages (issuer, message_id, keep_until)
        SELECT 'https://idp.test/', 'm' || n, now() + CASE WHEN n > 3000 THEN interval '1 hour' ELSE interval '-1 second' END
        FROM generate_series(1, 3003) n""")
    node.start()
    eventually(lambda: node.people.sql("SELECT count(*) FROM consumed_messages") == ["3"], "the end of 3,000 rows", 30)
