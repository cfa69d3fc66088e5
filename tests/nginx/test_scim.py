"""Directories: Entra ID's requests in order (scim/*.json), what each leads to, and misuse of the endpoint."""

import json
import re
from pathlib import Path

import pytest

from tests.support.processes import wait_until

from .test_open_requests import SOCKETS, web_sockets

DATA = Path(__file__).parent / "scim"
JSON = ("Content-Type", "application/scim+json; charset=utf-8")
OFF = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
       "Operations": [{"op": "Replace", "path": "active", "value": "False"}]}
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


class Directory:
    """A company's directory with its token."""

    def __init__(self, node, company, token=None):
        self.node, self.company = node, company
        self.base = f"/auth/scim/v2/{company}"
        if token is None:
            made = json.loads(node.cli("--json", "scim", "token", "add", company))
            assert made["tenant_url"] == f"http://{node.host}{self.base}"
            token = made["token"]
        self.token = token

    def ask(self, method, path, body=None, headers=(JSON,), **more):
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return self.node.ask(self.base + path, method=method, body=data,
                             headers=[("Authorization", f"Bearer {self.token}"), *headers], **more)

    def user(self, email, **more):
        answer = self.ask("POST", "/Users", {"schemas": [USER], "userName": email, **more})
        assert answer.status == 201, answer
        return answer.json["id"]

    def patch(self, path, *operations):
        return self.ask("PATCH", path, {**OFF, "Operations": list(operations)})


def with_companies(keys):
    """Two companies, the first with a table of groups."""
    other = keys / "southwind.xml"
    other.write_text((keys / "northwind.xml").read_text().replace("//idp.northwind", "//idp.southwind"))

    def change(yaml):
        return yaml.replace("    domains: [northwind.example]\n", f"""\
    domains: [northwind.example]
    scim:
      groups:
        - {{ name: Anteroom Managers, level: manager, properties: "*" }}
  - name: southwind
    metadata: {other}
    domains: [southwind.example]
""")
    return change


@pytest.fixture
def scim_node(lab, cluster, keys):
    return lab.node(cluster, yaml=with_companies(keys), locations=SOCKETS, workers=2)


@pytest.fixture
def northwind(scim_node):
    return Directory(scim_node, "northwind")


def filled(value, names):
    """`value` with {names} put in."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda m: names.get(m[1], m[0]), value)
    if isinstance(value, list):
        return [filled(item, names) for item in value]
    if isinstance(value, dict):
        return {key: filled(item, names) for key, item in value.items()}
    return value


def at(document, path):
    """What is at "Resources/0/userName"; None: nothing."""
    for part in path.split("/"):
        if isinstance(document, list):
            document = document[int(part)] if int(part) < len(document) else None
        else:
            document = (document or {}).get(part)
    return document


@pytest.mark.parametrize("name", sorted(path.stem for path in DATA.glob("*.json")))
def test_the_sequence_of(northwind, name):
    """Each step's "has" (a value), "holds" (any value) and "lacks" are of places in the answer; "keep" names them for later."""
    names = {"base": f"http://{northwind.node.host}{northwind.base}"}
    for step in json.loads((DATA / f"{name}.json").read_text()):
        body = filled(step.get("body"), names)
        content_type = step.get("content_type", JSON[1])
        answer = northwind.ask(step["method"], filled(step["path"], names), body.encode() if isinstance(body, str) else body,
                               headers=[("Content-Type", content_type)] if content_type else [])
        assert answer.status == step["status"], (step["what"], answer)
        assert answer.header("cache-control") == "no-store"
        if answer.status == 204:
            assert answer.body == b""
            continue
        assert answer.header("content-type") == "application/scim+json", step["what"]
        document = answer.json
        assert isinstance(document["schemas"], list)
        for key, value in filled(step.get("has", {}), names).items():
            assert at(document, key) == value, (step["what"], key, document)
        for key in step.get("holds", []):
            assert at(document, key) is not None, (step["what"], key, document)
        for key in step.get("lacks", []):
            assert at(document, key) is None, (step["what"], key, document)
        names.update({name: document[key] for name, key in step.get("keep", {}).items()})
        if answer.status == 201 and "meta" in document:
            assert answer.header("location") == document["meta"]["location"]


def test_what_the_endpoint_can_do(northwind):
    for path in ["/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/Group", "/Schemas", f"/Schemas/{USER}"]:
        answer = northwind.ask("GET", path, headers=())
        assert answer.status == 200 and answer.header("content-type") == "application/scim+json"
    assert northwind.ask("GET", "/ServiceProviderConfig").json["patch"]["supported"] is True


def test_deactivation_ends_sessions_and_web_sockets_within_two_seconds(northwind):
    node = northwind.node
    token, email, user = node.people.sign_in()
    other, _, _ = node.people.sign_in()
    assert northwind.user(email) == user
    ending, staying = web_sockets(node, token), web_sockets(node, other, count=2)
    assert node.ask("/work", token).status == 200
    answer = northwind.ask("PATCH", f"/Users/{user}", OFF)
    assert answer.status == 200 and answer.json["active"] is False
    wait_until(lambda: all(one.read().is_closed for one in ending), 2, "the ends of the connections")
    assert node.ask("/work", token).status == 302
    assert all(one.echoes() for one in staying)
    assert node.people.sql("SELECT actor || ' ' || email || ' ' || detail FROM audit_events WHERE kind = 'user_disabled'"
                           ) == [f"scim:northwind {email} active -> disabled by scim:northwind"]


def test_somebody_is_turned_off_whatever_else_is_wrong_with_the_request(northwind):
    user = northwind.user("ann@northwind.example")
    answer = northwind.patch(f"/Users/{user}", {"op": "replace", "path": "active", "value": False},
                             {"op": "replace", "path": "userName", "value": "ann@gone.example"},
                             {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "ann@gone.example"})
    assert answer.status == 400 and "northwind.example" in answer.json["detail"]
    read = northwind.ask("GET", f"/Users/{user}").json
    assert read["active"] is False and read["userName"] == "ann@northwind.example"


def test_membership_lets_the_waiting_in_and_its_end_shuts_them_out(northwind):
    node = northwind.node
    token, email, user = node.people.sign_in(status="waiting", grants=())
    assert node.ask("/work", token).status == 302
    northwind.user(email)
    group = northwind.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "Anteroom Managers"}).json["id"]
    member = {"op": "Add", "path": "members", "value": [{"value": user}]}
    assert northwind.patch(f"/Groups/{group}", member).status == 204
    wait_until(lambda: node.ask("/work", token).status == 200, 2, "access")
    assert node.ask("/manager/x", token).status == 200
    assert northwind.patch(f"/Groups/{group}", {**member, "op": "Remove"}).status == 204
    wait_until(lambda: node.ask("/work", token).status == 302, 2, "the end of access")


# Misuse.


def test_a_token_opens_one_company_only(scim_node, northwind):
    southwind = Directory(scim_node, "southwind")
    user = northwind.user("ann@northwind.example")
    stranger = Directory(scim_node, "northwind", southwind.token)
    assert stranger.ask("GET", "/Users").status == 401
    for method, body in [("GET", None), ("PATCH", OFF), ("DELETE", None),
                         ("PUT", {"schemas": [USER], "userName": "ann@southwind.example", "active": False})]:
        assert southwind.ask(method, f"/Users/{user}", body).status == 404
    assert southwind.ask("GET", "/Users").json["totalResults"] == 0
    answer = southwind.ask("POST", "/Users", {"schemas": [USER], "userName": "ann@northwind.example"})
    assert answer.status == 400 and "northwind" not in answer.json["detail"]
    answer = southwind.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "G", "members": [{"value": user}]})
    assert answer.status == 400
    assert northwind.ask("GET", f"/Users/{user}").json["active"] is True


def test_without_a_good_token_there_is_nothing(scim_node, northwind):
    node = scim_node
    for headers in [[], [("Authorization", "Bearer x")], [("Authorization", f"Basic {northwind.token}")],
                    [("Authorization", f"Bearer {northwind.token[:-1]}!")],
                    [("Authorization", f"Bearer scim_{'A' * 43}")]]:
        for path in ["/auth/scim/v2/northwind/Users", "/auth/scim/v2/nobody/Users",
                     "/auth/scim/v2/northwind/ServiceProviderConfig"]:
            answer = node.ask(path, headers=headers)
            assert answer.status == 401 and answer.header("www-authenticate") == "Bearer"
            assert answer.json["status"] == "401" and answer.json["schemas"]
    reference = re.search(r"reference ([\w-]+)", answer.json["detail"])[1]
    assert node.error_log().count(f"reference={reference}") == 1
    assert node.people.sql("SELECT count(*) FROM audit_events WHERE kind = 'scim_refused'") == ["1"]
    node.cli("scim", "token", "remove", "northwind",
             json.loads(node.cli("--json", "scim", "token", "list"))[0]["name"])
    assert northwind.ask("GET", "/Users").status == 401


def test_without_a_token_nobody_is_asked_about_companies(lab, own_cluster, keys):
    """Of a node that does not know yet which there are in the database."""
    node = lab.node(own_cluster, yaml=with_companies(keys), locations=SOCKETS, start=False)
    own_cluster.stop()
    node.start()
    token = f"scim_{'A' * 43}"
    for name in ["northwind", "nobody"]:
        assert node.ask(f"/auth/scim/v2/{name}/Users", headers=[]).status == 401
        assert node.ask(f"/auth/scim/v2/{name}/Users", headers=[("Authorization", f"Bearer {token}")]).status == 503


def test_a_session_cookie_is_no_token(scim_node, northwind):
    token, _, _ = scim_node.people.sign_in(grants=[("*", "admin")])
    assert scim_node.ask("/auth/scim/v2/northwind/Users", token).status == 401


def test_neither_token_nor_body_is_logged(northwind):
    northwind.user("ann@northwind.example", displayName="Zyxwv Tsrq")
    northwind.ask("POST", "/Users", b'{"displayName": "Zyxwv Tsrq"}')
    logs = northwind.node.error_log() + northwind.node.access_log()
    assert northwind.token not in logs and "Zyxwv" not in logs


def test_a_body_of_very_many_objects_is_refused_for_their_number(northwind):
    user = northwind.user("ann@northwind.example")
    body = b'{"schemas":["' + OFF["schemas"][0].encode() + b'"],"Operations":[' + b",".join([b"{}"] * 85_000) + b"]}"
    answer = northwind.ask("PATCH", f"/Users/{user}", body)
    assert answer.status == 400 and "too many values" in answer.json["detail"]
    assert answer.json["scimType"] == "invalidSyntax"


def test_a_group_as_large_as_a_body_can_make_it(northwind):
    members = [{"value": northwind.user(f"p{n}@northwind.example"), "type": "User"} for n in range(3)]
    strangers = [{"value": f"00000000-0000-4000-8000-{n:012}", "type": "User"} for n in range(3000)]
    group = {"schemas": [GROUP], "displayName": "Large"}
    answer = northwind.ask("POST", "/Groups", {**group, "members": members + strangers})
    assert answer.status == 400 and "Users that there are" in answer.json["detail"]
    answer = northwind.ask("POST", "/Groups", {**group, "members": members * 1000})
    assert answer.status == 201 and len(answer.json["members"]) == 3


@pytest.mark.parametrize("body, status", [
    (b"", 400), (b"[]", 400), (b"{", 400), (b"{}", 400), (b"null", 400), (b'{"schemas":[]}', 400),
    (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    (b'{"schemas":["' + USER.encode() + b'"],"userName":"a@northwind.example","active":true,"active":false}', 400),
    (b'{"schemas":["' + USER.encode() + b'"],"userName":"\xff"}', 400),
    (b" " * 300_000, 413), (b" " * 600_000, 413),
], ids=["empty", "list", "cut", "bare", "null", "no-schema", "deep", "twice", "no-utf8", "large", "too-large-for-nginx"])
def test_bodies_that_are_no_user(northwind, body, status):
    answer = northwind.ask("POST", "/Users", body)
    assert answer.status == status
    assert northwind.ask("GET", "/Users").json["totalResults"] == 0


def test_bodies_of_another_type(northwind):
    for headers in [(), (("Content-Type", "application/x-www-form-urlencoded"),), (("Content-Type", "text/json"),)]:
        answer = northwind.ask("POST", "/Users", {"schemas": [USER], "userName": "a@northwind.example"}, headers=headers)
        assert answer.status == 415
    assert northwind.ask("POST", "/Users", {"schemas": [USER], "userName": "a@northwind.example"},
                         headers=(("Content-Type", "application/json"),)).status == 201


def test_while_the_database_is_away_directories_are_asked_to_come_back(lab, own_cluster, keys):
    node = lab.node(own_cluster, yaml=with_companies(keys))
    northwind = Directory(node, "northwind")
    own_cluster.stop()
    answer = northwind.ask("GET", "/Users")
    assert answer.status == 503 and answer.header("retry-after") and answer.json["status"] == "503"
    own_cluster.start()
    wait_until(lambda: northwind.ask("GET", "/Users").status == 200, 20, "the database to be back")
