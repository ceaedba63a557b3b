"""When a run of process-orders is asked for, against a server that speaks Prefect's paths."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from apps.order_watch import OrderWatch
from config.wiring import Wiring
from ledger.heartbeats import beat


class FakePrefect:
    """Answers the calls of `PrefectApi`; keeps what was asked."""

    def __init__(self) -> None:
        self.coming = 0
        self.lost: list[str] = []
        self.created: list[str] = []
        self.states: dict[str, Any] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api")
        if path.startswith("/deployments/name/"):
            return httpx.Response(200, json={"id": path.rsplit("/", 1)[1]})
        if path.endswith("/create_flow_run"):
            self.created.append(path.split("/")[2])
            return httpx.Response(201, json={"id": "run"})
        if path == "/flow_runs/count":
            return httpx.Response(200, json=self.coming)
        if path == "/flow_runs/filter":
            return httpx.Response(200, json=[{"id": each} for each in self.lost])
        if path.endswith("/set_state"):
            self.states[path.split("/")[2]] = request.read()
            return httpx.Response(201, json={})
        return httpx.Response(500)


@pytest.fixture
def prefect() -> FakePrefect:
    return FakePrefect()


@pytest.fixture
async def watch(wiring: Wiring, prefect: FakePrefect) -> AsyncIterator[OrderWatch]:
    made = OrderWatch(wiring, lambda line: None)
    await made._api._client.aclose()
    made._api._client = httpx.AsyncClient(base_url="http://prefect/api", transport=httpx.MockTransport(prefect))
    yield made
    await made._api.aclose()


async def test_silence_is_answered_with_one_run(watch: OrderWatch, prefect: FakePrefect) -> None:
    assert await watch.look()
    assert not await watch.look()  # it has just been asked for

    assert prefect.created == ["process-orders"]


async def test_no_run_is_asked_for_while_one_works(watch: OrderWatch, wiring: Wiring, prefect: FakePrefect) -> None:
    wiring.ledger(beat, "process-orders", wiring.real_now() - timedelta(seconds=19))
    assert not await watch.look()

    wiring.ledger(beat, "process-orders", wiring.real_now() - timedelta(seconds=21))
    assert await watch.look()


async def test_no_run_is_asked_for_while_one_is_coming(watch: OrderWatch, prefect: FakePrefect) -> None:
    prefect.coming = 1

    assert not await watch.look()


async def test_runs_that_died_with_an_earlier_start_are_crashed(watch: OrderWatch, prefect: FakePrefect) -> None:
    prefect.lost = ["a", "b"]

    await watch.bury_lost_runs()

    assert sorted(prefect.states) == ["a", "b"]
    assert b'"CRASHED"' in prefect.states["a"]
