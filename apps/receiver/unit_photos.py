"""Photos that handhelds of an own warehouse send of units that came back."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from apps.darkroom import Darkroom
from apps.receiver.answers import Refusal, json_answer
from apps.receiver.floor_access import FloorAccess
from apps.receiver.transactions import Transactions
from apps.uploads import read_upload
from config.wiring import Wiring
from domain.photos import BadPhoto
from ledger.returning.unit_photos import attach, order_of_unit

FIELD = "photos"


class UnitPhotos:
    """Every call names a location and carries that location's token."""

    def __init__(self, wiring: Wiring, transactions: Transactions, darkroom: Darkroom) -> None:
        self._wiring, self._transactions, self._darkroom = wiring, transactions, darkroom
        self._access = FloorAccess(wiring)

    async def take(self, request: Request) -> Response:
        """A form with files in the field `photos`. The same photos sent again are the same."""
        location, path = self._access.location(request), request.path_params
        unit_id = path["unit_id"]
        asked = path["request_id"]
        order_id = await asyncio.to_thread(lambda: self._wiring.read(order_of_unit, location, asked, unit_id))
        if order_id is None:
            raise Refusal("not_found")
        sent = (await read_upload(request)).files.get(FIELD, ())
        if not sent:
            raise Refusal("bad_photo", reason="photo_empty")
        try:
            ids = await self._darkroom.take_photos(sent, order_id=order_id, subject_id=unit_id)
        except BadPhoto as bad:
            raise Refusal("bad_photo", reason=bad.code) from None
        await asyncio.to_thread(self._transactions.run, lambda session: attach(session, unit_id, ids))
        return json_answer({"photos": ids})
