"""Photos of an order for agents."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from apps.darkroom import photo_answer, photo_name
from apps.desk.sitting import Sitting
from config.wiring import Wiring
from ledger.photos import KIND, photo_of


class Photos:
    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    async def show(self, request: Request, _sitting: Sitting) -> Response:
        """`GET /desk/orders/{order_id}/photos/{name}`."""
        order_id, photo_id = request.path_params["order_id"], f"{KIND}:{request.path_params['name']}"
        content = await asyncio.to_thread(self._wiring.read, photo_of, order_id, photo_id)
        if content is None:
            raise HTTPException(404)
        return photo_answer(content)


def photo_path(order_id: str, photo_id: str) -> str:
    return f"/desk/orders/{order_id}/photos/{photo_name(photo_id)}"
