"""PostgreSQL's troubles: cut statements, no connections, a read-only server, a listener that is gone."""

import threading

import live
import pytest
from browser import post_response, session_of, start
from processes import wait_until
from test_live import configuration
from test_replay import response_for


@pytest.fixture
def sign_on_node(lab, workspace, cluster):
    keys = live.authorities()
    path = workspace / "faults.xml"
    path.write_text(live.registered(keys))
    live.write_key_pairs(keys, workspace)
    node = lab.node(cluster, yaml=configuration(path, ""))
    node.keys_of_idp = keys
    return node


def slow_down(node, seconds):
    node.people.sql(f"""CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END $$;
        CREATE TRIGGER slowly BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION slowly()""")


def test_a_connection_cut_in_the_middle_of_a_sign_on_opens_none_and_costs_none(sign_on_node):
    node = sign_on_node
    slow_down(node, 1.5)
    under_way = start(node)
    message = response_for(under_way, node.keys_of_idp)
    answers = []
    arriving = threading.Thread(target=lambda: answers.append(post_response(node, message, under_way)))
    arriving.start()
    sleeping = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    wait_until(lambda: node.people.sql(sleeping), 10, "the statement")
    node.people.sql(f"SELECT pg_terminate_backend(pid) FROM ({sleeping}) s")
    arriving.join(10)
    assert [answer.status for answer in answers] == [503] and session_of(answers[0]) is None
    assert node.people.sql("SELECT count(*) FROM sessions") == ["0"]
    # Nothing was used up: the same message, sent again, signs on.
    node.people.sql("DROP TRIGGER slowly ON sessions")
    wait_until(lambda: session_of(post_response(node, message, under_way)) is not None, 10, "the second try")
    assert node.people.sql("SELECT count(*) FROM sessions") == ["1"]


def test_a_server_without_a_connection_to_spare(lab, cluster, crowd):
    node = lab.node(cluster)
    token, email, _ = node.people.sign_in()
    stranger, _, _ = node.people.sign_in()
    assert node.ask("/work", token).status == 200
    owner = node.people.sql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")[0]
    node.people.sql(f"ALTER DATABASE {node.database} CONNECTION LIMIT 0")
    try:
        node.people.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{owner}' AND "
                        "datname = current_database()")
        with crowd(node, [(token, email)] * 2) as asking:
            wait_until(lambda: node.ask("/work", stranger).status == 503, 10, "503")
            wait_until(lambda: asking.answers > 200, 20, "answers")
        assert asking.wrong == []
    finally:
        node.people.sql(f"ALTER DATABASE {node.database} CONNECTION LIMIT -1")
    wait_until(lambda: node.ask("/work", stranger).status == 200, 15, "recovery")


def test_a_server_that_stops_taking_writes_still_says_who_is_signed_in(lab, own_cluster):
    node = lab.node(own_cluster)
    signed_in = [node.people.sign_in() for _ in range(2)]
    node.people.sql("UPDATE sessions SET last_seen_at = now() - interval '30 minutes'")
    assert node.ask("/work", signed_in[0][0]).status == 200
    own_cluster.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    own_cluster.sql("SELECT pg_reload_conf()")
    wait_until(lambda: node.people.sql("SHOW default_transaction_read_only") == ["on"], 10, "read-only")
    token, email, _ = signed_in[1]  # whose use is due to be noted, by a connection that is open already
    assert node.ask("/work", token).seen("X-Auth-Email") == [email]


def test_what_is_revoked_while_the_listener_is_gone_is_in_force_within_seconds(lab, cluster):
    first = lab.node(cluster)
    second = lab.node(cluster, database=first.database, yaml=lambda text: text.replace(
        f"base_url: http://localhost:{first.port}", f"base_url: http://localhost:{first.port}"))
    token, _, user = first.people.sign_in()
    own = first.people.session(user, origin=f"http://localhost:{second.port}")
    assert first.ask("/work", token).status == 200 and second.ask("/work", own).status == 200
    for _ in range(3):
        first.people.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
                         "(query ILIKE 'LISTEN%' OR query = '')")
    first.people.sql(f"UPDATE users SET status = 'disabled' WHERE id = '{user}'")
    wait_until(lambda: first.ask("/work", token).status == 302 and second.ask("/work", own).status == 302, 7, "the end")
