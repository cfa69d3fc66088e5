"""Manage, in real browsers: somebody asks, support decides, whoever waits is let in."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.support.axe import assert_accessible

from .conftest import ANN, CARLA


@pytest.fixture(scope="module")
def support(stack, newcomers):
    """Somebody who decides on requests everywhere."""
    person = next(newcomers)
    stack.anteroom("user", "provision", person.email, "--name", "Sue Support", "--level", "admin", "--all-properties")
    return person


def open_as(stack, browser, person, page):
    browser.open(stack.app_url("/auth/manage" + page))
    browser.sign_on(person)
    browser.wait_for_path("/auth/manage" + page)


def choose(browser, name, value):
    Select(browser.find(f"select[name={name}]")).select_by_value(value)


def ask_for(browser, email, *, name="", where="elm-court", level="technician", note=""):
    """Fills in the New User form and sends it."""
    browser.fill("input[name=email]", email)
    browser.fill("input[name=name]", name)
    choose(browser, "property", where)
    choose(browser, "level", level)
    browser.fill("textarea[name=note]", note)
    browser.press("main button[type=submit]")


def decide(browser, email, answer, reason=""):
    browser.press(f"input[type=checkbox][value$=' {email}']")
    browser.fill("textarea[name=reason]", reason)
    browser.press(f"button[value={answer}]")


def audit_events(stack, kind, email):
    rows = stack.cluster.sql(f"SELECT count(*) FROM anteroom.audit_events WHERE kind = '{kind}' AND email = '{email}'",
                             "anteroom")
    return int(rows[0])


def look_at(browser, name):
    assert_accessible(browser, f"manage-{name}")
    browser.set_screen(1280, 900, False)


def test_request_is_approved_and_whoever_waits_is_let_in(stack, browsers, newcomer, support):
    waiting, asking, deciding = browsers(), browsers(), browsers()
    wanted = stack.app_url("/properties/elm-court/?tab=open")
    waiting.open(wanted)
    waiting.sign_on(newcomer)
    waiting.wait_for_path("/auth/waiting")

    open_as(stack, asking, CARLA, "/new-user")
    look_at(asking, "new-user")
    ask_for(asking, newcomer.email.upper(), name="Nora New", note="Looks after the lifts.")
    asking.wait_for_path("/auth/manage/requests")
    told = asking.read("[role=status]")  # of another company: not that she waits
    assert "was sent" in told and "is waiting" not in told
    asking.see(newcomer.email, "Signs in with Microsoft")
    look_at(asking, "requests")

    open_as(stack, deciding, support, "/queue")
    row = deciding.find(f"tr:has(input[value$=' {newcomer.email}'])").text
    assert "Nora New" in row and "Elm" in row and "lifts" in row and CARLA.email in row and "since" in row
    look_at(deciding, "queue")
    decide(deciding, newcomer.email, "approve")
    deciding.wait(lambda: "One request was approved" in deciding.text, "the notice")
    waiting.wait_for_url(wanted, seconds=5)
    assert stack.users()[newcomer.email]["grants"] == "elm-court=technician"
    asking.open(stack.app_url("/auth/manage/requests"))
    asking.see("Approved", within="tbody tr")


def test_bad_fields_keep_what_was_typed_without_scripts(stack, browsers, support):
    chrome = browsers()
    open_as(stack, chrome, support, "/new-user")  # providers' own pages need scripts
    chrome.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    chrome.driver.refresh()
    ask_for(chrome, "bob", name="Bob \u202egnp.exe", note="<script>alert(1)</script>")
    chrome.see("like name@company.com", within="#email-error")
    chrome.see("can't be seen", within="#name-error")
    assert chrome.find("input[name=email]").get_attribute("value") == "bob"
    assert chrome.find("textarea[name=note]").get_attribute("value") == "<script>alert(1)</script>"
    assert Select(chrome.find("select[name=property]")).first_selected_option.get_attribute("value") == "elm-court"
    assert chrome.driver.title.startswith("Error:")
    chrome.see("Nothing was sent", within="[role=alert]")


def test_asking_twice_shows_the_open_request(stack, chrome):
    open_as(stack, chrome, CARLA, "/new-user")
    ask_for(chrome, "twice@fabrikam.example")
    chrome.wait_for_path("/auth/manage/requests")
    chrome.open(stack.app_url("/auth/manage/new-user"))
    ask_for(chrome, "twice@fabrikam.example")
    chrome.see("open already", within="#email-error")
    look_at(chrome, "new-user-twice")
    chrome.press("#email-error a")
    chrome.see("twice@fabrikam.example", within="tr:target")
    chrome.press("tr:target button")
    chrome.wait(lambda: "was withdrawn" in chrome.text, "the notice")


def test_a_domain_without_sign_on_is_asked_about(stack, chrome):
    open_as(stack, chrome, CARLA, "/new-user")
    ask_for(chrome, "eve@nowhere.example")
    chrome.see("Nobody can sign in with nowhere.example yet", within="[role=alert]")
    chrome.press("main button[type=submit]")
    chrome.wait_for_path("/auth/manage/requests")
    chrome.see("eve@nowhere.example")


def test_a_property_removed_meanwhile(stack, chrome):
    stack.anteroom("property", "add", "gone-house", "Gone House")
    open_as(stack, chrome, CARLA, "/new-user")
    stack.cluster.sql("DELETE FROM anteroom.properties WHERE key = 'gone-house'", "anteroom")
    ask_for(chrome, "stale@fabrikam.example", where="gone-house")
    chrome.see("does not exist, or it is closed", within="#property-error")
    assert chrome.find("input[name=email]").get_attribute("value") == "stale@fabrikam.example"


def test_without_the_right_there_is_no_manage(stack, chrome):
    before = audit_events(stack, "manage_refused", ANN.email)
    chrome.open(stack.app_url("/auth/manage"))
    chrome.sign_on(ANN)
    chrome.wait_for_path("/auth/manage")
    chrome.see("You don't have access to this page")
    chrome.wait(lambda: audit_events(stack, "manage_refused", ANN.email) > before, "the audit event")


def test_declined_with_a_reason(stack, browsers, support):
    asking, deciding = browsers(), browsers()
    open_as(stack, asking, CARLA, "/new-user")
    ask_for(asking, "declined@fabrikam.example", note="She asked me to.")
    open_as(stack, deciding, support, "/queue")
    decide(deciding, "declined@fabrikam.example", "decline", "Please use her work address.")
    deciding.wait(lambda: "One request was declined" in deciding.text, "the notice")
    asking.open(stack.app_url("/auth/manage/requests"))
    asking.see("Declined", "Please use her work address.")


def test_two_decide_at_the_same_time(stack, browsers, support):
    asking, first, second = browsers(), browsers(), browsers()
    open_as(stack, asking, CARLA, "/new-user")
    for email in ("both@fabrikam.example", "rest@fabrikam.example"):
        asking.open(stack.app_url("/auth/manage/new-user"))
        ask_for(asking, email)
        asking.wait_for_path("/auth/manage/requests")
    for browser in (first, second):
        open_as(stack, browser, support, "/queue")
    decide(first, "both@fabrikam.example", "approve")
    first.wait(lambda: "One request was approved" in first.text, "the notice")
    second.press("input[value$=' rest@fabrikam.example']")
    decide(second, "both@fabrikam.example", "decline", "no")
    second.see("both@fabrikam.example", f"{support.email} was faster", within="[role=alert]")
    second.see("One request was declined")
    look_at(second, "queue-faster")


def test_nothing_is_lost_when_the_session_ends_while_typing(stack, chrome):
    open_as(stack, chrome, CARLA, "/new-user")
    stack.anteroom("user", "end-sessions", CARLA.email)
    ask_for(chrome, "kept@fabrikam.example", name="Kay Kept", level="viewer", note="Line one\nline two")
    chrome.wait_for_path("/auth/sign-in")
    chrome.leave_for_provider()  # which still knows her
    chrome.wait_for_path("/auth/manage/new-user")
    chrome.see("Everything is still here", within="[role=status]")
    assert chrome.find("input[name=email]").get_attribute("value") == "kept@fabrikam.example"
    assert chrome.find("input[name=name]").get_attribute("value") == "Kay Kept"
    assert chrome.find("textarea[name=note]").get_attribute("value") == "Line one\nline two"
    chrome.press("main button[type=submit]")
    chrome.wait_for_path("/auth/manage/requests")
    chrome.see("kept@fabrikam.example")


def test_keyboard_alone_files_a_request(stack, chrome):
    open_as(stack, chrome, CARLA, "/new-user")
    chrome.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB, Keys.ENTER)  # skip to the content
    active = lambda: chrome.driver.switch_to.active_element  # noqa: E731
    for _ in range(4):  # past the links above the form
        active().send_keys(Keys.TAB)
        if active().get_attribute("name") == "email":
            break
    for text in ("keys@fabrikam.example", "", "Elm", "viewer", ""):
        active().send_keys(text + Keys.TAB)
    chrome.find("textarea[name=note]").send_keys("By hand" + Keys.TAB + Keys.ENTER)
    chrome.wait_for_path("/auth/manage/requests")
    chrome.see("keys@fabrikam.example")


def test_a_list_is_checked_row_by_row_before_anything_is_sent(stack, chrome, tmp_path):
    open_as(stack, chrome, CARLA, "/new-users")
    choose(chrome, "level", "viewer")
    chrome.fill("textarea[name=list]:not([hidden])", "email,property\none@fabrikam.example,elm-court\nnobody,elm-court\n"
                                                     "one@fabrikam.example,elm-court\n")
    chrome.press("main > form button[type=submit]")
    chrome.see("2 of 3 rows", within="[role=alert]")
    chrome.see("already", "not a work email address")
    look_at(chrome, "new-users-wrong")
    table = tmp_path / "people.csv"
    table.write_bytes("\ufeffemail,name,property,level\r\none@fabrikam.example,Özil,elm-court,technician\r\n"
                      "two@fabrikam.example,\"Two, T.\",harbor-lofts,\r\n".encode())
    chrome.find("input[type=file]").send_keys(str(table))
    chrome.press("main > form button[type=submit]")
    chrome.see("All 2 rows are fine", within="[role=status]")
    assert not chrome.find("[role=status] textarea").is_displayed()
    look_at(chrome, "new-users-ready")
    chrome.press("[role=status] button")
    chrome.wait_for_path("/auth/manage/requests")
    chrome.see("Two, T.", "Özil")


def test_a_list_outlives_the_session_that_it_was_typed_in(stack, chrome):
    open_as(stack, chrome, CARLA, "/new-users")
    stack.anteroom("user", "end-sessions", CARLA.email)
    choose(chrome, "level", "viewer")
    chrome.fill("textarea[name=list]:not([hidden])", "email,property\nlasting@fabrikam.example,elm-court\n")
    chrome.press("main > form button[type=submit]")
    chrome.see("Your list is still here")
    look_at(chrome, "list-kept")
    here = chrome.driver.current_window_handle
    chrome.find("main a[target=_blank]").click()
    chrome.wait(lambda: len(chrome.driver.window_handles) == 2, "the new tab")
    chrome.driver.switch_to.window(next(name for name in chrome.driver.window_handles if name != here))
    chrome.wait_for_path("/auth/sign-in")
    chrome.leave_for_provider()  # which still knows her
    chrome.wait_for_path("/auth/manage/new-user")
    chrome.driver.close()
    chrome.driver.switch_to.window(here)
    chrome.press("main form button[type=submit]")
    chrome.wait(lambda: "All 1 rows are fine" in chrome.text, "the list, checked")
    chrome.see("lasting@fabrikam.example")


def test_one_request_is_approved_with_other_access(stack, browsers, support):
    asking, deciding = browsers(), browsers()
    open_as(stack, asking, CARLA, "/new-user")
    ask_for(asking, "changed@fabrikam.example", level="manager")
    open_as(stack, deciding, support, "/queue")
    deciding.press("tr:has(input[value$=' changed@fabrikam.example']) a")
    deciding.wait_for_path("/auth/manage/queue/request")
    look_at(deciding, "request")
    choose(deciding, "level", "viewer")
    deciding.press("input[name=property][value=harbor-lofts]")
    deciding.press("button[value=approve]")
    deciding.wait(lambda: "One request was approved" in deciding.text, "the notice")
    assert stack.users()["changed@fabrikam.example"]["grants"] == "elm-court=viewer,harbor-lofts=viewer"


def test_the_queue_shows_who_waits_without_a_request(stack, browsers, newcomer, support):
    waiting, deciding = browsers(), browsers()
    waiting.open(stack.app_url("/"))
    waiting.sign_on(newcomer)
    waiting.wait_for_path("/auth/waiting")
    open_as(stack, deciding, support, "/queue")
    deciding.press(f"a[aria-label$='{newcomer.email}']")
    deciding.wait_for_path("/auth/manage/new-user")
    assert deciding.find("input[name=email]").get_attribute("value") == newcomer.email
