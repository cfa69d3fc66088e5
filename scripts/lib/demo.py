"""Starts the whole product for somebody to try, or (--check) walks through it once."""

import argparse
import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from tests.support import ROOT
from tests.support.identity_provider import Company, Person
from tests.support.processes import StartError, clean_environment, free_port, is_port_free
from tests.support.stack import Plan, Stack, state_directory

from .journey import Cast, Walk

ANN = Person("ann@northwind.example", "Ann Archer")
BEN = Person("ben@northwind.example", "Ben Baker")
CARLA = Person("carla@fabrikam.example", "Carla Cruz")
DEV = Person("dev@fabrikam.example", "Dev Dutta")
CLEO = Person("cleo@contoso.example", "Cleo Cole")
SUE = Person("sue@fabrikam.example", "Sue Stone")

MAILBOX_PORT = 8025

COMPANIES = [
    Company("northwind", "Northwind", "northwind.example", "northwind-idp.localhost", "entra", [ANN, BEN]),
    Company("fabrikam", "Fabrikam", "fabrikam.example", "fabrikam-idp.localhost", "generic", [CARLA, DEV, SUE],
            {"attributes": {"subject": "uid"}}),
    Company("contoso", "Contoso", "contoso.example", "contoso-idp.localhost", "entra", [CLEO], is_configured=False),
]


class Stop(Exception):
    """Somebody wants us to end."""


def say(text: str = "") -> None:
    print(text, flush=True)


def build() -> Path:
    """The module and the command-line tool, in release mode. Nothing to do takes under a second."""
    directory = ROOT / "build" / "release"
    environment = clean_environment(**{name: os.environ[name] for name in ("CCACHE_DIR",) if name in os.environ})
    say("Building (release) ...")
    configure = subprocess.run(["/usr/bin/cmake", "--preset", "release"], cwd=ROOT, env=environment, check=False,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if configure.returncode != 0:
        raise StartError(f"cmake failed:\n{configure.stdout}")
    done = subprocess.run(["/usr/bin/cmake", "--build", directory, "--target", "ngx_http_auth_saml_module", "anteroom"],
                          cwd=ROOT, env=environment, check=False)
    if done.returncode != 0:
        raise StartError("the build failed; see above")
    return directory


def remove(state: Path) -> None:
    if state.is_dir() and not state.is_symlink():
        shutil.rmtree(state)


@contextlib.contextmanager
def alone(state: Path) -> Iterator[None]:
    """One demo at a time per checkout: two would share one database directory."""
    state.mkdir(parents=True, exist_ok=True)
    with open(state.parent / (state.name + ".lock"), "a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StartError(f"another demo runs from this checkout (process {lock.read().strip() or 'unknown'}); "
                             "stop it first") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def listener_of(port: int) -> str:
    """Who listens there, as far as we may see: "nginx (process 123)"."""
    with contextlib.suppress(OSError):
        listed = subprocess.run(["/usr/bin/ss", "-ltnpH", f"sport = :{port}"], capture_output=True, text=True,
                                check=False).stdout
        found = re.search(r'\("([^"]+)",pid=(\d+)', listed)
        if found:
            return f"{found[1]} (process {found[2]})"
    return "another program"


def check_port(port: int) -> None:
    if port < 1024 and os.geteuid() != 0:
        raise StartError(f"port {port} needs root; choose one from 1024 on with --port")
    if not is_port_free(port):
        raise StartError(f"port {port} is in use by {listener_of(port)}; choose another one: "
                         f"scripts/demo --port {port + 1}")


def plan_for(arguments: argparse.Namespace, state: Path, build_directory: Path) -> Plan:
    port = free_port() if arguments.check else arguments.port
    mailbox_port = MAILBOX_PORT if not arguments.check and is_port_free(MAILBOX_PORT) else free_port()
    return Plan(build=build_directory, state=state, port=port, app_host="app.localhost",
                login_host="login.localhost", companies=COMPANIES, entity_id="urn:example:maintenance:demo",
                product_name="Maintenance", is_durable=not arguments.check, mailbox_port=mailbox_port,
                say=lambda text: say(f"  starting {text}"))


def provision(stack: Stack) -> None:
    """Ann, Carla and Sue have access from the start, and Carla has asked for two more; on later runs things are as they
    were left."""
    known = stack.users()
    if ANN.email not in known:
        stack.anteroom("user", "provision", ANN.email, "--name", ANN.name, "--level", "technician",
                       "--property", "elm-court", "--property", "harbor-lofts")
    if CARLA.email not in known:
        stack.anteroom("user", "provision", CARLA.email, "--name", CARLA.name, "--level", "manager",
                       "--all-properties")
    if SUE.email not in known:
        stack.anteroom("user", "provision", SUE.email, "--name", SUE.name, "--level", "admin", "--all-properties")
        for email, name, place, note in (("erin@northwind.example", "Erin Engel", "elm-court", "Starts on Monday"),
                                         ("finn@fabrikam.example", "Finn Falk", "mill-house", "Covers for Dev in August")):
            stack.anteroom("request", "file", email, "--as", CARLA.email, "--name", name, "--level", "technician",
                           "--property", place, "--note", note)


def shown(path: Path) -> str:
    """A path as one would type it from where one is."""
    relative = os.path.relpath(path)
    return relative if not relative.startswith("../..") else str(path)


def explain(stack: Stack) -> None:
    command = f"{shown(stack.command_line)} --config {shown(stack.config_file)}"
    say(f"""
Open  {stack.app_url("/")}
      (the certificate is made by the demo itself: let the browser go on)

Mail  {stack.plan.mailbox_url}
      (all that Anteroom sends arrives there: when somebody new waits, a digest to support)

Accounts, password "demo" for all:
  {ANN.email:26} has access: technician at Elm Court and Harbor Lofts
  {BEN.email:26} is new: signs in and waits in the Waiting Room
  {CARLA.email:26} another company, with its own sign-on: manager of all properties
  {DEV.email:26} another company, new
  {SUE.email:26} support: decides on requests, finds people, sees what goes on

A third company, Contoso, waits to be connected: Sue does it in Manage, Companies. Its domain is contoso.example, its metadata
  {shown(stack.state / "anteroom" / "contoso.xml")}
and {CLEO.email} signs in there.

Manage  {stack.login_url("/auth/manage")}
      (Carla asks for access for others, Sue decides in the Queue; two requests are open already)

While Ben waits, ask for him as Carla and approve as Sue, or let him in from another terminal; his page goes on by itself:
  {command} user provision {BEN.email} --level technician --property elm-court

Then try
  {stack.app_url("/properties/mill-house/")}   as Ann: not her property
  {stack.app_url("/reports/")}   for managers only: Carla may, Ann may not
  {command} user list
The companies' own sign-on pages remember who signed in: to be somebody else of the same company, use a private window.

Logs are in {shown(stack.logs)}. Ctrl-C stops everything; the next start keeps the data, scripts/demo --fresh forgets it.
""")


def wait(stack: Stack) -> None:
    """Until somebody stops us, or a server ends by itself."""
    while True:
        time.sleep(0.5)
        if stack.ended():
            raise StartError(f"{', '.join(stack.ended())} ended; see {stack.logs}")


def check(stack: Stack) -> int:
    walk = Walk(stack, Cast(ANN, BEN, CARLA, DEV, SUE, CLEO), say)
    say()
    walk.run()
    reports = stack.sanitizer_reports()
    for name, text in reports.items():
        say(f"FAIL  {name}:\n{text[:2000]}")
    say()
    if walk.failures or reports:
        say(f"{walk.failures} of {walk.count} steps failed; logs are in {shown(stack.logs)}")
        return 1
    say(f"All {walk.count} steps held.")
    return 0


def run(arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    state = state_directory(ROOT / "build" / ("demo-check" if arguments.check else "demo"), say)
    with alone(state):
        if not arguments.check:
            check_port(arguments.port)
        build_directory = build()
        if arguments.fresh or arguments.check:
            remove(state)
        say("Starting ...")
        with Stack(plan_for(arguments, state, build_directory)) as stack:
            provision(stack)
            say(f"Ready after {time.monotonic() - started:.0f} s.")
            if arguments.check:
                return check(stack)
            explain(stack)
            wait(stack)
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8443, help="TLS port on the loopback interface (8443)")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs kept")
    parser.add_argument("--check", action="store_true",
                        help="start on a free port with fresh data, walk the whole journey, stop; 0 if every step held")
    arguments = parser.parse_args()
    if not 0 < arguments.port < 65536:
        parser.error("--port: 1 to 65535")

    os.umask(0o022)  # the servers' own accounts read what is not secret

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Stop(number)

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)
    try:
        sys.exit(run(arguments))
    except Stop as stopped:
        say("\nStopped; nothing is left running.")
        sys.exit(0 if stopped.args[0] == signal.SIGINT else 128 + stopped.args[0])
    except StartError as error:
        print(f"scripts/demo: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
