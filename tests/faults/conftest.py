"""The laboratory of the attacks, and people who ask without a pause."""

import threading
from pathlib import Path

import pytest

ATTACKS = Path(__file__).resolve().parents[1] / "attacks"
exec(compile((ATTACKS / "conftest.py").read_text(), str(ATTACKS / "conftest.py"), "exec"))

own_cluster = laboratory.own_cluster  # noqa: F821


class Crowd:
    """Threads that each ask as somebody of their own and hold every answer against what it may be: their own identity,
    or one of `allowed`. A connection for each request, so that none is lost to keep-alive."""

    def __init__(self, node, people, allowed=(200,), path="/work"):
        self._node, self._allowed, self._path = node, allowed, path
        self._is_over = threading.Event()
        self.answers, self.wrong = 0, []
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=person, daemon=True) for person in people]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self, token, email):
        while not self._is_over.is_set():
            try:
                answer = self._node.ask(self._path, token)
                seen = answer.seen("X-Auth-Email") if answer.status == 200 else None
                fine = answer.status in self._allowed and seen in (None, [email])
                what = (answer.status, seen, email)
            except OSError as error:
                fine, what = OSError in self._allowed, (repr(error), email)
            with self._lock:
                self.answers += 1
                if not fine:
                    self.wrong.append(what)


@pytest.fixture
def crowd():
    return Crowd
