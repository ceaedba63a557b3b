"""Customers' requests are taken beside a stage that takes long."""

import pytest

from config.wiring import Wiring
from ledger.inbox import Delivery, store
from ledger.tables import InboxEvent
from tasks import customers, validate
from tasks.customers import attended
from tests.ledger.support import rows_of
from tests.support.waiting import until


@pytest.mark.row("TRU-1")
async def test_an_answer_is_taken_while_the_stage_still_runs(
    wiring: Wiring, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(customers, "LOOK_S", 0.01)
    answer = Delivery("portal", "answers", "keep_address", "signature", "ord_1", b"v")
    async with attended():
        wiring.ledger(store, [answer], wiring.now())
        await until(lambda: rows_of(wiring, InboxEvent)[0]["handled_at"])

        async def broken(_limit: int) -> None:
            raise RuntimeError("no")

        monkeypatch.setattr(validate, "answers", broken)
        await until(lambda: caplog.records)

    assert caplog.records[0].message == "customers' requests wait"
