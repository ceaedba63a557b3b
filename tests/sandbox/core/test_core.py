"""Faults on a real connection, webhooks that go wrong, the clock and the counters."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.core.app import Sandbox
from sandbox.shipbob import build
from tests.sandbox.shipbob.test_contract import HEADERS, order_body
from tests.support.fake_vendors import Receiver, in_process, on_socket, receiver
from tests.support.waiting import until

ORDER = "POST /2026-01/order"


class Live:
    """A sandbox on a socket, with the faults and counters at hand."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox, self.client = sandbox, client

    async def fault(self, kind: str, **values: Any) -> None:
        body = {"vendor": "shipbob", "operation": ORDER, "kind": kind} | values
        assert (await self.client.post("/_control/faults", json=body)).status_code == 201

    async def order(self, reference: str = "R") -> httpx.Response:
        return await self.client.post("/shipbob/2026-01/order", json=order_body(reference), headers=HEADERS)

    def taken(self) -> int:
        return len(self.sandbox.world.counters.snapshot()["accepted"]["shipbob"][ORDER])


@pytest.fixture
async def live() -> AsyncIterator[Live]:
    async with on_socket([build]) as (sandbox, url), httpx.AsyncClient(base_url=url) as client:
        yield Live(sandbox, client)


async def test_error_does_nothing_and_only_as_often_as_told(live: Live) -> None:
    await live.fault("error", status=503, body={"why": "maintenance"}, times=2)
    first, second = await live.order(), await live.order()
    assert (first.status_code, first.json()) == (503, {"why": "maintenance"})
    assert (second.status_code, live.taken()) == (503, 0)
    assert (await live.order()).status_code == 201


async def test_error_after_does_it_first(live: Live) -> None:
    await live.fault("error_after", status=502)
    assert ((await live.order()).status_code, live.taken()) == (502, 1)


async def test_throttle_is_the_vendors_own(live: Live) -> None:
    await live.fault("throttle")
    answer = await live.order()
    assert (answer.status_code, live.taken()) == (429, 0)
    assert answer.headers["x-retry-after"]


async def test_refuse_cuts_the_line_before_acting(live: Live) -> None:
    await live.fault("refuse")
    with pytest.raises(httpx.RemoteProtocolError):
        await live.order()
    assert live.taken() == 0


async def test_truncate_acts_and_sends_half(live: Live) -> None:
    await live.fault("truncate")
    with pytest.raises(httpx.RemoteProtocolError):
        await live.order()
    assert live.taken() == 1


async def test_timeout_after_acts_and_keeps_silent(live: Live) -> None:
    await live.fault("timeout_after", delay_s=60)
    with pytest.raises(httpx.ReadTimeout):
        await live.client.post(
            "/shipbob/2026-01/order", json=order_body("R"), headers=HEADERS, timeout=httpx.Timeout(0.2)
        )
    assert live.taken() == 1


async def test_delay_answers_late(live: Live) -> None:
    await live.fault("delay", delay_s=0.05)
    started = asyncio.get_running_loop().time()
    assert (await live.order()).status_code == 201
    assert asyncio.get_running_loop().time() - started >= 0.05


async def test_hold_acts_and_answers_on_release(live: Live) -> None:
    await live.fault("hold")
    waiting = asyncio.create_task(live.order())
    await until(lambda: live.taken() == 1)
    assert not waiting.done()
    await live.client.post("/_control/release")
    assert (await waiting).status_code == 201


async def test_hold_before_does_nothing_for_a_client_that_has_gone(live: Live) -> None:
    await live.fault("hold_before", times=2)
    with pytest.raises(httpx.ReadTimeout):
        await live.client.post(
            "/shipbob/2026-01/order", json=order_body("R"), headers=HEADERS, timeout=httpx.Timeout(0.2)
        )
    waiting = asyncio.create_task(live.order("S"))
    await until(lambda: live.sandbox.world.faults.rules()[0].taken == 2)
    assert live.taken() == 0
    await live.client.post("/_control/release")
    assert ((await waiting).status_code, live.taken()) == (201, 1)


async def test_a_fault_may_wait_for_the_nth_call_and_be_taken_back_by_its_id(live: Live) -> None:
    await live.fault("error", skip=1)
    await live.fault("pass", skip=2)
    await live.fault("error", times=None)
    [_, _, every] = live.sandbox.world.faults.rules()
    assert (await live.client.delete(f"/_control/faults?id={every.id}")).status_code == 200
    assert (await live.client.delete("/_control/faults?id=all")).status_code == 400
    assert [(await live.order(name)).status_code for name in "ABCD"] == [201, 500, 201, 201]
    assert [rule.taken for rule in live.sandbox.world.faults.rules()] == [1, 1]


async def test_faults_are_found_by_pattern_listed_and_cleared(live: Live) -> None:
    await live.fault("error", operation="POST *", times=None)
    assert (await live.order()).status_code == 500
    assert (await live.client.get("/shipbob/2026-01/order", headers=HEADERS)).status_code == 200
    listed = (await live.client.get("/_control/faults")).json()["faults"]
    assert [(rule["operation"], rule["taken"]) for rule in listed] == [("POST *", 1)]
    await live.client.delete("/_control/faults?vendor=shipbob")
    assert (await live.order()).status_code == 201
    bad = await live.client.post("/_control/faults", json={"vendor": "shipbob", "kind": "sulk"})
    assert bad.status_code == 400


async def test_counters_count_requests_by_status(live: Live) -> None:
    await live.order("A")
    await live.order("A")
    counted = (await live.client.get("/_control/counters")).json()
    assert counted["requests"]["shipbob"][ORDER] == {"201": 1, "422": 1}
    assert counted["accepted"]["shipbob"][ORDER] == {"A": 1}


async def test_the_clock_moves_and_a_reset_puts_everything_back(live: Live) -> None:
    await live.order("A")
    moved = (await live.client.post("/_control/clock", json={"offset_s": 86400})).json()
    assert moved["offset_s"] == 86400
    rows = (await live.client.get("/_control/shipbob/orders")).json()
    assert rows[0]["status"] == "Fulfilled"
    await live.client.post("/_control/reset")
    assert (await live.client.get("/_control/shipbob/orders")).json() == []
    assert (await live.client.get("/_control/clock")).json()["offset_s"] == 0
    assert (await live.client.post("/_control/clock", json={"offset_s": "soon"})).status_code == 400


async def test_the_index_page_leads_to_the_vendors(live: Live) -> None:
    assert 'href="/shipbob/"' in (await live.client.get("/")).text


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made, client = in_process()
    async with client:
        yield made
        await made.world.webhooks.close()


def send(sandbox: Sandbox, hook: Receiver, *names: str) -> None:
    for name in names:
        sandbox.world.webhooks.send("shipbob", "t", hook.url + "/hook", {"x-id": name}, name.encode(), name)


async def test_a_webhook_is_sent_again_until_it_is_taken(sandbox: Sandbox) -> None:
    async with receiver() as hook:
        hook.answers = lambda _method, _path, _body: (500 if len(hook.requests) < 2 else 204, b"")
        send(sandbox, hook, "a")
        await until(lambda: sandbox.world.webhooks.tally("shipbob").delivered == 1)
        assert hook.bodies == [b"a", b"a"]
        assert [headers["x-id"] for _, _, headers, _ in hook.requests] == ["a", "a"]
        assert sandbox.world.webhooks.snapshot()["queued"] == 0


async def test_webhooks_are_doubled_dropped_and_reordered(sandbox: Sandbox) -> None:
    webhooks = sandbox.world.webhooks
    async with receiver() as hook:
        webhooks.set_knobs("shipbob", {"duplicate": 1})
        send(sandbox, hook, "a")
        await until(lambda: webhooks.tally("shipbob").delivered == 2)
        assert hook.bodies == [b"a", b"a"]
        webhooks.set_knobs("shipbob", {"duplicate": 0, "drop": 1})
        send(sandbox, hook, "b")
        assert webhooks.tally("shipbob").dropped == 1
        webhooks.set_knobs("shipbob", {"drop": 0, "reorder": 1})
        send(sandbox, hook, "c", "d")
        await until(lambda: webhooks.tally("shipbob").delivered == 4)
        assert hook.bodies[2:] == [b"d", b"c"]


async def test_a_held_back_webhook_without_successor_still_goes_out(sandbox: Sandbox) -> None:
    async with receiver() as hook:
        sandbox.world.webhooks.set_knobs("shipbob", {"reorder": 1})
        send(sandbox, hook, "last")
        await until(lambda: hook.bodies == [b"last"])


async def test_webhook_knobs_are_set_by_control() -> None:
    _, client = in_process()
    async with client:
        good = await client.post("/_control/webhooks", json={"vendor": "shipbob", "duplicate": 0.5})
        bad = await client.post("/_control/webhooks", json={"vendor": "shipbob", "speed": 1})
    assert good.json()["vendors"]["shipbob"]["duplicate"] == 0.5
    assert bad.status_code == 400
