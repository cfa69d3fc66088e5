"""Mixed load with random faults; every answer is held against a model. ANTEROOM_SOAK="MINUTES SEED" (10 and a new one)."""

import contextlib
import hashlib
import os
import random
import secrets
import signal
import subprocess
import threading
import time

from tests.faults.conftest import SignOns
from tests.support.processes import wait_until
from tests.support.saml.browser import session_of

from .model import Model

PEOPLE = 12
ASKERS = 4


def memory(node):
    """Resident KiB of the node's workers."""
    def of(pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith("VmRSS")).split()[1])
    return sum(of(pid) for pid in node.workers())


class Soak:
    def __init__(self, sign_ons, second, cluster, surroundings, seed):
        self.sign_ons, self.cluster, self.surroundings = sign_ons, cluster, surroundings
        self.first, self.second = sign_ons.node, second
        self.model = Model()
        self.seed, self.random = seed, random.Random(seed)
        self.is_over = threading.Event()
        self.faults = {}
        self.unacknowledged = 0

    def sql(self, statement):
        return self.first.people.sql(statement)

    # The load.

    def sign_on(self, email):
        under_way = self.sign_ons.start()
        answer = self.sign_ons.post(under_way, self.sign_ons.message(under_way, email))
        token = session_of(answer)
        if token is None:
            assert answer.status in (302, 303, 403, 500, 502, 503), answer
        return token

    def signing_on(self, seed):
        own = random.Random(seed)
        while not self.is_over.is_set():
            email = f"ann{own.randrange(PEOPLE)}@corp.test"
            asked_at = time.monotonic()
            try:
                token = self.sign_on(email)
            except (OSError, AssertionError) as error:
                self.unacknowledged += 1
                self.model.lost(asked_at, error)
                continue
            if token is None:
                self.unacknowledged += 1
                self.model._say("sign-on refused", "with no fault" if self.model._is_quiet_since(asked_at) else None)
            else:
                self.model._say("signed on")
                self.model.add(token, email)
            self.is_over.wait(own.uniform(0.02, 0.3))

    def asking(self, seed):
        own = random.Random(seed)
        while not self.is_over.is_set():
            node = own.choice((self.first, self.second))
            sessions = self.model.sessions
            # Newer ones, which live or have just ended, more often than old ones.
            session = own.choice(sessions[-60:] if own.random() < 0.8 else sessions)
            if own.random() < 0.05:
                session = None
            token = session.token if session else secrets.token_urlsafe(32)
            was_live, asked_at = session is not None and session.ended_at is None, time.monotonic()
            try:
                answer = node.ask("/work", token, host="login.test")
            except OSError as error:
                self.model.lost(asked_at, error)
                continue
            self.model.judge(session, was_live, asked_at, answer)

    def ending(self, seed):
        """Signs people out and ends sessions, at the node and behind its back."""
        own = random.Random(seed)
        while not self.is_over.wait(own.uniform(0.1, 1.0)):
            live = self.model.live()
            if len(live) < 20:
                continue
            session = own.choice(live)
            digest = hashlib.sha256(session.token.encode()).hexdigest()
            try:
                if own.random() < 0.5:
                    self.model.end(session, lambda digest=digest: self.sql(
                        f"DELETE FROM sessions WHERE token_hash = '\\x{digest}'"))
                else:
                    self.model.end(session, lambda session=session: self.first.ask(
                        "/auth/sign-out", session.token, method="POST", host="login.test", body=b"", headers=[
                            ("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")]))
                self.make_sure_it_has_ended(digest)
            except Exception:  # the database is away, or the node
                session.ended_at = float("inf")  # either is right until it is known
                self.finish_ending(session, digest)

    def make_sure_it_has_ended(self, digest):
        if self.sql(f"SELECT 1 FROM sessions WHERE token_hash = '\\x{digest}'"):
            raise OSError("still there")

    def finish_ending(self, session, digest):
        while not self.is_over.is_set():
            try:
                self.sql(f"DELETE FROM sessions WHERE token_hash = '\\x{digest}'")
                session.ended_at = time.monotonic()
                return
            except Exception:
                self.is_over.wait(0.5)

    # The faults.

    def kill_a_worker(self):
        os.kill(self.random.choice(sorted(self.first.workers())), signal.SIGKILL)
        time.sleep(1)

    def reload(self):
        self.first.reload()

    def restart_database(self):
        self.cluster.stop()
        time.sleep(self.random.uniform(0, 4))
        self.cluster.start()

    def kill_database(self):
        os.kill(self.cluster._process.pid, signal.SIGKILL)
        wait_until(lambda: not self.cluster.is_running(), 10, "PostgreSQL's death")
        subprocess.run(["/usr/bin/pkill", "-KILL", "-f", str(self.cluster._data)], check=False)
        wait_until(lambda: subprocess.run(["/usr/bin/pgrep", "-f", str(self.cluster._data)], check=False,
                                          capture_output=True).returncode != 0, 10, "the end of its processes")
        self.cluster.start()

    def freeze_database(self):
        children = subprocess.run(["/usr/bin/pgrep", "-P", str(self.cluster._process.pid)], capture_output=True, text=True,
                                  check=False).stdout.split()
        pids = [self.cluster._process.pid, *map(int, children)]
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            if number == signal.SIGSTOP:
                time.sleep(4)

    def cut_connections(self):
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
                 "pid <> pg_backend_pid()")

    def lock_sessions(self):
        self.sql("BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(4); COMMIT")

    def move_the_clock(self):
        self.surroundings.set(clock=self.random.choice((-3600, 3600)))
        time.sleep(3)
        self.surroundings.set()

    def take_randomness(self):
        self.surroundings.set(no_randomness=True)
        time.sleep(2)
        self.surroundings.set()

    def junk(self):
        for _ in range(300):
            self.first.ask("/saml2/idpresponse", method="POST", host="login.test", body=b"SAMLResponse=" + b"QUJD" * 2000,
                           headers=[("Content-Type", "application/x-www-form-urlencoded")])

    def run(self, minutes):
        faults = [self.kill_a_worker, self.reload, self.restart_database, self.kill_database, self.freeze_database,
                  self.cut_connections, self.lock_sessions, self.move_the_clock, self.take_randomness, self.junk]
        threads = [threading.Thread(target=self.asking, args=[self.seed + i], daemon=True) for i in range(ASKERS)]
        threads += [threading.Thread(target=work, args=[self.seed + 100], daemon=True)
                    for work in (self.signing_on, self.ending)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 60 * minutes
        early = None
        while time.monotonic() < end:
            fault = self.random.choice(faults)
            with self.model:
                fault()
            self.faults[fault.__name__] = self.faults.get(fault.__name__, 0) + 1
            # Sometimes the next one comes at once, sometimes all is quiet for a while.
            time.sleep(self.random.choice((0.5, 2, 20)))
            if early is None and time.monotonic() > end - 40 * minutes:
                early = memory(self.second)
        self.is_over.set()
        for thread in threads:
            thread.join(30)
        return early, memory(self.second)


def test_random_faults_under_load_bring_no_wrong_answer(lab, make_sign_ons, durable_cluster, surroundings):
    minutes, seed = [*os.environ.get("ANTEROOM_SOAK", "10").split(), str(secrets.randbelow(10**6))][:2]
    print(f"seed {seed}")
    def change(text):
        return text.replace("grace: 60s", "grace: 20s").replace("pool_size: 2", "pool_size: 4")

    sign_ons = make_sign_ons(own=durable_cluster, change=change, workers=2, start=False)
    surroundings.surround(sign_ons.node)
    second = make_sign_ons(own=durable_cluster, change=change, database=sign_ons.node.database).node
    soak = Soak(SignOns(sign_ons.node, sign_ons._keys), second, durable_cluster, surroundings, int(seed))
    for i in range(PEOPLE):
        soak.model.add(soak.sign_on(f"ann{i}@corp.test"), f"ann{i}@corp.test")
    soak.sql("INSERT INTO grants (user_id, property, level) SELECT id, NULL, 'viewer' FROM users; "
             "UPDATE users SET status = 'active'")
    early, late = soak.run(float(minutes))
    print(f"seed {seed}: {soak.model.counts}")
    print(f"faults: {soak.faults}")
    print(f"resident memory of the second node's worker: {early} KiB, then {late} KiB")
    for wrong in soak.model.wrong[:20]:
        print(*wrong)
    stored = set(soak.sql("SELECT encode(token_hash, 'hex') FROM sessions"))
    known = {hashlib.sha256(session.token.encode()).hexdigest() for session in soak.model.sessions}
    live = {hashlib.sha256(session.token.encode()).hexdigest() for session in soak.model.live()}
    print(f"sessions: {len(known)} given, {len(live)} live, {len(stored - known)} that nobody was told of")
    for node in (sign_ons.node, second):  # what was done here
        log = node.directory / "error.log"
        log.write_text("\n".join(line for line in log.read_text(errors="replace").splitlines()
                                 if "exited on signal 9" not in line and "[alert]" not in line))
    assert soak.model.wrong == []
    assert live <= stored
    assert len(stored - known) <= soak.unacknowledged
    if "ANTEROOM_SANITIZE:BOOL=ON" not in (second.build / "CMakeCache.txt").read_text():
        assert late <= early * 1.25
    else:
        assert late <= early + 300 * 1024  # a sanitizer keeps what was freed
    assert soak.model.counts["let in"] > 100 * float(minutes)


