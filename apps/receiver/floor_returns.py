"""What handhelds of an own warehouse use for parcels that come back: what is expected of one, what was found in it unit
by unit, and in what state."""

import asyncio
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from apps.nudge import nudge
from apps.receiver.answers import Refusal, json_answer
from apps.receiver.bodies import read_body
from apps.receiver.floor_access import LARGEST_SCAN_BYTES, FloorAccess, Id, Text, read_as
from apps.receiver.transactions import Transactions
from config.wiring import Wiring
from ledger.returning import at_the_door
from ledger.returning.intake import Arrived, Graded


class _Unit(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    sku: Id
    reception: Literal["received", "missing", "wrong_item", "extra"] = "received"
    line_id: Text = ""


class _Opened(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    scan_id: Id
    code: Text = ""
    order: Text = ""
    units: list[_Unit] = Field(min_length=1, max_length=1000)


class _Graded(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    scan_id: Id
    grades: dict[Id, Literal["a", "b", "c", "damaged", "not_as_described"]] = Field(min_length=1, max_length=1000)


class FloorReturns:
    """Every call names a location and carries that location's token. What is accepted is in the inbox."""

    def __init__(self, wiring: Wiring, transactions: Transactions) -> None:
        self._wiring, self._transactions = wiring, transactions
        self._access = FloorAccess(wiring)

    async def expected(self, request: Request) -> Response:
        """By RMA or by the number on the label."""
        self._access.location(request)
        found = await asyncio.to_thread(self._wiring.read, at_the_door.expected, request.path_params["code"])
        if found is None:
            raise Refusal("not_found")
        return json_answer(found)

    async def opened(self, request: Request) -> Response:
        location = self._access.location(request)
        said = read_as(_Opened, await read_body(request, LARGEST_SCAN_BYTES))
        units = [unit.model_dump() for unit in said.units]
        scan = Arrived(said.scan_id, location, said.code, units, said.order)
        return await self._answer(lambda session: at_the_door.take_arrival(session, scan, self._wiring.now()))

    async def graded(self, request: Request) -> Response:
        location = self._access.location(request)
        said = read_as(_Graded, await read_body(request, LARGEST_SCAN_BYTES))
        scan = Graded(said.scan_id, location, request.path_params["request_id"], dict(said.grades))
        return await self._answer(lambda session: at_the_door.take_grades(session, scan, self._wiring.now()))

    async def _answer(self, take: at_the_door.Take) -> Response:
        refused = await asyncio.to_thread(self._transactions.run, take)
        if refused:
            return json_answer({"accepted": False, "reason": refused}, 409)
        nudge(self._wiring.settings.requests_port)
        return json_answer({"accepted": True})
