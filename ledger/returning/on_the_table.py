"""A parcel that lies on the warehouse's table: units that are awaited in it, units that were entered, and where each
goes. Nobody is named, and no amount."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.returns.words import Reception
from domain.scans import article_codes
from domain.states_returns import ENDED_RETURN, ReturnLineState, ReturnState
from ledger.orders import OrderRow, lines_of
from ledger.returning.at_the_door import state_of, waits
from ledger.returning.receiving import AWAITED, COMES, OPENED
from ledger.returning.requests import QUEUE, RequestRow, requests_of_order, return_lines, return_units
from ledger.rows import mappings, select_by
from ledger.tables import Decision, Product, ProductVariant, ReturnRequest
from ledger.tables.base import table_of

Row = Mapping[str, Any]
_request = table_of(ReturnRequest)
_UNFINISHED_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class Awaited:
    """One unit that may be in the parcel. `key` names it in a form; `line_id` is empty where the product alone tells
    its line. `reason` and `condition` are the customer's words."""

    key: str
    line_id: str
    sku: str
    title: str
    barcode: str
    reason: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """One unit as it was entered. `rule`: by which its `disposition` was chosen."""

    id: str
    sku: str
    title: str
    barcode: str
    reception: str
    grade: str
    disposition: str
    rule: str
    photos: tuple[str, ...]

    @property
    def to_grade(self) -> bool:
        return not self.grade and self.reception != Reception.MISSING


@dataclass(frozen=True, slots=True)
class Parcel:
    """`busy`: something was said that has not been looked at yet. `seen` as `at_the_door.take_form` wants it."""

    request_id: str
    rma: str
    state: str
    order_id: str
    awaited: tuple[Awaited, ...]
    entered: tuple[Entered, ...]
    busy: bool
    seen: str

    @property
    def ended(self) -> bool:
        return self.state in ENDED_RETURN

    @property
    def opened(self) -> bool:
        """Whether something may still be entered: it comes, or is being looked at."""
        return self.state in (*COMES, *OPENED)


def parcel_of(session: Session, request_id: str) -> Parcel | None:
    """The parcel of a request; none when there is no such request."""
    request = QUEUE.find(session, request_id)
    if request is None:
        return None
    lines, units = return_lines(session, request_id), return_units(session, request_id)
    titles = _Products(session, [request["order_id"], *(line["order_id"] for line in lines)])
    rules = _rules(session, request)
    entered = [
        Entered(
            id=unit["id"],
            sku=unit["sku"],
            title=titles.title(unit["sku"]),
            barcode=titles.barcode(unit["sku"]),
            reception=unit["reception"],
            grade=unit["grade"],
            disposition=unit["disposition"],
            rule=rules.get(unit["id"], ""),
            photos=tuple(unit["photos"]),
        )
        for unit in units
    ]
    open_lines = lines if request["state"] in (*COMES, *OPENED) else []
    return Parcel(
        request_id=request_id,
        rma=request["rma"],
        state=request["state"],
        order_id=request["order_id"],
        awaited=tuple(_awaited(open_lines, titles)),
        entered=tuple(entered),
        busy=waits(session, request_id),
        seen=state_of(session, request_id),
    )


def _awaited(lines: Sequence[Row], titles: "_Products") -> Iterable[Awaited]:
    for line in lines:
        if line["state"] not in AWAITED:
            continue
        late = line["state"] == ReturnLineState.EXPIRED  # its units are free again, so none may be entered for the line
        for number in range(1, (line["asked"] if late else line["waiting"]) + 1):
            yield Awaited(
                key=f"{line['id']}#{number}",
                line_id="" if late else line["id"],
                sku=line["sku"],
                title=titles.title(line["sku"]),
                barcode=titles.barcode(line["sku"]),
                reason=line["reason"],
                condition=line["condition"],
            )


def sold_in(session: Session, order: OrderRow) -> tuple[Awaited, ...]:
    """Units of an order that could come back although nobody announced them."""
    titles = _Products(session, [order["id"]])
    return tuple(
        Awaited(f"{line['id']}#{number}", "", line["sku"], titles.title(line["sku"]), titles.barcode(line["sku"]))
        for line in lines_of(session, [order["id"]])[order["id"]]
        for number in range(1, line["shipped"] - line["return_requested"] - line["returned"] - line["written_off"] + 1)
    )


def sku_of_code(session: Session, code: str) -> str:
    """What the catalogue calls what was scanned, by its SKU or its barcode; the code itself where nothing, or more than
    one thing, is called so."""
    for column in ("sku", "barcode"):
        names = {row["sku"] for row in select_by(session, ProductVariant, column, article_codes(code))}
        if len(names) == 1:
            return str(names.pop())
    return code


def on_their_way(session: Session, order_id: str) -> list[RequestRow]:
    """Requests of an order whose parcel may still come, or is being looked at; the newest first."""
    return [row for row in requests_of_order(session, order_id) if row["state"] in (*COMES, ReturnState.RECEIVED)]


def unfinished(session: Session, location_id: str) -> list[tuple[str, str, datetime]]:
    """Parcels that were opened here and have units without a grade: (request, RMA, asked for at), the oldest first."""
    query = (
        sa.select(_request.c.id, _request.c.rma, _request.c.created_at)
        .where(_request.c.location_id == location_id, _request.c.state == ReturnState.RECEIVED)
        .order_by(_request.c.created_at, _request.c.id)
    )
    return [(row["id"], row["rma"], row["created_at"]) for row in mappings(session, query.limit(_UNFINISHED_AT_MOST))]


def _rules(session: Session, request: RequestRow) -> dict[str, str]:
    """By unit, the rule by which its place was chosen."""
    found: dict[str, str] = {}
    for row in select_by(session, Decision, "order_id", [request["order_id"]], order_by="decided_at"):
        if row["workflow"] == "return_inspection" and row["inputs"].get("request") == request["id"]:
            places: Mapping[str, Row] = row["choice"]["places"]
            found |= {unit: place["rule"] for unit, place in places.items() if unit not in found}
    return found


class _Products:
    """What the SKUs of some orders are called, and the codes on them."""

    def __init__(self, session: Session, order_ids: Sequence[str]) -> None:
        sold = lines_of(session, sorted(set(order_ids)))
        self._sold = {line["sku"]: line["title"] for lines in sold.values() for line in lines}
        self._session = session
        self._variants = {row["sku"]: row for row in select_by(session, ProductVariant, "sku", sorted(self._sold))}

    def title(self, sku: str) -> str:
        if known := self._sold.get(sku):
            return str(known)
        for row in select_by(self._session, ProductVariant, "sku", [sku]):
            products = select_by(self._session, Product, "id", [row["product_id"]])
            return " - ".join(part for part in (*(each["title"] for each in products), row["title"]) if part)
        return sku

    def barcode(self, sku: str) -> str:
        row = self._variants.get(sku)
        return str(row["barcode"]) if row else ""


__all__ = [
    "Awaited",
    "Entered",
    "Parcel",
    "on_their_way",
    "parcel_of",
    "sku_of_code",
    "sold_in",
    "unfinished",
]
