"""The floor opens parcels of returns, says of each unit whether it is there, and grades what is."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.floor import build
from sandbox.floor.vendor import Floor
from tests.support.fake_vendors import Receiver, in_process, receiver

MUG, SOCK = {"sku": "MUG", "grade": "a"}, {"sku": "SOCK", "grade": "c"}


class Door:
    """The receiver's side: one request that awaits two mugs, whose units are known one look after they were told."""

    def __init__(self, floor: Floor, client: httpx.AsyncClient, hook: Receiver) -> None:
        self.floor, self.client, self.hook = floor, client, hook
        self.units: list[dict[str, Any]] = []
        self.refuse, self.broken = "", 0
        hook.answers = self.answer

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if self.broken:
            self.broken -= 1
            return 503, b"{}"
        if "pick-lists" in path:
            return 200, b'{"pick_lists": []}'
        if method == "GET":
            line = {"line_id": "ret_1:01", "sku": "MUG", "awaited": 2}
            known = {"request_id": "ret_1", "lines": [line], "units": self.units}
            return (200, json.dumps(known).encode()) if path.endswith("/R1") else (404, b'{"error": "not_found"}')
        if self.refuse:
            return 409, json.dumps({"accepted": False, "reason": self.refuse}).encode()
        if path.endswith("/returns"):
            said = json.loads(body)["units"]
            self.units = [{**unit, "id": f"u{number}", "grade": ""} for number, unit in enumerate(said)]
        return 200, b'{"accepted": true}'

    async def bring(self, code: str, *contents: dict[str, str]) -> int:
        body = {"location": "brooklyn", "code": code, "contents": list(contents)}
        return (await self.client.post("/_control/floor/returns", json=body)).status_code

    async def stages(self, rounds: int = 1) -> list[tuple[str, str]]:
        for _ in range(rounds):
            await self.floor.round()
        found = (await self.client.get("/_control/floor/returns")).json()
        return [(parcel["stage"], parcel["reason"]) for parcel in found]

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for method, _, _, body in self.hook.requests if method == "POST"]


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    sandbox, client = in_process(build)
    floor = sandbox.vendors["floor"]
    assert isinstance(floor, Floor)
    async with client, receiver() as hook:
        settings = {"base_url": hook.url, "token": "floor-token", "locations": ["brooklyn"]}
        await client.post("/_control/floor/settings", json=settings)
        yield Door(floor, client, hook)
        await floor.stop()


async def test_each_unit_is_told_and_graded_once(door: Door) -> None:
    assert 200 == await door.bring("R1", MUG, SOCK)

    assert [("graded", "")] == await door.stages(rounds=3)

    opened, graded = door.told
    assert ("R1", [("MUG", "received"), ("MUG", "missing"), ("SOCK", "extra")]) == (
        opened["code"], [(unit["sku"], unit["reception"]) for unit in opened["units"]],
    )  # fmt: skip
    assert ["ret_1:01", "ret_1:01", None] == [unit.get("line_id") for unit in opened["units"]]
    assert {"u0": "a", "u2": "c"} == graded["grades"], "what is missing has no grade"
    assert opened["scan_id"] != graded["scan_id"]
    [parcel] = (await door.client.get("/_control/floor/returns")).json()
    assert [("MUG", "a"), ("MUG", ""), ("SOCK", "c")] == [(unit["sku"], unit["grade"]) for unit in parcel["units"]]


async def test_an_empty_parcel_is_told_and_needs_no_grades(door: Door) -> None:
    await door.bring("R1")

    assert [("graded", "")] == await door.stages()
    [opened] = door.told
    assert ["missing", "missing"] == [unit["reception"] for unit in opened["units"]]


async def test_without_an_answer_the_same_is_said_again(door: Door) -> None:
    await door.bring("R1", MUG, MUG)
    await door.stages()
    first = door.told[0]["scan_id"]
    door.units, door.floor.dock.parcels[0].stage, door.broken = [], "at_door", 1

    await door.stages(rounds=2)

    assert {first, f"{first}-grades"} == {said["scan_id"] for said in door.told}


@pytest.mark.parametrize(
    ("code", "refuse", "why"), [("R9", "", "unknown_parcel"), ("R1", "request_ended", "request_ended")]
)
async def test_what_is_refused_stays_as_it_is(door: Door, code: str, refuse: str, why: str) -> None:
    door.refuse = refuse
    await door.bring(code, MUG)

    assert [("refused", why)] == await door.stages(rounds=2)
    assert (1 if refuse else 0) == len(door.told)


async def test_a_parcel_without_code_or_grade_is_no_parcel(door: Door) -> None:
    assert [400, 400] == [await door.bring("", MUG), await door.bring("R1", {"sku": "MUG"})]
