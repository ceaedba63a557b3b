"""A shop's statement of an order as it was sold: units that came back are counted in again.

A shop shows fewer units of a line after an edit, after a return and after a refund with units alike. Its parcels tell
them apart: what went out in a parcel that the shop knows can be returned, but not edited away. So of the units that a
line lacks, those that neither wait to be sent nor are still at the customer's have come back. What the ledger counts of
an order (ordered, shipped, returned) is never counted down by a return: see `ledger.returning`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from domain.money import allocate
from domain.order import IncomingLine, IncomingOrder, line_total_minor
from ledger.orders import OrderRow, lines_of
from ledger.rows import select_by
from ledger.tables import Order, Shipment, ShipmentLine

Lines = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a shop's totals lack of the order as it was sold, in minor units."""

    total_minor: int = 0
    goods_minor: int = 0
    tax_minor: int = 0


def as_sold(session: Session, order: OrderRow, said: IncomingOrder, lines: Lines) -> IncomingOrder:
    """The statement with what came back counted in; the same object where nothing did. `lines`: the order's rows."""
    stated = {line.external_id: line.quantity for line in said.lines}
    short = [row for row in lines if row["shipped"] and stated.get(row["external_id"], 0) < row["ordered"]]
    if not short:
        return said
    told = _told(session, order["id"], said)
    waiting = Counter[str]()
    for part in said.fulfilment_orders:
        for each in part.lines:
            waiting[each.line_external_id] += each.remaining
    back: dict[str, int] = {}
    for row in short:
        there = stated.get(row["external_id"], 0)
        gone = told[row["id"]] - max(there - waiting[row["external_id"]], 0)
        back[row["external_id"]] = max(min(gone, row["ordered"] - there), 0)
    return counted_in(said, back, {row["external_id"]: row for row in short}) if any(back.values()) else said


def has_returns(session: Session, order_id: str) -> bool:
    """Whether its shop may state less than was sold."""
    lines = lines_of(session, [order_id])[order_id]
    return any(row["return_requested"] + row["returned"] + row["written_off"] for row in lines)


def lacking(session: Session, order_id: str, said: IncomingOrder) -> Lacking:
    """What came back, in the shop's money."""
    [order] = select_by(session, Order, "id", [order_id])
    sold = as_sold(session, order, said, lines_of(session, [order_id])[order_id])
    total, tax = sold.total_minor - said.total_minor, sold.tax_minor - said.tax_minor
    return Lacking(total, total - (0 if said.taxes_included else tax), tax)


def _told(session: Session, order_id: str, said: IncomingOrder) -> Counter[str]:
    """Units by line in the parcels that the shop knows."""
    numbers = {number for parcel in said.fulfilments for number in parcel.tracking_numbers}
    ids = {parcel.external_id for parcel in said.fulfilments}
    known = [
        row["id"]
        for row in select_by(session, Shipment, "order_id", [order_id])
        if row["tracking_number"] in numbers or row["shop_fulfilment_external_id"] in ids
    ]
    told = Counter[str]()
    for part in select_by(session, ShipmentLine, "shipment_id", known):
        told[part["order_line_id"]] += part["quantity"]
    return told


def counted_in(said: IncomingOrder, back: Mapping[str, int], rows: Mapping[str, Mapping[str, Any]]) -> IncomingOrder:
    """Units by the shop's id of a line, with their share of what the line cost when it was sold."""
    lines = tuple(
        _whole(line, back[line.external_id], rows[line.external_id]) if back.get(line.external_id) else line
        for line in said.lines
    )

    def total(of: Sequence[IncomingLine]) -> int:
        return sum(line_total_minor(line, taxes_included=said.taxes_included) for line in of)

    tax = sum(line.tax_minor for line in lines) - sum(line.tax_minor for line in said.lines)
    more = total(lines) - total(said.lines)
    return replace(said, lines=lines, total_minor=said.total_minor + more, tax_minor=said.tax_minor + tax)


def _whole(line: IncomingLine, back: int, row: Mapping[str, Any]) -> IncomingLine:
    units = line.quantity + back

    def share(amount: int) -> int:
        return sum(allocate(amount, [1] * row["ordered"])[:units])

    return replace(line, quantity=units, discount_minor=share(row["discount_minor"]), tax_minor=share(row["tax_minor"]))
