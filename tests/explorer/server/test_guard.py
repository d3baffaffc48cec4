import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from isthmus.explorer.limits import Limits
from isthmus.explorer.server.guard import Guard, cookie_name, is_own_host, own_names

NAMES = frozenset({"localhost", "box", "box.local"})


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"in"})


def finish(coroutine):
    """Run it to its end, in a thread of its own: the browser's loop may be running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def ask(guard, path="/api/describe", query=b"", method="GET", **headers):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http", "scheme": "http", "method": method, "path": path, "query_string": query, "headers": raw,
        "client": ("127.0.0.1", 1),
    }  # fmt: skip
    finish(guard(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"]


def guard(token=None, **limits):
    return Guard(app, Limits(**limits), token, NAMES)


@pytest.mark.parametrize(
    "host", ["localhost:8137", "LOCALHOST", "127.0.0.1:80", "[::1]:8137", "10.1.2.3", "box.local", "box", "localhost."]
)
def test_this_machine_is_known_by_its_addresses_and_names(host):
    assert is_own_host(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "[::1", "box.evil", "127.1", "2130706433",
        "a@localhost", "evil.example@localhost", "localhost:80@evil.example", "local host", " localhost", "localhost ",
        "localhost:80:90", "localhost:", "localhost:http", "localhost:99999", "localhost:-1", "localhost:²",
        "localhost/", "localhost?x", "localhost#x", "localhost\\", "localhost,evil.example", "::1", "[::1]evil.example",
        "[localhost]", "127.0.0.1\t", "[fe80::1%25eth0]", "localhost..", "x" * 300,
    ],
)  # fmt: skip
def test_a_rebound_name_is_not_this_machine(host):
    assert not is_own_host(host, NAMES)
    status, _, body = ask(guard(), host=host)
    assert status == 403
    assert "Host" in json.loads(body)["error"]


def test_without_a_host_nobody_comes_in():
    assert ask(guard())[0] == 403


def test_of_two_hosts_neither_counts():
    """Not every parser of HTTP refuses such a request, and they do not agree on which one holds."""
    hosts = [(b"host", b"localhost"), (b"host", b"evil.example")]
    scope = {
        "type": "http", "scheme": "http", "method": "GET", "path": "/", "query_string": b"", "headers": hosts,
        "client": ("127.0.0.1", 1),
    }  # fmt: skip
    sent = []

    async def send(message):
        sent.append(message)

    finish(guard()(scope, None, send))
    assert sent[0]["status"] == 403


def test_the_network_s_names_count_only_where_the_network_is_served(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "Box.example")
    assert own_names("127.0.0.1") == {"localhost", "127.0.0.1"}
    assert own_names("0.0.0.0") >= {"localhost", "box.example", "box", "box.local"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://localhost:8137"}, 200),
        ({"origin": "http://localhost:9999"}, 403),
        ({"origin": "https://localhost:8137"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "none"}, 200),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, 403),
    ],
)
def test_other_sites_pages_are_kept_out(headers, status):
    assert ask(guard(), host="localhost:8137", **headers)[0] == status


def test_a_link_on_another_site_may_open_the_page_itself():
    crossing = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    assert ask(guard(), path="/", host="localhost", **crossing)[0] == 200
    assert ask(guard(), path="/", host="localhost", sec_fetch_site="cross-site", sec_fetch_mode="no-cors")[0] == 403


def test_every_answer_carries_the_rules_for_browsers():
    for headers in ({"host": "localhost"}, {"host": "evil.example"}):
        _, found, _ = ask(guard(), **headers)
        assert "default-src 'none'" in found["content-security-policy"]
        assert found["x-content-type-options"] == "nosniff"
        assert found["cross-origin-resource-policy"] == "same-origin"
        assert found["cache-control"] == "no-store"


def test_the_token_is_asked_for_and_taken_from_header_or_cookie():
    asked = guard("a-long-secret")
    assert ask(asked, host="localhost")[0] == 401
    assert ask(asked, host="localhost", authorization="Bearer wrong")[0] == 401
    assert ask(asked, host="localhost", authorization="Basic a-long-secret")[0] == 401
    assert ask(asked, host="localhost", authorization="Bearer ÿÿ")[0] == 401
    name = cookie_name("a-long-secret")
    assert ask(asked, host="localhost", cookie=f"{name}=wrong")[0] == 401
    assert ask(asked, host="localhost", cookie='\x00;;=;"')[0] == 401
    assert ask(asked, host="localhost", authorization="bearer a-long-secret")[0] == 200
    assert ask(asked, host="localhost", cookie=f"other=1; {name}=a-long-secret")[0] == 200


def test_the_page_swaps_the_token_in_its_address_for_a_cookie():
    asked = guard("a-long-secret")
    status, headers, _ = ask(asked, path="/", query=b"token=a-long-secret", host="localhost")
    assert (status, headers["location"]) == (303, "/")
    assert "HttpOnly" in headers["set-cookie"]
    assert "SameSite=Strict" in headers["set-cookie"]
    assert ask(asked, path="/", query=b"token=wrong", host="localhost")[0] == 401
    assert ask(asked, path="/api/points", query=b"token=a-long-secret", host="localhost")[0] == 401


def test_explorers_on_one_machine_do_not_log_each_other_out():
    """A browser keeps one jar for all ports of a host, by the cookies' names."""
    first, second = guard("a-long-secret"), guard("another-secret")
    jar = {}
    for asked, token in ((first, b"a-long-secret"), (second, b"another-secret")):
        _, headers, _ = ask(asked, path="/", query=b"token=" + token, host="localhost")
        name, _, value = headers["set-cookie"].partition(";")[0].partition("=")
        jar[name] = value
    cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
    assert ask(first, host="localhost", cookie=cookie)[0] == 200
    assert ask(second, host="localhost", cookie=cookie)[0] == 200
    assert ask(guard("a-third-secret"), host="localhost", cookie=cookie)[0] == 401


@pytest.mark.parametrize("strange", ['state={"open": ["a"]}', "bare", "panel[0]=1", "name=ÿ", '"', "=;;"])
def test_other_servers_cookies_do_not_hide_the_token(strange):
    own = f"{cookie_name('a-long-secret')}=a-long-secret"
    assert ask(guard("a-long-secret"), host="localhost", cookie=f"{strange}; {own}")[0] == 200


def test_too_many_requests_are_told_to_wait():
    asked = guard(requests_per_second=0.1, burst=2, own_share=1)
    assert [ask(asked, host="localhost")[0] for _ in range(3)] == [200, 200, 429]
    assert int(ask(asked, host="localhost")[1]["retry-after"]) >= 1


def test_what_is_no_http_gets_nothing():
    async def run():
        sent = []

        async def send(message):
            sent.append(message)

        await guard()({"type": "websocket", "headers": []}, None, send)
        return sent

    assert finish(run()) == []
