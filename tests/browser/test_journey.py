"""What people live through, in a real browser, at real identity providers, across sites."""

import time

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from .conftest import ANN, CARLA, WENDY

DEEP_LINK = "/workorders?property=elm-court&note=a%20b%26c"
ANOTHER = "form[action='/auth/sign-in/another'] button"


def csp_complaints(chrome):
    return [line for line in chrome.console() if "Content Security Policy" in line or "Content-Security" in line]


def test_provisioned_person_lands_on_the_page_first_asked_for(stack, chrome):
    chrome.open(stack.app_url(DEEP_LINK))
    chrome.wait_for_path("/auth/sign-in")
    assert chrome.url.startswith(stack.login_url("/auth/sign-in"))
    chrome.enter_email(ANN.email)
    chrome.find("input[name=idp]")
    chrome.see("Log In with Microsoft", within="main button[type=submit]")
    chrome.leave_for_provider()
    chrome.wait(lambda: "idp.northwind.test" in chrome.url, "Northwind's sign-on page")
    chrome.enter_password(ANN)
    chrome.wait_for_url(stack.app_url(DEEP_LINK))
    chrome.see("Leaking tap", ANN.name)
    assert not csp_complaints(chrome)


def test_what_stands_behind_the_hash_survives_the_sign_on(stack, chrome):
    wanted = stack.app_url("/?view=board#/orders/7?tab=photos&q=a%20b")
    chrome.open(wanted)
    chrome.sign_on(ANN)
    chrome.wait_for_url(wanted)
    assert chrome.script("return sessionStorage.length") == 0
    assert not csp_complaints(chrome)
    # Who is signed in already is passed on by redirects alone, on another host, too.
    chrome.open(stack.login_url("/auth/sign-in#/orders/8"))
    chrome.wait(lambda: chrome.url.endswith("#/orders/8"), "the fragment behind the landing page's address")


def test_a_newcomer_s_fragment_waits_with_them(stack, chrome, newcomer):
    wanted = stack.app_url("/#/orders/9")
    chrome.open(wanted)
    chrome.sign_on(newcomer)
    chrome.wait_for_path("/auth/waiting")
    stack.anteroom("user", "provision", newcomer.email, "--level", "viewer", "--property", "mill-house")
    chrome.wait_for_url(wanted)


def test_cookies_are_tied_to_host_and_tls(stack, chrome):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(ANN)
    chrome.wait_for_url(stack.app_url("/"))
    ours = {name: cookie for name, cookie in chrome.cookies().items() if "anteroom" in name}
    assert "__Host-anteroom" in ours
    for name, cookie in ours.items():
        assert name.startswith("__Host-") and cookie["secure"] and cookie["httpOnly"] and cookie["path"] == "/", cookie
        assert not cookie["domain"].startswith("."), cookie
        assert cookie["sameSite"] == ("None" if "-login-" in name else "Lax"), cookie


def test_keyboard_alone_is_enough(stack, chrome):
    chrome.open(stack.app_url("/"))
    chrome.wait_for_path("/auth/sign-in")
    chrome.driver.switch_to.active_element.send_keys(ANN.email + Keys.ENTER)
    chrome.find("input[name=idp]")
    chrome.driver.switch_to.active_element.send_keys(Keys.ENTER)
    chrome.enter_password(ANN)
    chrome.wait_for_url(stack.app_url("/"))


def test_newcomer_waits_and_is_let_in_by_itself(stack, chrome, newcomer):
    wanted = stack.app_url("/properties/mill-house/?tab=open%20now")
    chrome.open(wanted)
    chrome.sign_on(newcomer)
    chrome.wait_for_path("/auth/waiting")
    chrome.see(newcomer.email)
    assert stack.users()[newcomer.email]["state"] == "waiting"
    chrome.script("window.isSamePage = true")
    time.sleep(2.5)  # long enough for a question of the page's own
    assert chrome.script("return window.isSamePage === true"), "the Waiting Room reloaded itself"

    stack.anteroom("user", "provision", newcomer.email, "--level", "technician", "--property", "mill-house")
    chrome.wait_for_url(wanted)
    chrome.see("Boiler service")
    assert not csp_complaints(chrome)


def test_waiting_person_sees_no_gated_page(stack, chrome, newcomer):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(newcomer)
    chrome.wait_for_path("/auth/waiting")
    chrome.open(stack.app_url("/reports/"))
    chrome.wait_for_path("/auth/waiting")
    status = chrome.script("return fetch('/api/me').then(r => r.status)")
    assert status == 403


def test_other_company_signs_in_at_its_own_provider(stack, chrome):
    chrome.open(stack.app_url("/reports/?month=5"))
    chrome.enter_email(CARLA.email)
    chrome.find("input[name=idp]")
    chrome.see("Log In with Fabrikam", within="main button[type=submit]")
    chrome.leave_for_provider()
    chrome.wait(lambda: "idp.fabrikam.test" in chrome.url, "Fabrikam's sign-on page")
    chrome.enter_password(CARLA)
    chrome.wait_for_url(stack.app_url("/reports/?month=5"))
    chrome.see("Mill House: 2 open orders")
    assert not csp_complaints(chrome)


def test_response_is_fetched_and_decrypted(stack, chrome):
    """Wingtip sends artifacts, and what they lead to is encrypted."""
    chrome.open(stack.app_url(DEEP_LINK))
    chrome.sign_on(WENDY)
    chrome.wait_for_url(stack.app_url(DEEP_LINK))
    chrome.see(WENDY.name)
    asked = [line for line in (stack.logs / "nginx-access.log").read_text().splitlines()
             if "ArtifactResolutionService.php" in line or "SAMLart=" in line]
    assert len(asked) == 2, asked


def test_unknown_domain_is_explained(stack, chrome):
    chrome.open(stack.app_url("/"))
    chrome.enter_email("somebody@sub.northwind.example")
    chrome.wait(lambda: chrome.has("[role=alert]"), "an explanation")
    chrome.see("sub.northwind.example", within="[role=alert]")
    chrome.see("support@maintenance.example")
    chrome.enter_email(ANN.email)
    chrome.find("input[name=idp]")


def test_pages_speak_the_language_of_the_browser(stack, browsers, newcomer):
    chrome = browsers(language="es")
    chrome.open(stack.app_url("/"))
    assert chrome.read("h1") == "Iniciar sesión"
    chrome.sign_on(newcomer)
    chrome.wait_for_path("/auth/waiting")
    assert chrome.script("return document.documentElement.lang") == "es"
    assert chrome.read("[data-waiting-text]") == "Comprobando si ya tiene acceso. Esta página avanza por sí sola."
    assert not csp_complaints(chrome)


def test_two_tabs_sign_in_at_once(stack, chrome):
    first, second = stack.app_url("/workorders?property=elm-court"), stack.app_url("/workorders?property=harbor-lofts")
    driver = chrome.driver
    chrome.open(first)
    chrome.enter_email(ANN.email)
    chrome.leave_for_provider()
    chrome.find("input[name=username]")
    one = driver.current_window_handle
    driver.switch_to.new_window("tab")
    chrome.open(second)
    chrome.enter_email(ANN.email)
    chrome.leave_for_provider()
    chrome.find("input[name=username]")
    two = driver.current_window_handle

    driver.switch_to.window(one)
    chrome.enter_password(ANN)
    chrome.wait_for_url(first)
    driver.switch_to.window(two)
    chrome.enter_password(ANN)
    chrome.wait_for_url(second)
    chrome.see("Lift door")
    driver.switch_to.window(one)
    driver.refresh()
    chrome.wait_for_url(first)
    chrome.see("Leaking tap")


def test_back_button_after_sign_on_leads_forward_again(stack, chrome):
    wanted = stack.app_url("/workorders?property=elm-court")
    chrome.open(wanted)
    chrome.sign_on(ANN)
    chrome.wait_for_url(wanted)
    for _ in range(2):
        chrome.driver.back()
        time.sleep(0.5)
    assert "could not" not in chrome.text.lower()
    chrome.open(wanted)
    chrome.wait_for_url(wanted)


def test_response_sent_twice_leads_to_the_page_wanted(stack, browsers, tmp_path):
    chrome = browsers(javascript=False)  # the provider's page then waits for its button
    wanted = stack.app_url("/workorders?property=elm-court")
    chrome.open(wanted)
    chrome.sign_on(ANN)
    fields = {name: chrome.find(f"input[name={name}]").get_attribute("value") for name in ("SAMLResponse", "RelayState")}
    chrome.find("input[name=SAMLResponse]").submit()
    chrome.wait_for_url(wanted)

    # What an impatient second click, or "resubmit this form", sends: the same form, again from another site.
    inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
    repeat = tmp_path / "repeat.html"
    repeat.write_text(f'<form method="post" action="{stack.login_url("/saml2/idpresponse")}">{inputs}</form>')
    chrome.open(repeat.as_uri())
    chrome.find("input[name=SAMLResponse]").submit()
    chrome.wait_for_url(wanted)
    chrome.see("Leaking tap")


def test_sign_out_ends_the_session(stack, chrome):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(ANN)
    chrome.wait_for_url(stack.app_url("/"))
    chrome.press("form[action='/auth/sign-out'] button")
    chrome.wait_for_path("/auth/signed-out")
    chrome.see("confirmed that you are signed out there too")
    assert not csp_complaints(chrome)
    # What the browser itself has kept of the page, it may show once more; nobody gives it anything new.
    chrome.driver.back()
    chrome.driver.refresh()
    chrome.wait_for_path("/auth/sign-in")
    chrome.open(stack.app_url("/reports/"))
    chrome.wait_for_path("/auth/sign-in")
    assert chrome.has(ANOTHER), "the login host still knew who it was"


def test_sign_out_at_the_identity_provider_ends_the_session_here(stack, chrome):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(ANN)
    chrome.wait_for_url(stack.app_url("/"))
    chrome.open(f"{stack.providers[0].base_url}saml2/idp/initSLO.php?RelayState={stack.providers[0].base_url}")
    # It asked us, took our answer, and asks whoever comes next.
    chrome.wait(lambda: "loginuserpass" in chrome.url, "the identity provider's own page")
    chrome.open(stack.app_url("/reports/"))
    chrome.wait_for_path("/auth/sign-in")
    assert chrome.has(ANOTHER), "the login host still knew who it was"


def test_switching_to_another_account(stack, chrome, newcomer):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(newcomer)
    chrome.wait_for_path("/auth/waiting")
    chrome.press("form:has(input[name=then]) button")
    chrome.wait_for_path("/auth/sign-in")
    chrome.sign_on(CARLA)
    chrome.wait(lambda: CARLA.name in chrome.text, "the app, as Carla")


def company_kept(chrome):
    cookie = chrome.cookies().get("__Host-anteroom-company")
    return cookie and cookie["value"]


def test_one_click_leads_in_from_a_company_s_own_address(stack, chrome):
    """What a tile in My Apps opens."""
    chrome.open(stack.login_url("/auth/at/northwind"))
    chrome.see("Sign in with Northwind", "Not your company?")
    assert not chrome.has("#email") and company_kept(chrome) is None
    chrome.leave_for_provider()
    chrome.enter_password(ANN)
    chrome.wait_for_url(stack.app_url("/"))
    assert company_kept(chrome) == "northwind"
    chrome.open(stack.login_url("/auth/at/northwind"))  # a second time: she is in already
    chrome.wait_for_url(stack.app_url("/"))
    assert not csp_complaints(chrome)


def test_a_company_s_address_on_the_app_s_host_leads_to_the_login_host(stack, chrome):
    chrome.open(stack.app_url("/auth/at/fabrikam"))
    chrome.wait_for_url(stack.login_url("/auth/at/fabrikam"))
    chrome.see("Sign in with Fabrikam")


def test_the_company_is_offered_first_the_next_time_until_another_address_is_used(stack, chrome):
    wanted = stack.app_url("/reports/?month=5")
    chrome.open(stack.app_url("/"))
    chrome.sign_on(ANN)
    chrome.wait_for_url(stack.app_url("/"))
    chrome.press("form[action='/auth/sign-out'] button")
    chrome.wait_for_path("/auth/signed-out")
    assert company_kept(chrome) == "northwind", "signing out keeps it"

    chrome.open(wanted)
    chrome.wait_for_path("/auth/sign-in")
    chrome.see("Sign in with Northwind", "Not your company?")
    chrome.press(ANOTHER)
    chrome.find("#email")
    assert company_kept(chrome) is None
    chrome.sign_on(CARLA)
    chrome.wait_for_url(wanted)
    assert company_kept(chrome) == "fabrikam"
    assert not csp_complaints(chrome)


def test_another_address_after_a_mistyped_one(stack, chrome):
    wanted = stack.app_url(DEEP_LINK)
    chrome.open(wanted)
    chrome.enter_email(CARLA.email)
    chrome.see("Not you?")
    chrome.press(ANOTHER)
    chrome.find("#email")
    chrome.sign_on(ANN)
    chrome.wait_for_url(wanted)


def test_the_keyboard_reaches_another_address(stack, browsers):
    chrome = browsers(javascript=False)
    chrome.open(stack.login_url("/auth/at/northwind"))
    chrome.find("input[name=idp]")
    chrome.driver.switch_to.active_element.send_keys(Keys.TAB)
    chrome.driver.switch_to.active_element.send_keys(Keys.ENTER)
    chrome.find("#email")


def test_a_link_that_names_no_company_says_so_and_leads_on(stack, chrome):
    chrome.open(stack.login_url("/auth/at/contosso"))
    chrome.see("This link leads nowhere")
    chrome.press("main a.button")
    chrome.find("#email")


def test_missing_access_is_explained(stack, chrome):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(ANN)
    chrome.wait_for_url(stack.app_url("/"))
    chrome.open(stack.app_url("/reports/"))
    chrome.see(ANN.email, "manager")
    chrome.open(stack.app_url("/properties/mill-house/"))
    chrome.see("mill-house", "technician")
    chrome.driver.find_element(By.LINK_TEXT, "Go to the start page").click()
    chrome.wait_for_url(stack.app_url("/"))


def test_everything_works_without_javascript(stack, browsers, newcomer):
    chrome = browsers(javascript=False)
    wanted = stack.app_url("/properties/elm-court/?a=1&b=2")
    chrome.open(wanted)
    chrome.sign_on(newcomer)
    chrome.find("input[name=SAMLResponse]").submit()
    chrome.wait_for_path("/auth/waiting")
    stack.anteroom("user", "provision", newcomer.email, "--level", "viewer", "--all-properties")
    chrome.wait(lambda: not chrome.url.split("?")[0].endswith("/auth/waiting"), "to be let in", seconds=12)
    assert chrome.url == wanted
    chrome.see("technician")  # a viewer is told what the page needs
    stack.anteroom("user", "provision", newcomer.email, "--level", "technician", "--all-properties")
    chrome.wait(lambda: chrome.open(wanted) or "Leaking tap" in chrome.text, "the new level to count", seconds=10)


def test_disabled_person_loses_access_at_once(stack, chrome, newcomer):
    stack.anteroom("user", "provision", newcomer.email, "--level", "technician", "--all-properties")
    chrome.open(stack.app_url("/"))
    chrome.sign_on(newcomer)
    chrome.wait_for_url(stack.app_url("/"))
    stack.anteroom("user", "disable", newcomer.email)
    chrome.wait(lambda: chrome.open(stack.app_url("/")) or "/auth/sign-in" in chrome.url, "the session to end", 10)
    chrome.leave_for_provider()
    chrome.wait(lambda: "turned off" in chrome.text, "an explanation")


def test_a_sensitive_page_asks_for_a_fresh_sign_on(stack, chrome):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(ANN)
    chrome.wait_for_url(stack.app_url("/"))
    before = chrome.cookies()["__Host-anteroom"]["value"]
    stack.cluster.sql("UPDATE anteroom.sessions SET authenticated_at = now() - interval '1 hour'; NOTIFY anteroom, 'all'",
                      "anteroom")
    wanted = stack.app_url("/payouts/?batch=7")

    def is_asked():
        chrome.open(wanted)
        return "/auth/sign-in" in chrome.url

    chrome.wait(is_asked, "the page that asks for a fresh sign-on")
    chrome.see("Please sign in once more")
    chrome.leave_for_provider()
    chrome.find("input[name=username]")  # the provider asks again, although it knows this browser
    chrome.enter_password(ANN)
    chrome.wait_for_url(wanted)
    assert chrome.cookies()["__Host-anteroom"]["value"] != before
    assert not csp_complaints(chrome)
