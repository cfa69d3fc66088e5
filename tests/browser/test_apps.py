"""What pages of the app behind can do about a session that ends."""

from .conftest import ANN

LOAD = """
window.said = [];
for (const name of ["expiring", "signed-out", "signed-on"]) {
  window.addEventListener(`anteroom:${name}`, (event) => window.said.push([name, event.detail]));
}
return new Promise((resolve, reject) => {
  const script = document.createElement("script");
  script.dataset.warnBefore = "%s";
  script.onload = resolve;
  script.onerror = reject;
  script.src = "/auth/session.js";
  document.head.append(script);
});
"""


def open_app(stack, chrome, warn_before=60):
    chrome.open(stack.app_url("/"))
    chrome.sign_on(ANN)
    chrome.wait_for_url(stack.app_url("/"))
    chrome.script(LOAD % warn_before)


def said(chrome):
    return [name for name, _ in chrome.script("return window.said")]


def test_somebody_signs_on_again_in_a_window_of_its_own_and_the_page_stays(stack, chrome):
    open_app(stack, chrome)
    assert chrome.script("return window.anteroom.session()")["email"] == ANN.email
    chrome.script("window.typed = 'a long comment'")
    stack.anteroom("user", "end-sessions", ANN.email)
    chrome.wait(lambda: chrome.script("return window.anteroom.session()") is None, "the session to have ended")
    assert said(chrome) == ["signed-out"]
    chrome.script("window.anteroom.signOn().then((session) => { window.again = session; })")
    here = chrome.driver.current_window_handle
    chrome.wait(lambda: len(chrome.driver.window_handles) == 2, "the window")
    chrome.driver.switch_to.window(next(name for name in chrome.driver.window_handles if name != here))
    chrome.wait_for_path("/auth/sign-in")
    chrome.leave_for_provider()  # which still knows her
    chrome.wait(lambda: len(chrome.driver.window_handles) == 1, "the window to close")
    chrome.driver.switch_to.window(here)
    chrome.wait(lambda: chrome.script("return window.again && window.again.email") == ANN.email, "the page to be told")
    assert chrome.script("return window.typed") == "a long comment"
    assert said(chrome) == ["signed-out", "signed-on"]


def test_a_page_that_the_browser_has_kept_is_not_shown_to_whoever_comes_after_signing_out(stack, chrome):
    open_app(stack, chrome)
    chrome.press("form[action='/auth/sign-out'] button")
    chrome.wait_for_path("/auth/signed-out")
    chrome.driver.back()
    chrome.wait_for_path("/auth/sign-in")


def test_a_page_is_told_before_its_session_ends(stack, chrome):
    open_app(stack, chrome, warn_before=10**6)
    chrome.wait(lambda: said(chrome) == ["expiring"], "the warning")
    detail = chrome.script("return window.said[0][1]")
    assert detail["kind"] == "idle" and 0 < detail["seconds"] < 10**6
    assert chrome.script("return window.anteroom.touch()")["email"] == ANN.email
    assert said(chrome) == ["expiring"]  # once
