"""Support looks after people: finds them, gives and takes access, ends sessions; and sees what goes on."""

import re

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.axe import assert_accessible

from .conftest import ANN, CARLA

AT_ONCE = 2.5  # two seconds, and what a browser needs


@pytest.fixture
def desk(stack, browsers, admin):
    """The browser of somebody of support, at the list of people."""
    browser = browsers()
    browser.open(stack.login_url("/auth/manage/people"))
    browser.sign_on(admin)
    browser.wait_for_path("/auth/manage/people")
    return browser


def rows(desk):
    return [row.text for row in desk.driver.find_elements(By.CSS_SELECTOR, "[data-results] tbody tr")]


def look_up(desk, person):
    desk.fill("#search", person.email)
    desk.wait(lambda: [person.email in row for row in rows(desk)] == [True], f"only {person.email} in the list")
    desk.press("[data-results] tbody a")
    desk.wait_for_path("/auth/manage/people/show")
    desk.wait(lambda: person.email in desk.read("main"), "the person's page")


def test_people_are_found_as_one_types(stack, desk):
    desk.script("window.isSamePage = true")
    desk.fill("#search", "carla")
    desk.wait(lambda: CARLA.email in desk.read("[data-results]") and ANN.email not in desk.text, "only Carla")
    assert desk.script("return window.isSamePage === true")
    assert "q=carla" in desk.url
    desk.fill("#search", "no such person")
    desk.wait(lambda: "Nobody was found" in desk.read("[data-results]"), "nobody")
    assert_accessible(desk)
    desk.find("#search").send_keys(Keys.CONTROL + "a", Keys.BACKSPACE)
    desk.wait(lambda: ANN.email in desk.text, "everybody")
    assert_accessible(desk)


def test_what_was_typed_before_the_script_was_there_counts(stack, desk):
    early = desk.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {
        "source": "new MutationObserver((_, watch) => { const box = document.querySelector('#search');"
                  " if (box) { box.value = 'carla'; watch.disconnect(); } })"
                  ".observe(document, {childList: true, subtree: true})"})
    desk.open(stack.login_url("/auth/manage/people"))
    desk.wait(lambda: CARLA.email in desk.read("[data-results]") and ANN.email not in desk.text, "only Carla")
    desk.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", early)


def test_people_are_found_without_scripts(stack, browsers, admin):
    desk = browsers(javascript=False)
    desk.open(stack.login_url("/auth/manage/people"))
    desk.sign_on(admin)
    desk.find("input[name=SAMLResponse]").submit()
    desk.fill("#search", "carla")
    desk.press("form[data-live] button")
    desk.wait(lambda: "q=carla" in desk.url, "the search")
    assert CARLA.email in desk.text and ANN.email not in desk.text


def test_access_given_lets_in_and_is_taken_away_again(stack, browsers, desk, admin, newcomer):
    waiting = browsers()
    wanted = stack.app_url("/properties/mill-house/")
    waiting.open(wanted)
    waiting.sign_on(newcomer)
    waiting.wait_for_path("/auth/waiting")

    look_up(desk, newcomer)
    desk.see("waiting")
    desk.script("document.querySelector('#property').value = 'mill-house';"
                "document.querySelector('#level').value = 'technician'")
    desk.press("form:has(input[name=form]) button[type=submit]")
    waiting.wait_for_url(wanted)
    desk.wait(lambda: "The access was changed" in desk.text, "the notice")
    desk.see("Access changed", admin.email, within="main")
    assert_accessible(desk)

    desk.script("document.querySelector('#level-mill-house').value = 'viewer'")
    desk.press("form:has(#level-mill-house) button:not(.danger)")
    waiting.wait(lambda: waiting.open(wanted) or ("technician" in waiting.text and "Boiler" not in waiting.text),
                 "the page to need more", seconds=AT_ONCE)
    desk.press("form:has(#level-mill-house) button.danger")
    desk.wait(lambda: "has been removed" in desk.text, "the notice")
    waiting.wait(lambda: waiting.open(wanted) or "/auth/waiting" in waiting.url, "the Waiting Room", seconds=AT_ONCE)


def test_a_date_that_has_passed_is_explained_and_kept(stack, desk, newcomer):
    stack.anteroom("user", "provision", newcomer.email, "--level", "viewer", "--all-properties")
    look_up(desk, newcomer)
    desk.script("document.querySelector('#property').value = 'mill-house';"
                "document.querySelector('#until').value = '2020-02-01'")
    desk.press("form:has(input[name=form]) button[type=submit]")
    desk.wait(lambda: "passed already" in desk.read("#add-error"), "the reason")
    assert desk.find("#until").get_attribute("value") == "2020-02-01"
    assert desk.find("#property").get_attribute("value") == "mill-house"
    assert_accessible(desk)


def test_disabling_ends_every_browser_at_once(stack, browsers, desk, newcomer):
    stack.anteroom("user", "provision", newcomer.email, "--level", "viewer", "--all-properties")
    theirs = [browsers(), browsers()]
    for browser in theirs:
        browser.open(stack.app_url("/"))
        browser.sign_on(newcomer)
        browser.wait_for_url(stack.app_url("/"))
    look_up(desk, newcomer)
    desk.see("Chrome, Linux")
    desk.press("button[value=disabled]")
    for browser in theirs:
        browser.wait(lambda b=browser: b.open(stack.app_url("/")) or "/auth/sign-in" in b.url, "the end", AT_ONCE)
    desk.wait(lambda: "switched off" in desk.text and "Not signed in anywhere" in desk.text, "the notice")
    assert stack.users()[newcomer.email]["state"] == "disabled"
    assert_accessible(desk)
    desk.press("button[value=enabled]")
    desk.wait(lambda: "switched on again" in desk.text, "the notice")
    theirs[0].leave_for_provider()
    theirs[0].wait_for_url(stack.app_url("/"))


def test_one_session_ends_and_the_other_goes_on(stack, browsers, desk, newcomer):
    stack.anteroom("user", "provision", newcomer.email, "--level", "viewer", "--all-properties")
    first, second = browsers(), browsers()
    for browser in (first, second):
        browser.open(stack.app_url("/"))
        browser.sign_on(newcomer)
        browser.wait_for_url(stack.app_url("/"))
    look_up(desk, newcomer)
    # The last that was used stands first; each browser has one here and one at the login host.
    desk.press("#sessions ~ table tbody tr button")
    desk.wait(lambda: "The session was ended" in desk.text, "the notice")
    second.wait(lambda: second.open(stack.app_url("/")) or "/auth/sign-in" in second.url, "the end", AT_ONCE)
    first.open(stack.app_url("/"))
    first.wait_for_url(stack.app_url("/"))
    desk.press("button[name=all]")
    first.wait(lambda: first.open(stack.app_url("/")) or "/auth/sign-in" in first.url, "the end", AT_ONCE)


def test_support_learns_why_somebody_cannot_get_in(stack, browsers, desk, newcomer):
    theirs = browsers()
    theirs.open(stack.app_url("/"))
    theirs.sign_on(newcomer)
    theirs.wait_for_path("/auth/waiting")
    stack.anteroom("user", "disable", newcomer.email)
    theirs.wait(lambda: theirs.open(stack.app_url("/")) or "/auth/sign-in" in theirs.url, "the end", AT_ONCE)
    theirs.leave_for_provider()
    theirs.see("Your access is turned off")
    reference = re.search(r"reference number ([0-9A-Z]{4}-[0-9A-Z]{4})", theirs.text)[1]

    desk.press(".page-head a")
    desk.wait_for_path("/auth/manage/why")
    desk.fill("#asked", "no question")
    desk.press("main form button")
    desk.see("Please enter the reference number", within="#asked-error")
    assert_accessible(desk)
    desk.fill("#asked", reference.lower())
    desk.press("main form button")
    desk.see(reference, "user_disabled", newcomer.email, "in_response_to", within="main")
    assert_accessible(desk)
    desk.press(".facts a")
    desk.see("but is refused here", "The account is switched off", reference, "Reply URL", within="main")
    assert_accessible(desk)


def test_activity_is_shown(stack, desk):
    desk.open(stack.login_url("/auth/manage/activity"))
    desk.see("Northwind", "still waiting")
    assert desk.has("svg.plot rect")
    assert_accessible(desk)
    desk.script("document.querySelectorAll('details').forEach(table => table.open = true)")
    assert_accessible(desk)
    assert not [line for line in desk.console() if "Content Security Policy" in line]


def test_people_are_none_of_a_managers_business(stack, browsers):
    manager = browsers()
    manager.open(stack.login_url("/auth/manage/people"))
    manager.sign_on(CARLA)
    manager.wait(lambda: "don't have access" in manager.text, "a refusal")
