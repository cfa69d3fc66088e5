import shutil

import pytest

from tests.support import BUILD
from tests.support.chrome import Chrome
from tests.support.identity_provider import Company, Person
from tests.support.processes import free_port
from tests.support.stack import Plan, Stack, state_directory

ANN = Person("ann@northwind.example", "Ann Archer")
CARLA = Person("carla@fabrikam.example", "Carla Cruz")
WENDY = Person("wendy@wingtip.example", "Wendy Wu")
CLEO = Person("cleo@contoso.example", "Cleo Cole")
NEWCOMERS = [Person(f"new{number}@northwind.example", f"Newcomer {number}") for number in range(1, 41)]


@pytest.fixture(scope="session")
def stack():
    """Everything under host names of different sites, so that SameSite means what it means in production."""
    state = state_directory(BUILD / "browser-stack", print)
    companies = [
        Company("northwind", "Northwind", "northwind.example", "idp.northwind.test", "entra", [ANN, *NEWCOMERS]),
        Company("fabrikam", "Fabrikam", "fabrikam.example", "idp.fabrikam.test", "generic", [CARLA],
                {"attributes": {"subject": "uid"}, "request_binding": "post"}),
        # Its own name resolves without DNS: nginx itself asks there for Responses.
        Company("wingtip", "Wingtip", "wingtip.example", "idp.wingtip.localhost", "generic", [WENDY],
                {"response_binding": "artifact", "back_channel_ca": str(state / "tls" / "server.crt"),
                 "sign_requests": True}, sends_artifacts=True, encrypts=True),
        Company("contoso", "Contoso", "contoso.example", "idp.contoso.test", "entra", [CLEO], is_configured=False),
    ]
    shutil.rmtree(state, ignore_errors=True)
    plan = Plan(build=BUILD, state=state, port=free_port(), app_host="app.maintenance.test",
                login_host="login.anteroom.test", companies=companies, entity_id="urn:example:maintenance:tests",
                is_durable=False)
    with Stack(plan) as running:
        running.anteroom("user", "provision", ANN.email, "--name", ANN.name, "--level", "technician",
                         "--property", "elm-court", "--property", "harbor-lofts")
        running.anteroom("user", "provision", WENDY.email, "--level", "viewer", "--all-properties")
        running.anteroom("user", "provision", CARLA.email, "--level", "manager", "--all-properties")
        yield running
    reports = running.sanitizer_reports()
    assert not reports, reports


@pytest.fixture(scope="session")
def idle():
    """Browsers that wait for the next test."""
    waiting = []
    yield waiting
    for browser in waiting:
        browser.close()


@pytest.fixture
def browsers(idle):
    """Opens as many browsers as a test needs, each with cookies of its own."""
    opened = []

    def open_browser(**options):
        browser = Chrome(**options) if options or not idle else idle.pop()
        opened.append((browser, options))
        return browser

    yield open_browser
    for browser, options in opened:
        if options or not browser.renew():
            browser.close()
        else:
            idle.append(browser)


@pytest.fixture
def chrome(browsers):
    return browsers()


@pytest.fixture(scope="session")
def newcomers():
    return iter(NEWCOMERS)


@pytest.fixture(scope="module")
def admin(stack, newcomers):
    """Somebody of support."""
    person = next(newcomers)
    stack.anteroom("user", "provision", person.email, "--level", "admin", "--all-properties")
    return person


@pytest.fixture
def newcomer(newcomers):
    """Somebody the product has never seen."""
    return next(newcomers)
