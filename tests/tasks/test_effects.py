"""What becomes of effects whose sender died, stood still for too long, or is slow."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from config.wiring import Wiring
from connectors import leave
from connectors.outcomes import Outcome, Sent
from ledger import effects
from ledger.effects import EffectDraft, EffectRow, Handlers, Verdict
from ledger.tables import Effect, ReviewCase
from tasks.effect_kinds import KINDS
from tasks.effects import SETTLE, EffectKind, Pair, attempt, look_up_unknown, send_due, verdict
from tasks.runtime import Report
from tests.ledger.support import row_of, rows_of
from tests.support.databases import move_clock


async def abandon(wiring: Wiring, kind: str) -> None:
    """An effect that was being sent when its sender died."""
    now = wiring.now()
    draft = EffectDraft(kind, f"k:{kind}", "vendor/one")
    long_ago = wiring.real_now() - timedelta(minutes=5)
    wiring.ledger(effects.plan_and_claim, [draft], now=now, real_now=long_ago)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_mail_that_may_have_gone_is_given_to_a_person(wiring: Wiring) -> None:
    await abandon(wiring, "mail.send")

    await look_up_unknown(KINDS, Report("test"), 10)

    assert "parked" == row_of(wiring, Effect)["state"]
    assert ["retry", "mark_done", "drop"] == row_of(wiring, ReviewCase)["choices"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_second_sending_looks_before_it_repeats(wiring: Wiring) -> None:
    calls: list[str] = []

    async def send(rows: list[EffectRow]) -> list[Verdict]:
        calls.append("send")
        return [Verdict("retry", code="refused") for _ in rows]

    async def look_up(rows: list[EffectRow]) -> list[Verdict]:
        calls.append("look_up")
        return [verdict(Sent("found"), handlers) for _ in rows]

    handlers = Handlers(lambda *_: [], can_look_up=True)
    kinds = {"x": EffectKind(handlers, send, look_up)}  # type: ignore[arg-type]
    wiring.ledger(effects.plan, [EffectDraft("x", "k", "vendor/one")], wiring.now())

    await send_due(kinds, Report("test"), 10, only=["x"])
    move_clock(wiring, timedelta(hours=1))
    await send_due(kinds, Report("test"), 10, only=["x"])

    assert ["send", "look_up"] == calls
    assert ["done"] == [row["state"] for row in rows_of(wiring, Effect)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_one_that_stands_still_in_the_middle_of_a_batch_sends_none_of_the_rest(
    wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []

    async def call(row: EffectRow) -> Outcome:
        leave.ask("vendor", "call")
        called.append(row["key"])
        woken = wiring.real_now() + timedelta(minutes=1)
        monkeypatch.setattr(Wiring, "real_now", lambda _: woken)
        return Sent()

    async def send(rows: Sequence[EffectRow]) -> list[Verdict]:
        return [await attempt(call(row), handlers) for row in rows]

    handlers = Handlers(lambda *_: [])
    plan(wiring, "x", "first", "second", "third")

    await send_due({"x": EffectKind(handlers, send)}, Report("test"), 10, only=["x"])

    assert ["first"] == called
    states = {row["key"]: (row["state"], row["error"]) for row in rows_of(wiring, Effect)}
    assert {"first": ("done", ""), "second": ("planned", "withdrawn"), "third": ("planned", "withdrawn")} == states
    assert [] == rows_of(wiring, ReviewCase), "nobody else had taken them: they surely were not sent"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_follows_waits_for_no_slower_neighbour(wiring: Wiring) -> None:
    """Its lease runs already, and nobody renews it before its own sending."""
    followed = asyncio.Event()

    async def first(rows: Sequence[EffectRow]) -> list[Verdict]:
        if rows[0]["key"] == "slow":
            await followed.wait()
        return [Verdict("done") for _ in rows]

    async def second(rows: Sequence[EffectRow]) -> list[Verdict]:
        followed.set()
        return [Verdict("done") for _ in rows]

    plan(wiring, "first", "quick", "slow")
    kinds = {"first": EffectKind(FOLLOWED, first, batch=1), "second": EffectKind(LAST, second)}

    async with asyncio.timeout(120):
        await send_due(kinds, Report("test"), 10, only=["first"])

    assert ["done"] * 4 == [row["state"] for row in rows_of(wiring, Effect)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_chunk_has_one_lease(wiring: Wiring) -> None:
    """What follows from two settlements has two, and each must be kept."""
    leases: list[int] = []

    async def first(rows: Sequence[EffectRow]) -> list[Verdict]:
        return [Verdict("done") for _ in rows]

    async def second(rows: Sequence[EffectRow]) -> list[Verdict]:
        leases.append(len({row["lease_token"] for row in rows}))
        return [Verdict("done") for _ in rows]

    most = SETTLE + 1
    plan(wiring, "first", *(f"k{number}" for number in range(most)))
    kinds = {"first": EffectKind(FOLLOWED, first, batch=most), "second": EffectKind(LAST, second, batch=most)}

    await send_due(kinds, Report("test"), most, only=["first"])

    assert [1, 1] == leases


def follow(_session: Session, pairs: Sequence[Pair], _now: datetime) -> list[EffectDraft]:
    return [EffectDraft("second", f"after:{row['key']}", row["target"]) for row, _ in pairs]


FOLLOWED, LAST = Handlers(follow), Handlers(lambda *_: [])


def plan(wiring: Wiring, kind: str, *keys: str) -> None:
    start = wiring.now() - timedelta(hours=1)
    for number, key in enumerate(keys):  # due one after another, so that they are sent in this order
        draft = EffectDraft(kind, key, "vendor/one", due_at=start + timedelta(seconds=number))
        wiring.ledger(effects.plan, [draft], start)
