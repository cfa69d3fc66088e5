"""Manage where two people connect a company: one proposes, another confirms, on whichever node."""

import os
import re
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.http_client import multipart
from tests.support.node import COOKIE
from tests.support.saml.browser import FORM, LOGIN_HOST, PAGE

from .test_set_up import Office

SAME = ("Sec-Fetch-Site", "same-origin")
SHOW = "/auth/manage/companies/show?name=contoso"


class Support:
    """Somebody who may connect companies, with a session."""

    def __init__(self, office, node=None, level="admin", sign_on_age="0"):
        self.node = node or office.node
        self.token, self.email, self.user = office.node.people.sign_in(
            grants=(("*", level),), origin=f"https://{LOGIN_HOST}", sign_on_age=sign_on_age)

    def ask(self, path, method="GET", body=None, headers=()):
        return self.node.ask(path, host=LOGIN_HOST, method=method, body=body, headers=[PAGE, *headers], cookies=[f"{COOKIE}={self.token}"])

    def page(self):
        answer = self.ask(SHOW)
        assert answer.status == 200, answer
        return answer.body.decode()

    def send(self, form, **fields):
        body = urllib.parse.urlencode({"name": "contoso", **fields}).encode()
        return self.ask(f"/auth/manage/companies/{form}", "POST", body, [FORM, SAME])

    def propose(self):
        """Its number."""
        version = re.search(r'name="version" value="(\d+)"', self.page())[1]
        answer = self.send("state", then="live", version=version)
        assert answer.header("location").endswith("&notice=proposed"), answer
        return re.search(r'name="number" value="(\d+)"', self.page())[1]


@pytest.fixture
def office(lab, cluster, workspace):
    folder = workspace / f"two-people-{os.urandom(3).hex()}"
    made = Office(lab, cluster, folder, ", two_people: true")
    made.add()
    made.company("domain", "add", "contoso", "contoso.test")
    (folder / "contoso.xml").write_text(made.xml())
    made.company("metadata", "contoso", folder / "contoso.xml")
    return made


def test_another_person_confirms_on_another_node(office):
    ann, ada = Support(office), Support(office, office.other)
    number = ann.propose()
    assert ann.send("second", number=number, then="confirm").status == 403, "not her own"
    assert office.shown()["state"] == "draft"
    assert 'value="confirm"' not in ann.page() and 'value="confirm"' in ada.page()
    assert ada.send("second", number=number, then="confirm").header("location").endswith("&notice=confirmed")
    assert office.shown()["state"] == "live"
    assert ada.send("second", number=number, then="confirm").status == 409, "only once"


def test_other_keys_of_a_live_company_wait(office):
    office.company("live", "contoso")
    ann, ada = Support(office), Support(office)
    version = re.search(r'name="version" value="(\d+)"', ann.page())[1]
    body, kind = multipart({"name": "contoso", "version": version, "confirmed": "yes", "metadata": office.xml("idp2")})
    answer = ann.ask("/auth/manage/companies/metadata", "POST", body, [("Content-Type", kind), SAME])
    assert answer.header("location").endswith("&notice=proposed")
    assert len(office.shown()["metadata"]) == 1
    (waits,) = office.shown()["proposals"]
    assert waits["fingerprints"][0] in ada.page()
    assert ada.send("second", number=waits["number"], then="confirm").status == 303
    assert office.shown()["metadata"][0]["fingerprints"] == waits["fingerprints"]


def test_a_sign_on_of_long_ago_confirms_nothing(office):
    number = Support(office).propose()
    late = Support(office, sign_on_age="2 hours")
    assert 'value="confirm"' not in late.page()
    assert late.send("second", number=number, then="confirm").status == 403
    assert office.shown()["state"] == "draft"


def test_who_lost_the_level_or_never_had_it_confirms_nothing(office):
    number = Support(office).propose()
    lost, never = Support(office), Support(office, level="viewer")
    assert lost.ask(SHOW).status == 200
    office.node.people.sql(f"DELETE FROM grants WHERE user_id = '{lost.user}'")
    for one in (lost, never):
        for answer in ("confirm", "decline"):  # 404: of the database, before the node has heard that somebody lost their level
            assert one.send("second", number=number, then=answer).status in (302, 303, 403, 404)
    assert office.shown()["state"] == "draft" and len(office.shown()["proposals"]) == 1


def test_many_who_confirm_at_once_do_it_once(office):
    number = Support(office).propose()
    others = [Support(office, node) for node in (office.node, office.other) * 3]
    with ThreadPoolExecutor(len(others)) as pool:
        answers = list(pool.map(lambda one: one.send("second", number=number, then="confirm").status, others))
    assert sorted(answers) == [303] + [409] * 5
    assert office.node.people.sql("SELECT count(*) FROM audit_events WHERE kind = 'company_went_live'") == ["1"]


def test_a_form_of_another_site_confirms_nothing(office):
    number = Support(office).propose()
    ada = Support(office)
    body = urllib.parse.urlencode({"name": "contoso", "number": number, "then": "confirm"}).encode()
    from_elsewhere = [FORM, ("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.test")]
    answer = ada.ask("/auth/manage/companies/second", "POST", body, from_elsewhere)
    assert answer.status == 403 and office.shown()["state"] == "draft"
