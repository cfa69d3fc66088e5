"""A small browser without a window: host-only cookies, SameSite, forms and redirects followed one by one.

Every host name is connected to the loopback interface, so that no name needs to resolve.
"""

import http.client
import secrets
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

# Tags that do not separate words.
INLINE = ("a", "abbr", "b", "em", "i", "small", "span", "strong", "wbr")
REDIRECTS = (301, 302, 303, 307, 308)


def site_of(host: str) -> str:
    """The registrable domain, as far as our own test hosts go: the last two labels."""
    return ".".join(host.split(".")[-2:])


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@dataclass
class Cookie:
    name: str
    value: str
    attributes: dict[str, str]

    @property
    def is_expired(self) -> bool:
        if "max-age" in self.attributes:
            return int(self.attributes["max-age"]) <= 0
        if "expires" in self.attributes:
            return parsedate_to_datetime(self.attributes["expires"]).timestamp() <= time.time()
        return False

    def is_sent(self, method: str, is_same_site: bool) -> bool:
        """Whether it goes with a top-level navigation."""
        same_site = self.attributes.get("samesite", "lax").lower()
        return is_same_site or same_site == "none" or (same_site == "lax" and method in ("GET", "HEAD"))

    def matches_path(self, path: str) -> bool:
        own = self.attributes.get("path", "/") or "/"
        return path == own or path.startswith(own if own.endswith("/") else own + "/")


def parse_set_cookie(line: str) -> Cookie:
    pair, *rest = line.split(";")
    name, _, value = pair.strip().partition("=")
    attributes = {}
    for part in rest:
        key, _, text = part.strip().partition("=")
        attributes[key.lower()] = text
    return Cookie(name, value, attributes)


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)
    is_multipart: bool = False


def multipart(fields: Mapping[str, str]) -> tuple[bytes, str]:
    """A body of multipart/form-data, and its Content-Type."""
    edge = "----" + secrets.token_hex(16)
    parts = (f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
    return ("".join(parts) + f"--{edge}--\r\n").encode(), f"multipart/form-data; boundary={edge}"


class _PageReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._hidden_depth = 0
        self._button: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in INLINE:
            self.words.append(" ")
        if tag in ("script", "style"):
            self._hidden_depth += 1
        elif tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").upper(),
                                   is_multipart=given.get("enctype") == "multipart/form-data"))
        elif tag == "a":
            self.links.append(given.get("href", ""))
        elif not self.forms:
            return
        elif tag == "input" and given.get("type") == "submit":
            self.forms[-1].buttons.append(given.get("value", ""))
        elif tag == "input" and given.get("name"):
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "button":
            self._button = []
            if given.get("name"):
                self.forms[-1].fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag not in INLINE:
            self.words.append(" ")
        if tag in ("script", "style"):
            self._hidden_depth -= 1
        elif tag == "button" and self._button is not None:
            self.forms[-1].buttons.append(" ".join("".join(self._button).split()))
            self._button = None

    def handle_data(self, data: str) -> None:
        if self._hidden_depth == 0:
            self.words.append(data)
        if self._button is not None:
            self._button.append(data)


class Page:
    """A response and, if it is HTML, what one can read and press on it."""

    def __init__(self, url: str, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.url = url
        self.status = status
        self.headers = headers  # (lower-case name, value) pairs
        self.body = body
        reader = _PageReader()
        if "html" in self.header("content-type"):
            reader.feed(body.decode("utf-8", "replace"))
            reader.close()
        self.forms = reader.forms
        self.links = reader.links
        self.text = " ".join("".join(reader.words).split())

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def all_headers(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def form(self, with_field: str | None = None, action_ends: str | None = None) -> Form:
        """The first form that has that field, or leads to that path; LookupError says what the page is instead."""
        for form in self.forms:
            action = urlsplit(urljoin(self.url, form.action)).path
            if (with_field is None or with_field in form.fields) and \
                    (action_ends is None or action.endswith(action_ends)):
                return form
        wanted = with_field or action_ends or "at all"
        raise LookupError(f"no form {wanted!r} on {self.url} (status {self.status}): {self.text[:300]!r}")

    def __repr__(self) -> str:
        return f"<{self.status} {self.url}: {self.text[:200]!r}>"


class Browser:
    """Cookies of one person. Methods return a Page; the last one is `page`."""

    def __init__(self, timeout: float = 20) -> None:
        self.cookies: dict[str, dict[str, Cookie]] = {}  # host -> name -> Cookie
        self._page: Page | None = None
        self.trail: list[tuple[str, str, int]] = []  # what was asked for, in order: (method, url, status)
        self._timeout = timeout
        # The servers under test use a certificate that they made themselves.
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    @property
    def page(self) -> Page:
        assert self._page is not None, "nothing was asked for yet"
        return self._page

    @page.setter
    def page(self, page: Page) -> None:
        self._page = page

    def request(self, method: str, url: str, *, form: Mapping[str, str] | None = None, body: bytes | None = None,
                headers: Mapping[str, str | None] | None = None, initiator: str | None = None) -> Page:
        """One exchange without following redirects. `initiator`: URL of the page that causes it, None for a typed
        address; it decides Origin, Sec-Fetch-Site and which cookies go along."""
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.hostname or ""
        is_same_site = initiator is None or site_of(urlsplit(initiator).hostname or "") == site_of(host)
        sent = {"Host": parts.netloc, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
                "User-Agent": "anteroom-walk/1", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
                "Sec-Fetch-Site": self._fetch_site(url, initiator, is_same_site)}
        if form is not None:
            body = urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if method == "POST" and initiator is not None:
            sent["Origin"] = origin_of(initiator)
        cookie = self._cookie_header(host, parts.path or "/", method, is_same_site)
        if cookie:
            sent["Cookie"] = cookie
        for name, value in (headers or {}).items():
            sent.pop(name, None)
            if value is not None:
                sent[name] = value
        page = self._exchange(parts, method, path, body, sent, url)
        for line in page.all_headers("set-cookie"):
            self._keep(host, parse_set_cookie(line))
        self.trail.append((method, url, page.status))
        self.page = page
        return page

    def get(self, url: str, *, initiator: str | None = None, headers: Mapping[str, str | None] | None = None) -> Page:
        """Navigates to `url` and follows redirects."""
        return self._follow(self.request("GET", url, initiator=initiator, headers=headers), initiator)

    def fetch(self, url: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str | None] | None = None) -> Page:
        """What a script of the page does: no navigation, redirects are not followed."""
        script = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Accept": "application/json"}
        return self.request(method, url, body=body, initiator=self._page.url if self._page else None,
                            headers={**script, **(headers or {})})

    def submit(self, form: Form, **values: str) -> Page:
        """Sends a form of the current page with its own hidden fields and follows redirects."""
        source = self.page.url
        action = urljoin(source, form.action)
        fields = {**form.fields, **values}
        if form.is_multipart:
            body, content_type = multipart(fields)
            page = self.request("POST", action, body=body, headers={"Content-Type": content_type}, initiator=source)
        elif form.method == "POST":
            page = self.request("POST", action, form=fields, initiator=source)
        else:
            page = self.request("GET", f"{action}?{urlencode(fields)}", initiator=source)
        return self._follow(page, source)

    def follow(self, url: str) -> Page:
        """Follows a link of the current page."""
        return self.get(urljoin(self.page.url, url), initiator=self.page.url)

    def cookie(self, host: str, name: str) -> str | None:
        found = self.cookies.get(host, {}).get(name)
        return found.value if found else None

    def _follow(self, page: Page, initiator: str | None, limit: int = 12) -> Page:
        for _ in range(limit):
            if page.status not in REDIRECTS:
                return page
            page = self.request("GET", urljoin(page.url, page.header("location")), initiator=initiator)
        raise RuntimeError("redirected in circles: " + " -> ".join(url for _, url, _ in self.trail[-limit:]))

    def _exchange(self, parts: SplitResult, method: str, path: str, body: bytes | None, headers: Mapping[str, str], url: str) -> Page:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme == "https":
            connection: http.client.HTTPConnection = _LoopbackTls(parts.hostname or "", port, timeout=self._timeout, context=self._tls)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self._timeout)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            lines = [(name.lower(), value) for name, value in answer.getheaders()]
            return Page(url, answer.status, lines, answer.read())
        finally:
            connection.close()

    def _cookie_header(self, host: str, path: str, method: str, is_same_site: bool) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies.get(host, {}).values()
                         if cookie.is_sent(method, is_same_site) and cookie.matches_path(path))

    def _keep(self, host: str, cookie: Cookie) -> None:
        jar = self.cookies.setdefault(host, {})
        if cookie.is_expired:
            jar.pop(cookie.name, None)
            return
        if cookie.name.startswith("__Host-"):
            flags = cookie.attributes
            if "secure" not in flags or "domain" in flags or flags.get("path") != "/":
                return  # as browsers do
        jar[cookie.name] = cookie

    @staticmethod
    def _fetch_site(url: str, initiator: str | None, is_same_site: bool) -> str:
        if initiator is None:
            return "none"
        if origin_of(url) == origin_of(initiator):
            return "same-origin"
        return "same-site" if is_same_site else "cross-site"


class _LoopbackTls(http.client.HTTPSConnection):
    """Connects to 127.0.0.1 whatever the name, and sends the name as SNI."""

    _context: ssl.SSLContext  # of the base class

    def connect(self) -> None:
        name = self.host
        self.host = "127.0.0.1"
        try:
            http.client.HTTPConnection.connect(self)
        finally:
            self.host = name
        self.sock = self._context.wrap_socket(self.sock, server_hostname=name)
