"""Support connects a company in the browser; its people sign on there at once, until it is suspended."""

import re

import pytest

from tests.support.axe import assert_accessible

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
