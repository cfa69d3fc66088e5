"""The Waiting Room's script by itself, against a server that answers whatever a test wants."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support import ROOT

SCRIPT = (ROOT / "core/src/pages/assets/waiting.js").read_bytes()
PAGE = b"""<!doctype html><title>Waiting</title><script src="/waiting.js" defer></script>
<main><div data-waiting data-status-url="/status?r=1"
data-say-asking="Checking for your access." data-say-ready="Access." data-say-signed-out="Signed out."
data-say-disabled="Switched off: contact support." data-say-trouble="The connection is interrupted."
data-origins="https://login.example.test https://app.example.test"><p data-waiting-text>-</p></div></main>"""
WAITING = {"state": "waiting", "news": ""}


class Room(ThreadingHTTPServer):
    """What the page asks and what it is told."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = {"status": 200, "body": WAITING}
        self.told = WAITING  # once the page has loaded again
        self.questions = []
        self.page_loads = 0
        self.page = PAGE
        self.events = queue.Queue()
        self.streams = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/room"

    def answer(self, body, status=200):
        self.answers = {"status": status, "body": body}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/status":
            answers = self.server.answers
            self.server.questions.append(dict(self.headers))
            self._send(answers["status"], "application/json", json.dumps(answers["body"]).encode())
        elif path == "/events":
            self._stream()
        elif path == "/waiting.js":
            self._send(200, "text/javascript", SCRIPT)
        elif path == "/room":
            self.server.page_loads += 1
            if self.server.page_loads > 1:
                self.server.answer(self.server.told)  # or it would go on for ever
            self._send(200, "text/html", self.server.page)
        else:
            self._send(200, "text/html", b"<title>elsewhere</title>")

    def _stream(self):
        self.server.streams += 1
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            while (event := self.server.events.get()):
                self.wfile.write(f"event: {event}\ndata:\n\n".encode())
        except OSError:
            pass

    def _send(self, status, media_type, body):
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def room():
    server = Room()
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    for _ in range(server.streams):
        server.events.put("")
    server.shutdown()
    server.server_close()
    thread.join()


def line(chrome):
    return chrome.read("[data-waiting-text]")


def test_it_asks_again_and_again_as_a_script_and_not_as_a_page_load(room, chrome):
    chrome.open(room.url)
    chrome.wait(lambda: len(room.questions) >= 3, "three questions")
    assert "Checking" in line(chrome)
    assert {question["Sec-Fetch-Mode"] for question in room.questions} == {"same-origin"}


def test_it_goes_where_it_is_told_once_there_is_access(room, chrome):
    chrome.open(room.url)
    chrome.wait(lambda: room.questions, "the first question")
    room.answer({"state": "ready", "location": "/properties/12?tab=open"})
    chrome.wait(lambda: chrome.url.endswith("/properties/12?tab=open"), "the page first asked for")


def test_it_goes_to_another_app_of_this_installation(room, chrome):
    chrome.open(room.url)
    chrome.wait(lambda: room.questions, "the first question")
    room.answer({"state": "ready", "location": "https://app.example.test/work"})
    # Nothing listens there: the browser shows an error page with that address.
    chrome.wait(lambda: chrome.script("return location.protocol") == "chrome-error:", "the other host")


NOT_OURS = ["//evil.test/", "/\\evil.test/", "\\\\evil.test/", "https://evil.test/", "javascript:alert(1)",
            "data:text/html,x", "https://app.example.test.evil.test/", "https://app.example.test@evil.test/",
            "https://user:secret@app.example.test/", "http://app.example.test/", "/\t/evil.test/", "evil", "", None, 7]


def test_it_goes_nowhere_else_but_loads_its_own_page_again(room, chrome):
    chrome.open(room.url)
    for location in NOT_OURS:
        chrome.wait(lambda: "Checking" in line(chrome), "the page to ask again")
        loads = room.page_loads
        room.answer({"state": "ready", "location": location})
        chrome.script("dispatchEvent(new Event('online'))")  # asks at once
        chrome.wait(lambda loads=loads: room.page_loads > loads, f"the page to load again after {location!r}")
        assert chrome.url == room.url, location


def test_it_keeps_trying_through_errors_and_says_so(room, chrome):
    room.answer({"error": "unavailable"}, status=503)
    chrome.open(room.url)
    chrome.wait(lambda: "interrupted" in line(chrome), "a word about the trouble")
    room.answer(WAITING)
    chrome.wait(lambda: "Checking" in line(chrome), "the trouble to be over")


def test_it_asks_at_once_when_the_tab_is_seen_again(room, chrome):
    chrome.open(room.url)
    chrome.wait(lambda: room.questions, "the first question")
    chrome.script("Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
                  "document.dispatchEvent(new Event('visibilitychange'))")
    before = len(room.questions)
    chrome.script("Object.defineProperty(document, 'hidden', {value: false});"
                  "document.dispatchEvent(new Event('visibilitychange'))")
    chrome.wait(lambda: len(room.questions) > before, "a question at once", seconds=1.5)


def test_it_stops_when_the_account_is_switched_off(room, chrome):
    chrome.open(room.url)
    room.answer({"state": "disabled"})
    chrome.wait(lambda: "Switched off" in line(chrome), "the reason")
    assert "contact support" in line(chrome)


def test_it_does_not_come_in_the_way_of_a_form_that_was_sent(room, chrome):
    """Signing out ends the session that it asks about."""
    chrome.open(room.url)
    chrome.wait(lambda: room.questions, "the first question")
    chrome.script("document.body.innerHTML += '<form id=out></form>';"
                  "addEventListener('submit', event => event.preventDefault()); document.querySelector('#out').requestSubmit()")
    asked = len(room.questions)
    room.answer({"state": "signed_out", "location": "/elsewhere"})
    assert chrome.script("dispatchEvent(new Event('online')); return fetch('/another').then(answer => answer.ok)")
    assert len(room.questions) == asked and chrome.url == room.url
    # Until the page is shown again, when nothing came of the form.
    chrome.script("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    chrome.wait(lambda: chrome.url.endswith("/elsewhere"), "where whoever is signed out goes")


# With a stream that says when to ask.


@pytest.fixture
def streaming(room, chrome):
    room.page = PAGE.replace(b"data-origins", b'data-stream-url="/events" data-origins')
    chrome.open(room.url)
    # One question of its own, one when the stream is open: what has changed in between was not heard.
    chrome.wait(lambda: room.streams == 1 and len(room.questions) == 2, "the stream and two questions")
    return room


def test_with_a_stream_it_asks_when_it_is_told_to(streaming, chrome):
    streaming.answer({"state": "ready", "location": "/work"})
    streaming.events.put("alive")
    streaming.events.put("changed")
    chrome.wait(lambda: chrome.url.endswith("/work"), "the page first asked for")
    assert len(streaming.questions) == 3


def test_it_loads_the_page_again_when_there_is_news_and_only_then(streaming, chrome):
    streaming.events.put("changed")
    chrome.wait(lambda: len(streaming.questions) == 3, "a question")
    assert streaming.page_loads == 1
    # What the page then says is what it is told: it stays.
    streaming.page = streaming.page.replace(b"data-origins", b'data-news="1.5" data-origins')
    streaming.told = {"state": "waiting", "news": "1.5"}
    streaming.answer(streaming.told)
    streaming.events.put("changed")
    chrome.wait(lambda: streaming.page_loads == 2 and streaming.streams == 2, "the page again, with its stream")
    for _ in range(2):
        asked = len(streaming.questions)
        chrome.script("dispatchEvent(new Event('online'))")  # asks at once
        chrome.wait(lambda asked=asked: len(streaming.questions) > asked, "another question")
    assert streaming.page_loads == 2


def test_without_its_stream_it_asks_by_itself_again(streaming, chrome):
    streaming.events.put("")
    chrome.wait(lambda: len(streaming.questions) >= 4, "questions")
    assert "Checking" in line(chrome)


def test_a_page_that_nobody_sees_holds_no_connection(streaming, chrome):
    chrome.script("Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
                  "document.dispatchEvent(new Event('visibilitychange'))")
    streaming.events.put("changed")
    chrome.script("Object.defineProperty(document, 'hidden', {value: false});"
                  "document.dispatchEvent(new Event('visibilitychange'))")
    chrome.wait(lambda: streaming.streams == 2, "another stream")
