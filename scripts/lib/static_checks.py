"""What can be said about the sources without running them: format, layering, clang-tidy, ruff, mypy, a manual that builds."""

import concurrent.futures
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from . import release
from .manual.checks import checks as manual
from .python_checks import mypy, ruff

Found = Iterator[tuple[str, list[str]]]  # what is checked, and what is wrong with it

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)

# A library: how its headers look, and the only folders that may include them.
LAYERS = {
    "nginx": (r"^ngx_|^nginx", ["module"]),
    "Lasso, xmlsec and libxml2": (r"^(lasso|xmlsec|libxml)/", ["core/src/saml"]),
    "GLib": (r"^glib", ["core/src/saml", "core/src/text"]),
    "yaml-cpp": (r"^yaml-cpp/", ["core/src/config"]),
    # The hosts draw random bytes for the core.
    "OpenSSL": (r"^openssl/", ["core/src/crypto", "core/host", "core/cli", "module"]),
    "libpq": (r"^(libpq-fe|libpq/|postgresql/)", ["core/src/store", "core/host", "core/cli", "module"]),
    "mustache": (r"mustache", ["core/src/templates"]),
    "libcurl": (r"^curl/", ["core/src/transport"]),
    "c-ares": (r"^ares", ["core/src/dns"]),
    "nlohmann_json": (r"^nlohmann/", ["core/src/scim", "core/src/mail", "core/src/journey", "core/src/metrics", "core/src/config",
                                    "core/services", "core/cli"]),
    "CLI11": (r"^CLI/", ["core/cli"]),
}

# Calls that only these files make: what hostile bytes may be handed to, and what a process may die in.
READERS = {
    "XML is parsed by parse_xml alone": (
        (r"\b(?:xml(?:Read|CtxtRead|CtxtParse|CtxtReset|Recover|SAX\w*Parse|NewTextReader|Reader|Create\w*Parser)\w*"
        r"|xmlParse(?!URI)\w+|xmlSecParse\w+|xmlXInclude\w+|html(?:Read|CtxtRead|Parse|SAX)\w*)\s*\("),
        ["core/src/saml/xml.cpp"]),
    "Lasso reads what the guard has seen": (
        r"\blasso_\w+?_(?:process|new_from|init_from|from|build_from|add_provider)\w*\s*\(", ["core/src/saml/lasso_opinion.cpp"]),
    "shared memory is locked through ZoneGuard, and allocated by nginx's master alone": (
        r"\bngx_(?:shmtx|slab)_\w+\(", ["module/shared/shared_zone.h"]),
}


def sources(root: Path, *folders: str, suffixes: tuple[str, ...] = (".cpp", ".h", ".c")) -> list[Path]:
    return sorted(path for folder in folders for path in (root / folder).rglob("*") if path.suffix in suffixes)


def layering(root: Path) -> Found:
    """One (name, problems) per library. A rule that finds no include at all is a problem: it checks nothing."""
    includes = [(path.relative_to(root).as_posix(), header) for path in sources(root, "core", "module")
                for header in INCLUDE.findall(path.read_text())]
    for library, (pattern, folders) in LAYERS.items():
        seen = [(file, header) for file, header in includes if re.search(pattern, header)]
        problems = [f"{file} includes {header}; only {', '.join(folders)} may" for file, header in seen
                    if not any(file.startswith(folder + "/") for folder in folders)]
        if not seen:
            problems.append(f"nothing in core/ or module/ includes {library}: the rule checks nothing")
        yield f"layering: {library}", problems


QUOTED = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)

# Rooms, the lowest first: what stands in one includes the headers of those before it. What stands beside the rooms may include all, and
# none includes it, but for what is named.
ROOMS = {
    "core": (("include", "src"), ("host",), ("services",), ("cli",)),
    "core/src/journey": (("frame",), ("diagnosis",), ("sign_on", "manage", "scim", "set_up")),
    "module": (("shared",), ("monitoring",), ("loop",), ("session",), ("database",), ("request",)),
}
BESIDE = {"module": {"ngx.h", "process.h", "configuration.h", "process_ports.h"}}


def quoted(root: Path, folder: str) -> list[tuple[str, str]]:
    """(file, header) of each own header that a file of a folder includes."""
    return [(path.relative_to(root).as_posix(), header) for path in sources(root, folder)
            for header in QUOTED.findall(path.read_text())]


def links_of_libraries(root: Path) -> dict[str, set[str]]:
    """What each library of core/src links, and what core/host and core/services do, by the names of their folders."""
    links = {name: set(re.findall(r"anteroom_(\w+)", rest)) for name, rest in
             re.findall(r"^anteroom_library\((\w+)([^)]*)\)", (root / "core" / "CMakeLists.txt").read_text(), re.MULTILINE)}
    for name in ("host", "services"):
        (rest,) = re.findall(r"^target_link_libraries\(\w+([^)]*)\)", (root / "core" / name / "CMakeLists.txt").read_text(), re.MULTILINE)
        links[name] = {"host" if library == "blocking_host" else library for library in re.findall(r"anteroom_(\w+)", rest)}
    return links


def libraries(root: Path) -> Found:
    """A library of core includes those that it links; the contract includes itself alone. As the CMakeLists.txt have it."""
    links = links_of_libraries(root)
    folders = {path.name for path in (root / "core" / "src").iterdir() if path.is_dir()}
    problems = [f"core/src/{name} is not a library of core/CMakeLists.txt" for name in sorted(folders - set(links))]
    seen = 0
    for folder in ("core/src", "core/host", "core/services", "core/include"):
        for file, header in quoted(root, folder):
            own, other = file.removeprefix("core/src/").removeprefix("core/").split("/")[0], header.split("/")[0]
            if other not in links or own == other:
                continue
            seen += 1
            if other not in links.get(own, ()):
                problems.append(f"{file} includes {header}, and does not link anteroom_{other}")
    yield "layering: libraries", problems or ([] if seen else ["no library includes another: the rule checks nothing"])


def rooms(root: Path) -> Found:
    """As ROOMS says; one (name, problems) per house."""
    for house, floors in ROOMS.items():
        level = {room: number for number, floor in enumerate(floors) for room in floor}
        prefix = "journey/" if house.endswith("journey") else ""
        problems = [f"{house}/{path.name} is not among the rooms" for path in sorted((root / house).iterdir())
                    if path.is_dir() and path.name not in level]
        seen = 0
        for file, header in quoted(root, house):
            inside = file.removeprefix(house + "/")
            room = inside.split("/")[0] if "/" in inside else None
            if not header.startswith(prefix) or header.startswith("anteroom/"):
                continue
            wanted = header.removeprefix(prefix)
            other = wanted.split("/")[0] if "/" in wanted else None
            if house == "core" and other not in level:
                continue  # a library's: libraries() looks at those
            if room is None or room == other or (other is None and wanted in BESIDE.get(house, ())):
                continue
            seen += 1
            if other not in level or level[other] >= level[room]:
                problems.append(f"{file} includes {header}, which is not below it")
        yield f"rooms: {house}", problems or ([] if seen else ["no room includes another: the rule checks nothing"])


def readers(root: Path) -> Found:
    """One (name, problems) per rule of READERS; as layering()."""
    texts = {path.relative_to(root).as_posix(): path.read_text() for path in sources(root, "core", "module")}
    for rule, (pattern, files) in READERS.items():
        seen = [(file, call) for file, text in texts.items() for call in re.findall(pattern, text)]
        problems = [f"{file} calls {call.rstrip('( ')}" for file, call in seen if file not in files]
        if not seen:
            problems.append("nothing in core/ or module/ does: the rule checks nothing")
        yield rule, problems


# Where a company's data is worked on when a worker starts. Site catches what these throw for one company alone; without
# the libraries nothing works.
MAY_THROW = {"core/src/saml/keys.cpp", "core/src/saml/lasso_opinion.cpp", "core/src/saml/initialize.cpp"}


def start_path(root: Path) -> Found:
    throwing = {path.relative_to(root).as_posix() for path in sources(root, "core/src/saml", "core/src/journey")
                if re.search(r"^[^/\n]*\bthrow [\w:]", path.read_text(), re.MULTILINE)}
    problems = [f"{file} throws: may one company's data close the gate for all?" for file in sorted(throwing - MAY_THROW)]
    problems += [f"{file} does not throw any more" for file in sorted(MAY_THROW - throwing)]
    yield "what a worker's start may throw", problems

# Pages of the manual that name files, functions and words of the code; how-to.md has words of its own, in examples.
NAMING_PAGES = ("walks.md", "glossary.md", "decisions/*.md", "how-to.md")
NAMED_FILE = re.compile(r"(?:core|module|tests|scripts|nginx-conf)/")


def code_in(text: str) -> Iterator[tuple[list[str], list[str], bool]]:
    """(files, other names, is a table's row) of each line of a page: what stands in backticks; of drawings, words with an underscore."""
    drawing = False
    for line in text.splitlines():
        if line.startswith("```"):
            drawing = not drawing
        elif drawing:
            yield [], re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", line), False
        else:
            names = re.findall(r"`([^`]+)`", line)
            files = [name for name in names if NAMED_FILE.match(name)]
            yield files, [name for name in names if name not in files], line.startswith("|")


def unknown_names(root: Path, text: str, everything: str, has_words: bool) -> Iterator[str]:
    """What a page names and is not there. In a row with files, a function is in one of them; all else is anywhere in the code."""
    for files, names, is_row in code_in(text):
        # Of a command, its first word.
        yield from (f"no file {file}" for file in files if not (root / file.split()[0]).exists())
        inside = "\n".join((root / file).read_text() for file in files if is_row and (root / file).is_file()) or everything
        for name in names:
            if function := re.fullmatch(r"(\w+)\(\)", name):
                if not re.search(rf"\b{function[1]}\s*\(", inside):
                    yield f"no {name} in {', '.join(files) if is_row and files else 'the code'}"
            elif has_words:
                yield from (f"no word {word} in the code" for word in re.findall(r"\w+", name)
                            if not re.search(rf"(?<![A-Za-z0-9]){word}(?![A-Za-z0-9])", everything))


def named_in_manual(root: Path) -> Found:
    """The names in the pages of NAMING_PAGES are names of the code. One (name, problems) per page."""
    everything = "\n".join(path.read_text() for path in sources(
        root, "core", "module", "tests", suffixes=(".cpp", ".h", ".c", ".sql", ".js", ".txt", ".mustache", ".cmake")))
    for pattern in NAMING_PAGES:
        pages = sorted((root / "nginx-conf" / "manual").glob(pattern))
        if not pages:
            yield f"names in nginx-conf/manual/{pattern}", ["there is no such page: the rule checks nothing"]
        for page in pages:
            text = page.read_text()
            problems = list(unknown_names(root, text, everything, page.name != "how-to.md"))
            if not any(files or names for files, names, _ in code_in(text)):
                problems.append("it names nothing: the rule checks nothing")
            yield f"names in {page.relative_to(root)}", problems


def version(root: Path) -> Found:
    """The version of CMakeLists.txt, which is nowhere else, has its section in the changelog: what its tag needs."""
    why = release.trouble(root, f"v{release.version_of(root)}")
    yield "the changelog has this version", [why] if why else []


def clang_format(root: Path) -> Found:
    files = sources(root, "core", "module", "tests")
    done = subprocess.run(["/usr/bin/clang-format", "--dry-run", "-Werror", *files], capture_output=True, text=True,
                          check=False)
    problems = done.stderr.strip().splitlines()[:60] if done.returncode else []
    yield f"clang-format: {len(files)} files", problems or ([] if files else ["no files"])


def included(root: Path, build: Path) -> dict[Path, list[Path]]:
    """The files of this project that each translation unit of a build has read, itself among them, as ninja keeps them."""
    listed = subprocess.run(["/usr/bin/ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=False).stdout
    units = {}
    for block in listed.split("\n\n"):
        state, *files = block.splitlines() or [""]
        paths = [(build / file.strip()).resolve() for file in files]
        unit = build / state.split(":")[0]
        if state.endswith("(VALID)") and paths and paths[0].exists() and unit.stat().st_mtime >= paths[0].stat().st_mtime:
            units[paths[0]] = [path for path in paths if path.is_relative_to(root) and path.exists()]
    return units


FORGOTTEN_AFTER = 30 * 86400  # seconds without its state having been seen again


def clang_tidy(root: Path, build: Path, jobs: int = 2) -> Found:
    """One (name, problems) per translation unit of core/ and module/. What was clean stays so until a source of
    it, a header that it includes, the rules or the command change."""
    commands = json.loads((build / "compile_commands.json").read_text())
    units = {}
    for entry in commands:
        path = Path(entry["file"])
        if path.suffix == ".cpp" and any(path.is_relative_to(root / folder) for folder in ("core", "module")):
            units[path] = entry["command"]
    if not units:
        yield "clang-tidy", ["the compile database has no file of core/ or module/"]
        return
    stamps = build / "clang-tidy-clean"
    stamps.mkdir(exist_ok=True)
    known, headers = included(root, build), sources(root, "core", "module", suffixes=(".h",))
    rules = (root / ".clang-tidy").read_bytes()
    digests: dict[Path, bytes] = {}  # of files, which many units include

    def digest(file: Path) -> bytes:
        if file not in digests:
            digests[file] = hashlib.sha256(file.read_bytes()).digest()
        return digests[file]

    def check(path: Path) -> list[str]:
        state = hashlib.sha256(rules + units[path].encode())
        for file in known.get(path, [path, *headers]):
            state.update(str(file).encode() + digest(file))
        stamp = stamps / state.hexdigest()
        if stamp.exists():
            stamp.touch()
            return []
        done = subprocess.run(["/usr/bin/clang-tidy", "-quiet", "-p", build, path], capture_output=True, text=True,
                              check=False)
        if done.returncode == 0:
            stamp.touch()
            return []
        return [line for line in done.stdout.splitlines() if line.strip()][:30] or done.stderr.splitlines()[:30]

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for path, problems in zip(units, pool.map(check, units), strict=True):
            yield f"clang-tidy: {path.relative_to(root)}", problems
    for stamp in stamps.iterdir():
        if time.time() - stamp.stat().st_mtime > FORGOTTEN_AFTER:
            stamp.unlink()


def run(root: Path, build: Path) -> bool:
    """Prints what is wrong, and `N passed, M failed`; returns what a shell wants to hear."""
    passed = failed = 0
    for check in (layering(root), libraries(root), rooms(root), readers(root), start_path(root), named_in_manual(root), version(root),
                  clang_format(root), ruff(root, build), mypy(root, build), manual(build / "manual"), clang_tidy(root, build)):
        for name, problems in check:
            if problems:
                failed += 1
                print(f"FAIL {name}", *problems, sep="\n  ", flush=True)
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
