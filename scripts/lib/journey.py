"""The whole journey through real servers, step by step, without a window: what `scripts/demo --check` shows."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.support.http_client import Browser, Page
from tests.support.identity_provider import Person
from tests.support.stack import Stack

WAITING_ROOM_SECONDS = 5
MAIL_SECONDS = 90  # news are looked for every 20 s


class StepFailed(Exception):
    """What was expected and what came instead."""


def expect(condition: object, message: str) -> None:
    if not condition:
        raise StepFailed(message)


def sign_on(browser: Browser, url: str, person: Person) -> Page:
    """From `url` by way of the email page, the provider's button and the IdP's login form; returns the last page."""
    browser.get(url)
    return sign_on_from_page(browser, person)


def sign_on_from_page(browser: Browser, person: Person) -> Page:
    """The same from the sign-on page on."""
    browser.submit(browser.page.form("email"), email=person.email)
    browser.submit(browser.page.form("idp"))
    if not any("SAMLResponse" in form.fields for form in browser.page.forms):  # no session there yet
        browser.submit(browser.page.form("username"), username=person.email, password=person.password)
    return browser.submit(browser.page.form("SAMLResponse"))


@dataclass
class Cast:
    """Who takes part: somebody with access, somebody new; a manager, a newcomer and support of another company; and somebody of a
    company that is not connected yet."""

    provisioned: Person
    newcomer: Person
    manager: Person
    colleague: Person
    support: Person
    customer: Person


class Walk:
    """Prints one line per step; `failures` counts those that did not hold."""

    def __init__(self, stack: Stack, cast: Cast, say: Callable[[str], object] = print) -> None:
        self.stack = stack
        self.provisioned, self.newcomer, self.other = cast.provisioned, cast.newcomer, cast.manager
        self.cast = cast
        self.failures = 0
        self.count = 0
        self._say = say
        self._ann = Browser()
        self._ben = Browser()
        self._carla = Browser()

    def run(self) -> bool:
        for step in (self.stranger_is_sent_to_sign_on, self.script_gets_401, self.unknown_domain_is_explained,
                     self.provisioned_person_gets_in, self.app_sees_identity, self.client_cannot_claim_identity,
                     self.level_is_checked, self.property_is_checked, self.newcomer_waits,
                     self.support_is_told_by_mail, self.provisioning_lets_in, self.other_company_signs_in,
                     self.manager_asks_and_support_approves, self.approved_person_is_told_by_mail,
                     self.support_connects_a_company, self.repeated_response_opens_nothing_new, self.sign_out_ends_session,
                     self.open_location_is_open):
            self._step(step)
        return self.failures == 0

    def _step(self, step: Callable[[], str | None]) -> None:
        name = step.__doc__
        self.count += 1
        try:
            detail = step()
        except Exception as error:  # any surprise is a failed step, and the next ones still tell something
            self.failures += 1
            self._say(f"FAIL  {name}\n      {type(error).__name__}: {error}")
            return
        self._say(f"ok    {name}" + (f" ({detail})" if detail else ""))

    def _me(self, browser: Browser, **headers: str) -> dict[str, str]:
        page = browser.request("GET", self.stack.app_url("/api/me"),
                               headers={"Accept": "application/json", **headers})
        expect(page.status == 200, f"the app should answer, got {page}")
        return json.loads(page.body)

    def stranger_is_sent_to_sign_on(self) -> None:
        """somebody without a session is sent to the sign-on page"""
        page = Browser().get(self.stack.app_url("/workorders?property=elm-court"))
        parts = urlsplit(page.url)
        expect(page.status == 200 and parts.path == "/auth/sign-in", f"expected the sign-on page, got {page}")
        expect(parts.hostname == self.stack.plan.login_host, f"expected the login host, got {page.url}")
        page.form("email")

    def script_gets_401(self) -> None:
        """a script without a session gets 401 and JSON, not a redirect"""
        page = Browser().fetch(self.stack.app_url("/api/me"))
        expect(page.status == 401 and "application/json" in page.header("content-type"), f"got {page}")
        json.loads(page.body)

    def unknown_domain_is_explained(self) -> None:
        """an address of an unknown company is told so"""
        browser = Browser()
        browser.get(self.stack.app_url("/"))
        page = browser.submit(browser.page.form("email"), email="somebody@unknown.example")
        expect("unknown.example" in page.text, f"the page should name the domain: {page}")
        page.form("email")

    def provisioned_person_gets_in(self) -> str:
        """a provisioned person signs in and lands on the page first asked for, with its query"""
        wanted = self.stack.app_url("/workorders?property=elm-court&sort=age%20down")
        page = sign_on(self._ann, wanted, self.provisioned)
        expect(page.status == 200 and page.url == wanted, f"expected {wanted}, got {page}")
        expect("Leaking tap" in page.text, f"expected the work orders: {page}")
        return self.provisioned.email

    def app_sees_identity(self) -> str:
        """the app is told who it serves, and never sees the session cookie"""
        seen = self._me(self._ann)
        expect(seen["email"] == self.provisioned.email, f"the app saw {seen}")
        expect(seen["name"] == self.provisioned.name, f"the app saw {seen}")
        expect(seen["access_level"] == "technician" and "elm-court" in seen["properties"], f"the app saw {seen}")
        own = self._ann.cookies[self.stack.plan.app_host]
        expect(own, "the browser should hold a session cookie for the app's host")
        leaked = [name for name, cookie in own.items() if cookie.value in seen["cookie"]]
        expect(not leaked, f"the app was sent {leaked}")
        return f"{seen['email']}, {seen['access_level']} at {seen['properties']}"

    def client_cannot_claim_identity(self) -> None:
        """identity headers that a client sends are removed"""
        seen = self._me(self._ann, **{"X-Auth-Email": "root@evil.example", "x-auth-access-level": "admin"})
        expect(seen["email"] == self.provisioned.email and seen["access_level"] == "technician", f"the app saw {seen}")

    def level_is_checked(self) -> None:
        """a page for managers is refused to a technician, by name"""
        page = self._ann.get(self.stack.app_url("/reports/"))
        expect(page.status == 403 and self.provisioned.email in page.text, f"expected 403 saying who, got {page}")

    def property_is_checked(self) -> None:
        """access is per property: one of theirs opens, another's is refused"""
        own = self._ann.get(self.stack.app_url("/properties/elm-court/"))
        expect(own.status == 200 and own.url.endswith("/properties/elm-court/"), f"their own property: {own}")
        foreign = self._ann.get(self.stack.app_url("/properties/mill-house/"))
        expect(foreign.status == 403, f"another property: {foreign}")

    def newcomer_waits(self) -> str:
        """a new person is led to the Waiting Room"""
        page = sign_on(self._ben, self.stack.app_url("/properties/harbor-lofts/?tab=open"), self.newcomer)
        expect(urlsplit(page.url).path == "/auth/waiting", f"expected the Waiting Room, got {page}")
        expect(self.newcomer.email in page.text, f"it should say who is signed in: {page}")
        gated = self._ben.request("GET", self.stack.app_url("/"))
        expect(gated.status in (302, 303) and "/auth/waiting" in gated.header("location"), f"a gated page: {gated}")
        self._ben.page = page
        expect(self.stack.users()[self.newcomer.email]["state"] == "waiting", "the database should know who waits")
        return self.newcomer.email

    def support_is_told_by_mail(self) -> str:
        """support is told by mail that somebody new waits, in one digest"""
        deadline = time.monotonic() + MAIL_SECONDS
        while not (mails := json.loads(Browser().get(self.stack.plan.mailbox_url + "messages.json").body)):
            expect(time.monotonic() < deadline, "no mail arrived")
            time.sleep(0.2)
        expect(len(mails) == 1, f"expected one digest, got {mails}")
        expect(mails[0]["to"] == "support@maintenance.example" and self.newcomer.email in mails[0]["text"],
               f"the digest was {mails[0]}")
        return mails[0]["subject"]

    def provisioning_lets_in(self) -> str:
        """provisioned from the command line, they are let in within seconds, to the page first asked for"""
        waiting_page = self._ben.page
        self.stack.anteroom("user", "provision", self.newcomer.email, "--level", "technician", "--property",
                            "harbor-lofts")
        started = time.monotonic()
        page = self._ben.get(waiting_page.url)
        while urlsplit(page.url).path == "/auth/waiting" and time.monotonic() < started + 2 * WAITING_ROOM_SECONDS:
            time.sleep(0.1)
            page = self._ben.get(waiting_page.url)
        took = time.monotonic() - started
        expect(page.status == 200 and page.url == self.stack.app_url("/properties/harbor-lofts/?tab=open"),
               f"expected the page first asked for, got {page}")
        expect(took <= WAITING_ROOM_SECONDS, f"it took {took:.1f} s")
        return f"after {took:.1f} s"

    def other_company_signs_in(self) -> str:
        """a person of another company signs in at that company's provider"""
        page = sign_on(self._carla, self.stack.app_url("/reports/"), self.other)
        expect(page.status == 200 and page.url == self.stack.app_url("/reports/"), f"expected the reports, got {page}")
        hosts = {urlsplit(url).hostname for _, url, _ in self._carla.trail}
        expect(self.stack.plan.companies[0].host not in hosts, "the first company's provider was asked too")
        return self.other.email

    def manager_asks_and_support_approves(self) -> str:
        """a manager asks for access for a colleague who waits, support approves, the colleague is let in"""
        colleague, support = Browser(), Browser()
        waiting = sign_on(colleague, self.stack.app_url("/workorders"), self.cast.colleague)
        expect(urlsplit(waiting.url).path == "/auth/waiting", f"expected the Waiting Room, got {waiting}")
        self._carla.get(self.stack.app_url("/auth/manage/new-user"))
        page = self._carla.submit(self._carla.page.form("email"), email=self.cast.colleague.email, property="harbor-lofts",
                                  level="technician", note="Starts today")
        expect(urlsplit(page.url).path == "/auth/manage/requests", f"expected the requests, got {page}")
        page = sign_on(support, self.stack.app_url("/auth/manage/queue"), self.cast.support)
        chosen = re.search(rf'value="(\S+ {re.escape(self.cast.colleague.email)})"', page.body.decode())
        expect(chosen, f"the queue should show the request: {page}")
        page = support.submit(page.form("answer"), request=chosen[1] if chosen else "", answer="approve", reason="")
        expect("approved" in page.text, f"expected the queue, got {page}")
        started = time.monotonic()
        page = colleague.get(waiting.url)
        while urlsplit(page.url).path == "/auth/waiting" and time.monotonic() < started + 2 * WAITING_ROOM_SECONDS:
            time.sleep(0.1)
            page = colleague.get(waiting.url)
        expect(page.url == self.stack.app_url("/workorders"), f"expected the page first asked for, got {page}")
        return f"after {time.monotonic() - started:.1f} s"

    def approved_person_is_told_by_mail(self) -> str:
        """the colleague is told by mail that they may sign in, and the manager that it was approved"""
        return self._mails_about(self.cast.colleague.email, {self.cast.colleague.email, self.cast.manager.email})

    def _mails_about(self, what: str, wanted: set[str]) -> str:
        """The subjects of those to everybody who is wanted, once they have come."""
        deadline = time.monotonic() + MAIL_SECONDS
        while True:
            mails = json.loads(Browser().get(self.stack.plan.mailbox_url + "messages.json").body)
            told = [mail for mail in mails if mail["to"] in wanted and what in mail["to"] + mail["text"]]
            if {mail["to"] for mail in told} == wanted:
                return ", ".join(mail["subject"] for mail in told)
            expect(time.monotonic() < deadline, f"mails were {mails}")
            time.sleep(0.2)

    def support_connects_a_company(self) -> str:
        """support connects a third company in Manage, and its people sign in without a reload, and its contact is told"""
        company = next(one for one in self.stack.plan.companies if not one.is_configured)
        support = Browser()
        page = sign_on(support, self.stack.login_url("/auth/manage/companies"), self.cast.support)
        page = support.submit(page.form(action_ends="/add"), name=company.key, display_name=company.display_name, preset=company.preset)
        expect("added, as a draft" in page.text, f"expected the draft, got {page}")
        page = support.submit(page.form("domain"), domain=company.domain)
        expect("domain was added" in page.text, f"expected the domain, got {page}")
        metadata = (self.stack.state / "anteroom" / f"{company.key}.xml").read_text()
        page = support.submit(page.form("file"), metadata=metadata)
        expect("This metadata is good" in page.text, f"expected a good word for the metadata, got {page}")
        page = support.submit(page.form("confirmed"), metadata=metadata)
        expect("in force" in page.text, f"expected the metadata in force, got {page}")
        contact = f"it@{company.domain}"
        page = support.submit(page.form(action_ends="/contacts"), contacts=contact)
        expect("contacts are saved" in page.text, f"expected the contacts, got {page}")
        page = support.submit(next(form for form in page.forms if form.fields.get("then") == "live"))
        expect("can sign in now" in page.text, f"expected the company to be live, got {page}")
        customer = Browser()
        started = time.monotonic()
        while customer.get(self.stack.login_url(f"/auth/at/{company.key}")).status != 200:
            expect(time.monotonic() < started + 5, "the company's button should be there within seconds")
            time.sleep(0.1)
        customer.submit(customer.page.form("idp"))
        customer.submit(customer.page.form("username"), username=self.cast.customer.email, password=self.cast.customer.password)
        page = customer.submit(customer.page.form("SAMLResponse"))
        expect(urlsplit(page.url).path == "/auth/waiting", f"expected the Waiting Room, got {page}")
        seconds = time.monotonic() - started
        return f"after {seconds:.1f} s; {self._mails_about(self.stack.login_url(f'/auth/at/{company.key}'), {contact})}"

    def repeated_response_opens_nothing_new(self) -> None:
        """a Response that comes twice opens no second session"""
        first = Browser()
        first.get(self.stack.app_url("/"))
        first.submit(first.page.form("email"), email=self.provisioned.email)
        first.submit(first.page.form("idp"))
        first.submit(first.page.form("username"), username=self.provisioned.email,
                     password=self.provisioned.password)
        answer = first.page
        form = answer.form("SAMLResponse")
        first.submit(form)
        thief = Browser()
        thief.page = answer
        page = thief.submit(form)
        expect(urlsplit(page.url).path == "/auth/sign-in", f"another browser should start from the beginning: {page}")
        first.page = answer
        page = first.submit(form)
        expect(page.url == self.stack.app_url("/"), f"the same browser should just go on: {page}")

    def sign_out_ends_session(self) -> None:
        """sign-out ends the session: the old cookie opens nothing any more"""
        host = self.stack.plan.app_host
        self._ann.get(self.stack.app_url("/"))
        kept = dict(self._ann.cookies[host])
        page = self._ann.submit(self._ann.page.form(action_ends="/auth/sign-out"))
        expect(urlsplit(page.url).path == "/auth/signed-out", f"expected the signed-out page, got {page}")
        page = self._ann.get(self.stack.app_url("/"))
        expect(urlsplit(page.url).path == "/auth/sign-in", f"the app should ask for a new sign-on, got {page}")
        self._ann.cookies[host] = kept
        again = self._ann.request("GET", self.stack.app_url("/"))
        expect(again.status == 302 and "/auth/sign-in" in again.header("location"), f"the old cookie: {again}")

    def open_location_is_open(self) -> None:
        """a location that is not gated answers everybody, and claimed identities are removed there too"""
        page = Browser().request("GET", self.stack.app_url("/healthz"), headers={"X-Auth-Email": "root@evil.example"})
        expect(page.status == 200 and page.text == "" and page.body == b"ok\n", f"got {page}")
