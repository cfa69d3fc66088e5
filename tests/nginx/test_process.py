"""Starting, reloading and stopping nginx with the module."""

import http.client
import ssl
import threading
from pathlib import Path

from tests.support.certificates import make_certificates
from tests.support.processes import wait_until
from tests.support.tracing import Followed


def test_a_reload_keeps_what_is_remembered(lab, cluster):
    node, token, _ = lab.remembering(cluster)
    node.people.sql("ALTER FUNCTION find_session(bytea, interval, text[], boolean) RENAME TO find_session_gone")
    node.reload()
    assert node.ask("/x", token).status == 200


def test_a_broken_configuration_leaves_the_old_one_serving(lab, cluster):
    node = lab.node(cluster)
    token, _, _ = node.people.sign_in()
    whole = node.yaml
    node.yaml = whole.replace("entity_id:", "entity_idd:")
    node.reload()
    assert "[emerg]" in node.error_log() and "entity_idd" in node.error_log()
    assert node.ask("/x", token).status == 200
    node.yaml = whole.replace("levels: [viewer, technician", "levels: [viewer, helper, technician")
    node.nginx_conf = node.nginx_conf.replace("auth_saml_require manager;", "auth_saml_require helper;")
    node.reload()
    assert node.ask("/manager/", token).status == 403
    assert node.ask("/x", token).status == 200


def test_a_reload_in_the_middle_of_a_slow_look_up_still_answers_it(lab, cluster):
    node = lab.node(cluster)
    node.people.before_sessions("PERFORM pg_sleep(1);")
    token, _, _ = node.people.sign_in()
    statuses = []
    asking = threading.Thread(target=lambda: statuses.append(node.ask("/x", token).status))
    asking.start()
    wait_until(lambda: node.people.sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%find_session%' AND "
                                       "wait_event = 'PgSleep'"), 5, "the look-up")
    node.reload()
    asking.join(10)
    assert statuses == [200]


def test_quitting_is_prompt_although_connections_to_the_database_are_open(lab, cluster):
    node = lab.node(cluster, workers=2)
    node.wait_for_listener()
    assert node.ask("/x", node.people.sign_in()[0]).status == 200
    node.quit(2)
    assert "open socket" not in node.error_log()


def test_many_workers_share_what_they_remember(lab, cluster):
    node, token, _ = lab.remembering(cluster, workers=3)
    node.people.sql("ALTER FUNCTION find_session(bytea, interval, text[], boolean) RENAME TO find_session_gone")
    assert [node.ask("/x", token).status for _ in range(30)] == [200] * 30


def test_a_single_process(lab, cluster):
    node = lab.node(cluster, main="master_process off;")
    token, _, _ = node.people.sign_in()
    assert node.ask("/x", token).status == 200
    assert node.ask("/auth/sign-in").status == 200


def test_the_cache_manager_is_left_alone(lab, cluster):
    node = lab.node(cluster, start=False)
    node.nginx_conf = node.nginx_conf.replace(
        "upstream app", f"proxy_cache_path {node.directory}/cache keys_zone=c:1m; upstream app")
    node.start()
    node.wait_for_listener()
    connections = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    wait_until(lambda: node.people.sql(connections) == ["2"], 10, "what the worker has, a listener and one that asks, and no other")


def test_no_request_is_lost_over_several_reloads(lab, cluster):
    node = lab.node(cluster)
    token, _, _ = node.people.sign_in()
    for _ in range(3):
        assert node.ask("/x", token).status == 200
        node.reload()
    assert node.ask("/x", token).status == 200


def is_dumpable(pid):
    """What prctl(2) says of /proc: the files of a process that may not be dumped belong to root."""
    own = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Uid:")).split()[2]
    assert own != "0", "workers run under an account of their own"
    return Path(f"/proc/{pid}/auxv").stat().st_uid == int(own)


def test_workers_write_core_dumps_only_where_that_is_asked_for(lab, cluster):
    """They hold keys, session tokens and the database's password."""
    node = lab.node(cluster)
    assert not any(is_dumpable(worker) for worker in node.workers())
    node.nginx_conf = "worker_rlimit_core 100m;\n" + node.nginx_conf
    node.reload()
    assert all(is_dumpable(worker) for worker in node.workers())


def test_no_error_of_openssl_is_left_behind_for_nginx(lab, cluster):
    """nginx takes what it finds in the queue of its thread for a fault of its own, and says so at the next handshake."""
    node = lab.node(cluster, start=False)
    make_certificates(node.directory)
    node.nginx_conf = node.nginx_conf.replace(
        f"listen 127.0.0.1:{node.port};",
        f"listen 127.0.0.1:{node.port} ssl; ssl_certificate {node.directory}/localhost.pem; "
        f"ssl_certificate_key {node.directory}/localhost.pem;")
    node.start()
    context = ssl.create_default_context(cafile=node.directory / "ca.crt")
    made_up = [f"__Host-anteroom-login-{'0' * 16}={'A' * 200}; __Host-anteroom-draft={'B' * 200}"]

    def ask(path, **more):
        connection = http.client.HTTPSConnection("127.0.0.1", node.port, timeout=20, context=context)
        answer = node.ask(path, connection=connection, **more)
        connection.close()
        return answer

    for path in ("/auth/sign-in", "/auth/sign-in?r=" + "A" * 200, "/x", "/auth/handoff?ticket=" + "A" * 43):
        assert ask(path, cookies=made_up).status < 500
    assert ask("/saml2/idpresponse", method="POST", cookies=made_up, body=b"SAMLResponse=PGEvPg==").status < 500
    assert ask("/auth/sign-in").status == 200
    assert "stale" not in node.error_log()


ZONE = 8 << 20  # cache_size of lab.yaml()


def test_a_worker_may_die_anywhere_in_the_lock_of_what_is_remembered(lab, cluster):
    """nginx opens the lock. What the dead one was changing is found half done, and forgotten as a whole."""
    # One connection: to prove a password on another takes millions of instructions, each of which would be followed.
    node = lab.node(cluster, workers=1, yaml=lambda text: text.replace("pool_size: 2", "pool_size: 1"))
    everybody = [node.people.sign_in()[0] for _ in range(24)]

    def revoke():
        """The node forgets a session: PostgreSQL has sent it word of that by the time this returns."""
        node.people.end_session(everybody.pop())

    def follow(gone=()):
        node.wait_for_listener(but=gone)
        assert [node.ask("/x", token).status for token in everybody] == [200] * len(everybody)
        (worker,) = node.workers()
        followed = Followed(worker, ZONE)
        revoke()
        return followed

    followed = follow()
    length = followed.inside(longer_than=200)
    followed.let_go()
    gone = set()
    for part in range(1, 8):
        followed = follow(gone)
        dead, gone = followed.pid, node.listeners()
        followed.inside(at=length * part // 8)
        followed.kill()
        wait_until(lambda dead=dead: node.workers() and dead not in node.workers(), 10, "a new worker")
    node.wait_for_listener(but=gone)
    workers = node.workers()
    for _ in range(10):
        assert [node.ask("/x", token).status for token in everybody] == [200] * len(everybody)
        token = everybody[-1]
        revoke()
        wait_until(lambda token=token: node.ask("/x", token).status == 302, 10, "the session's end")
    node.reload()
    assert [node.ask("/x", token).status for token in everybody] == [200] * len(everybody)
    log = node.error_log()
    assert log.count("exited on signal") == log.count("exited on signal 9") == 7 and workers
    (node.directory / "error.log").write_text("")  # "[alert] … exited on signal 9" is what was done here
