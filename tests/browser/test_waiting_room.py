"""The Waiting Room tells people how things are, as they change."""

import json

from tests.support.axe import assert_accessible


def requests(stack, person):
    return [row for row in json.loads(stack.anteroom("--json", "request", "list"))
            if row["email"] == person.email]


def test_the_room_follows_a_request_by_itself(stack, chrome, newcomer):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(newcomer)
    chrome.wait_for_path("/auth/waiting")
    chrome.see(newcomer.email, "Ask your property manager")

    stack.anteroom("request", "file", newcomer.email, "--level", "viewer", "--property", "mill-house")
    chrome.wait(lambda: "Access has been requested for you" in chrome.text, "the open request", seconds=5)
    chrome.see("Mill House")
    assert_accessible(chrome)

    (request,) = requests(stack, newcomer)
    stack.anteroom("request", "decline", request["id"], "--reason", "Which <building> is it?")
    chrome.wait(lambda: "was declined" in chrome.text, "the answer", seconds=5)
    chrome.see("Which <building> is it?")
    assert_accessible(chrome)

    stack.anteroom("request", "file", newcomer.email, "--level", "viewer", "--property", "mill-house")
    chrome.wait(lambda: "Access has been requested for you" in chrome.text, "the second request", seconds=5)
    (request,) = requests(stack, newcomer)
    stack.anteroom("request", "approve", request["id"])
    chrome.wait_for_url(stack.app_url("/"), seconds=5)


def test_colleagues_are_asked_once_a_day(stack, chrome, newcomer, newcomers):
    manager = next(newcomers)
    stack.anteroom("user", "provision", manager.email, "--name", "Max Maple", "--level", "manager",
                   "--property", "mill-house")
    chrome.open(stack.app_url("/"))
    chrome.sign_on(newcomer)
    chrome.wait_for_path("/auth/waiting")
    chrome.see("Max Maple")
    assert_accessible(chrome)
    chrome.press("form[action^='/auth/waiting/ask'] button")
    chrome.wait(lambda: "You asked them on" in chrome.text, "what was done")
    assert not chrome.has("form[action^='/auth/waiting/ask']")
    assert_accessible(chrome)
