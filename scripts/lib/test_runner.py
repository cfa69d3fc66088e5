"""Builds with sanitizers and runs the parts of the test suite; the last line is `N passed, M failed`."""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tests.support import ROOT
from tests.support.postgres import Cluster
from tests.support.processes import clean_environment, sanitizer_options, scratch_directory
from tests.support.texts import found

from . import other_nginx, pool_nginx

BY_NAME = ("leaks", "faults", "soak", "threads", "packages", "versions", "upgrade")  # take long: only when asked for
PARTS = ("unit", "fuzz", "attacks", "database", "mail", "nginx", "browser", "static")
TIME_LIMIT = 3600  # seconds for one program: it hangs, or the machine does
TEST_TIME_LIMIT = 300  # seconds for one test of the parts below, so that one that hangs fails by its name and the others go on
SIDE_BY_SIDE = ("nginx", "database", "browser", "attacks", "mail")  # they wait more than they work; the longest first


class Output(threading.local):
    """What a part says: at once, or, where others run beside it, when it is done."""

    kept: list[str] | None = None

    def say(self, text: str) -> None:
        if self.kept is None:
            print(text, end="", flush=True)
        else:
            self.kept.append(text)


class Runner:
    def __init__(self, build: Path, preset: str, pytest_arguments: list[str]) -> None:
        self.preset = preset
        self.build = build
        self.pytest_arguments = pytest_arguments
        self.results: list[tuple[str, str, int, int, int]] = []  # (part, name, passed, failed, skipped)
        self.minutes: dict[str, float] = {}  # that each part took
        self.cluster: Cluster | None = None
        self.static_checks: subprocess.Popen[str] | None = None  # the process
        self.nginx_program: Path | None = None  # the installed one
        self.output = Output()

    def environment(self) -> dict[str, str]:
        extra = {name: os.environ[name] for name in ("CCACHE_DIR", "ANTEROOM_SOAK", "ANTEROOM_PREVIOUS_BUILD",
                                                        "ANTEROOM_SCREENSHOTS") if name in os.environ}
        if self.nginx_program is not None:
            extra["ANTEROOM_NGINX"] = str(self.nginx_program)
        if self.cluster is not None:
            extra["ANTEROOM_TEST_DATABASE"] = self.cluster.conninfo()
        return clean_environment(
            ANTEROOM_BUILD=str(self.build), ANTEROOM_SOURCE=str(ROOT), PYTHONDONTWRITEBYTECODE="1",
            PYTHONPATH=str(ROOT),
            ASAN_OPTIONS=sanitizer_options("detect_leaks=1", "strict_string_checks=1", "detect_stack_use_after_return=1"),
            TSAN_OPTIONS="ignore_noninstrumented_modules=1", **extra)

    def compile(self, targets: str | None, *settings: str) -> None:
        began = time.monotonic()
        heading(f"build ({self.preset}, warnings are errors)")
        configure: list[str | Path] = ["/usr/bin/cmake", "--preset", self.preset, "-B", self.build, *settings]
        subprocess.run(configure, cwd=ROOT, env=self.environment(), check=True, stdout=subprocess.DEVNULL)
        names = self.programs(targets) if targets else []
        subprocess.run(["/usr/bin/cmake", "--build", self.build, *(["--target", *names] if names else [])],
                       cwd=ROOT, env=self.environment(), check=True)
        self.minutes["build"] = (time.monotonic() - began) / 60

    def programs(self, pattern: str) -> list[str]:
        """Names of the build's targets that match a regular expression."""
        listed = subprocess.run(["/usr/bin/ninja", "-C", self.build, "-t", "targets", "all"], capture_output=True,
                                text=True, check=True, env=self.environment()).stdout
        names = {line.split(":")[0] for line in listed.splitlines() if line.endswith(": phony")}
        return sorted(name for name in names if re.fullmatch(pattern, name))

    def ctest(self, part: str, jobs: int = 1) -> None:
        """The Catch2 programs that have the part's label; a crash or an empty one counts as a failure."""
        report, folder = self.build / f"ctest-{part}.xml", self.build / "junit"
        for old in (report, *folder.glob("*.xml")):
            old.unlink(missing_ok=True)
        _, printed = self.execute(["/usr/bin/ctest", "--test-dir", self.build, "-L", f"^{part}$", "--no-tests=error",
                                   "--output-on-failure", "--timeout", TIME_LIMIT, "-j", jobs, "--output-junit", report],
                                  limit=None)  # each program has one of its own
        self.output.say(printed)
        programs = {one.get("name", "?"): one.get("status") == "run" for one in elements(report, "testcase")}
        for name, is_good in sorted(programs.items()):
            outcomes = [case.find("failure") is None for case in elements(folder / f"{name}.xml", "testcase")]
            passed = sum(outcomes)
            self.note(part, name, passed, max(len(outcomes) - passed, 0 if is_good and passed else 1))
        if not programs:
            self.note(part, "no program", 0, 1)

    def execute(self, command: Sequence[object], limit: float | None = TIME_LIMIT) -> tuple[int | None, str]:
        """Exit status (None if it took too long) and what was printed."""
        try:
            done = subprocess.run([str(part) for part in command], cwd=ROOT, env=self.environment(), text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, check=False,
                                  errors="replace")
        except subprocess.TimeoutExpired as late:
            return None, f"{command[0]} took longer than {limit} s\n{text_of(late.stdout)}"
        return done.returncode, done.stdout

    def pytest(self, part: str, folder: str, *more: str) -> None:
        if not list((ROOT / folder).rglob("test_*.py")):
            return self.note(part, f"{folder} (no tests)", 0, 1)
        self.build.mkdir(parents=True, exist_ok=True)
        report = self.build / f"pytest-{part}.xml"
        report.unlink(missing_ok=True)
        limit = [f"--timeout={TEST_TIME_LIMIT}"] if part in SIDE_BY_SIDE else []
        command = ["/usr/bin/python3", "-m", "pytest", "-q", "-ra", "--tb=short", "-p", "no:cacheprovider", *limit,
                   f"--junitxml={report}", folder, *more, *self.pytest_arguments]
        try:
            kept: dict[str, Any] = {} if self.output.kept is None else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
            done = subprocess.run(command, cwd=ROOT, env=self.environment(), timeout=TIME_LIMIT, check=False, text=True, errors="replace",
                                  **kept)
            code = done.returncode
            self.output.say(done.stdout or "")
        except subprocess.TimeoutExpired as late:
            self.output.say(text_of(late.stdout))
            return self.note(part, f"{folder} (took longer than {TIME_LIMIT} s)", 0, 1)
        suites = elements(report, "testsuite")
        if not suites:
            return self.note(part, folder, 0, 1)
        suite, = suites
        number = {key: int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")}
        failed = number["failures"] + number["errors"]
        if code != 0:
            failed = max(failed, 1)
        return self.note(part, folder, number["tests"] - number["failures"] - number["errors"] - number["skipped"],
                         failed, number["skipped"])

    def note(self, part: str, name: str, passed: int, failed: int, skipped: int = 0) -> None:
        self.results.append((part, name, passed, failed, skipped))

    # The parts.

    def unit(self) -> None:
        self.ctest("unit", jobs=2)

    def fuzz(self) -> None:
        """Every stored input of every fuzz target, once more. A target without inputs, and inputs without a target, fail."""
        sources = ROOT / "tests" / "fuzz"
        targets = {path.stem for path in (sources / "targets").glob("*.cpp")}
        for name in sorted({path.name for path in (sources / "corpus").iterdir()} - targets):
            self.note("fuzz", f"corpus/{name} (no such target)", 0, 1)
        for name in sorted(targets):
            code, printed = self.execute([self.build / "tests" / "fuzz" / f"fuzz_{name}", sources / "corpus" / name])
            replayed = re.search(r"^(\d+) inputs replayed$", printed, re.MULTILINE)
            number = int(replayed[1]) if replayed and code == 0 else 0
            if number == 0:
                self.output.say("\n".join(printed.splitlines()[-60:]) + "\n")
            self.note("fuzz", f"{name} ({number or 'no'} inputs replayed)", int(number > 0), int(number == 0))

    def database(self) -> None:
        self.ctest("database")
        self.pytest("database", "tests/database")

    def mail(self) -> None:
        self.pytest("mail", "tests/mail")

    def nginx(self) -> None:
        self.pytest("nginx", "tests/nginx")

    def faults(self) -> None:
        self.pytest("faults", "tests/faults")

    def threads(self) -> None:
        """Built with ThreadSanitizer, in a directory of its own. What libraries do among themselves is not looked at."""
        own = Runner(ROOT / "build" / "threads", "threads", [])
        own.compile(r"threads_tests")
        own.ctest("threads")
        self.results += own.results

    def soak(self) -> None:
        self.pytest("soak", "tests/soak", "-s")

    def versions(self) -> None:
        """Another nginx than Debian's, and the module as building.md builds it for that one, in a directory of their own."""
        own = Runner(ROOT / "build" / "other-nginx", "release", self.pytest_arguments)
        source, own.nginx_program = other_nginx.build(own.build / "nginx")
        flags = subprocess.run([own.nginx_program, "-V"], capture_output=True, text=True, check=True).stderr
        flags = found(r"^configure arguments: (.*)$", flags, re.MULTILINE)
        own.cluster = self.cluster
        own.compile(r"ngx_http_auth_saml_module|anteroom|forge-response",
                    f"-DANTEROOM_NGINX_SOURCE={source}", f"-DANTEROOM_NGINX_FLAGS={flags}")
        own.pytest("versions", "tests/nginx")
        self.results += own.results

    def packages(self) -> None:
        """Builds them in a directory of their own."""
        self.pytest("packages", "tests/packages", "-s")

    def upgrade(self) -> None:
        """Beside an older version, which is built from the commit in tests/upgrade/previous unless
        ANTEROOM_PREVIOUS_BUILD names a build of one."""
        if "ANTEROOM_PREVIOUS_BUILD" not in os.environ:
            os.environ["ANTEROOM_PREVIOUS_BUILD"] = str(self.build_previous())
        self.pytest("upgrade", "tests/upgrade")

    def build_previous(self) -> Path:
        commit = (ROOT / "tests" / "upgrade" / "previous").read_text().strip()
        source, build = ROOT / "build" / "previous" / "source", ROOT / "build" / "previous" / "build"
        heading(f"build of {commit[:12]}")
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir(parents=True)
        archive = subprocess.run(["/usr/bin/git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["/usr/bin/tar", "-x", "-C", source], input=archive, check=True)
        commands: list[list[str | Path]] = [
            # g++ 12's release build warns of its own std::string.
            ["/usr/bin/cmake", "--preset", "release", "-B", build, "-DCMAKE_CXX_FLAGS=-Wno-error=restrict"],
            ["/usr/bin/cmake", "--build", build, "--target", "anteroom", "ngx_http_auth_saml_module"]]
        for command in commands:
            subprocess.run(command, cwd=source, env=self.environment(), check=True, stdout=subprocess.DEVNULL)
        return build

    def leaks(self) -> None:
        self.pytest("leaks", "tests/leaks")

    def attacks(self) -> None:
        self.pytest("attacks", "tests/attacks")

    def browser(self) -> None:
        self.pytest("browser", "tests/browser")

    def begin_static(self) -> None:
        """Only the time that nothing else wants: the other parts wait often, this one never does."""
        self.static_checks = subprocess.Popen(
            ["/usr/bin/nice", "-n", "19", "/usr/bin/python3", "-B", "-P", "-m", "scripts.lib.static_checks", ROOT, self.build],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def static(self) -> None:
        assert self.static_checks is not None
        printed = self.static_checks.communicate()[0]
        print(printed, end="", flush=True)
        counted = re.search(r"^(\d+) passed, (\d+) failed$", printed, re.MULTILINE)
        passed, failed = (int(counted[1]), int(counted[2])) if counted else (0, 1)
        if self.static_checks.returncode != 0:
            failed = max(failed, 1)
        self.note("static", "format, layers, clang-tidy, ruff, mypy", passed, failed)

    def run(self, parts: list[str]) -> None:
        targets = r"(unit|fuzz)_\w+" if set(parts) <= {"unit", "fuzz", "static"} else None
        try:
            if set(parts) - {"static", "threads", "packages", "versions"}:
                self.compile(targets)
            elif "static" in parts and not (self.build / "compile_commands.json").exists():
                self.compile(r"unit_http")
        except subprocess.CalledProcessError:
            self.note("build", "see above", 0, 1)
            return
        needs_database = {"database", "mail", "nginx", "versions"} & set(parts)
        if {"attacks", "nginx", "leaks", "faults", "soak", "upgrade"} & set(parts) and self.preset == "dev":
            self.nginx_program = pool_nginx.build(self.build / "nginx-pool")
        scratch = scratch_directory("anteroom-test-")
        try:
            if "static" in parts:
                self.begin_static()
            if needs_database:
                self.cluster = Cluster(scratch / "data", scratch / "pg", self.build / "postgres.log", is_durable=False).start()
            beside = [part for part in SIDE_BY_SIDE if part in parts]
            for part in parts:
                if part not in beside and part != "static":
                    self.run_part(part)
            if len(beside) == 1:
                self.run_part(beside[0])
            else:
                self.run_side_by_side(beside)
            if "static" in parts:
                self.run_part("static")
        finally:
            if self.static_checks is not None and self.static_checks.poll() is None:
                self.static_checks.terminate()
            if self.cluster is not None:
                self.cluster.stop()
            shutil.rmtree(scratch, ignore_errors=True)

    def run_part(self, part: str) -> None:
        self.output.say(f"\n== {part} ==\n")
        began = time.monotonic()
        getattr(self, part)()
        self.minutes[part] = (time.monotonic() - began) / 60

    def run_side_by_side(self, parts: list[str]) -> None:
        """Two at a time."""
        def one(part: str) -> None:
            self.output.kept = []
            try:
                self.run_part(part)
            finally:
                print("".join(self.output.kept), end="", flush=True)

        if parts:
            print(f"\n== {', '.join(parts)}: two at a time, each is shown when it is done ==", flush=True)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(one, part) for part in parts]:
                done.result()

    def summarize(self, seconds: float) -> int:
        heading("summary")
        for part, name, passed, failed, skipped in self.results:
            tail = f", {skipped} skipped" if skipped else ""
            print(f"  {'FAIL' if failed else 'ok  '} {part:9} {name}: {passed} passed, {failed} failed{tail}")
        passed, failed = sum(result[2] for result in self.results), sum(result[3] for result in self.results)
        parts = ", ".join(f"{part} {minutes:.1f}" for part, minutes in self.minutes.items())
        print(f"  in {seconds / 60:.1f} minutes ({parts})")
        print(f"{passed} passed, {failed} failed")
        return 1 if failed or not passed else 0


def text_of(printed: str | bytes | None) -> str:
    """What a program had printed when its time was over."""
    return printed.decode(errors="replace") if isinstance(printed, bytes) else printed or ""


def elements(report: Path, tag: str) -> list[ElementTree.Element]:
    """Those of a JUnit file; none if it is missing or was not written to its end."""
    try:
        return ElementTree.parse(report).getroot().findall(tag)
    except (FileNotFoundError, ElementTree.ParseError):
        return []


def heading(text: str) -> None:
    print(f"\n== {text} ==", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__)
    parser.add_argument("part", nargs="*", default=["all"],
                        help=f"{', '.join(PARTS)} or all of them (default); {', '.join(BY_NAME)} by name only; "
                             "what follows -- goes to pytest")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "dev", help="build directory (build/dev)")
    parser.add_argument("--preset", default="dev", help="dev has the sanitizers; release is what is shipped")
    arguments = sys.argv[1:]
    split = arguments.index("--") if "--" in arguments else len(arguments)
    given = parser.parse_args(arguments[:split])
    unknown = set(given.part) - {*PARTS, *BY_NAME, "all"}
    if unknown:
        parser.error(f"unknown part {', '.join(sorted(unknown))}: {', '.join(PARTS)} or all")
    parts = [part for part in (*PARTS, *BY_NAME) if part in given.part or (part in PARTS and "all" in given.part)]
    os.umask(0o022)
    started = time.monotonic()
    runner = Runner(given.build.resolve(), given.preset, arguments[split + 1:])
    try:
        runner.run(parts)
    except KeyboardInterrupt:
        runner.note("run", "interrupted", 0, 1)
    sys.exit(runner.summarize(time.monotonic() - started))


if __name__ == "__main__":
    main()
