"""The sandbox's people with handhelds work off our lists through a receiver on a real port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
import uvicorn

from apps.receiver.app import create_app
from config import wiring as wiring_module
from config.wiring import Wiring
from ledger.tables import ReviewCase
from tasks import picking
from tasks.runtime import Report
from tests.apps.receiver.support import free_socket, inbox
from tests.apps.receiver.workshop import PLACE, Workshop
from tests.ledger.support import rows_of
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import until


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """The test process keeps its own."""


@pytest.fixture
async def address(file_wiring: Wiring) -> AsyncIterator[str]:
    wiring_module.replace(file_wiring)
    with closing(free_socket()) as listening:
        server = _Server(uvicorn.Config(create_app(file_wiring), log_config=None, access_log=False))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving
    wiring_module.replace(None)


async def settle(sandbox: SandboxProcess, wiring: Wiring, scans: int) -> None:
    """Wait until the floor has sent so many scans, then carry them out."""

    async def sent() -> bool:
        await asyncio.to_thread(sandbox.control, "floor/settings", {})  # asks for a round now
        return len(inbox(wiring)) >= scans

    await until(sent, "the floor's scans")
    await picking.take_scans(Report("fulfil"), 100)


@pytest.mark.row("FUL-2")
async def test_people_pack_and_hand_over(sandbox: SandboxProcess, address: str, file_wiring: Wiring) -> None:
    workshop = Workshop(file_wiring)
    ids = workshop.release({"SOCK-M": 2, "SHELL-M-S": 1}, {"SOCK-M": 1}, {"SOCK-M": 1})
    await picking.publish_due()
    at_once = {"pick_after_s": 0, "pack_after_s": 0, "hand_over_after_s": 0}
    faults = {"short": 1, "wrong_sku": 1, "repeat": 1}
    sandbox.control("floor/settings", {
        "base_url": address, "token": "sandbox-floor-token", "locations": [PLACE], "enabled": True, **at_once, **faults,
    })  # fmt: skip

    await settle(sandbox, file_wiring, scans=7)  # one order comes up short at its pick and stays

    packed = sandbox.control("floor/packed")
    [case] = rows_of(file_wiring, ReviewCase)
    left = {i for i in ids if workshop.parcel(i)["shipped_at"] is not None}
    assert left == {entry["fulfilment_order_id"] for entry in packed} == set(ids) - {case["subject_id"]}
    assert {workshop.parcel(i)["tracking_number"] for i in left} == {entry["tracking_number"] for entry in packed}
    assert ("short_pick", "open") == (case["kind"], workshop.sheet_of(ids[0])["state"])
    # the wrong article was refused, and scanned again rightly; a scan is stored before it is answered
    await until(lambda: {"200": 7, "409": 1} == answers(sandbox), "all answers have come")


def answers(sandbox: SandboxProcess) -> dict[str, int]:
    """To scans, by status."""
    sums: dict[str, int] = {}
    for operation, statuses in sandbox.requests("floor").items():
        for status, count in statuses.items() if operation.startswith("scan ") else ():
            sums[str(status)] = sums.get(str(status), 0) + count
    return sums
