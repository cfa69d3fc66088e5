"""Every page, as the samples of the unit tests render it, under the eyes of axe-core."""

import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support import BUILD
from tests.support.axe import findings


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if "/submit.js" in self.path:
            self.send_error(404)  # the page would be gone before it is looked at
        else:
            super().do_GET()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    directory = tmp_path_factory.mktemp("pages")
    subprocess.run([BUILD / "tests" / "render-pages", directory], check=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=directory))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield directory, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_page_is_accessible(site, chrome, language):
    directory, address = site
    pages = sorted((directory / language).glob("*.html"))
    assert len(pages) > 15
    found = []
    for page in pages:
        chrome.open(f"{address}/{language}/{page.name}")
        assert chrome.script("return document.documentElement.lang") == language
        found += [f"{page.stem} {finding}" for finding in findings(chrome, f"{language}-{page.stem}")]
    assert not found, "\n".join(found)


def test_what_is_wrong_is_found(chrome):
    """The check itself can fail."""
    chrome.open("data:text/html,<title>x</title><main><input><p style='width:2000px;color:%23999'>pale</p></main>")
    found = " ".join(findings(chrome))
    assert "html-has-lang" in found and "label" in found and "color-contrast" in found and "px wide" in found
