"""Browsers that reach a clean root's servers, and the IdP that they are sent to, which signs with the tests' own keys."""

import base64
import html
import re
import zlib
from urllib.parse import parse_qs, urlsplit

from tests.support.http_client import Browser, Page
from tests.support.saml import live, messages

CLAIMS = {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": "ann@contoso.com",
          "http://schemas.microsoft.com/identity/claims/tenantid": "0b1c5b9e-5e3f-4f0e-9d2f-1f6f3c8a7d10",
          "http://schemas.microsoft.com/identity/claims/objectidentifier": "7c2d6a1f-8e4b-4c55-a0d3-2b9e7f6c5d21"}


class Provider:
    """Signs everybody on as Ann, as Entra ID would for the guide's host."""

    HOST = "idp.test"

    def __init__(self):
        self._keys = live.authorities()
        self.metadata = live.registered(self._keys)

    def answer(self, url):
        query = parse_qs(urlsplit(url).query)
        request = zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15).decode()
        message = live.make_now({}, self._keys, re.search(r' ID="([^"]+)"', request)[1], self._response())
        fields = {"SAMLResponse": base64.b64encode(message).decode(), "RelayState": query["RelayState"][0]}
        inputs = "".join(f'<input name="{name}" value="{html.escape(value)}">' for name, value in fields.items())
        page = f'<form method="post" action="https://login.example.com/saml2/idpresponse">{inputs}</form>'
        return Page(url, 200, [("content-type", "text/html")], page.encode())

    @staticmethod
    def _response():
        claims = "".join(f'<saml:Attribute Name="{name}"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>'
                         for name, value in CLAIMS.items())
        text = (messages.BASE.replace("https://login.test/", "https://login.example.com/")
                .replace("https://sp.test", "https://login.example.com").replace("corp.test", "contoso.com"))
        return re.sub("(<saml:AttributeStatement>).*(</saml:AttributeStatement>)", rf"\1{claims}\2", text)


class InsideBrowser(Browser):
    def __init__(self, root, provider):
        super().__init__()
        self._root = root
        self._provider = provider

    def _exchange(self, parts, method, path, body, headers, url):
        if parts.hostname == self._provider.HOST:
            return self._provider.answer(url)
        exchange = super()._exchange
        return self._root.in_network(lambda: exchange(parts, method, path, body, headers, url))


def sign_on(browser, url):
    browser.get(url)
    browser.submit(browser.page.form("email"), email="ann@contoso.com")
    browser.submit(browser.page.form("idp"))
    return browser.submit(browser.page.form("SAMLResponse"))
