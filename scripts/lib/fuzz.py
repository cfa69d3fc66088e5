"""Builds with libFuzzer, runs the targets of tests/fuzz and prints what each found; fails on a finding."""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import ROOT
from tests.support.processes import clean_environment

FUZZ = ROOT / "tests" / "fuzz"
XML = ("artifact", "assertion", "guard", "logout", "metadata", "verifier")  # share a dictionary, change whole elements
MOST_FINDINGS = 10  # of one target; then it waits for somebody to mend it
HARDEST = "timeout -k 30"  # a program that libFuzzer itself cannot end


@dataclass
class Outcome:
    target: str
    executions: int = 0
    seconds: float = 0.0
    coverage: int = 0
    features: int = 0
    inputs: int = 0
    findings: list[str] = field(default_factory=list)


class Fuzzer:
    def __init__(self, build: Path, seconds: int) -> None:
        self.build = build
        self.seconds = seconds
        self.findings = build / "findings"

    def environment(self) -> dict[str, str]:
        extra = {name: os.environ[name] for name in ("CCACHE_DIR", "CCACHE_BASEDIR") if name in os.environ}
        return clean_environment(
            ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1:quarantine_size_mb=64:allocator_may_return_null=1",
            UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1", **extra)

    def command(self, *arguments: object) -> None:
        subprocess.run([str(a) for a in arguments], cwd=ROOT, env=self.environment(), check=True,
                       stdout=subprocess.DEVNULL)

    def compile(self, targets: Iterable[str]) -> None:
        print("building with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer", flush=True)
        self.command("/usr/bin/cmake", "--preset", "fuzz", "-B", self.build)
        self.command("/usr/bin/cmake", "--build", self.build, "--target", "fuzz-seeds",
                     *(f"fuzz_{target}" for target in targets))
        self.command(self.build / "tests" / "fuzz" / "fuzz-seeds", self.build / "seeds")

    def options(self, target: str, corpus: Path) -> list[str]:
        words = FUZZ / ("saml.dict" if target in XML else f"{target}.dict")
        return [f"-max_len={65536 if target in XML else 8192}", "-timeout=10", "-rss_limit_mb=3072",
                f"-use_value_profile={0 if target in XML else 1}", "-reload=0", "-print_final_stats=1",
                f"-artifact_prefix={self.findings / target}-",
                *([f"-dict={words}"] if words.exists() else []),
                str(corpus), *(str(folder) for folder in (FUZZ / "corpus" / target, self.build / "seeds" / target)
                               if folder.is_dir())]

    def run(self, target: str) -> Outcome:
        """Until its time is over, starting again after each finding."""
        outcome = Outcome(target)
        corpus = self.build / "corpus" / target
        corpus.mkdir(parents=True, exist_ok=True)
        self.findings.mkdir(parents=True, exist_ok=True)
        log = self.build / f"{target}.log"
        log.unlink(missing_ok=True)
        while outcome.seconds < self.seconds and len(outcome.findings) < MOST_FINDINGS:
            left = max(1, round(self.seconds - outcome.seconds))
            started = time.monotonic()
            with log.open("a", errors="replace") as file:
                offset = file.tell()
                code = subprocess.run(
                    ["/usr/bin/nice", "-n", "19", *HARDEST.split(), str(left + 300),
                     str(self.build / "tests" / "fuzz" / f"fuzz_{target}"), f"-max_total_time={left}",
                     *self.options(target, corpus)], cwd=self.build, env=self.environment(), check=False,
                    stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT).returncode
            outcome.seconds += time.monotonic() - started
            read_log(outcome, log.read_bytes()[offset:].decode(errors="replace"), code)
            if code == 0:
                break
        self.shrink(target, corpus)
        outcome.inputs = len(list(corpus.iterdir()))
        return outcome

    def shrink(self, target: str, corpus: Path) -> None:
        """Keeps of the work corpus what adds coverage."""
        smaller = corpus.with_name(f"{target}-merged")
        shutil.rmtree(smaller, ignore_errors=True)
        smaller.mkdir()
        merge = [option for option in self.options(target, corpus) if option != str(corpus)]
        done = subprocess.run(
            ["/usr/bin/nice", "-n", "19", *HARDEST.split(), "1200", str(self.build / "tests" / "fuzz" / f"fuzz_{target}"),
             "-merge=1", *(option for option in merge if option.startswith("-") and "use_value_profile" not in option),
             str(smaller), str(corpus), *(option for option in merge if not option.startswith("-"))],
            cwd=self.build, env=self.environment(), check=False, capture_output=True)
        if done.returncode == 0 and any(smaller.iterdir()):
            shutil.rmtree(corpus)
            smaller.rename(corpus)


def read_log(outcome: Outcome, text: str, code: int) -> None:
    executed = re.findall(r"stat::number_of_executed_units:\s*(\d+)", text) or re.findall(r"^#(\d+)\s", text, re.MULTILINE)
    outcome.executions += int(executed[-1]) if executed else 0
    for cover, features in re.findall(r"cov: (\d+) ft: (\d+)", text):
        outcome.coverage = max(outcome.coverage, int(cover))
        outcome.features = max(outcome.features, int(features))
    written = re.findall(r"Test unit written to (\S+)", text)
    if code != 0:
        outcome.findings.append(written[-1] if written else f"ended with {code}, see {outcome.target}.log")


def table(outcomes: list[Outcome]) -> Iterator[str]:
    yield f"{'target':10} {'executions':>12} {'exec/s':>8} {'cov':>6} {'ft':>7} {'corpus':>7} {'findings':>9}"
    for o in outcomes:
        yield (f"{o.target:10} {o.executions:12,} {o.executions / max(o.seconds, 1):8.0f} {o.coverage:6} {o.features:7}"
               f" {o.inputs:7} {len(o.findings):9}")


def main() -> None:
    known = sorted(path.stem for path in (FUZZ / "targets").glob("*.cpp"))
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", help=f"{', '.join(known)} (default: all)")
    parser.add_argument("--minutes", type=float, default=5, help="of each target (5)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets at once (as many as there are cores)")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "fuzz", help="build directory (build/fuzz)")
    given = parser.parse_args()
    targets = given.target or known
    if unknown := sorted(set(targets) - set(known)):
        parser.error(f"unknown target {', '.join(unknown)}: {', '.join(known)}")
    fuzzer = Fuzzer(given.build.resolve(), given.minutes * 60)
    try:
        fuzzer.compile(targets)
    except subprocess.CalledProcessError:
        sys.exit("the build failed, see above")
    print(f"{len(targets)} targets, {given.minutes:g} minutes each, {given.jobs} at once; logs: {fuzzer.build}/TARGET.log",
          flush=True)
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        outcomes = list(pool.map(fuzzer.run, targets))
    print(*table(outcomes), sep="\n")
    findings = [f"{o.target}: {finding}" for o in outcomes for finding in o.findings]
    print(*(["", "findings:", *findings] if findings else ["", "no finding"]), sep="\n")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
