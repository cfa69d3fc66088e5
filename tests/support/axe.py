"""axe-core in a browser's page: nothing that it knows of WCAG 2.2 AA may be wrong, on a phone and on a desk, in light and dark.

A test calls assert_accessible(browser) on whatever page the browser shows. With ANTEROOM_SCREENSHOTS in the environment that leaves
build/screenshots/NAME-VIEW.png, to be looked at."""

import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from . import BUILD, ROOT
from .chrome import Chrome
from .npm import installed

SCREENS = [("phone", 360, 740), ("desk", 1280, 900)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES_OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}  # the others see no difference in the dark
PICTURES = ROOT / "build" / "screenshots"
RUN = """
const [rules, done] = arguments;
axe.run({runOnly: rules, resultTypes: ["violations"]}).then(
  result => done(result.violations.map(found => `${found.id}: ${found.help}\\n` + found.nodes.map(
    node => `      ${node.html.slice(0, 200)}\\n      ${(node.any[0] || node.all[0] || node.none[0] || {}).message}`)
    .join("\\n"))),
  error => done([String(error)]));
"""


def script() -> str:
    """The text of axe-core."""
    return (installed(BUILD) / "axe-core" / "axe.min.js").read_text()


def complaints(browser: Chrome, rules: Any) -> list[str]:
    """What is wrong with the page as it stands."""
    if not browser.script("return typeof axe === 'object'"):
        browser.script(script())
    return browser.driver.execute_async_script(RUN, rules)


def on_every_screen(browser: Chrome) -> Iterator[tuple[str, bool]]:
    """Yields "phone-light" and so on, and whether it is dark, with the browser showing its page that way."""
    for screen, width, height in SCREENS:
        for is_dark in (False, True):
            browser.set_screen(width, height, is_dark)
            yield f"{screen}-{'dark' if is_dark else 'light'}", is_dark


def name_of(url: str) -> str:
    """By its path, without what is another one each time."""
    return re.sub(r"[0-9a-f]{8}[0-9a-f-]*|\W+", "-", urlsplit(url).path).strip("-")[:60] or "app"


def findings(browser: Chrome, name: str | None = None) -> list[str]:
    """Each complaint once, with the views it is true of."""
    name = name or name_of(browser.url)
    views: dict[str, list[str]] = {}
    for view, is_dark in on_every_screen(browser):
        if "ANTEROOM_SCREENSHOTS" in os.environ:
            browser.save_screenshot(PICTURES / f"{name}-{view}.png")
        for complaint in complaints(browser, RULES_OF_COLOURS if is_dark else RULES):
            views.setdefault(complaint, []).append(view)
        wide, width = browser.script("return [document.documentElement.scrollWidth, innerWidth]")
        if wide > width:
            views.setdefault(f"{wide} px wide on a screen of {width}", []).append(view)
    return [f"{', '.join(seen)}: {complaint}" for complaint, seen in views.items()]


def assert_accessible(browser: Chrome, name: str | None = None) -> None:
    found = findings(browser, name)
    assert not found, "\n".join([browser.url, *found])
