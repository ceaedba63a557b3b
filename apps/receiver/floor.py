"""What handhelds of an own warehouse use: pick lists, labels, packing slips, scans. The address names the location."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, SQLModel
from starlette.requests import Request
from starlette.responses import Response

from apps.receiver.answers import Refusal, json_answer
from apps.receiver.bodies import read_body
from apps.receiver.floor_access import LARGEST_SCAN_BYTES, FloorAccess, Id, Text, read_as
from apps.receiver.transactions import Transactions
from config.wiring import Wiring
from connectors.warehouses.pick_list import packing_slip_pdf, pick_list_json, pick_list_pdf
from domain.picking import PickList
from domain.policy import Policies
from ledger import picking, scans
from ledger.rows import select_by
from ledger.slips import packing_slip
from ledger.tables import Document, FulfilmentOrder, Shipment
from ledger.tables import PickList as PickListRow

P = ParamSpec("P")
T = TypeVar("T")
MOST_LISTS = 200


class _Line(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    line_id: Id
    sku: Id
    quantity: int = Field(ge=0, le=1_000_000)


class _Scan(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    scan_id: Id
    pick_list_id: Id
    version: int = Field(ge=1, le=1_000_000_000)
    fulfilment_order_id: Id
    shipment_id: Text | None = ""
    event: Literal["picked", "packed", "handed_over", "short"]
    lines: list[_Line] = Field(default=[], max_length=1000)
    scanned_at: datetime
    device: Text | None = ""

    def value(self) -> scans.Scan:
        at = self.scanned_at if self.scanned_at.tzinfo else self.scanned_at.replace(tzinfo=UTC)
        return scans.Scan(
            scan_id=self.scan_id, pick_list_id=self.pick_list_id, version=self.version,
            fulfilment_order_id=self.fulfilment_order_id, shipment_id=self.shipment_id or "", event=self.event,
            lines=tuple(scans.ScanLine(line.line_id, line.sku, line.quantity) for line in self.lines),
            scanned_at=at.astimezone(UTC), device=self.device or "",
        )  # fmt: skip


class Floor:
    """Every call names a location and carries that location's token."""

    def __init__(self, wiring: Wiring, transactions: Transactions) -> None:
        self._wiring, self._transactions = wiring, transactions
        self._access = FloorAccess(wiring)
        self._policies: Policies = wiring.policies

    async def lists(self, request: Request) -> Response:
        location = self._access.location(request)
        state = request.query_params.get("state", "open")
        if state not in ("open", "done"):
            raise Refusal("bad_state")
        found = await self._read(picking.lists_at, location, state, self._policies, limit=MOST_LISTS)
        return json_answer({"pick_lists": [pick_list_json(self._with_labels(sheet)) for sheet in found]})

    async def sheet(self, request: Request) -> Response:
        """The paper as it was stored, or printed now when the stage has not come to it yet."""
        location = self._access.location(request)
        paper = await self._read(_paper, location, request.path_params["list_id"], self._policies)
        if isinstance(paper, PickList):
            paper = await asyncio.to_thread(pick_list_pdf, paper)
        return _pdf(paper)

    async def label(self, request: Request) -> Response:
        location = self._access.location(request)
        return _pdf(await self._read(_label, location, request.path_params["shipment_id"]))

    async def slip(self, request: Request) -> Response:
        location, seller = self._access.location(request), self._wiring.brand.name
        slip = await self._read(packing_slip, location, request.path_params["shipment_id"], seller=seller)
        if slip is None:
            raise Refusal("not_found")
        return _pdf(await asyncio.to_thread(packing_slip_pdf, [slip]))

    async def scan(self, request: Request) -> Response:
        location = self._access.location(request)
        scan = _read_scan(await read_body(request, LARGEST_SCAN_BYTES))
        refused = await asyncio.to_thread(self._take, location, scan)
        if refused:
            return json_answer({"accepted": False, "reason": refused}, 409)
        return json_answer({"accepted": True})

    def _take(self, location: str, scan: scans.Scan) -> str:
        now = self._wiring.now()
        return self._transactions.run(lambda session: scans.take_scan(session, location, scan, now))

    def _with_labels(self, sheet: PickList) -> PickList:
        base = f"{self._wiring.settings.public_url.rstrip('/')}/warehouse/{sheet.location}/labels"
        return replace(sheet, orders=tuple(
            replace(order, label_url=f"{base}/{order.shipment_id}.pdf" if order.shipment_id else "")
            for order in sheet.orders
        ))  # fmt: skip

    async def _read(self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(lambda: self._wiring.read(function, *args, **kwargs))


def _read_scan(body: bytes) -> scans.Scan:
    scan = read_as(_Scan, body)
    if scan.event in ("packed", "handed_over") and scan.lines and not any(line.quantity for line in scan.lines):
        raise Refusal("bad_scan", fields=["lines"])
    return scan.value()


def _paper(session: Session, location: str, list_id: str, policies: Policies) -> bytes | PickList:
    row = _row(session, PickListRow, list_id)
    if row is None or row["location_id"] != location:
        raise Refusal("not_found")
    return _document(session, row["document_id"]) or picking.pick_list_value(session, list_id, policies)


def _label(session: Session, location: str, shipment_id: str) -> bytes:
    parcel = _row(session, Shipment, shipment_id)
    row = _row(session, FulfilmentOrder, parcel["fulfilment_order_id"]) if parcel else None
    content = _document(session, parcel["label_document_id"]) if parcel else None
    if row is None or row["location_id"] != location or content is None:
        raise Refusal("not_found")
    return content


def _document(session: Session, document_id: str) -> bytes | None:
    found = _row(session, Document, document_id)
    return found["content"] if found else None


def _row(session: Session, model: type[SQLModel], key: str) -> Mapping[str, Any] | None:
    return next(iter(select_by(session, model, "id", [key])), None)


def _pdf(content: bytes) -> Response:
    return Response(content, media_type="application/pdf", headers={"cache-control": "private, no-store"})
