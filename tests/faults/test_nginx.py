"""nginx's own troubles under load: workers killed, reloads, a graceful end."""

import os
import signal
import threading

import live
from browser import post_response, session_of, start
from processes import wait_until
from test_live import configuration
from test_replay import response_for


def people(node, count=4):
    signed_in = [node.people.sign_in() for _ in range(count)]
    for token, _, _ in signed_in:
        assert node.ask("/work", token).status == 200
    return [(token, email) for token, email, _ in signed_in]


def connections(node):
    return int(node.people.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
                               "pg_backend_pid()")[0])


def test_workers_killed_under_load_lose_no_session(lab, cluster, crowd):
    node = lab.node(cluster, workers=2)
    with crowd(node, people(node), allowed=(200, OSError)) as asking:
        for _ in range(10):
            before = node.workers()
            os.kill(min(before), signal.SIGKILL)
            wait_until(lambda before=before: len(node.workers()) == 2 and node.workers() != before, 10, "a new worker")
            answered = asking.answers
            wait_until(lambda answered=answered: asking.answers > answered + 20, 10, "answers")
    assert asking.wrong == []
    assert node.error_log().count("exited on signal 9") == 10
    (node.directory / "error.log").write_text("")  # "[alert] … exited on signal 9" is what was done here


def test_fifty_reloads_under_load_drop_nothing(lab, cluster, crowd):
    node = lab.node(cluster, workers=2)
    with crowd(node, people(node)) as asking:
        for _ in range(50):
            node.reload()
    assert asking.wrong == [] and asking.answers > 500
    wait_until(lambda: len(node.workers()) == 2, 20, "the end of the old workers")
    wait_until(lambda: connections(node) <= 2 * 2 + 1, 20, "the end of the old workers' connections")


def test_a_graceful_end_finishes_the_sign_ons_under_way(lab, workspace, cluster):
    keys = live.authorities()
    path = workspace / "faults.xml"
    path.write_text(live.registered(keys))
    live.write_key_pairs(keys, workspace)
    node = lab.node(cluster, yaml=configuration(path, ""))
    node.people.sql("""ALTER TABLE sessions ADD COLUMN slow text;
        CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$;
        CREATE TRIGGER slowly BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION slowly()""")
    arrivals = [start(node) for _ in range(4)]
    answers = []

    def arrive(under_way):
        answers.append(post_response(node, response_for(under_way, keys, {"tamper": []}), under_way))

    arriving = threading.Thread(target=arrive, args=[arrivals[0]])
    arriving.start()
    wait_until(lambda: node.people.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), 10, "the statement")
    node.quit(10)
    arriving.join(10)
    assert [session_of(answer) is not None for answer in answers] == [True]
