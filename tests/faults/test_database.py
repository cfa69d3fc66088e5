"""PostgreSQL's troubles: cut statements, no connections, no room, slowness, a read-only server, a listener that is gone, a
server that is replaced by its standby."""

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.postgres import Cluster
from tests.support.processes import clean_environment, run, wait_until
from tests.support.saml.browser import session_of


def arrive(sign_ons, under_way, message):
    """Posts from a thread; the answers, once there are any."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(sign_ons.post(under_way, message)))
    thread.start()
    return thread, answers


def sessions(node):
    return int(node.people.sql("SELECT count(*) FROM sessions")[0])


@pytest.mark.parametrize("when", ["BEFORE INSERT ON sessions", "AFTER INSERT ON sessions DEFERRABLE INITIALLY DEFERRED"],
                         ids=["in the statement", "in the commit"])
def test_a_connection_cut_in_the_middle_of_a_sign_on_opens_none_and_costs_none(make_sign_ons, slow, when):
    sign_ons = make_sign_ons()
    node = sign_ons.node
    slow.make(node, 1.5, when)
    under_way = sign_ons.start()
    message = sign_ons.message(under_way)
    thread, answers = arrive(sign_ons, under_way, message)
    wait_until(lambda: slow.is_under_way(node), 10, "the statement")
    node.people.sql(f"SELECT pg_terminate_backend(pid) FROM ({slow.sql}) s")
    thread.join(10)
    assert [answer.status for answer in answers] == [503] and session_of(answers[0]) is None
    assert sessions(node) == 0
    # Nothing was used up: the same message, sent again, signs on.
    node.people.sql("DROP TRIGGER slowly ON sessions")
    wait_until(lambda: session_of(sign_ons.post(under_way, message)) is not None, 10, "the second try")
    assert sessions(node) == 1


def test_a_sign_on_whose_commit_is_never_heard_of_gives_nobody_two_sessions(make_sign_ons, make_wire, workspace, cluster,
                                                                            slow):
    wire = make_wire(workspace / f"w{secrets.token_hex(3)}", cluster)
    folder = next(workspace.glob("w*"))
    sign_ons = make_sign_ons(change=lambda text: text.replace(f"host={cluster.socket_directory}", f"host={folder}"))
    node = sign_ons.node
    slow.make(node, 1)
    under_way = sign_ons.start()
    message = sign_ons.message(under_way)
    thread, answers = arrive(sign_ons, under_way, message)
    wait_until(lambda: slow.is_under_way(node), 10, "the statement")
    wire.cut()
    thread.join(10)
    assert answers[0].status == 503 and session_of(answers[0]) is None
    wait_until(lambda: sessions(node) == 1, 10, "the commit that nobody hears of")
    node.people.sql("DROP TRIGGER slowly ON sessions")
    wait_until(lambda: sign_ons.post(under_way, message).header("location") == "/auth/sign-in?notice=stale", 10,
               "the used message to lead to a new sign-on")
    assert sessions(node) == 1
    again = sign_ons.start()
    assert session_of(sign_ons.post(again)) is not None
    shutil.rmtree(folder)


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
    second = lab.node(cluster, database=first.database)
    token, _, user = first.people.sign_in()
    own = first.people.session(user, origin=f"http://localhost:{second.port}")
    assert first.ask("/work", token).status == 200 and second.ask("/work", own).status == 200
    first.people.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
                     "pid <> pg_backend_pid()")
    first.people.sql(f"UPDATE users SET status = 'disabled' WHERE id = '{user}'")
    wait_until(lambda: first.ask("/work", token).status == 302 and second.ask("/work", own).status == 302, 7, "the end")


def test_a_statement_that_waits_for_ever_holds_nobody_up(lab, cluster, crowd):
    node = lab.node(cluster)
    token, email, _ = node.people.sign_in()
    stranger, _, _ = node.people.sign_in()
    assert node.ask("/work", token).status == 200
    locking = threading.Thread(target=lambda: node.people.sql(
        "BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(6); COMMIT"))
    locking.start()
    wait_until(lambda: node.people.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), 10, "the lock")
    with crowd(node, [(token, email)] * 2, allowed=(200, 503)) as asking, ThreadPoolExecutor(40) as many:
        # More than there are connections and places in the queue: everybody gets an answer.
        answers = list(many.map(lambda _: node.ask("/work", stranger).status, range(40)))
        assert set(answers) == {503}
        asking.goes_on()
    assert asking.wrong == []
    locking.join()
    wait_until(lambda: node.ask("/work", stranger).status == 200, 15, "recovery")


def mount(directory, megabytes):
    directory.mkdir()
    done = subprocess.run(["/usr/bin/mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "none", directory],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a file system of its own needs the right to mount: {done.stderr}")


def test_a_disk_that_is_full(make_sign_ons, crowd, workspace):
    folder = Path(tempfile.mkdtemp(prefix="anteroom-disk-", dir="/tmp"))
    folder.chmod(0o755)
    disk = folder / "disk"
    mount(disk, 160)
    try:
        with Cluster(disk / "pg", folder / "s", folder / "log", settings={"max_wal_size": "32MB", "min_wal_size": "32MB"}
                     ) as cluster:
            sign_ons = make_sign_ons(own=cluster)
            token, email, _ = sign_ons.node.people.sign_in()
            ask = {"host": "login.test"}
            assert sign_ons.node.ask("/work", token, **ask).seen("X-Auth-Email") == [email]
            fill = disk / "full"
            with fill.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(1 << 16))
            # Until the log has no room either.
            with pytest.raises(Exception, match=r"(?i)space|terminat|connect|recovery|server"):
                cluster.sql("CREATE TABLE junk AS SELECT repeat(md5(i::text), 60) FROM generate_series(1, 200000) i")
            refused = sign_ons.post(sign_ons.start())
            assert refused.status in (503, 303)
            assert sign_ons.node.ask("/work", token, **ask).seen("X-Auth-Email") == [email]
            fill.unlink()
            if not cluster.is_running():
                cluster.start()  # PostgreSQL has given up, as it does where its log has no room
            wait_until(lambda: session_of(sign_ons.post(sign_ons.start())) is not None, 30, "a sign-on")
            assert sign_ons.node.ask("/work", token, **ask).seen("X-Auth-Email") == [email]
    finally:
        subprocess.run(["/usr/bin/umount", "-l", disk], check=False)
        shutil.rmtree(folder, ignore_errors=True)


# A primary and its standby.


class Pair:
    """Two servers, the second one following the first."""

    def __init__(self, folder, is_synchronous):
        self._folder = folder
        primary = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}
        self.first = Cluster(folder / "pg1", folder / "s1", folder / "log1", settings=primary)
        self.first.start()
        (folder / "pg2").mkdir()
        user = self.first._user
        os.chown(folder / "pg2", user.pw_uid, user.pw_gid) if user else None
        shutil.copy2(folder / "pg1" / "superuser-password", folder / "pg2" / "superuser-password")
        run([self.first._programs / "pg_basebackup", "-h", self.first.socket_directory, "-U", "postgres", "-D",
             folder / "pg2" / "data", "-R", "-X", "stream", "-w"], user=user,
            environment=clean_environment(PGPASSWORD=self.first.superuser_password))
        self.second = Cluster(folder / "pg2", folder / "s2", folder / "log2", settings=primary)
        self.second.start()
        wait_until(lambda: self.first.sql("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"), 20, "streaming")
        if is_synchronous:
            self.first.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.first.sql("SELECT pg_reload_conf()")
            wait_until(lambda: self.first.sql("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"), 20, "sync")

    def connect(self, text):
        """The connection string with both hosts."""
        return text.replace(f"host={self.first.socket_directory}",
                            f"host={self.first.socket_directory},{self.second.socket_directory}")

    def fail_over(self):
        for pid in self.first._process.pid, *map(int, subprocess.run(
                ["/usr/bin/pgrep", "-P", str(self.first._process.pid)], capture_output=True, text=True,
                check=False).stdout.split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.second.sql("SELECT pg_promote()")

    def stop(self):
        self.second.stop()
        self.first.stop()


@pytest.fixture
def make_pair():
    folder = Path(tempfile.mkdtemp(prefix="anteroom-pair-", dir="/tmp"))
    folder.chmod(0o755)
    made = []

    def make(is_synchronous):
        made.append(Pair(folder, is_synchronous))
        return made[0]
    yield make
    for pair in made:
        pair.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("is_synchronous", [True, False], ids=["synchronous", "asynchronous"])
def test_a_primary_that_dies_is_replaced_by_its_standby(make_pair, make_sign_ons, crowd, is_synchronous):
    pair = make_pair(is_synchronous)
    sign_ons = make_sign_ons(own=pair.first, change=pair.connect)
    node = sign_ons.node
    known = []
    is_over = threading.Event()

    def sign_on_and_on():
        while not is_over.is_set():
            try:
                token = session_of(sign_ons.post(sign_ons.start()))
            except OSError:
                continue
            if token is not None:
                known.append(token)

    signing_on = [threading.Thread(target=sign_on_and_on) for _ in range(2)]
    for thread in signing_on:
        thread.start()
    wait_until(lambda: len(known) >= 20, 30, "sign-ons")
    pair.fail_over()
    before = len(known)
    node.people._cluster = pair.second
    wait_until(lambda: len(known) >= before + 10, 30, "sign-ons at the standby")
    is_over.set()
    for thread in signing_on:
        thread.join(20)
    stored = set(node.people.sql("SELECT encode(token_hash, 'hex') FROM sessions"))
    lost = [token for token in known if hashlib.sha256(token.encode()).hexdigest() not in stored]
    # Whatever was acknowledged is there; one whose answer was lost may be there in addition.
    assert not (is_synchronous and lost), f"{len(lost)} of {len(known)} acknowledged sessions were lost"

    def leads_to(token):
        return node.ask("/work", token, host="login.test").header("location").split("?")[0]

    assert {leads_to(token) for token in known if token not in lost} == {"/auth/waiting"}
    wait_until(lambda: all(leads_to(token) == "/auth/sign-in" for token in lost), 10, "the end of what was lost")
