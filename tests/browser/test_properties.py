"""Whoever decides at all properties adds, renames, closes and opens them; the app's doors follow at once."""

import re

from selenium.webdriver.common.by import By

from tests.support.axe import assert_accessible


def test_a_property_is_added_renamed_closed_and_opened(stack, browsers, newcomers, admin):
    person = next(newcomers)
    desk = browsers()
    desk.open(stack.login_url("/auth/manage/properties"))
    desk.sign_on(admin)
    desk.wait_for_path("/auth/manage/properties")
    assert_accessible(desk)
    desk.fill("#key", "quay-side")
    desk.fill("#name", "Quay Side")
    desk.press("section[aria-labelledby=add] button")
    desk.wait_for_path("/auth/manage/properties/show")
    desk.see("The property was added.", "Quay Side", "quay-side")

    stack.anteroom("user", "provision", person.email, "--level", "technician", "--property", "quay-side")
    browser = browsers()
    browser.open(stack.app_url("/properties/quay-side/"))
    browser.sign_on(person)
    browser.wait_for_path("/properties/quay-side/")

    desk.fill("#name", "Quay Side & Yard")
    desk.press("section[aria-labelledby=rename] button")
    desk.see("The property has its new name", "Quay Side & Yard")
    desk.see("lose what it gives: 1.")
    assert_accessible(desk)
    desk.press("button[name=then][value=closed]")
    desk.see("The property was closed.")
    assert_accessible(desk)
    # Whose only property that was waits; who has access at all of them is refused there.
    browser.wait(lambda: browser.open(stack.app_url("/properties/quay-side/")) or "/auth/waiting" in browser.url, "the Waiting Room")
    desk.open(stack.app_url("/properties/quay-side/"))
    desk.see("You don't have access to this page")

    desk.open(stack.login_url("/auth/manage/properties?q=quay&state=closed"))
    assert re.search(r"Quay Side & Yard\s+quay-side\s+closed", desk.read("tbody"))
    desk.press("tbody a")
    desk.press("button[name=then][value=open]")
    desk.see("The property is open again.")
    browser.wait(lambda: browser.open(stack.app_url("/properties/quay-side/")) or "/auth/" not in browser.url, "the app")
    desk.open(stack.app_url("/properties/quay-side/"))
    assert not desk.driver.find_elements(By.CSS_SELECTOR, "form[action$='/sign-out'] input[name=then]")


def test_several_properties_are_put_in_from_a_list(stack, browsers, admin):
    desk = browsers()
    desk.open(stack.login_url("/auth/manage/properties"))
    desk.sign_on(admin)
    desk.wait_for_path("/auth/manage/properties")
    desk.press("a[href$='/manage/properties/many']")
    desk.wait_for_path("/auth/manage/properties/many")
    desk.fill("#list", "key,name\nlock-gate,Lock Gate\nBad Key,Nowhere")
    desk.press("form:has(#list) button[type=submit]")
    desk.see("1 of 2 rows can't be put in", "A key has small letters")
    assert_accessible(desk)
    desk.fill("#list", "key,name\nlock-gate,Lock Gate <b>\nweir-1,Weir")
    desk.press("form:has(#list) button[type=submit]")
    desk.see("New: 2. Another name: 0. As they are: 0.", "Lock Gate <b>")
    assert_accessible(desk)
    desk.press("form:has(input[name=seen]) button[type=submit]")
    desk.wait_for_path("/auth/manage/properties")
    desk.see("The properties are as in the list now.", "Lock Gate <b>", "weir-1")
