"""nginx built from Debian's source with NGX_DEBUG_PALLOC and AddressSanitizer: each allocation from a pool is one of its
own, so that an overflow within a pool is seen. Where the source cannot be had, tests run on the installed nginx."""

import re
import shutil
import subprocess
from pathlib import Path

CONFIGURATION = [
    "--with-cc-opt=-O1 -g -fno-omit-frame-pointer -DNGX_DEBUG_PALLOC=1 -fsanitize=address -Wno-error",
    "--with-ld-opt=-fsanitize=address -Wl,-E", "--with-compat", "--with-debug", "--with-threads",
    "--with-pcre-jit", "--with-http_ssl_module", "--with-http_v2_module", "--with-http_realip_module",
    "--with-http_auth_request_module", "--with-http_sub_module", "--with-http_stub_status_module"]
INSTALLED = Path("/usr/sbin/nginx")


def say(text: str) -> None:
    print(text, flush=True)


def sources(directory: Path, release: str | None = None) -> list[str]:
    """Debian's own package sources with deb-src in place of deb, in a place of their own; of another release, if named."""
    def wanted(text: str) -> str:
        return re.sub("bookworm", release, text) if release else text

    parts = directory / "parts"
    parts.mkdir(parents=True)
    for path in Path("/etc/apt/sources.list.d").glob("*.sources"):
        (parts / path.name).write_text(re.sub(r"^Types:.*$", "Types: deb-src", wanted(path.read_text()), flags=re.MULTILINE))
    lists = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*.list")]
    lines = [line for path in lists if path.exists() for line in path.read_text().splitlines() if line.startswith("deb ")]
    (parts / "deb.list").write_text("".join(f"deb-src {wanted(line[4:])}\n" for line in lines))
    for name in ("lists/partial", "archives/partial"):
        (directory / name).mkdir(parents=True)
    return ["-qq", "-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={parts}",
            "-o", f"Dir::State::Lists={directory}/lists", "-o", f"Dir::Cache::Archives={directory}/archives",
            "-o", f"Dir::Cache::pkgcache={directory}/pkg", "-o", f"Dir::Cache::srcpkgcache={directory}/src",
            "-o", "APT::Sandbox::User=root"]


def fetch(directory: Path) -> Path:
    """The source of the installed upstream version as Debian builds it: its patches change the layout of structures."""
    version = subprocess.run(["/usr/bin/dpkg-query", "-W", "-f", "${source:Upstream-Version}", "nginx"],
                             capture_output=True, text=True, check=True).stdout
    options = sources(directory / "apt")
    subprocess.run(["/usr/bin/apt-get", *options, "update"], check=True, timeout=300, capture_output=True)
    known = subprocess.run(["/usr/bin/apt-cache", *options, "showsrc", "nginx"], check=True, capture_output=True,
                           text=True).stdout
    # Of several revisions, some may have left the mirror.
    for revision in dict.fromkeys(re.findall(rf"^Version: ({re.escape(version)}-.*)$", known, re.MULTILINE)):
        fetched = subprocess.run(["/usr/bin/apt-get", *options, "source", f"nginx={revision}"], check=False, timeout=300,
                                 cwd=directory, capture_output=True)
        if fetched.returncode == 0:
            break
    source, = (path for path in directory.glob("nginx-*") if path.is_dir())
    return source


def paths() -> list[str]:
    """Where the installed one looks for files by itself."""
    said = subprocess.run([INSTALLED, "-V"], capture_output=True, text=True, check=True).stderr
    return re.findall(r"--(?:prefix|\S+-path)=\S+", said)


def build(directory: Path) -> Path:
    """Path of the program to test on; built once per build directory."""
    program = directory / "nginx"
    if program.exists():
        return program
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    say("building nginx with NGX_DEBUG_PALLOC and AddressSanitizer")
    try:
        source = fetch(directory)
        subprocess.run(["./configure", *paths(), *CONFIGURATION], check=True, cwd=source, capture_output=True)
        subprocess.run(["/usr/bin/make", "-j2"], check=True, cwd=source, capture_output=True)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", b"") or b"").decode(errors="replace")[-300:]
        say(f"its source cannot be had or built; testing on {INSTALLED} instead ({error}) {said}")
        return INSTALLED
    shutil.copy2(source / "objs" / "nginx", program)
    shutil.rmtree(source)
    return program
