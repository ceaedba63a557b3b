"""The floor picks, packs and hands over by its clock, and errs when told."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.core.app import Sandbox
from sandbox.floor import build
from sandbox.floor.vendor import Floor
from tests.support.fake_vendors import Receiver, in_process, receiver

TOKEN = "floor-token"


class Hall:
    """A warehouse: the receiver's side with one pick list, and the floor that works for it."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient, hook: Receiver) -> None:
        self.sandbox, self.client, self.hook = sandbox, client, hook
        self.version = 1
        self.listed = True
        self.refuse_sku = False
        self.refuse: str | None = None
        self.broken = 0
        self.made_at = sandbox.world.clock.now().isoformat()
        hook.answers = self.answer

    @property
    def floor(self) -> Floor:
        vendor = self.sandbox.vendors["floor"]
        assert isinstance(vendor, Floor)
        return vendor

    def pick_list(self) -> dict[str, Any]:
        line = {"line_id": "L1", "sku": "MUG-ENA-WHT", "barcode": "1", "title": "Mug", "quantity": 2, "bin": "A1"}
        order = {
            "fulfilment_order_id": "fo_1",
            "reference": "fo_1.1",
            "shipment_id": "shp_1",
            "tracking_number": "9400",
            "label_url": "http://x/label.pdf",
            "lines": [line],
        }
        return {
            "id": "pl_1",
            "version": self.version,
            "location": "brooklyn",
            "created_at": self.made_at,
            "zone": "A",
            "priority": 1,
            "orders": [order],
        }

    def answer(self, method: str, _path: str, body: bytes) -> tuple[int, bytes]:
        if self.broken:
            self.broken -= 1
            return 503, b"{}"
        if method == "GET":
            lists = [self.pick_list()] if self.listed else []
            return 200, json.dumps({"pick_lists": lists}).encode()
        wrong = self.refuse_sku and b"WRONG-" in body
        if wrong or self.refuse:
            return 409, json.dumps({"accepted": False, "reason": self.refuse or "wrong_sku"}).encode()
        return 200, b'{"accepted": true}'

    @property
    def scans(self) -> list[dict[str, Any]]:
        return [json.loads(body) for method, _, _, body in self.hook.requests if method == "POST"]

    async def set(self, **values: Any) -> None:
        answer = await self.client.post("/_control/floor/settings", json=values)
        assert answer.status_code == 200

    async def work(self, seconds: float = 0) -> list[str]:
        """Move the clock, let the floor make one round, and say which events it has scanned so far."""
        clock = self.sandbox.world.clock
        clock.set_offset(clock.offset_s + seconds)
        await self.floor.round()
        return [scan["event"] for scan in self.scans]


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    sandbox, client = in_process(build)
    async with client, receiver() as hook:
        hall = Hall(sandbox, client, hook)
        await hall.set(base_url=hook.url, token=TOKEN, locations=["brooklyn"])
        yield hall
        await hall.floor.stop()


async def test_an_order_is_picked_packed_and_handed_over_in_time(hall: Hall) -> None:
    assert await hall.work() == []
    assert await hall.work(3601) == ["picked"]
    assert await hall.work(1800) == ["picked", "packed"]
    assert await hall.work(3600) == ["picked", "packed", "handed_over"]
    assert await hall.work(9999) == ["picked", "packed", "handed_over"]
    first = hall.scans[0]
    assert first["lines"] == [{"line_id": "L1", "sku": "MUG-ENA-WHT", "quantity": 2}]
    assert (first["pick_list_id"], first["version"], first["device"]) == ("pl_1", 1, "floor-1")
    assert len({scan["scan_id"] for scan in hall.scans}) == 3
    method, path, headers, _ = hall.hook.requests[0]
    assert (method, path) == ("GET", "/warehouse/brooklyn/pick-lists?state=open")
    assert headers["authorization"] == f"Bearer {TOKEN}"
    packed = (await hall.client.get("/_control/floor/packed")).json()
    assert [(row["reference"], row["tracking_number"]) for row in packed] == [("fo_1.1", "9400")]


async def test_a_jump_of_the_clock_makes_all_that_is_due(hall: Hall) -> None:
    assert await hall.work(86_400) == ["picked", "packed", "handed_over"]


async def test_a_short_pick_is_told_and_ends(hall: Hall) -> None:
    await hall.set(short=1)
    assert await hall.work(86_400) == ["short"]
    assert hall.scans[0]["lines"][0]["quantity"] == 1
    assert (await hall.client.get("/_control/floor/packed")).json() == []


async def test_a_wrong_scan_is_refused_and_done_again(hall: Hall) -> None:
    hall.refuse_sku = True
    await hall.set(wrong_sku=1)
    assert await hall.work(3601) == ["picked", "picked"]
    assert [scan["lines"][0]["sku"] for scan in hall.scans] == ["WRONG-MUG-ENA-WHT", "MUG-ENA-WHT"]


async def test_a_repeated_scan_has_the_same_id(hall: Hall) -> None:
    await hall.set(repeat=1)
    assert await hall.work(3601) == ["picked", "picked"]
    assert hall.scans[0] == hall.scans[1]


async def test_a_scan_without_a_good_answer_is_sent_again(hall: Hall) -> None:
    assert await hall.work() == []
    hall.broken = 1
    await hall.work(3601)
    assert "503" in (await hall.client.get("/_control/floor/settings")).json()["problem"]
    assert await hall.work() == ["picked"]


async def test_a_withdrawn_or_refused_order_is_left_alone_until_a_new_version(hall: Hall) -> None:
    await hall.work()
    hall.listed = False
    assert await hall.work(86_400) == []
    hall.listed, hall.refuse = True, "changed"
    assert await hall.work() == ["picked"]
    assert await hall.work() == ["picked"]
    hall.refuse, hall.version = None, 2
    assert await hall.work() == ["picked", "picked", "packed", "handed_over"]
    assert hall.scans[1]["version"] == 2


async def test_it_works_by_itself_once_it_is_enabled(hall: Hall) -> None:
    await hall.set(enabled=True, pick_after_s=0, pack_after_s=0, hand_over_after_s=0)
    hall.sandbox.tick()
    task = hall.floor._task
    assert task is not None
    await task
    assert len(hall.scans) == 3
    bad = await hall.client.post("/_control/floor/settings", json={"mood": "good"})
    assert bad.status_code == 400
