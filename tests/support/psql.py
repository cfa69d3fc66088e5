"""One psql that stays connected: a process and a connection for each statement cost a test more than what it tests."""

import subprocess
import tempfile
from pathlib import Path

from .processes import StartError, clean_environment

END = "-- end of the answer --"


class Psql:
    def __init__(self, program: Path, host: Path, user: str, password: str, database: str) -> None:
        self._database = database
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (lives as long as the process)
        self._child = subprocess.Popen([program, "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", host, "-U", user, "-d", database, "-f", "-"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True, cwd="/",
                                       env=clean_environment(PGPASSWORD=password))

    def is_fresh_for(self, database: str) -> bool:
        """Connected to it still, and as if just connected."""
        if database != self._database:
            return False
        try:
            self.run("DISCARD ALL")
        except StartError:
            return False
        return True

    def run(self, statements: str) -> list[str]:
        """The rows as text lines. StartError with what the server said, where one fails: those behind it are not run, and
        this psql is of no use any more."""
        assert self._child.stdin and self._child.stdout
        try:
            self._child.stdin.write(f"{statements}\n;\n\\echo {END}\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            pass  # it says why
        lines: list[str] = []
        for line in self._child.stdout:
            if line == f"{END}\n":
                return lines
            lines.append(line.removesuffix("\n"))
        raise self._failure()

    def close(self) -> None:
        assert self._child.stdin and self._child.stdout
        self._child.stdin.close()
        self._child.stdout.close()
        self._child.wait()
        self._said.close()

    def _failure(self) -> StartError:
        status = self._child.wait()
        self._said.seek(0)
        said = self._said.read().strip()
        return StartError(f"psql failed with status {status}: {said}")
