"""`aftercart up` with its real processes, started once: they serve, are killed and stopped in turn, and end.

The clock of a recovery starts at the kill. One test, because each step builds on the end of the one before.
"""

import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from time import monotonic

import httpx
import pytest

from apps import doctor
from apps.cli.commands import remember_sandbox
from apps.processes import marked
from apps.supervisor import Supervisor
from config import wiring as wiring_module
from ledger.invariants import check_all
from tasks.opening import read_vendors
from tests.apps.supervisor.conftest import PATIENCE_S, make_options, until
from tests.apps.supervisor.town import HOLD, Town

pytestmark = pytest.mark.engine


@pytest.fixture
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        said: list[str] = []
        options = make_options(tmp_path_factory.mktemp("up"), monkeypatch)
        supervisor = Supervisor(replace(options, say=said.append))
        await supervisor.start()
        made = Town(supervisor, said)
        wiring_module.replace(supervisor.wiring)
        try:
            await read_vendors()
            yield made
        finally:
            made.close()
            await supervisor.wiring.aclose()
            wiring_module.replace(None)
            await supervisor.stop()
            supervisor.wiring.engine.dispose()


@pytest.mark.row("PEO-2")
@pytest.mark.row("PEO-2", bad_input=True)
@pytest.mark.row("TRU-1", bad_input=True)
async def test_it_starts_is_killed_and_stopped_recovers_and_ends(
    town: Town, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    await everything_serves(town, monkeypatch)
    await a_killed_receiver_comes_back(town)
    await a_run_killed_in_the_middle_of_a_call_is_taken_over(town, record_property)
    await orders_go_on_while_prefect_hangs(town)
    await runs_take_over_when_prefect_is_back(town)
    await nothing_was_done_twice(town)
    await it_ends_without_orphans(town)


async def everything_serves(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    options = town.supervisor.options
    monkeypatch.setattr("apps.cli.commands.SANDBOX_ENV", options.var / "sandbox.env")
    remember_sandbox(town.supervisor)
    assert "AFTERCART_ACCOUNTS_FILE=" in (options.var / "sandbox.env").read_text("utf-8")

    async with httpx.AsyncClient() as client:
        for name, url in town.supervisor.addresses.items():
            answer = await client.get(f"{url}/healthz" if name == "webhooks" else url, follow_redirects=True)
            assert answer.status_code == 200, name
    await until(lambda: town.works() and not town.stands_by(), "the first run")
    findings = await doctor.examine()
    assert [f for f in findings if f.level == "fail"] == []
    assert {"worker", "requests", "receiver", "shopify/alpha", "shipbob/main", "easypost/main", "mail"} <= {
        f.subject for f in findings if f.level == "ok"
    }


async def a_killed_receiver_comes_back(town: Town) -> None:
    killed = town.pid("receiver")
    os.kill(killed, signal.SIGKILL)
    await until(lambda: town.alive("receiver") and town.pid("receiver") != killed, "a new one")
    assert any(line.startswith("receiver ended with -9; starting it again in 1 s") for line in town.said)
    await until(town.receives, "the receiver's answer")


async def a_run_killed_in_the_middle_of_a_call_is_taken_over(
    town: Town, record_property: Callable[[str, object], None]
) -> None:
    """The shop has put the orders on hold, its answer never came."""
    town.fault(HOLD, "hold")
    bought = len(town.buy(3))
    await until(lambda: len(town.accepted(HOLD)) == bought, "the shop to act")
    assert town.under_way()
    killed = town.kill_runs()
    began = monotonic()
    town.heal()

    await until(lambda: town.held() == bought and not town.under_way(), "another to find out what had been done")
    recovery_s = monotonic() - began
    assert {1} == set(town.accepted(HOLD).values())
    await until(lambda: town.works() and not town.stands_by(), "a run to work again")
    assert killed
    assert "CRASHED" in {(await town.state_of(run))[0] for run in killed}
    record_property("recovery_s", round(recovery_s, 1))


async def orders_go_on_while_prefect_hangs(town: Town) -> None:
    """Nobody but the worker that stands by carries on, and customers' webhooks are taken as ever."""
    before = len(town.accepted(HOLD))
    os.kill(town.pid("prefect-server"), signal.SIGSTOP)
    town.kill_runs()
    bought = len(town.buy(3))
    await until(lambda: not town.control("webhooks")["queued"], "the receiver to take all webhooks")
    await until(lambda: len(town.accepted(HOLD)) == before + bought and not town.under_way(), "orders to go on")

    assert any("Prefect does not answer, nobody works on orders" in line for line in town.said), town.said
    findings = {finding.subject: finding for finding in await doctor.examine()}
    assert "a worker without Prefect carries on" in findings["process-orders"].detail
    assert ("fail", "ok") == (findings["Prefect"].level, findings["receiver"].level)


async def runs_take_over_when_prefect_is_back(town: Town) -> None:
    """The supervisor starts it again, a run takes over from the worker that stood by."""
    os.kill(town.pid("prefect-server"), signal.SIGKILL)
    await until(lambda: town.works() and not town.stands_by(), "a run to work again", patience_s=2 * PATIENCE_S)
    assert any(line.startswith("prefect-server ended with -9; starting it again") for line in town.said), town.said

    before = len(town.accepted(HOLD))
    town.buy(1)
    await until(lambda: len(town.accepted(HOLD)) == before + 1 and not town.under_way(), "the next order")


async def nothing_was_done_twice(town: Town) -> None:
    assert {1} == set(town.accepted(HOLD).values())
    broken = town.wiring.ledger(check_all, real_now=town.wiring.real_now())
    assert not any(broken.values()), broken


async def it_ends_without_orphans(town: Town) -> None:
    options = town.supervisor.options
    await town.supervisor.stop()
    assert marked(f"{options.var.resolve()}:") == []
    for port in (options.prefect_port, options.receiver_port, options.sandbox_port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    assert (options.var / "prefect" / "prefect.db").exists()
