"""What waits in PostgreSQL: nobody's slow page keeps others out, and what is given up here ends there."""

import contextlib
import threading

import psycopg2
import pytest

from tests.support.processes import wait_until
from tests.support.saml import live
from tests.support.saml.browser import post_response, session_of, start

OURS = "application_name = 'anteroom' AND datname = current_database()"


@contextlib.contextmanager
def locked(cluster, node, table):
    """Whoever reads the table waits."""
    with contextlib.closing(psycopg2.connect(cluster.conninfo(node.database))) as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE anteroom.{table} IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def busy(node, what):
    """How many of our connections have such a statement under way."""
    return int(node.people.sql(f"SELECT count(*) FROM pg_stat_activity WHERE {OURS} AND state = 'active' AND query LIKE '%{what}%'")[0])


@pytest.fixture
def node(lab, cluster):
    return lab.node(cluster, yaml=lambda text: text.replace("pool_size: 2", "pool_size: 4").replace(
        "statement_timeout: 10s", "statement_timeout: 20s"))


def test_slow_pages_of_manage_leave_connections_for_the_door(cluster, node):
    managers = [node.people.sign_in(grants=(("*", "admin"),))[0] for _ in range(6)]
    strangers = [node.people.sign_in()[0] for _ in range(5)]  # sessions that this node knows nothing of
    statuses = []
    with locked(cluster, node, "sign_on_tallies"):
        pages = [threading.Thread(target=lambda token: statuses.append(node.ask("/auth/manage/activity", token).status), args=(manager,))
                 for manager in managers]
        for page in pages:
            page.start()
        wait_until(lambda: busy(node, "anteroom.sign_on_activity(") == 2, 10, "half of the connections to be taken")
        assert [node.ask("/x", token).status for token in strangers] == [200] * 5
        assert busy(node, "anteroom.sign_on_activity(") == 2
        assert statuses == []
    for page in pages:
        page.join()
    assert statuses == [200] * 6


def test_one_persons_slow_pages_leave_a_connection_for_anothers(cluster, node):
    """Of the two that are not the door's alone."""
    slow, quick = [node.people.sign_in(grants=(("*", "admin"),))[0] for _ in range(2)]
    statuses = []
    with locked(cluster, node, "sign_on_tallies"):
        pages = [threading.Thread(target=lambda: statuses.append(node.ask("/auth/manage/activity", slow).status)) for _ in range(6)]
        for page in pages:
            page.start()
        wait_until(lambda: busy(node, "anteroom.sign_on_activity(") == 1, 10, "that person's share to be taken")
        assert [node.ask("/auth/manage/people", quick).status for _ in range(5)] == [200] * 5
        assert busy(node, "anteroom.sign_on_activity(") == 1
        assert statuses == []
    for page in pages:
        page.join()
    assert statuses == [200] * 6


def test_the_door_does_not_wait_behind_those_who_queue_for_pages(lab, cluster):
    """One connection is all there is for pages, and the other is for the door alone."""
    node = lab.node(cluster, yaml=lambda text: text.replace("statement_timeout: 10s", "statement_timeout: 20s"))
    manager, _, _ = node.people.sign_in(grants=(("*", "admin"),))
    stranger, _, _ = node.people.sign_in()
    with locked(cluster, node, "sign_on_tallies"):
        pages = [threading.Thread(target=node.ask, args=("/auth/manage/activity", manager)) for _ in range(4)]
        for page in pages:
            page.start()
        wait_until(lambda: busy(node, "anteroom.sign_on_activity(") == 1, 10, "the pages' connection to be taken")
        assert node.ask("/x", stranger).status == 200
    for page in pages:
        page.join()


def test_a_statement_that_is_given_up_here_has_ended_there(lab, cluster):
    node = lab.node(cluster)
    manager, _, _ = node.people.sign_in(grants=(("*", "admin"),))
    assert node.ask("/auth/manage/activity", manager).status == 200
    backends = f"SELECT pid FROM pg_stat_activity WHERE {OURS} ORDER BY pid"
    before = node.people.sql(backends)
    with locked(cluster, node, "sign_on_tallies"):
        answer = node.ask("/auth/manage/activity", manager)
        assert answer.status == 503 and answer.header("retry-after")
        assert busy(node, "anteroom.sign_on_activity(") == 0
    assert set(before) <= set(node.people.sql(backends))  # no connection was given up for it


def test_a_sign_on_that_was_given_up_can_be_sent_again(lab, cluster, workspace):
    keys = live.authorities()
    live.write_key_pairs(keys, workspace)
    (workspace / "idp.xml").write_text(live.registered(keys))
    node = lab.node(cluster, yaml=live.configuration(workspace / "idp.xml", ""))
    under_way = start(node)
    message = live.fresh_response(keys, under_way.request_id)
    with locked(cluster, node, "sessions"):
        assert post_response(node, message, under_way).status == 503
    assert node.people.sql("SELECT count(*) FROM sessions") == ["0"]
    assert session_of(post_response(node, message, under_way))
