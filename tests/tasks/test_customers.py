"""Customers' requests are taken beside whatever a pass is at, and one that fails keeps no other waiting."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from config.wiring import Wiring
from ledger.inbox import Delivery, store
from ledger.queue import MAX_ATTEMPTS
from ledger.tables import InboxEvent, ReviewCase
from ledger.tables.base import table_of
from tasks import customers, stages, validate
from tasks import shift as shift_module
from tasks.customers import attended
from tasks.runtime import Report
from tasks.shift import Shift
from tests.ledger.support import row_of, rows_of
from tests.support.waiting import until


def tap(order_id: str = "ord_1") -> Delivery:
    return Delivery("portal", "answers", "keep_address", f"signature of {order_id}", order_id, b"v")


def taken(wiring: Wiring) -> list[str]:
    return [row["subject"] for row in rows_of(wiring, InboxEvent) if row["handled_at"]]


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customers, "LOOK_S", 0.01)


@pytest.mark.row("TRU-1")
async def test_an_answer_is_taken_while_a_stage_still_runs(wiring: Wiring, often: None) -> None:
    async with attended():
        wiring.ledger(store, [tap()], wiring.now())
        await until(lambda: taken(wiring))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_answer_is_taken_while_a_vendor_hangs_at_leftovers(
    wiring: Wiring, often: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = asyncio.Event()

    async def hanging() -> Report:
        await answered.wait()
        return Report("send-effects")

    monkeypatch.setattr(shift_module, "leftovers", hanging)
    passing = asyncio.create_task(stages.one_pass(Shift("test", 60), engine=False))
    wiring.ledger(store, [tap()], wiring.now())
    try:
        await until(lambda: taken(wiring))
    finally:
        answered.set()
        await passing


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_database_that_is_away_does_not_end_the_looking(
    wiring: Wiring, often: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looks = validate.answers, []

    async def away_at_first(limit: int) -> Report:
        looks.append(limit)
        if len(looks) == 1:
            raise sa.exc.OperationalError("BEGIN", {}, OSError("gone"))
        return await real(limit)

    monkeypatch.setattr(validate, "answers", away_at_first)
    wiring.ledger(store, [tap()], wiring.now())

    async with attended():
        await until(lambda: taken(wiring))


@pytest.mark.row("VAL-3", bad_input=True)
async def test_an_answer_that_fails_stops_no_other(wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> None:
    real = validate.take_answers

    def take(session: Any, events: Any, now: Any) -> dict[str, str]:
        if any(event["subject"] == "ord_bad" for event in events):
            raise RuntimeError
        return real(session, events, now)

    monkeypatch.setattr(validate, "take_answers", take)
    wiring.ledger(store, [tap(order_id) for order_id in ("ord_1", "ord_bad", "ord_2")], wiring.now())

    report = await validate.answers(25)

    assert {"too_late": 2, "postponed": 1} == report.counts
    assert {"ord_1", "ord_2"} == set(taken(wiring))
    bad = row_of(wiring, InboxEvent, subject="ord_bad")
    assert ("RuntimeError", None) == (bad["error"], bad["lease_until"])
    assert bad["due_at"] > wiring.now()

    inbox = table_of(InboxEvent)
    worn_out = sa.update(inbox).where(inbox.c.id == bad["id"]).values(attempts=MAX_ATTEMPTS - 1, due_at=wiring.now())
    wiring.ledger(lambda session: session.execute(worn_out))
    await validate.answers(25)
    assert "inbox_unreadable" == row_of(wiring, ReviewCase)["kind"]
