"""Headless Chromium driven by a test: every host name leads to the loopback interface, TLS is as the servers made it."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import (
    InvalidElementStateException,
    JavascriptException,
    StaleElementReferenceException,
    WebDriverException,
)
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from .identity_provider import Person
from .processes import PATIENCE, scratch_directory

ARGUMENTS = ["--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--no-proxy-server",
             "--ignore-certificate-errors", "--host-resolver-rules=MAP * 127.0.0.1",
             "--window-size=1280,900"]


class Chrome:
    """One person's browser with a profile of its own."""

    def __init__(self, javascript: bool = True, language: str = "en") -> None:
        self._profile = scratch_directory("anteroom-chrome-")
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in [*ARGUMENTS, f"--user-data-dir={self._profile}", f"--lang={language}", f"--accept-lang={language}"]:
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        if not javascript:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self._messages: list[str] = []
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(120)

    def close(self) -> None:
        self.driver.quit()
        shutil.rmtree(self._profile, ignore_errors=True)

    def renew(self) -> bool:
        """As it was at first, in a fraction of the time: another tab, and nothing that any page left behind. False: it cannot be had."""
        try:
            for command in ("Network.clearBrowserCookies", "Network.clearBrowserCache"):
                self.driver.execute_cdp_cmd(command, {})
            self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
            old = self.driver.window_handles
            self.driver.switch_to.new_window("tab")
            new = self.driver.current_window_handle
            for window in old:
                self.driver.switch_to.window(window)
                self.driver.close()
            self.driver.switch_to.window(new)
            self.console()
        except WebDriverException:
            return False
        self._messages.clear()
        return True

    @property
    def url(self) -> str:
        return self.driver.current_url

    @property
    def text(self) -> str:
        return self.read("body")

    def open(self, url: str) -> None:
        self.driver.get(url)

    def wait(self, condition: Callable[[], object], what: str, seconds: float = 20) -> None:
        """Waits until `condition()` is true; says where the browser is if it still is not long after `seconds`."""
        deadline = time.monotonic() + PATIENCE * seconds
        while time.monotonic() < deadline:
            try:
                if condition():
                    return
            except WebDriverException:
                pass  # between two pages
            time.sleep(0.1)
        raise AssertionError(f"waited {PATIENCE * seconds} s for {what}; at {self.url}: {self.text[:500]!r}")

    def read(self, selector: str) -> str:
        """What an element shows; where a new page takes its place meanwhile, that one's."""
        while True:
            try:
                return self.find(selector).text
            except StaleElementReferenceException:
                pass

    def see(self, *texts: str, within: str = "body") -> None:
        """Waits for a page that shows them all: what was pressed may still be on its way there."""
        self.wait(lambda: all(text in self.read(within) for text in texts), f"{texts} in {within}")

    def wait_for_url(self, url: str, seconds: float = 20) -> None:
        self.wait(lambda: self.url == url, url, seconds)

    def wait_for_path(self, path: str, seconds: float = 20) -> None:
        self.wait(lambda: self.url.split("?")[0].endswith(path), f"a page {path}", seconds)

    def has(self, selector: str) -> bool:
        return bool(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def find(self, selector: str) -> WebElement:
        self.wait(lambda: self.has(selector), selector)
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, selector: str) -> None:
        self.find(selector).click()

    def fill(self, selector: str, value: str) -> None:
        """As soon as it can be written into: the page before may have had one that could not."""
        self.wait(lambda: self._is_emptied(selector), f"{selector}, to be written into")
        self.find(selector).send_keys(value)

    def _is_emptied(self, selector: str) -> bool:
        try:
            self.find(selector).clear()
        except (InvalidElementStateException, StaleElementReferenceException):
            return False
        return True

    def script(self, text: str) -> Any:
        try:
            return self.driver.execute_script(text)
        except JavascriptException as error:
            raise AssertionError(f"{text}: {error.msg}") from None

    def console(self) -> list[str]:
        """All that the pages made the browser complain about so far."""
        self._messages += [entry["message"] for entry in self.driver.get_log("browser")]
        return self._messages

    def cookies(self) -> dict[str, dict[str, Any]]:
        """name -> cookie, of all hosts, as the browser keeps them."""
        return {cookie["name"]: cookie
                for cookie in self.driver.execute_cdp_cmd("Network.getAllCookies", {})["cookies"]}

    def set_screen(self, width: int, height: int, is_dark: bool) -> None:
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]})

    def save_screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        assert self.driver.save_screenshot(str(path)), path

    # The steps of a sign-on.

    def enter_email(self, email: str) -> None:
        self.fill("input[name=email]", email)
        self.press("main button[type=submit]")

    def leave_for_provider(self) -> None:
        self.find("input[name=idp]")
        self.press("main button[type=submit]")

    def enter_password(self, person: Person) -> None:
        self.fill("input[name=username]", person.email)
        self.fill("input[name=password]", person.password)
        self.driver.find_element(By.CSS_SELECTOR, "input[name=password]").submit()

    def sign_on(self, person: Person) -> None:
        """From the sign-on page through the provider; ends wherever that leads."""
        self.enter_email(person.email)
        self.leave_for_provider()
        self.enter_password(person)
