"""Papers on an order, for agents: evidence to hand to the bank, a claim to hand to a carrier."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from apps.desk.sitting import Sitting
from config.wiring import Wiring
from ledger.dispute_facts import evidence_file

_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Disposition": 'attachment; filename="evidence.pdf"',
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class EvidenceFiles:
    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    async def show(self, request: Request, _sitting: Sitting) -> Response:
        """`GET /desk/orders/{order_id}/evidence/{name}`."""
        order_id, name = request.path_params["order_id"], request.path_params["name"]
        content = await asyncio.to_thread(self._wiring.read, evidence_file, order_id, name)
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type="application/pdf", headers=_HEADERS)


def evidence_path(order_id: str, document_id: str) -> str:
    """Where an agent gets it; empty where there is none."""
    name = document_id.partition(":")[2]
    return f"/desk/orders/{order_id}/evidence/{name}" if order_id and name else ""
