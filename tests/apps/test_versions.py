"""Programs on a ledger of another version: none starts, and who is at work ends by itself."""

import asyncio
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from apps import loops, worker
from apps.receiver.transactions import Transactions
from apps.watch import NAME, Watch
from config.wiring import Wiring
from ledger import schema
from ledger.heartbeats import heartbeats
from tasks import shift
from tasks.visibility import mark_run
from tests.support.revisions import NEWER, at_revision
from tests.support.waiting import until


@pytest.fixture
def transactions(wiring: Wiring) -> Iterator[Transactions]:
    made = Transactions(wiring)
    yield made
    made.close()


@pytest.mark.row("TRU-1", bad_input=True)
def test_no_worker_and_no_flow_starts_on_another_version(
    wiring: Wiring, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "spare_what_is_imported", lambda: None)  # the tests' own process goes on
    with at_revision(wiring, NEWER):
        assert worker.main(["--budget-s", "0"]) == worker.OTHER_VERSION
        assert "which a newer version of this program has made" in capsys.readouterr().err
        with pytest.raises(schema.SchemaError):
            mark_run()


@pytest.mark.row("TRU-1")
async def test_a_worker_ends_when_the_ledger_moves_under_it(wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shift, "BEAT_S", 0.0)
    working = asyncio.create_task(worker.work(600.0))
    await until(lambda: "worker" in wiring.read(heartbeats))

    with at_revision(wiring, NEWER):
        ended = await asyncio.wait_for(working, 120)

    assert ended.moved


@pytest.mark.row("TRU-1")
async def test_the_receiver_ends_when_the_ledger_moves_under_it(wiring: Wiring, transactions: Transactions) -> None:
    over = asyncio.Event()
    watch = Watch(wiring, transactions.run, every_s=0.01, end=over.set)
    watch.start()
    try:
        await until(lambda: NAME in wiring.read(heartbeats))
        assert not over.is_set()
        with at_revision(wiring, NEWER):
            await asyncio.wait_for(over.wait(), 120)
    finally:
        await watch.stop()


@pytest.mark.row("TRU-1", bad_input=True)
async def test_the_receivers_watch_outlives_a_pool_without_a_free_connection(
    wiring: Wiring, transactions: Transactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles = [sa.exc.TimeoutError("no connection became free")]

    def crowded(_engine: sa.Engine) -> bool:
        if troubles:
            raise troubles.pop()
        return True

    monkeypatch.setattr(schema, "is_current", crowded)
    watch = Watch(wiring, transactions.run, every_s=0.01)
    watch.start()
    try:
        await until(lambda: NAME in wiring.read(heartbeats))
    finally:
        await watch.stop()
