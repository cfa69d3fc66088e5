"""nginx's own caches give nobody another person's page: `nginx -t` refuses them in a gated location unless their key names somebody."""

import re

import pytest

from tests.support.laboratory import Lab

KINDS = ["proxy", "fastcgi", "uwsgi", "scgi"]
CACHE = "proxy_cache_path {directory}/kept keys_zone=kept:1m; "
PROXY = "proxy_pass http://app;"


@pytest.fixture
def checked(lab, cluster):
    def check(locations, server="", http=""):
        node = lab.node(cluster, migrate=False, start=False, locations=locations, server=server)
        node.nginx_conf = node.nginx_conf.replace(
            "auth_saml_config", CACHE.format(directory=node.directory) + http + "\nauth_saml_config", 1)
        for kind in KINDS[1:]:
            node.nginx_conf = node.nginx_conf.replace(f"{kind}_cache_path", f"{kind}_cache_path {node.directory}/{kind}-kept")
        status, said = node.test()
        return status, said, node.nginx_conf

    return check


def gated(more, pass_to=PROXY):
    return f"location /x/ {{ auth_saml on; {pass_to} {more} }}"


REFUSED = {
    "no key": gated("proxy_cache kept;"),
    "a key of nobody": gated("proxy_cache kept; proxy_cache_key $host$uri;"),
    "a key of those with the same level": gated("proxy_cache kept; proxy_cache_key $uri$auth_saml_access_level$auth_saml_properties;"),
    "a key of namesakes": gated("proxy_cache kept; proxy_cache_key $uri$auth_saml_name;"),
    "a key by another name": "set $auth_saml_userx 1; " + gated("proxy_cache kept; proxy_cache_key $uri$auth_saml_userx;"),
    "words in a key": gated('proxy_cache kept; proxy_cache_key "auth_saml_user $uri";'),
    "a zone by variable": gated("set $zone kept; proxy_cache $zone;"),
    "a location within": f"location /o/ {{ proxy_cache kept; location /o/x/ {{ auth_saml on; {PROXY} }} }}",
    "the gate within": f"auth_saml on; location /x/ {{ proxy_cache kept; {PROXY} }}",
    "a named location": f"location @x {{ auth_saml on; proxy_cache kept; {PROXY} }}",
    "an if": f"location /x/ {{ auth_saml on; proxy_cache kept; if ($arg_x) {{ {PROXY} }} }}",
    "an if and the pass outside": gated("proxy_cache kept; if ($arg_x) { set $y 1; }"),
    "a limit_except": f"location /x/ {{ auth_saml on; proxy_cache kept; limit_except GET {{ {PROXY} }} }}",
    "a key that is replaced": f"proxy_cache_key $auth_saml_user; {gated('proxy_cache kept; proxy_cache_key $uri;')}",
    "a store": gated("proxy_store on;"),
    "a store by path": gated("proxy_store /var/kept$uri;"),
    "said to be shared elsewhere": gated("proxy_cache kept;") + f" location /y/ {{ auth_saml on; auth_saml_shared_cache on; {PROXY} }}",
    "said not to be shared": gated("proxy_cache kept; auth_saml_shared_cache off;"),
}


@pytest.mark.parametrize("locations", REFUSED.values(), ids=REFUSED)
def test_it_is_refused(checked, locations):
    status, said, text = checked(locations)
    message, = [line for line in said.splitlines() if "whoever comes next" in line] or [said]
    assert status != 0 and "[emerg]" in message and "whoever comes next" in message, said
    line = int(re.search(r"nginx\.conf:(\d+)$", message)[1])
    assert re.search(r"proxy_(cache|store)\b", text.splitlines()[line - 1])
    name = re.search(r'location "([^"]*)"', message)[1]
    assert f"location {name} " in text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["http", "server", "location"])
def test_every_kind_everywhere(checked, kind, where):
    zone = f"{kind}_cache_path keys_zone={kind}:1m;" if kind != "proxy" else ""
    cache = f"{kind}_cache {'kept' if kind == 'proxy' else kind}; {kind}_cache_key $uri;"
    pass_to = f"{kind}_pass {'http://' if kind == 'proxy' else ''}127.0.0.1:1;"
    at = {name: cache if name == where else "" for name in ("http", "server", "location")}
    status, said, _ = checked(gated(at["location"], pass_to), server=at["server"], http=zone + at["http"])
    assert status != 0 and f'"{kind}_cache" in location "/x/"' in said, said
    status, said, _ = checked(gated(at["location"].replace("$uri", "$uri$auth_saml_user"), pass_to),
                              server=at["server"].replace("$uri", "$uri$auth_saml_user"),
                              http=zone + at["http"].replace("$uri", "$uri$auth_saml_user"))
    assert status == 0, said


TAKEN = {
    "a key of the person": gated("proxy_cache kept; proxy_cache_key $uri$auth_saml_user;"),
    "in braces": gated('proxy_cache kept; proxy_cache_key "${auth_saml_user}x$uri";'),
    "of the address": gated("proxy_cache kept; proxy_cache_key $auth_saml_email$uri;"),
    "of the session": gated("proxy_cache kept; proxy_cache_key $auth_saml_session$uri;"),
    "a key further out": f"proxy_cache_key $auth_saml_user$uri; {gated('proxy_cache kept;')}",
    "said to be shared": gated("proxy_cache kept; auth_saml_shared_cache on;"),
    "said further out": f"location /o/ {{ auth_saml_shared_cache on; location /o/x/ {{ auth_saml on; proxy_cache kept; {PROXY} }} }}",
    "no gate": f"location /x/ {{ proxy_cache kept; {PROXY} }} {gated('').replace('/x/', '/y/')}",
    "switched off again": f"proxy_cache kept; {gated('proxy_cache off;')}",
    "another module's": f"fastcgi_store on; {gated('')}",
    "nothing passed on": "location /x/ { auth_saml on; proxy_cache kept; return 204; }",
    "a store of each person": gated("proxy_store /var/kept/$auth_saml_user$uri;"),
    "a store switched off": f"proxy_store on; {gated('proxy_store off;')}",
}


@pytest.mark.parametrize("locations", TAKEN.values(), ids=TAKEN)
def test_it_is_taken(checked, locations):
    status, said, _ = checked(locations)
    assert status == 0, said


@pytest.mark.parametrize("locations, complaint", [
    (gated("proxy_cache kept kept;"), 'invalid number of arguments in "proxy_cache"'),
    (gated("proxy_cache off; proxy_cache off;"), '"proxy_cache" directive is duplicate'),
    ("proxy_pass http://app;", '"proxy_pass" directive is not allowed here'),
    (gated("proxy_cache kept; proxy_store on;"), '"proxy_store" directive is incompatible with "proxy_cache"'),
    (gated("proxy_cache_key $nothing_such;"), 'unknown "nothing_such" variable'),
    (gated("uwsgi_cache nowhere; auth_saml_shared_cache on;"), '"uwsgi_cache" zone "nowhere" is unknown'),
])
def test_nginx_says_of_its_directives_what_it_always_says(checked, locations, complaint):
    status, said, _ = checked(locations)
    assert status != 0 and complaint in said, said


LOCATIONS = """
add_header X-Cache $upstream_cache_status;
proxy_cache_valid 200 10m;
proxy_intercept_errors on;
location / { auth_saml on; proxy_pass http://app; proxy_cache kept; proxy_cache_key $auth_saml_user$request_uri; }
location /same/ { auth_saml on; auth_saml_shared_cache on; proxy_pass http://app; proxy_cache kept; }
location /anybody/ { proxy_pass http://app; proxy_cache kept; proxy_cache_key $uri; }
location /anybody/same/ { auth_saml_shared_cache on; proxy_pass http://app; proxy_cache kept; proxy_cache_key $uri; }
location /led/ { auth_saml on; rewrite ^/led/(.*) /anybody/$1 break; proxy_pass http://app; }
location /tried/ { auth_saml on; try_files /nothing-here @kept; }
location @kept { proxy_pass http://app; proxy_cache kept; proxy_cache_key $uri; }
location /sent/ { auth_saml on; proxy_pass http://app; }
location /asked/ { auth_saml on; auth_request /anybody/asked; proxy_pass http://app; }
"""


@pytest.fixture(scope="module")
def kept(workspace, keys, app, cluster):
    made = Lab(workspace, keys, app)
    yield made.node(cluster, locations=LOCATIONS, http=f"proxy_cache_path {workspace}/shared-cache keys_zone=kept:1m;")
    made.close()


@pytest.fixture
def two(kept):
    return [kept.people.sign_in() for _ in range(2)]


def test_everybody_gets_their_own_page(kept, two):
    for status in ("MISS", "HIT"):
        for token, email, _ in two:
            answer = kept.ask("/page", token)
            assert answer.seen("X-Auth-Email") == [email] and answer.header("x-cache") == status
    assert kept.ask("/page").status == 302


def test_answers_that_are_said_to_be_the_same_are_shared(kept, two):
    first = kept.ask("/same/page", two[0][0])
    second = kept.ask("/same/page", two[1][0])
    assert first.header("x-cache") == "MISS" and second.header("x-cache") == "HIT" and first.body == second.body
    assert kept.ask("/same/page").status == 302


@pytest.mark.parametrize("path", ["/tried/x", "/sent/?answer=X-Accel-Redirect:/anybody/y", "/asked/x"])
def test_who_was_let_through_is_not_led_to_such_a_cache(kept, two, path):
    """Which `nginx -t` cannot know: the location that keeps the answers is not gated itself."""
    answer = kept.ask(path, two[0][0])
    assert answer.status == 500 and two[0][1].encode() not in answer.body
    assert "would give the answer to whoever comes next" in kept.error_log()


def test_who_was_let_through_may_be_led_to_what_is_the_same_for_all(kept, two):
    assert kept.ask("/sent/?answer=X-Accel-Redirect:/anybody/same/y", two[0][0]).status == 200


def test_strangers_share_what_is_not_gated(kept):
    assert [kept.ask("/anybody/z").header("x-cache") for _ in range(2)] == ["MISS", "HIT"]
