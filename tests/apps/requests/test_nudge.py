"""A stored request wakes its runner, which else looks by itself."""

import asyncio

import pytest

from apps.nudge import Nudged, nudge
from apps.receiver.transactions import Transactions
from apps.receiver.writer import GroupWriter
from config.wiring import Wiring
from ledger.editing import intake
from ledger.inbox import Delivery
from tests.support.sandbox import _free_ports
from tests.support.waiting import PATIENCE_S


@pytest.fixture
def port() -> int:
    [found] = _free_ports(1)
    return found


async def woken(nudged: Nudged) -> None:
    async with asyncio.timeout(PATIENCE_S / 2):
        await nudged.wait(PATIENCE_S)


async def test_a_nudge_ends_the_wait_also_when_it_came_before(port: int) -> None:
    async with Nudged.listening(port) as nudged:
        nudge(port)
        await woken(nudged)
        waiting = asyncio.create_task(woken(nudged))
        await asyncio.sleep(0)
        nudge(port)
        await waiting


async def test_without_a_listener_or_a_port_nothing_fails(port: int) -> None:
    nudge(port)
    nudge(0)
    async with Nudged.listening(port), Nudged.listening(port) as second, Nudged.listening(0) as deaf:
        await second.wait(0.01)
        await deaf.wait(0.01)


@pytest.mark.parametrize("source", [intake.SOURCE, "return", "stripe"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_receiver_nudges_when_what_the_runner_takes_is_committed(
    wiring: Wiring, port: int, source: str
) -> None:
    wiring.settings.requests_port = port
    transactions = Transactions(wiring)
    writer = GroupWriter(wiring, transactions)
    writer.start()
    try:
        async with Nudged.listening(port) as nudged:
            await writer.keep(Delivery(source, "portal", "edit.requested", "edr_1", "ord_1", b"{}"), customer=True)
            await woken(nudged)
    finally:
        await writer.stop()
        transactions.close()
