"""nginx's own troubles: workers killed, reloads, new programs, clients of all kinds, and what runs out."""

import os
import resource
import select
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import h2.connection
import h2.events

from tests.support.node import COOKIE
from tests.support.processes import is_port_open, wait_until
from tests.support.saml.browser import session_of

from .conftest import HoldingApp, many_sessions, scans, seen_by_app


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


def test_a_graceful_end_finishes_the_sign_ons_under_way(make_sign_ons, slow):
    sign_ons = make_sign_ons()
    slow.make(sign_ons.node, 1)
    under_way = {f"ann{i}@corp.test": sign_ons.start() for i in range(2)}
    answers = []

    def arrive(email, one):
        answers.append(sign_ons.post(one, sign_ons.message(one, email)))

    arriving = [threading.Thread(target=arrive, args=item) for item in under_way.items()]
    for thread in arriving:
        thread.start()
    wait_until(lambda: len(sign_ons.node.people.sql(slow.sql)) == 2, 10, "the statements")
    sign_ons.node.quit(10)
    for thread in arriving:
        thread.join(10)
    assert [session_of(answer) is not None for answer in answers] == [True, True]


def test_workers_end_after_their_threads(make_sign_ons, surroundings):
    """nginx tells its threads to end and does not wait for it: libraries must not be taken down around them."""
    sign_ons = make_sign_ons(main="thread_pool default threads=1;", start=False)
    surroundings.set(late_thread_ends=200_000)
    node = surroundings.surround(sign_ons.node)
    assert session_of(sign_ons.post(sign_ons.start()))
    node.reload()
    assert session_of(sign_ons.post(sign_ons.start()))
    node.stop()
    assert "ended beside" not in node.error_log()


def test_a_broken_configuration_leaves_the_running_one_alone(lab, cluster, crowd):
    node = lab.node(cluster)
    before = node.workers()
    right = node.yaml, node.nginx_conf
    with crowd(node, people(node, 2)) as asking:
        for yaml, conf in ((right[0].replace("levels:", "levles:"), right[1]), ("{", right[1]),
                           (right[0], right[1].replace("auth_saml_config", "auth_saml_conf")),
                           (right[0].replace("anteroom_test", "nobody\n  - x"), right[1])):
            node.yaml, node.nginx_conf = yaml, conf
            said = node.error_log().count("[emerg]")
            node.write()
            node.signal(signal.SIGHUP)
            wait_until(lambda said=said: node.error_log().count("[emerg]") > said, 10, "the complaint")
            asking.goes_on()
        assert node.workers() == before
    assert asking.wrong == []
    node.yaml, node.nginx_conf = right
    node.reload()
    assert node.workers() != before


def has_ended(pid):
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


def test_a_new_program_takes_over_without_losing_a_request(lab, cluster, crowd):
    node = lab.node(cluster, workers=2, start=False, main="env LD_PRELOAD; env ASAN_OPTIONS;")
    # nginx takes USR2 only where it has left the process that started it.
    node.nginx_conf = node.nginx_conf.replace("daemon off;", "daemon on;")
    node.write()
    subprocess.run(node.command(), env=node.environment(), check=True, timeout=60)
    pid_file = node.directory / "nginx.pid"
    wait_until(lambda: is_port_open(node.port), 20, "nginx to listen")
    masters = [int(pid_file.read_text())]
    try:
        with crowd(node, people(node)) as asking:
            os.kill(masters[0], signal.SIGUSR2)
            wait_until(lambda: pid_file.exists() and pid_file.read_text().strip() not in ("", str(masters[0])), 20, "the new one")
            masters.append(int(pid_file.read_text()))
            asking.goes_on()
            os.kill(masters[0], signal.SIGQUIT)
            wait_until(lambda: has_ended(masters[0]), 20, "the end of the old one")
            asking.goes_on(100)
        assert asking.wrong == []
    finally:
        for master in masters:
            if not has_ended(master):
                os.kill(master, signal.SIGQUIT)
                wait_until(lambda master=master: has_ended(master), 20, "its end")


# Clients.


def request(node, token, path="/work", more=""):
    return (f"GET {path} HTTP/1.1\r\nHost: {node.host}\r\nAccept: text/html\r\nCookie: {COOKIE}={token}\r\n{more}\r\n").encode()


def test_clients_that_vanish_at_every_step(make_sign_ons, slow, crowd):
    sign_ons = make_sign_ons()
    node = sign_ons.node
    under_way = sign_ons.start()
    body = f"SAMLResponse={quote(sign_ons.message(under_way), safe='')}&RelayState={quote(under_way.relay_state, safe='')}"
    head = (f"POST /saml2/idpresponse HTTP/1.1\r\nHost: login.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Cookie: {under_way.cookie}\r\nContent-Length: {len(body)}\r\n\r\n")
    whole = (head + body).encode()
    steps = [1, 10, len(head) - 1, len(head), len(head) + 1, len(whole) // 2, len(whole) - 1]
    for length in steps:
        with socket.create_connection(("127.0.0.1", node.port), timeout=10) as client:
            client.sendall(whole[:length])
    assert node.people.sql("SELECT count(*) FROM sessions") == ["0"]
    slow.make(node, 0.5)
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as client:
        client.sendall(whole)
        wait_until(lambda: slow.is_under_way(node), 10, "the statement")
    # It was acknowledged to nobody, and is used up or not: never twice.
    wait_until(lambda: not slow.is_under_way(node), 10, "the statement's end")
    node.people.sql("DROP TRIGGER slowly ON sessions")
    assert int(node.people.sql("SELECT count(*) FROM sessions")[0]) <= 1
    for _ in range(20):  # at whatever step of the verification
        again = sign_ons.start()
        with socket.create_connection(("127.0.0.1", node.port), timeout=10) as client:
            text = f"SAMLResponse={quote(sign_ons.message(again), safe='')}&RelayState={quote(again.relay_state, safe='')}"
            client.sendall(head.replace(under_way.cookie, again.cookie).replace(str(len(body)), str(len(text))).encode()
                           + text.encode())
    assert session_of(sign_ons.post(sign_ons.start())) is not None


def test_slow_clients_hold_nobody_up(lab, cluster, crowd):
    node = lab.node(cluster, server="client_header_timeout 2s; client_body_timeout 2s;")
    slow_ones = []
    for i in range(100):
        client = socket.create_connection(("127.0.0.1", node.port), timeout=20)
        client.sendall(b"GET /work HTTP/1.1\r\nHost: x" if i % 2 else
                        b"POST /saml2/idpresponse HTTP/1.1\r\nHost: " + node.host.encode() +
                       b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 50000\r\n\r\nSAML")
        slow_ones.append(client)
    with crowd(node, people(node, 2)) as asking:
        asking.goes_on(50)
        for client in slow_ones:
            while client.recv(4096):
                pass
            client.close()
    assert asking.wrong == []


def test_pipelined_requests_by_the_hundred_each_get_their_own_person(lab, cluster):
    node = lab.node(cluster, server="keepalive_requests 10000;")
    who = [node.people.sign_in()[:2] for _ in range(5)]
    order = [who[i * 7 % 5] for i in range(400)]
    received = node.raw(b"".join(request(node, token) for token, _ in order) + request(node, "x", more="Connection: close\r\n"))
    assert received.count(b"HTTP/1.1 200") == 400 and received.count(b"HTTP/1.1 302") == 1
    assert seen_by_app(received) == [[email] for _, email in order]


def test_http2_streams_by_the_hundred_each_get_their_own_person(lab, cluster):
    node = lab.node(cluster, start=False, http="http2_max_concurrent_streams 500;")
    node.nginx_conf = node.nginx_conf.replace(f"listen 127.0.0.1:{node.port};", f"listen 127.0.0.1:{node.port} http2;")
    node.nginx_conf = node.nginx_conf.replace("worker_connections 512", "worker_connections 4096")
    node.start()
    who = [node.people.sign_in()[:2] for _ in range(5)]
    connection = h2.connection.H2Connection()
    bodies, ended, expected = {}, set(), {}
    with socket.create_connection(("127.0.0.1", node.port), timeout=20) as client:
        connection.initiate_connection()
        for i in range(300):
            token, email = who[i % 5]
            stream = connection.get_next_available_stream_id()
            expected[stream] = email
            connection.send_headers(stream, [(":method", "GET"), (":path", "/work"), (":scheme", "http"), (":authority", node.host),
                                             ("accept", "text/html"), ("cookie", f"{COOKIE}={token}")], end_stream=True)
            if i % 50 == 0:
                client.sendall(connection.data_to_send())
        client.sendall(connection.data_to_send())
        while len(ended) < 300:
            for event in connection.receive_data(client.recv(65536)):
                if isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    ended.add(event.stream_id)
            client.sendall(connection.data_to_send())
    assert {stream: seen_by_app(body) for stream, body in bodies.items()} == {
        stream: [[email]] for stream, email in expected.items()}


def test_thousands_of_web_sockets_end_with_their_sessions(lab, cluster):
    count = 5000 if resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= 40000 else 1500
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with HoldingApp() as app:
        node = lab.node(cluster, start=False, workers=2, main=f"worker_rlimit_nofile {count * 4};", locations=f"""
            location / {{ auth_saml on; proxy_pass http://127.0.0.1:{app.port}; proxy_set_header Upgrade $http_upgrade;
                         proxy_set_header Connection upgrade; proxy_read_timeout 10m; }}""")
        node.nginx_conf = node.nginx_conf.replace("worker_connections 512", f"worker_connections {count * 3}")
        node.start()
        ending, staying = [node.people.sign_in() for _ in range(10)], node.people.sign_in()
        upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
        open_ones = {}
        poll = select.epoll()
        for i in range(count):
            client = socket.create_connection(("127.0.0.1", node.port), timeout=20)
            token = staying[0] if i % 5 == 0 else ending[i % 10][0]
            client.sendall(request(node, token, more=upgrade))
            assert client.recv(4096).startswith(b"HTTP/1.1 101")
            open_ones[client.fileno()] = (client, token)
            poll.register(client, select.EPOLLIN | select.EPOLLRDHUP)
        tokens = {token for token, _, _ in ending}
        users = "', '".join(user for _, _, user in ending)
        node.people.sql(f"DELETE FROM sessions WHERE user_id IN ('{users}')")
        begun = time.monotonic()
        closed = set()
        to_close = {fd for fd, (_, token) in open_ones.items() if token in tokens}
        while closed != to_close and time.monotonic() < begun + 30:
            for fd, _ in poll.poll(1):
                assert open_ones[fd][0].recv(1) == b""
                closed.add(fd)
                poll.unregister(fd)
        assert closed == to_close
        print(f"{len(closed)} of {count} closed within {time.monotonic() - begun:.2f} s")
        for client, _ in open_ones.values():
            client.close()


# What nginx itself runs out of.


def test_descriptors_run_out(lab, cluster):
    node = lab.node(cluster, main="worker_rlimit_nofile 64;")
    token, email, _ = node.people.sign_in()
    assert node.ask("/work", token).status == 200
    connection = node.connect()
    assert node.ask("/work", token, connection=connection).status == 200
    idle = [socket.create_connection(("127.0.0.1", node.port), timeout=5) for _ in range(80)]
    wait_until(lambda: "Too many open files" in node.error_log(), 10, "the limit")
    # A connection that is there goes on; for the app there may be no descriptor left.
    answer = node.ask("/work", token, connection=connection)
    assert answer.status in (200, 500, 502, 503) and (answer.status != 200 or answer.seen("X-Auth-Email") == [email])
    for one in idle:
        one.close()
    wait_until(lambda: node.ask("/work", token).status == 200, 10, "recovery")
    fresh, own, _ = node.people.sign_in()
    wait_until(lambda: node.ask("/work", fresh).status == 200, 10, "a session from the database")
    assert node.ask("/work", fresh).seen("X-Auth-Email") == [own]
    (node.directory / "error.log").write_text("")  # "[alert] socket() failed" is what was done here


def test_a_full_memory_forgets_no_identity_and_junk_throws_nobody_out(lab, cluster):
    node = lab.node(cluster, yaml=lambda text: text.replace("cache_size: 8M", "cache_size: 1M"))
    first = node.people.sign_in()
    many = many_sessions(node, 6000)
    connection = node.connect()
    for token, email in many:
        assert node.ask("/work", token, connection=connection).seen("X-Auth-Email") == [email]
    for token, email in [(first[0], first[1]), *many[::500]]:
        assert node.ask("/work", token, connection=connection).seen("X-Auth-Email") == [email]
    for _ in range(3000):
        junk = node.ask("/work", node.people.new_token(), connection=connection)
        assert junk.status == 302
    live = many[-500:]  # last used last: junk must not have thrown them out
    hits = scans(node)
    for token, email in [many[0], *live[-20:]]:
        assert node.ask("/work", token, connection=connection).seen("X-Auth-Email") == [email]
    assert scans(node) - hits <= 1


def test_a_full_thread_pool_says_so_and_loses_nothing(make_sign_ons):
    sign_ons = make_sign_ons(main="thread_pool default threads=1 max_queue=2;")
    under_way = [sign_ons.start() for _ in range(24)]
    messages = [sign_ons.message(one, f"ann{i}@corp.test") for i, one in enumerate(under_way)]
    with ThreadPoolExecutor(24) as many:
        answers = list(many.map(sign_ons.post, under_way, messages))
    statuses = [answer.status for answer in answers]
    signed_on = [session_of(answer) for answer in answers if session_of(answer)]
    assert set(statuses) <= {303, 503} and len(signed_on) == statuses.count(303)
    assert all(answer.header("retry-after") for answer in answers if answer.status == 503)
    assert sign_ons.node.people.sql("SELECT count(*) FROM sessions") == [str(len(signed_on))]
    # Whoever was told to come again does, with the same message.
    for one, message, answer in zip(under_way, messages, answers, strict=True):
        if answer.status == 503:
            assert session_of(sign_ons.post(one, message)) is not None
    (sign_ons.node.directory / "error.log").write_text("")  # nginx itself reports a full queue


# The clock and randomness.


def test_a_clock_that_jumps(lab, cluster, surroundings, crowd):
    node = surroundings.surround(lab.node(cluster, start=False))
    who = [node.people.sign_in(lifetime="8 hours")[:2] for _ in range(3)]
    short, _, user = node.people.sign_in(lifetime="30 minutes")
    assert node.ask("/work", short).status == 200
    with crowd(node, who) as asking:
        for jump in (3600, 0, -3600, 0, 3600, -3600, 0):
            surroundings.set(clock=jump)
            asking.goes_on(50)
        surroundings.set(clock=3600)
        wait_until(lambda: node.ask("/work", short).status == 302, 10, "the end by this node's clock")
        surroundings.set(clock=0)
        wait_until(lambda: node.ask("/work", short).status == 200, 10, "the way back")
        node.people.sql(f"UPDATE users SET status = 'disabled' WHERE id = '{user}'")
        wait_until(lambda: node.ask("/work", short).status == 302, 5, "the end")
    assert asking.wrong == []


def test_a_sign_on_with_a_clock_that_is_wrong_is_refused_and_not_opened(make_sign_ons, surroundings):
    sign_ons = make_sign_ons(start=False)
    surroundings.surround(sign_ons.node)
    for jump, kind in ((3600, "late"), (-3600, "early")):
        under_way = sign_ons.start()
        message = sign_ons.message(under_way)
        surroundings.set(clock=jump)
        answer = sign_ons.post(under_way, message)
        surroundings.set()
        assert session_of(answer) is None and answer.status in (303, 403), (kind, answer)
    assert session_of(sign_ons.post(sign_ons.start())) is not None


def test_no_randomness_opens_nothing_and_recovers(make_sign_ons, surroundings, crowd):
    sign_ons = make_sign_ons(start=False)
    node = surroundings.surround(sign_ons.node)
    under_way = sign_ons.start()
    message = sign_ons.message(under_way)
    surroundings.set(no_randomness=True)
    assert node.ask("/auth/sign-in/start", method="POST", host="login.test", body=b"idp=corp", headers=[
        ("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")]).status == 503
    refused = sign_ons.post(under_way, message)
    assert refused.status == 503 and session_of(refused) is None
    assert node.people.sql("SELECT count(*) FROM sessions") == ["0"]
    # Strangers are sent to sign on as long as nonces are left that were drawn before.
    answers = [node.ask("/work", host="login.test").status for _ in range(40)]
    assert answers[-1] == 503 and set(answers) <= {302, 503}, answers
    surroundings.set()
    assert session_of(sign_ons.post(under_way, message)) is not None
