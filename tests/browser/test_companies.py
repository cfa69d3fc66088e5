"""Support connects a company in the browser; its people sign on there at once, until it is suspended."""

import json
import re
from pathlib import Path

import pytest

from tests.support.axe import assert_accessible
from tests.support.name_servers import Nsd
from tests.support.processes import clean_environment, run, sanitizer_options, wait_until

from .conftest import CLEO

PAGE = "/auth/manage/companies/show"


@pytest.fixture
def desk(stack, browsers, admin):
    browser = browsers()
    browser.open(stack.login_url("/auth/manage/companies"))
    browser.sign_on(admin)
    browser.wait_for_path("/auth/manage/companies")
    return browser


def press(desk, then):
    desk.press(f"button[name=then][value={then}]")


def test_support_connects_a_company_and_suspends_it(stack, browsers, desk):
    assert_accessible(desk)
    desk.fill("#display_name", "Contoso & Sons")
    desk.fill("#name", "contoso")
    desk.press("section[aria-labelledby=add] button")
    desk.wait_for_path(PAGE)
    desk.see("The company was added, as a draft.", "Contoso & Sons", stack.login_url("/saml2/idpresponse"))
    assert not desk.has("button[value=live]")
    assert_accessible(desk)

    desk.fill("#domain", "gmail.com")
    press(desk, "give")
    desk.see("gmail.com is a public mail provider")
    desk.fill("#domain", "Contoso.example")
    press(desk, "give")
    desk.see("The domain was added.")

    desk.fill("#xml", "<html>404</html>")
    desk.press("section[aria-labelledby=metadata] form .buttons button")
    desk.see("This cannot be used")
    desk.fill("#xml", "")
    desk.find("#file").send_keys(str(stack.state / "anteroom" / "contoso.xml"))
    desk.press("section[aria-labelledby=metadata] form .buttons button")
    desk.see("This metadata is good.", "compare the fingerprints")
    assert_accessible(desk)
    desk.press(".notice button")
    desk.see("The metadata is in force")

    desk.see("Nobody at the company is told")
    desk.fill("#addresses", "ida@contoso.example, it")
    desk.press("section[aria-labelledby=contacts] button")
    desk.see("it is not an email address.")
    desk.fill("#addresses", "ida@contoso.example")
    desk.press("section[aria-labelledby=contacts] button")
    desk.see("The contacts are saved.", "is ready goes to: ida@contoso.example")

    cleo = browsers()
    cleo.open(stack.app_url("/"))
    cleo.enter_email(CLEO.email)
    cleo.see("We don't know")
    press(desk, "live")
    desk.see("its people can sign in now")
    assert_accessible(desk)

    cleo.wait(lambda: cleo.open(stack.login_url("/auth/at/contoso")) or cleo.has("form[action$='/sign-in/start']"), "the company's button")
    cleo.leave_for_provider()
    cleo.enter_password(CLEO)
    cleo.wait_for_path("/auth/waiting")
    cleo.see("Contoso & Sons")

    desk.open(stack.login_url("/auth/manage/companies?q=contoso"))
    assert re.search(r"Contoso & Sons\s+contoso\s+live\s+contoso.example\s+1", desk.read("tbody"))
    desk.press("tbody a")
    desk.see("Went live", "Metadata put in force", "Domain added")
    press(desk, "suspended")
    desk.see("Nobody signs in there")
    cleo.wait(lambda: cleo.open(stack.login_url("/auth/waiting")) or "/auth/sign-in" in cleo.url, "the end of the session")
    press(desk, "live")
    desk.see("its people can sign in now")


def test_who_signed_on_long_ago_signs_on_again_and_comes_back(stack, desk, admin):
    stack.anteroom("company", "add", "wideworld", "--display-name", "Wide World")
    stack.cluster.sql("UPDATE anteroom.sessions s SET authenticated_at = now() - interval '2 hours' FROM anteroom.users u"
                      f" WHERE u.id = s.user_id AND u.email = '{admin.email}'; SELECT pg_notify('anteroom', 'all')", "anteroom")
    address = stack.login_url(f"{PAGE}?name=wideworld")
    desk.wait(lambda: desk.open(address) or not desk.has("#domain"), "forms to be gone")
    assert_accessible(desk)
    desk.press(".notice a")
    desk.leave_for_provider()
    desk.enter_password(admin)
    desk.wait_for_path(PAGE)
    desk.fill("#domain", "wideworld.example")
    press(desk, "give")
    desk.see("The domain was added.")


def draft_of_contoso(stack, name):
    """Whatever an earlier test has made of its provider."""
    for other in json.loads(stack.anteroom("--json", "company", "list")):
        if other["state"] == "live":
            stack.anteroom("company", "suspend", other["name"])
        if other["state"] != "archived":
            stack.anteroom("company", "archive", other["name"])
    stack.anteroom("company", "add", name, "--display-name", "Contoso Ltd", "--preset", "entra")
    return name


@pytest.fixture
def fresh_contoso(stack):
    return draft_of_contoso(stack, "contoso-ltd")


@pytest.fixture
def names(tmp_path):
    with Nsd(tmp_path, (CLEO.email.partition("@")[2],)) as running:
        yield running


def look_up(stack, names, *words):
    """By support's own resolver."""
    asking = stack.config_file.with_name("dns.yaml")
    asking.write_text(stack.config_file.read_text() + f'\ncompanies: {{dns_servers: ["{names.address}"]}}\n')
    run([stack.command_line, "--config", asking, "company", "domain", "verify", *words],
        environment=clean_environment(ASAN_OPTIONS=sanitizer_options("detect_leaks=0")))


def test_its_administrator_connects_it_by_a_link(stack, browsers, desk, fresh_contoso, names):
    desk.open(stack.login_url(f"{PAGE}?name={fresh_contoso}"))
    desk.press("section[aria-labelledby=link] form.inline button")
    desk.see("The link is made.", "This link is shown only now.", "not opened yet")
    assert_accessible(desk)
    link = desk.read("#made-link")

    ida = browsers()
    ida.open(link)
    ida.see("Connect your company")
    ida.wait(lambda: "#" not in ida.url, "the secret to be gone from the address")
    assert not ida.find("#code").is_displayed()
    assert_accessible(ida)
    ida.press("main form button")
    ida.wait_for_path("/auth/set-up/connection")
    connection = ida.url
    ida.see("Connect Contoso Ltd", stack.login_url("/saml2/idpresponse"), "It can be tested once it has metadata.")
    assert_accessible(ida)

    late = browsers()
    late.open(link)
    late.press("main form button")
    late.see("This link is open in another browser", "tell whoever sent you the link at once")

    ida.press("section[aria-labelledby=hand-in] button")
    ida.see("Send your federation metadata first.")
    ida.find("#file").send_keys(str(stack.state / "anteroom" / "contoso.xml"))
    ida.press("section[aria-labelledby=metadata] button")
    ida.see("We have your metadata.")

    ida.fill("#domain", "gmail.com")
    ida.press("form.inline button[value=ask]")
    ida.see("gmail.com is a public mail provider")
    ida.fill("#domain", "Contoso.example")
    ida.press("form.inline button[value=ask]")
    ida.see("The domain is in the list.", "_anteroom-challenge.contoso.example")
    assert_accessible(ida)
    names.serve("contoso.example", f'_anteroom-challenge TXT "{ida.read("#challenge-1")}"')
    look_up(stack, names, fresh_contoso, "contoso.example")

    tester = ida.find("section[aria-labelledby=test] a").get_attribute("href")
    ida.open(tester)
    ida.press("main form button")
    ida.enter_password(CLEO)
    ida.see("The test passed")
    ida.open(connection)
    ida.wait(lambda: "not proven" not in ida.text, "the domain to be proven")
    ida.press("section[aria-labelledby=hand-in] button")
    ida.see("Thank you. We have been told, and look at it.")

    desk.open(stack.login_url("/auth/manage/companies?only=waiting"))
    assert re.search(r"Contoso Ltd\s+contoso-ltd\s+draft\s+handed in", desk.read("tbody"))
    desk.press("tbody a")
    desk.see("Its administrator handed this in on", "proven", "Domain proven", "Handed in", "opened on")
    desk.press("section[aria-labelledby=domains] .entries button[value=give]")
    desk.see("The domain was added.")
    press(desk, "live")
    desk.see("its people can sign in now")
    assert not desk.has("section[aria-labelledby=handed-in]")

    desk.press("section[aria-labelledby=link] .entries button[value=end]")
    desk.see("The link has ended")
    ida.open(connection)
    ida.see("This link has ended")


def workers(stack):
    pid = stack.nginx.pid
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def reload(stack, yaml):
    before = workers(stack)
    stack.config_file.write_text(yaml)
    stack.reload_nginx()
    wait_until(lambda: workers(stack) and not before & workers(stack), 30, "the new workers")


@pytest.fixture
def two_people(stack):
    yaml = stack.config_file.read_text()
    reload(stack, yaml + "\ncompanies: {two_people: true}\n")
    yield
    reload(stack, yaml)


def test_one_person_proposes_and_another_confirms(stack, browsers, two_people, desk, newcomer):
    name = draft_of_contoso(stack, "contoso-two")
    stack.anteroom("company", "domain", "add", name, "contoso.example")
    stack.anteroom("company", "metadata", name, stack.state / "anteroom" / "contoso.xml")
    stack.anteroom("user", "provision", newcomer.email, "--level", "admin", "--all-properties")
    page = stack.login_url(f"{PAGE}?name={name}")
    desk.open(page)
    press(desk, "live")
    desk.see("Proposed. Nothing has changed yet", "Go live", "Take back")
    assert not desk.has("button[value=confirm]") and not desk.has("button[value=live]")
    assert_accessible(desk)

    other = browsers()
    other.open(stack.login_url("/auth/manage/companies?only=waiting"))
    other.sign_on(newcomer)
    other.wait_for_path("/auth/manage/companies")
    assert re.search(r"Contoso Ltd\s+contoso-two\s+draft\s+waits for a second person", other.read("tbody"))
    assert_accessible(other)
    other.press("tbody a")
    press(other, "confirm")
    other.see("Confirmed and done.", "live", "Confirmed by a second person", "Went live")

    desk.open(page)
    desk.fill("#domain", "contoso.test")
    press(desk, "give")
    desk.see("Proposed. Nothing has changed yet", "Another email domain", "contoso.test")
    other.open(page)
    press(other, "decline")
    other.see("It will not be done.", "Proposal declined or taken back")
    assert "contoso.test" not in other.read("section[aria-labelledby=domains]")
