"""A lease that is kept: renewed while its holder can, and lapsed as soon as that is in doubt."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from config.wiring import Wiring
from ledger import effects
from ledger.effects import EffectDraft, EffectRow
from ledger.tables import Effect
from tasks import runtime
from tasks.runtime import kept
from tests.support.waiting import until

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def row(wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> EffectRow:
    """An effect in hand, under a lease that is renewed ten times a second."""
    monkeypatch.setattr(wiring.settings, "lease_s", 0.4)
    [row] = wiring.ledger(
        effects.plan_and_claim, [EffectDraft("x", "k", "vendor/one")], now=wiring.now(), real_now=wiring.real_now()
    )
    return row


async def test_it_is_renewed(row: EffectRow) -> None:
    async with kept(Effect, [row["id"]], row["lease_token"], until=row["lease_until"]) as held:
        await until(lambda: held.until > row["lease_until"] + timedelta(seconds=0.4))


async def test_one_whose_rows_another_has_taken_has_lapsed_at_once(wiring: Wiring, row: EffectRow) -> None:
    far = wiring.real_now() + timedelta(hours=1)
    async with kept(Effect, [row["id"]], row["lease_token"] - 1, until=far) as held:
        await until(lambda: held.lapsed)


async def test_one_that_cannot_be_renewed_lapses_with_its_time(row: EffectRow, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_: Any, **__: Any) -> bool:
        raise sa.exc.OperationalError("UPDATE", {}, OSError("server closed the connection"))

    monkeypatch.setattr(runtime, "renew", cut_off)
    async with kept(Effect, [row["id"]], row["lease_token"], until=row["lease_until"]) as held:
        await until(lambda: held.lapsed)
    assert row["lease_until"] == held.until
