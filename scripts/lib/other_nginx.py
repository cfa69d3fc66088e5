"""A newer nginx than Debian 12's, as its authors released it (from the next Debian's sources), with the flags that many build it with."""

import shutil
import subprocess
from pathlib import Path

from . import pool_nginx

RELEASE = "trixie"
FLAGS = ["--with-compat", "--with-threads", "--with-file-aio", "--with-pcre-jit", "--with-http_ssl_module",
         "--with-http_v2_module", "--with-http_v3_module", "--with-http_realip_module", "--with-http_auth_request_module",
         "--with-http_sub_module", "--with-http_stub_status_module", "--with-stream=dynamic", "--with-cc-opt=-O2 -fPIC",
         "--with-ld-opt=-Wl,-z,relro -Wl,-E"]


def fetch(directory: Path) -> Path:
    """The unpacked release."""
    options = pool_nginx.sources(directory / "apt", RELEASE)
    for command in (["update"], ["source", "--download-only", "--tar-only", "nginx"]):
        subprocess.run(["/usr/bin/apt-get", *options, *command], check=True, timeout=300, cwd=directory, capture_output=True)
    archive, = directory.glob("nginx_*.orig.tar.*")
    subprocess.run(["/usr/bin/tar", "-xf", archive], check=True, cwd=directory)
    source, = (path for path in directory.glob("nginx-*") if path.is_dir())
    return source


def build(directory: Path) -> tuple[Path, Path]:
    """(its source, the program); built once per directory."""
    known = list(directory.glob("nginx-*/objs/nginx"))
    if not known:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        source = fetch(directory)
        print(f"building {source.name}", flush=True)
        subprocess.run(["./configure", *pool_nginx.paths(), *FLAGS], check=True, cwd=source, capture_output=True)
        subprocess.run(["/usr/bin/make", "-j2"], check=True, cwd=source, capture_output=True)
        known = [source / "objs" / "nginx"]
    program, = known
    return program.parents[1], program
