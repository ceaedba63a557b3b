"""Logging in: who gets in, who does not, and how a session ends."""

from collections.abc import AsyncIterator
from datetime import timedelta
from time import perf_counter

import pytest
from pydantic import SecretStr
from starlette.routing import Route

from apps.desk import login as login_module
from apps.desk.app import OPEN, create_app
from config.accounts import ConfigError
from config.wiring import Wiring
from ledger.agents import set_active, set_password
from ledger.tables import Agent, AgentSession, Throttle
from ledger.throttles import Limit
from tests.apps.desk.support import PASSWORD, SECRET, Browser, at_desk, hashed, make_agent, told
from tests.ledger.support import row_of, rows_of
from tests.support.databases import move_clock

pytestmark = [pytest.mark.row("TRU-3"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
NAMES = {"case_id": "case_1", "order_id": "ord_1", "name": "a", "location": "brooklyn", "request_id": "ret_1"}


@pytest.fixture
async def browser(wiring: Wiring) -> AsyncIterator[Browser]:
    make_agent(wiring)
    async with at_desk(wiring) as opened:
        yield opened


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/desk/cases")).status_code == 200


async def test_an_agent_logs_in_and_out(wiring: Wiring, browser: Browser) -> None:
    answer = await browser.log_in(next="/desk/orders")

    assert (303, "/desk/orders") == (answer.status_code, answer.headers["location"])
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    token = browser.client.cookies["desk_session"]
    assert token not in str(rows_of(wiring, AgentSession)), "who reads the ledger cannot log in"
    assert await is_in(browser)

    out = await browser.post("/desk/logout")
    assert (303, "/desk/login") == (out.status_code, out.headers["location"])
    browser.client.cookies.set("desk_session", token)
    assert not await is_in(browser), "an ended session does not come back with its cookie"
    agent_id = row_of(wiring, Agent)["id"]
    assert [(f"person:{agent_id}", "login"), (f"person:{agent_id}", "logout")] == told(wiring, aggregate="agent")[1:]


@pytest.mark.row("TRU-3", bad_input=True)
async def test_one_answer_and_one_time_for_every_failure(wiring: Wiring, browser: Browser) -> None:
    make_agent(wiring, "gone", "Gone Example")
    wiring.ledger(set_active, "gone", False, wiring.now())
    tries = {"unknown": ("nobody", PASSWORD), "wrong": ("kim", "wrong"), "disabled": ("gone", PASSWORD)}
    answers, seconds = {}, {}
    await browser.log_in("warm", "up")
    for name, (login, password) in tries.items():
        began = perf_counter()
        answers[name] = await browser.log_in(login, password)
        seconds[name] = perf_counter() - began

    assert {401} == {answer.status_code for answer in answers.values()}
    assert 1 == len({answer.text for answer in answers.values()})
    assert min(seconds.values()) > 0.02, "a hash is computed for a login that does not exist too"
    assert not await is_in(browser)


@pytest.mark.row("TRU-3", bad_input=True)
async def test_every_page_but_the_login_asks_to_log_in(wiring: Wiring, browser: Browser) -> None:
    routes = [route for route in create_app(wiring).routes if isinstance(route, Route) and route.path not in OPEN]

    assert len(routes) > 10
    for route in routes:
        path = route.path.format(**NAMES)
        method = "POST" if "POST" in (route.methods or ()) else "GET"
        answer = await browser.client.request(method, path)
        login = "/desk/floor/login" if path.startswith("/desk/floor") else "/desk/login"
        assert (303, True) == (answer.status_code, answer.headers["location"].startswith(login)), path
        assert "x" * 43 not in answer.text
    assert (await browser.get("/desk/orders/ord_1")).headers["location"] == "/desk/login?next=/desk/orders/ord_1"


@pytest.mark.row("TRU-3", bad_input=True)
async def test_every_form_needs_the_token_of_its_session(wiring: Wiring, browser: Browser) -> None:
    await browser.log_in()
    foreign = await browser.token()
    async with at_desk(wiring) as other:
        make_agent(wiring, "lee", "Lee Example")
        await other.log_in("lee")
        posts = [route for route in create_app(wiring).routes if isinstance(route, Route) and "POST" in route.methods]
        for route in posts:
            path = route.path.format(**NAMES)
            for data in ({}, {"form_token": ""}, {"form_token": foreign}, {"form_token": "ü"}):
                answer = await other.client.post(path, data=data)
                assert 403 == answer.status_code, (path, data)
            own = {"form_token": (await other.token())}
            headers = {"sec-fetch-site": "same-site"}
            answer = await other.client.post(path, data=own, headers=headers)
            assert 403 == answer.status_code, "another port of the same host"
        assert await is_in(other)


@pytest.mark.row("TRU-3", bad_input=True)
@pytest.mark.parametrize("body", [b"\xff\xfe", b"form_token", b"a=1&" * 50, b"x" * 30_000])
async def test_what_is_no_form_is_refused(browser: Browser, body: bytes) -> None:
    await browser.log_in()
    headers = {"content-type": "application/x-www-form-urlencoded"}

    assert (await browser.client.post("/desk/orders/search", content=body, headers=headers)).status_code in (400, 403)
    assert 400 == (await browser.client.post("/desk/orders/search", json={"form_token": "x"})).status_code


@pytest.mark.row("TRU-3", bad_input=True)
async def test_failures_close_a_login_where_they_were_made_and_only_there(
    wiring: Wiring, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_module, "PER_LOGIN_HERE", Limit(2, timedelta(minutes=15)))
    monkeypatch.setattr(login_module, "PER_NETWORK", Limit(5, timedelta(minutes=15)))
    assert [401, 401, 429] == [(await browser.log_in("kim", "wrong")).status_code for _ in range(3)]
    refused = await browser.log_in()
    assert 429 == refused.status_code, "the right password does not help either"
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert "Too many tries" in refused.text
    async with at_desk(wiring, host="198.51.100.9") as elsewhere:
        assert 303 == (await elsewhere.log_in()).status_code, "nobody locks an agent out from afar"
    assert 401 == (await browser.log_in("lee", "wrong")).status_code
    assert 429 == (await browser.log_in("mia", "wrong")).status_code, "this network has tried too often"

    move_clock(wiring, timedelta(minutes=16))
    assert 303 == (await browser.log_in()).status_code
    assert "kim" not in str(rows_of(wiring, Throttle))


@pytest.mark.row("TRU-3", bad_input=True)
async def test_failures_from_many_networks_slow_a_login_down_and_do_not_close_it(
    wiring: Wiring, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_agent(wiring, "lee", "Lee Example")
    monkeypatch.setattr(login_module, "PER_LOGIN", Limit(3, timedelta(minutes=15)))
    monkeypatch.setattr(login_module, "SLOW_S", 6.0)
    for last in range(3):
        async with at_desk(wiring, host=f"198.51.100.{last}") as guesser:
            assert 401 == (await guesser.log_in("kim", "wrong")).status_code

    seconds = {}
    for login in ("kim", "lee"):
        began = perf_counter()
        assert 303 == (await browser.log_in(login)).status_code
        seconds[login] = perf_counter() - began
        await browser.post("/desk/logout")
    assert seconds["kim"] > 6.0 > seconds["lee"], "others are as quick as ever"


async def test_logging_in_counts_as_no_failure(
    wiring: Wiring, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_module, "PER_LOGIN_HERE", Limit(2, timedelta(minutes=15)))
    for _ in range(4):
        assert 303 == (await browser.log_in()).status_code
        await browser.post("/desk/logout")
    assert {0} == {row["count"] for row in rows_of(wiring, Throttle)}
    assert [401, 401, 429] == [(await browser.log_in("kim", "wrong")).status_code for _ in range(3)]


async def test_a_disabled_agent_is_thrown_out_at_once(wiring: Wiring, browser: Browser) -> None:
    await browser.log_in()
    wiring.ledger(set_active, "kim", False, wiring.now())

    assert not await is_in(browser)
    wiring.ledger(set_active, "kim", True, wiring.now())
    assert not await is_in(browser), "the session has ended for good"


async def test_a_new_password_ends_sessions(wiring: Wiring, browser: Browser) -> None:
    await browser.log_in()
    wiring.ledger(set_password, "kim", hashed(), wiring.now())

    assert not await is_in(browser)


async def test_sessions_end_idle_and_by_age(wiring: Wiring, browser: Browser) -> None:
    wiring.settings.desk_session_hours = 2
    await browser.log_in()
    for _ in range(3):
        move_clock(wiring, timedelta(minutes=35))
        assert await is_in(browser)
    move_clock(wiring, timedelta(minutes=20))
    assert not await is_in(browser), "two hours have passed since the login"

    await browser.log_in()
    move_clock(wiring, timedelta(minutes=61))
    assert not await is_in(browser), "nothing was done for an hour"
    await browser.log_in()
    assert 2 == len(rows_of(wiring, AgentSession)), "of three, the one that has run out is forgotten"


@pytest.mark.row("TRU-3", bad_input=True)
@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/desk/",
        "//evil.example",
        "/desk/%2F%2Fevil.example",
        "/desk/\\evil",
        "/desk/x%0d%0aY:1",
        "",
    ],
)
async def test_the_login_leads_to_our_own_pages_only(browser: Browser, wanted: str) -> None:
    assert "/desk/cases" == (await browser.log_in(next=wanted)).headers["location"]


async def test_over_https_cookies_are_bound_to_host_and_https(wiring: Wiring) -> None:
    make_agent(wiring)
    wiring.settings.desk_url = "https://desk.example.com"
    async with at_desk(wiring) as browser:
        cookie = (await browser.log_in()).headers["set-cookie"]

    assert "__Host-desk_session=" in cookie
    assert "Secure" in cookie


async def test_headers_of_every_page(browser: Browser) -> None:
    await browser.log_in()
    for path in ("/desk/login", "/desk/cases", "/desk/orders", "/desk/nothing", "/desk/cases/case_1"):
        headers = (await browser.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert ("no-store", "nosniff") == (headers["cache-control"], headers["x-content-type-options"])
    assert "text/css" in (await browser.get("/desk/style.css")).headers["content-type"]


@pytest.mark.row("TRU-3", bad_input=True)
def test_it_does_not_start_without_a_secret_or_on_the_customers_address(wiring: Wiring) -> None:
    with pytest.raises(ConfigError, match="AFTERCART_LINK_SECRET"):
        create_app(wiring)
    wiring.settings.link_secret = SecretStr(SECRET)
    wiring.settings.desk_url = f"{wiring.settings.public_url}/desk"
    with pytest.raises(ConfigError, match="share no origin"):
        create_app(wiring)
