"""Orders found by what people know of them, and listed with what holds them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from domain.decisions import in_words
from domain.scans import tracking_numbers
from domain.states import CaseState
from ledger.orders import EDIT_WINDOW, open_holds
from ledger.rows import mappings, pairs, select_by
from ledger.tables import Customer, Order, ReturnParcel, ReturnRequest, ReviewCase, Shipment
from ledger.tables.base import table_of

_order, _case = table_of(Order), table_of(ReviewCase)


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders; empty means any. `account` is `{account}` or `{system}/{account}`, `name` with or without `#`."""

    state: str = ""
    account: str = ""
    name: str = ""
    customer_id: str = ""

    def where(self) -> list[sa.ColumnElement[bool]]:
        found: list[sa.ColumnElement[bool]] = []
        if self.state:
            found.append(_order.c.state == self.state)
        if self.account:
            full = _order.c.source + "/" + _order.c.account
            found.append(sa.or_(_order.c.account == self.account, full == self.account))
        if self.name:
            found.append(_order.c.name.in_({self.name, f"#{self.name.removeprefix('#')}"}))
        if self.customer_id:
            found.append(_order.c.customer_id == self.customer_id)
        return found


def orders_listed(session: Session, wanted: OrderFilter, *, limit: int, offset: int = 0) -> list[dict[str, Any]]:
    """Newest first, each with `held_for`, the reasons of its open holds in words, and `cases`, how many are open."""
    query = sa.select(_order).where(*wanted.where()).order_by(_order.c.placed_at.desc(), _order.c.id)
    rows = mappings(session, query.limit(limit).offset(offset))
    ids = [row["id"] for row in rows]
    holds = open_holds(session, ids)
    waiting = pairs(
        session,
        sa.select(_case.c.order_id, sa.func.count())
        .where(_case.c.order_id.in_(ids), _case.c.state != CaseState.RESOLVED)
        .group_by(_case.c.order_id),
    )
    return [
        {
            **row,
            "held_for": [in_words(h["reason"]) for h in holds.get(row["id"], []) if h["name"] != EDIT_WINDOW],
            "cases": waiting.get(row["id"], 0),
        }
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Found:
    """One order, or several by a filter that names nobody; neither when there is none."""

    order_id: str = ""
    several: OrderFilter | None = None


def search(session: Session, text: str) -> Found:
    """By e-mail, order number, our id, tracking number, or what a return is called: its RMA or its parcel's number."""
    wanted = text.strip()
    if not wanted:
        return Found()
    if "@" in wanted:
        people = select_by(session, Customer, "email", [wanted.lower()])
        return _one_or_several(session, OrderFilter(customer_id=people[0]["id"])) if people else Found()
    by_name = _one_or_several(session, OrderFilter(name=wanted))
    if by_name != Found():
        return by_name
    owners = {row["id"] for row in select_by(session, Order, "id", [wanted])}
    owners = owners or _owners(session, Shipment, "tracking_number", tracking_numbers(wanted))
    owners = owners or _owners(session, ReturnRequest, "rma", [wanted.upper()])
    owners = owners or _owners(session, ReturnParcel, "tracking_number", tracking_numbers(wanted))
    return Found(order_id=owners.pop()) if len(owners) == 1 else Found()


def _owners(session: Session, model: type[SQLModel], column: str, names: Iterable[str]) -> set[str]:
    return {row["order_id"] for row in select_by(session, model, column, names)}


def _one_or_several(session: Session, wanted: OrderFilter) -> Found:
    ids = session.execute(sa.select(_order.c.id).where(*wanted.where()).limit(2)).scalars().all()
    return Found(order_id=ids[0]) if len(ids) == 1 else Found(several=wanted) if ids else Found()
