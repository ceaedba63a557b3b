"""When a run of process-orders is asked for and when a worker stands by. Prefect is a server that speaks its paths."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps import order_watch
from apps.order_watch import OrderWatch
from apps.processes import Child, python
from apps.standby import AT_START, LONG, UNANSWERED, StandBy
from config.wiring import Wiring
from ledger.heartbeats import beat
from ledger.restarts import BEGINS_WITHIN, MOST
from ledger.tables import ReviewCase
from tests.ledger.support import row_of
from tests.support.shared import ROOT
from tests.support.waiting import until


class FakePrefect:
    """Answers the calls of `PrefectApi`; keeps what was asked."""

    def __init__(self) -> None:
        self.coming: list[dict[str, Any]] = []
        self.away = self.busy = False
        self.lost: list[str] = []
        self.created: list[str] = []
        self.states: dict[str, Any] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api")
        if self.away:
            raise httpx.ConnectError("refused")
        if path == "/health":
            return httpx.Response(200, json=True)
        if path.startswith("/deployments/name/"):
            return httpx.Response(200, json={"id": path.rsplit("/", 1)[1]})
        if path.endswith("/create_flow_run") and not self.busy:
            self.created.append(path.split("/")[2])
            return httpx.Response(201, json={"id": "run"})
        if path == "/flow_runs/filter":
            lost = [{"id": each} for each in self.lost]
            return httpx.Response(200, json=self.coming if b'"SCHEDULED"' in request.read() else lost)
        if path.endswith("/set_state"):
            self.states[path.split("/")[2]] = request.read()
            return httpx.Response(201, json={})
        return httpx.Response(500)


def a_run(wiring: Wiring, state: str, *, age: timedelta = timedelta(0)) -> dict[str, Any]:
    return {"id": "run", "state": {"type": state, "timestamp": (wiring.real_now() - age).isoformat()}}


@pytest.fixture
def prefect() -> FakePrefect:
    return FakePrefect()


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Child]:
    """What stands by, as far as processes go."""
    made = Child("standby", python("-c", "import time; time.sleep(600)"), tmp_path / "log", {}, ROOT)
    yield made
    if made.process is not None and made.alive:
        made.process.kill()
        await made.process.wait()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
async def watch(wiring: Wiring, prefect: FakePrefect, worker: Child, said: list[str]) -> AsyncIterator[OrderWatch]:
    made = OrderWatch(wiring, said.append, StandBy(worker, said.append))
    await made._api._client.aclose()
    made._api._client = httpx.AsyncClient(base_url="http://prefect/api", transport=httpx.MockTransport(prefect))
    yield made
    await made._api.aclose()


async def test_silence_is_answered_with_one_run(watch: OrderWatch, prefect: FakePrefect) -> None:
    assert await watch.look()
    assert not await watch.look()  # it has just been asked for

    assert prefect.created == ["process-orders"]


async def test_no_run_is_asked_for_while_one_works(watch: OrderWatch, wiring: Wiring, prefect: FakePrefect) -> None:
    wiring.ledger(beat, "process-orders", wiring.real_now() - timedelta(seconds=10))
    assert not await watch.look()

    wiring.ledger(beat, "process-orders", wiring.real_now() - timedelta(seconds=20))
    assert await watch.look()


async def test_no_run_is_asked_for_while_one_is_coming(watch: OrderWatch, wiring: Wiring, prefect: FakePrefect) -> None:
    for state in ("SCHEDULED", "PENDING"):
        prefect.coming = [a_run(wiring, state)]
        assert not await watch.look()


async def test_a_run_whose_worker_died_before_it_began_is_not_coming(
    watch: OrderWatch, wiring: Wiring, prefect: FakePrefect
) -> None:
    prefect.coming = [a_run(wiring, "PENDING", age=BEGINS_WITHIN)]

    assert await watch.look()


async def test_runs_that_died_with_an_earlier_start_are_crashed(watch: OrderWatch, prefect: FakePrefect) -> None:
    prefect.lost = ["a", "b"]

    await watch.bury_lost_runs()

    assert sorted(prefect.states) == ["a", "b"]
    assert b'"CRASHED"' in prefect.states["a"]


def silent_for(watch: OrderWatch, wiring: Wiring, silence: timedelta) -> None:
    """As if the watch had begun long ago."""
    watch._began_at -= timedelta(hours=1)
    wiring.ledger(beat, "process-orders", wiring.real_now() - silence)


async def test_restarts_are_capped_and_then_a_person_is_asked(
    watch: OrderWatch, wiring: Wiring, prefect: FakePrefect, said: list[str]
) -> None:
    for _ in range(MOST + 3):
        for _ in range(2):  # the second within the time that the first one's run has to begin
            await watch.look()
        later(watch)

    assert MOST + 1 == len(prefect.created)  # the first was no restart
    assert "runs_dying" == row_of(wiring, ReviewCase)["kind"]
    assert 1 == len([line for line in said if "dies again and again" in line])


def later(watch: OrderWatch) -> None:
    """As if a minute had passed since a run was asked for."""
    if watch._asked_at is not None:
        watch._asked_at -= timedelta(minutes=1)


async def test_a_prefect_that_starts_nothing_uses_up_no_restarts(watch: OrderWatch, prefect: FakePrefect) -> None:
    assert await watch.look()
    prefect.busy = True
    for _ in range(MOST + 1):
        later(watch)
        assert not await watch.look()

    prefect.busy = False
    for _ in range(MOST):
        later(watch)
        assert await watch.look()


async def test_the_watch_outlives_whatever_fails(
    watch: OrderWatch,
    wiring: Wiring,
    prefect: FakePrefect,
    worker: Child,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(order_watch, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(watch._standby, "_pause", timedelta(0))
    prefect.away = True
    silent_for(watch, wiring, UNANSWERED)
    command, worker.command = worker.command, ["/nowhere/python"]
    looking = asyncio.create_task(watch.run())
    try:
        await until(lambda: len([line for line in said if "takes over" in line]) > 2 or looking.done())
        worker.command = command
        await until(lambda: worker.alive or looking.done())
        assert worker.alive
        assert 1 == len([line for line in said if "FileNotFoundError" in line])
        assert 1 == len([line for line in said if "does not answer" in line and "cannot look" in line])
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


@pytest.mark.row("TRU-1", bad_input=True)
async def test_without_prefect_a_worker_stands_in_until_runs_work_again(
    watch: OrderWatch, wiring: Wiring, prefect: FakePrefect, worker: Child, said: list[str]
) -> None:
    prefect.away = True
    silent_for(watch, wiring, UNANSWERED / 2)
    await watch.look()
    assert not worker.alive, "the run goes on without its server"

    silent_for(watch, wiring, UNANSWERED)
    await watch.look()
    assert worker.alive
    assert any("Prefect does not answer, nobody works on orders" in line for line in said)

    prefect.away = False
    await watch.look()
    assert worker.alive, "no run works yet"

    wiring.ledger(beat, "process-orders", wiring.real_now())
    await watch.look()
    assert not worker.alive
    assert said[-1] == "process-orders works again; the worker without Prefect ends"


async def test_a_worker_stands_in_when_prefect_starts_no_run(
    watch: OrderWatch, wiring: Wiring, prefect: FakePrefect, worker: Child
) -> None:
    prefect.coming = [a_run(wiring, "SCHEDULED")]  # and nobody takes it up
    silent_for(watch, wiring, LONG / 2)
    await watch.look()
    assert not worker.alive

    silent_for(watch, wiring, LONG)
    await watch.look()
    assert worker.alive


async def test_the_first_run_is_waited_for_longer(
    watch: OrderWatch, wiring: Wiring, prefect: FakePrefect, worker: Child
) -> None:
    prefect.coming = [a_run(wiring, "SCHEDULED")]
    watch._began_at -= LONG
    await watch.look()
    assert not worker.alive

    watch._began_at -= AT_START - LONG
    await watch.look()
    assert worker.alive


async def test_a_worker_that_dies_is_started_again_with_growing_pauses(
    wiring: Wiring, worker: Child, said: list[str]
) -> None:
    standby, now = StandBy(worker, said.append), wiring.real_now()
    starts = []
    for second in range(60):
        await standby.look(LONG, now + timedelta(seconds=second), prefect_answers=True)
        if worker.alive:
            assert worker.process is not None
            worker.process.kill()
            await worker.process.wait()
            starts.append(second)

    assert [0, 2, 6, 14, 30] == starts
