"""The floor's dock: parcels of returns that stand at the door are opened, told unit by unit, and graded."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

# method, location, the address below it, body -> status, answer
Call = Callable[[str, str, str, dict[str, Any] | None], Awaitable[tuple[int, dict[str, Any]]]]
Units = list[dict[str, Any]]
AT_DOOR, OPENED, GRADED, REFUSED = "at_door", "opened", "graded", "refused"


@dataclass(slots=True)
class Parcel:
    """`contents`: {sku, grade} of each unit in it, none for an empty one. `units`: as they were told and graded."""

    location: str
    code: str
    contents: list[dict[str, str]]
    scan_id: str
    stage: str = AT_DOOR
    request_id: str = ""
    units: Units | None = None
    reason: str = ""


class Dock:
    def __init__(self) -> None:
        self.parcels: list[Parcel] = []

    def bring(self, location: str, code: str, contents: list[dict[str, str]]) -> None:
        """A carrier puts a parcel down. `code`: what stands on its label or on the note in it."""
        self.parcels.append(Parcel(location, code, contents, f"dock-{len(self.parcels) + 1:06d}"))

    async def round(self, call: Call) -> None:
        """Take each parcel as far as it goes now; what got no answer is said again in a later round, under the same
        scan ids. Raises: what `call` raises."""
        for parcel in self.parcels:
            if parcel.stage == AT_DOOR:
                await self._open(parcel, call)
            if parcel.stage == OPENED:
                await self._grade(parcel, call)

    async def _open(self, parcel: Parcel, call: Call) -> None:
        status, expected = await call("GET", parcel.location, f"returns/{parcel.code}", None)
        if status == 404:
            parcel.stage, parcel.reason = REFUSED, "unknown_parcel"
        if status != 200:
            return
        body = {"scan_id": parcel.scan_id, "code": parcel.code, "units": _found(parcel, expected["lines"])}
        if await _said(parcel, call, "returns", body):
            parcel.request_id, parcel.stage = expected["request_id"], OPENED

    async def _grade(self, parcel: Parcel, call: Call) -> None:
        """Once what was told is among the request's units."""
        status, expected = await call("GET", parcel.location, f"returns/{parcel.code}", None)
        if status != 200 or not expected["units"]:
            return
        grades = _graded(parcel, expected["units"])
        body = {"scan_id": f"{parcel.scan_id}-grades", "grades": grades}
        if not grades or await _said(parcel, call, f"returns/{parcel.request_id}/grades", body):
            parcel.units = [{"sku": unit["sku"], "grade": grades.get(unit["id"], "")} for unit in expected["units"]]
            parcel.stage = GRADED


async def _said(parcel: Parcel, call: Call, tail: str, body: dict[str, Any]) -> bool:
    """Whether it was taken; what was refused ends the parcel's way."""
    status, answer = await call("POST", parcel.location, tail, body)
    if status == 409:
        parcel.stage, parcel.reason = REFUSED, str(answer.get("reason"))
    return status == 200


def _found(parcel: Parcel, lines: Units) -> Units:
    """Each unit that is awaited, as there or as missing, and what nobody announced."""
    inside = [unit["sku"] for unit in parcel.contents]
    found: Units = []
    for line in lines:
        for _ in range(line["awaited"]):
            here = line["sku"] in inside
            if here:
                inside.remove(line["sku"])
            reception = "received" if here else "missing"
            found.append({"sku": line["sku"], "reception": reception, "line_id": line["line_id"]})
    return found + [{"sku": sku, "reception": "extra"} for sku in inside]


def _graded(parcel: Parcel, units: Units) -> dict[str, str]:
    """The grade of each unit that is there, by its id."""
    left = list(parcel.contents)
    grades: dict[str, str] = {}
    for unit in units:
        mine = next((one for one in left if one["sku"] == unit["sku"] and unit["reception"] != "missing"), None)
        if mine is not None and not unit["grade"]:
            left.remove(mine)
            grades[unit["id"]] = mine["grade"]
    return grades
