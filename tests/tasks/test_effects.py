"""What becomes of an effect whose sender died, by what its vendor can do."""

from datetime import timedelta

import pytest

from config.wiring import Wiring
from connectors.outcomes import Sent
from ledger import effects
from ledger.effects import EffectDraft, EffectRow, Handlers, Verdict
from ledger.tables import Effect, ReviewCase
from tasks.effect_kinds import KINDS
from tasks.effects import EffectKind, look_up_unknown, send_due, verdict
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
