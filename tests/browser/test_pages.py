"""Every page on a phone and on a desk, in the light and in the dark."""

import pytest

from tests.support.axe import assert_accessible

from .conftest import ANN, CARLA


def sign_in(stack, chrome, _newcomer):
    chrome.open(stack.app_url("/"))


def sign_in_unknown(stack, chrome, _newcomer):
    chrome.open(stack.app_url("/"))
    chrome.enter_email("somebody@unknown.example")
    chrome.wait(lambda: chrome.has("[role=alert]"), "the explanation")


def provider_entra(stack, chrome, _newcomer):
    chrome.open(stack.app_url("/"))
    chrome.enter_email(ANN.email)
    chrome.find("input[name=idp]")


def provider_generic(stack, chrome, _newcomer):
    chrome.open(stack.app_url("/"))
    chrome.enter_email(CARLA.email)
    chrome.find("input[name=idp]")


def provider_remembered(stack, chrome, _newcomer):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(ANN)
    chrome.wait_for_url(stack.app_url("/"))
    chrome.press("form[action='/auth/sign-out'] button")
    chrome.wait_for_path("/auth/signed-out")
    chrome.open(stack.app_url("/"))
    chrome.find("input[name=idp]")


def company_link(stack, chrome, _newcomer):
    chrome.open(stack.login_url("/auth/at/fabrikam"))


def no_company(stack, chrome, _newcomer):
    chrome.open(stack.login_url("/auth/at/contosso"))


def waiting(stack, chrome, newcomer):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(newcomer)
    chrome.wait_for_path("/auth/waiting")


def denied(stack, chrome, _newcomer):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(ANN)
    chrome.wait_for_url(stack.app_url("/"))
    chrome.open(stack.app_url("/properties/mill-house/"))


def sign_out(stack, chrome, _newcomer):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(ANN)
    chrome.wait_for_url(stack.app_url("/"))
    chrome.open(stack.app_url("/auth/sign-out"))


def signed_out(stack, chrome, _newcomer):
    chrome.open(stack.login_url("/auth/signed-out"))


def error(stack, chrome, _newcomer):
    chrome.open(stack.login_url("/auth/no-such-page"))


def app(stack, chrome, _newcomer):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(ANN)
    chrome.wait_for_url(stack.app_url("/"))


@pytest.mark.parametrize("page", [sign_in, sign_in_unknown, provider_entra, provider_generic, provider_remembered,
                                  company_link, no_company, waiting, denied, sign_out, signed_out, error, app],
                         ids=lambda page: page.__name__)
def test_page_fits_every_screen(stack, chrome, newcomer, page):
    page(stack, chrome, newcomer)
    assert_accessible(chrome, page.__name__)
    assert chrome.script("return document.documentElement.lang") == "en"
    assert chrome.script("return document.querySelectorAll('h1').length") == 1
    assert chrome.script("return document.title") != ""
