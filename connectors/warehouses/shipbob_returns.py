"""Returns at ShipBob: announced by us or unannounced, inspected unit by unit at its dock.

API: 2026-01, OpenAPI file of the vendor read 2026-11. Quirks: a repeated `reference_id` is refused with 422 like any
other fault and stays taken after a cancellation; a cancellation answers without a body, refused or not; items are named
by inventory ids, and a bundle is expected as its parts; fewer or more units than announced are told by counts alone.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.http import VendorHttp
from connectors.reading import Unreadable, identity, mapping, moment, shaped, text, units
from connectors.redaction import redact
from connectors.warehouses.returning import (
    NodeReturn,
    NodeReturnCapabilities,
    NodeReturnLine,
    NodeReturnRequest,
    NodeReturnState,
    Treated,
)
from connectors.warehouses.shipbob_edits import find_item
from connectors.warehouses.shipbob_words import refusal_messages, refusal_reason
from domain.returns.words import Disposition

VENDOR = "shipbob"
# `return.updated` also for a cancellation and an arrival; the body is the return as it was then
RETURN_TOPICS = ("return.created", "return.updated", "return.completed")
STATES = {
    "Awaiting Arrival": NodeReturnState.AWAITED,
    "Arrived": NodeReturnState.ARRIVED,
    "Processing": NodeReturnState.PROCESSING,
    "Completed": NodeReturnState.DONE,
    "Cancelled": NodeReturnState.CANCELLED,
}
ACTIONS = {
    "Restock": Disposition.RESTOCK,
    "Quarantine": Disposition.QUARANTINE,
    "Dispose": Disposition.DISPOSE,
}
_THEIRS = {disposition: action for action, disposition in ACTIONS.items()}
_API = "/2026-01"
_PAGE = 250  # the most that the API gives
_LONGEST_REFERENCE = 50
_ANNOUNCED = "Regular"
T = TypeVar("T")


class ShipBobReturns:
    """The part of a channel that takes goods back; see `ReturnsWarehouse` for what the methods promise."""

    return_capabilities = NodeReturnCapabilities(
        keyed_writes=True,  # by the reference: a repeat finds the first result
        lookup_by_reference=True,
        references_are_spent=True,
        dispositions=frozenset(_THEIRS),
    )

    return_topics: tuple[str, ...] = RETURN_TOPICS

    _http: VendorHttp
    _channel: dict[str, str]

    async def announce_return(self, request: NodeReturnRequest) -> NodeReturn:
        _check(request)
        ids = {each.sku: (await find_item(self._http, "announce_return", each.sku)) for each in request.lines}
        body = return_body(request, ids)
        answer = await self._http.call(
            "announce_return",
            "POST",
            f"{_API}/return",
            json=body,
            headers=self._channel,
            write=True,
            expect=(400, 422),
        )
        if answer.status < 400:
            # the answer is an older form of a return, without SKUs
            made = await self.fetch_return(_written("announce_return", identity_of, answer.body))
            if made is None:
                raise OutcomeUnknown(VENDOR, "announce_return", "made_but_not_found")
            return made
        messages = refusal_messages(answer.body)
        detail = redact("; ".join(messages), body)
        refused = VendorRejected(VENDOR, "announce_return", detail, refusal_reason(messages))
        return self._same(request, await self.find_return(request.reference), refused)

    @staticmethod
    def _same(request: NodeReturnRequest, existing: NodeReturn | None, refused: VendorRejected) -> NodeReturn:
        if existing is None:
            raise refused
        if existing.state is NodeReturnState.CANCELLED:
            raise VendorRejected(VENDOR, "announce_return", reason="reference_cancelled") from refused
        wanted: dict[str, int] = {}
        for each in request.lines:
            wanted[each.sku] = wanted.get(each.sku, 0) + each.quantity
        if (existing.content, existing.node_location) != (wanted, request.node_location):
            raise VendorRejected(VENDOR, "announce_return", reason="reference_conflict") from refused
        return existing

    async def find_return(self, reference: str) -> NodeReturn | None:
        found = [
            each
            async for page in self._pages("find_return", {"ReferenceIds": reference})
            for each in page
            if each.reference == reference
        ]
        return max(found, key=lambda each: each.state is not NodeReturnState.CANCELLED, default=None)

    async def fetch_return(self, external_id: str) -> NodeReturn | None:
        answer = await self._http.call(
            "fetch_return",
            "GET",
            f"{_API}/return/{external_id}",
            headers=self._channel,
            write=False,
            expect=(404,),
        )
        return None if answer.status == 404 else _read("fetch_return", parse_return, answer.body)

    async def cancel_return(self, external_id: str) -> None:
        answer = await self._http.call(
            "cancel_return", "POST", f"{_API}/return/{external_id}:cancel", write=True, expect=(400,)
        )
        if answer.status < 400:
            return
        now = await self.fetch_return(external_id)  # cancelling twice is refused too
        if now is None:
            raise VendorRejected(VENDOR, "cancel_return", reason="not_found")
        if now.state is not NodeReturnState.CANCELLED:
            raise VendorRejected(VENDOR, "cancel_return", now.raw_state, reason="too_late")

    async def returns_since(self, since: datetime) -> AsyncIterator[list[NodeReturn]]:
        start = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
        for name in ("StartDate", "CompletedStartDate"):
            async for page in self._pages("returns_since", {name: start}):
                yield page

    async def _pages(self, operation: str, wanted: Mapping[str, Any]) -> AsyncIterator[list[NodeReturn]]:
        params: dict[str, Any] | None = {**wanted, "Limit": _PAGE}
        while params is not None:
            answer = await self._http.call(
                operation, "GET", f"{_API}/return", params=params, headers=self._channel, write=False
            )
            page = _read(operation, parse_page, answer.body)
            if page:
                yield page
            params = next_page(answer.body.get("next"))


def _check(request: NodeReturnRequest) -> None:
    """What ShipBob would not take, or take for something else. Raises: VendorRejected."""
    unknown = [each for each in request.lines if each.wanted is not None and each.wanted not in _THEIRS]
    for wrong, reason in (
        (not 1 <= len(request.reference) <= _LONGEST_REFERENCE, "bad_reference"),
        (not request.lines or any(each.quantity < 1 for each in request.lines), "bad_quantity"),
        (unknown, "unknown_action"),
        (not request.node_location.isdecimal(), "unknown_location"),
        (request.shipment and not request.shipment.isdecimal(), "unknown_shipment"),
    ):
        if wrong:
            raise VendorRejected(VENDOR, "announce_return", reason=reason)


def return_body(request: NodeReturnRequest, inventory_ids: Mapping[str, int]) -> dict[str, Any]:
    """The body of `POST /return`; pure."""
    body: dict[str, Any] = {
        "reference_id": request.reference,
        "fulfillment_center": {"id": int(request.node_location)},
        "inventory": [
            {
                "id": inventory_ids[each.sku],
                "quantity": each.quantity,
                "requested_action": _THEIRS[each.wanted] if each.wanted else "Default",
            }
            for each in request.lines
        ],
    }
    if request.tracking_number:
        body["tracking_number"] = request.tracking_number
    if request.shipment:
        body["original_shipment_id"] = int(request.shipment)
    return body


@shaped
def parse_return(body: Any) -> NodeReturn:
    """One return in full, as it is read or told by a webhook. Raises: Unreadable."""
    data = mapping(body, "return")
    status = text(data.get("status"))
    times = [moment(each.get("timestamp"), "timestamp") for each in data.get("status_history") or ()]
    times.append(moment(data.get("insert_date"), "insert_date"))
    centre, shipment = data.get("fulfillment_center") or {}, data.get("original_shipment_id")
    return NodeReturn(
        external_id=identity(data),
        reference=text(data.get("reference_id")),
        state=STATES.get(status, NodeReturnState.UNKNOWN),
        raw_state=status,
        announced=data.get("return_type") == _ANNOUNCED,
        lines=tuple(_line(each) for each in data.get("inventory") or ()),
        node_location=identity(centre) if centre else "",
        tracking_number=text(data.get("tracking_number")),
        shipment=str(shipment) if shipment else "",
        updated_at=max((time for time in times if time), default=None),
    )


def _line(raw: Any) -> NodeReturnLine:
    data = mapping(raw, "inventory")
    sku = text(data.get("sku"))
    if not sku:  # without it nobody can say what came
        raise Unreadable("missing_sku", "inventory.sku")
    return NodeReturnLine(
        sku=sku,
        expected=units(data.get("quantity"), "inventory.quantity"),
        treated=tuple(_treated(each) for each in data.get("action_taken") or ()),
        kit=text(data.get("bundle_parent_sku")),
    )


def _treated(raw: Any) -> Treated:
    data = mapping(raw, "action_taken")
    action = text(data.get("action"))
    return Treated(
        disposition=ACTIONS.get(action),
        quantity=units(data.get("quantity_processed"), "action_taken.quantity_processed"),
        raw=action,
        note=text(data.get("action_reason")),
        photo_url=text(data.get("image_url")),
    )


@shaped
def parse_page(body: Any) -> list[NodeReturn]:
    """One page of a list. Raises: Unreadable."""
    return [parse_return(each) for each in mapping(body, "returns").get("items") or ()]


def identity_of(body: Any) -> str:
    """Id of what was made. Raises: Unreadable."""
    return identity(mapping(body, "return"))


def next_page(link: str | None) -> dict[str, Any] | None:
    """Parameters of the next page: ShipBob gives an address or a cursor; our token follows no address."""
    if not link:
        return None
    query = dict(parse_qsl(urlsplit(link).query))
    return query or {"Cursor": link}


def _read(operation: str, parse: Callable[[Any], T], body: Any) -> T:
    try:
        return parse(body)
    except Unreadable as exc:
        raise VendorRejected(VENDOR, operation, str(exc), reason="unreadable_answer") from exc


def _written(operation: str, parse: Callable[[Any], T], body: Any) -> T:
    try:
        return parse(body)
    except Unreadable as exc:
        raise OutcomeUnknown(VENDOR, operation, str(exc)) from exc
