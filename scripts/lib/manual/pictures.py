"""Pictures of the pages, for the manual: what the samples of the unit tests render, in Chromium."""

import base64
import subprocess
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from . import command_page
from .site import ROOT

FOLDER = command_page.PAGE.with_name("pictures")
PAGE = command_page.PAGE.with_name("pages.md")
PARTS = {"layout", "manage_layout", "styles", "manage_styles", "company_access", "company_values", "property_search", "support"}  # no pages
HIGHEST = 1100
LARGEST = 60_000  # bytes of a file


def shown() -> list[str]:
    """The samples that the manual shows, in the order of the page."""
    return [part.split(".webp)")[0] for part in PAGE.read_text().split("](pictures/")[1:]]


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if "/submit.js" in self.path:
            self.send_error(404)  # the page would be gone before it is looked at
        else:
            super().do_GET()


def screen(name: str) -> dict[str, object]:
    """Manage is for a desk; the other pages are as narrow as a dialogue."""
    return {"width": 1060 if name.startswith("manage_") else 620, "height": 300, "deviceScaleFactor": 1, "mobile": False}


def take(browser: Any, address: str, file: Path) -> None:
    """One page in the light, as high as what is on it."""
    command = browser.driver.execute_cdp_cmd
    command("Emulation.setDeviceMetricsOverride", screen(file.stem))
    command("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "light"},
                                                        {"name": "prefers-reduced-motion", "value": "reduce"}]})
    browser.open(address)
    browser.script("document.activeElement.blur()")  # no caret that blinks
    height = min(browser.script("return document.documentElement.scrollHeight"), HIGHEST)
    clip = {"x": 0, "y": 0, "width": screen(file.stem)["width"], "height": height, "scale": 1}
    picture = command("Page.captureScreenshot", {"format": "webp", "quality": 65, "clip": clip, "captureBeyondViewport": True})
    data = base64.b64decode(picture["data"])
    if len(data) > LARGEST:
        raise ValueError(f"{file.name} would have {len(data)} bytes, more than {LARGEST}")
    file.write_bytes(data)


def missing() -> list[str]:
    """Templates of pages without a picture, and files that differ from what pages.md shows."""
    templates = {path.stem for path in (ROOT / "core" / "src" / "pages" / "templates").glob("*.mustache")} - PARTS
    files = {path.stem: path.stat().st_size for path in FOLDER.glob("*.webp")}
    return [*(f"no picture of the page {name} in {PAGE.name}" for name in sorted(templates)
              if not any(f"{picture}_".startswith(f"{name}_") for picture in shown())),
            *(f"{PAGE.name} shows {name}.webp, which is not there" for name in shown() if name not in files),
            *(f"{name}.webp is not shown in {PAGE.name}" for name in sorted(set(files) - set(shown()))),
            *(f"{name}.webp has {size} bytes, more than {LARGEST}" for name, size in files.items() if size > LARGEST)]


def renew(build: Path) -> list[Path]:
    """Takes each picture again; one that no page shows any more goes."""
    from tests.support.chrome import Chrome  # noqa: PLC0415 (it needs what only tests do)

    for command in (["cmake", "--preset", "dev", "-B", str(build)], ["cmake", "--build", str(build), "--target", "render-pages"]):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    wanted = [FOLDER / f"{name}.webp" for name in shown()]
    for old in set(FOLDER.glob("*.webp")) - set(wanted):
        old.unlink()
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([build / "tests" / "render-pages", directory], check=True)
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=directory))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = Chrome()
        try:
            for file in wanted:
                take(browser, f"http://127.0.0.1:{server.server_port}/en/{file.stem}.html", file)
        finally:
            browser.close()
            server.shutdown()
    return wanted
