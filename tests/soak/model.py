"""What each answer may be. Times are of time.monotonic(), in seconds."""

import threading
import time

QUIET = 12     # after a fault: nothing of it is left
NOTICED = 3    # a change is in force on every node, all being well
GRACE = 20     # the nodes' database.grace


class Session:
    def __init__(self, token, email):
        self.token, self.email = token, email
        self.ended_at = None


class Model:
    def __init__(self):
        self._lock = threading.Lock()
        self._faults = 0
        self._fault_ended_at = time.monotonic() - QUIET
        self.sessions = []
        self.wrong = []
        self.counts = {}

    # Faults.

    def __enter__(self):
        with self._lock:
            self._faults += 1

    def __exit__(self, *_):
        with self._lock:
            self._faults -= 1
            self._fault_ended_at = time.monotonic()

    def _is_quiet_since(self, moment):
        with self._lock:
            return self._faults == 0 and self._fault_ended_at + QUIET < moment

    # Sessions.

    def add(self, token, email):
        with self._lock:
            self.sessions.append(Session(token, email))

    def end(self, session, how):
        """`how` ends it in the database; until that has returned both are right."""
        session.ended_at = float("inf")
        try:
            how()
        finally:
            session.ended_at = time.monotonic()

    def live(self):
        with self._lock:
            return [session for session in self.sessions if session.ended_at is None]

    # Answers.

    def _say(self, kind, problem=None):
        with self._lock:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            if problem is not None:
                self.wrong.append((time.strftime("%H:%M:%S"), kind, problem))

    def lost(self, asked_at, error):
        """No answer at all: only under a fault."""
        self._say("no answer", repr(error) if self._is_quiet_since(asked_at) else None)

    def judge(self, session, was_live, asked_at, answer):
        """`was_live` as of before the question; `session` None for a token that nobody has."""
        if answer.status == 200:
            seen = answer.seen("X-Auth-Email")
            if session is None or seen != [session.email]:
                self._say("let in", f"{seen} for {session.email if session else 'junk'}")
                return
            ended_at = session.ended_at
            if ended_at is not None and ended_at + NOTICED < asked_at:
                late = ended_at + NOTICED + QUIET + GRACE < asked_at
                if late or self._is_quiet_since(ended_at):
                    self._say("let in", f"{session.email} {asked_at - ended_at:.1f} s after the end of the session")
                    return
            self._say("let in")
        elif answer.status == 302:
            is_lost = session is not None and was_live and session.ended_at is None
            self._say("turned away", f"live session of {session.email}" if is_lost else None)
        elif answer.status in (500, 502, 503, 504):
            self._say("unavailable", f"{answer.status} with no fault" if self._is_quiet_since(asked_at) else None)
        else:
            self._say("odd", f"status {answer.status}")
