"""An exchange becomes a line of its order, and the units that come back for it are settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.order import IncomingLine, IncomingOrder
from domain.policy import Policies
from domain.returns.money import ReturnedUnits, pay_back, refund_for
from domain.returns.words import Resolution, ReturnKind
from domain.states import FulfilmentOrderState, OrderState
from domain.states_returns import ExchangeState
from ledger import queue
from ledger.capture_rows import line_rows
from ledger.editing.paying import book_payment
from ledger.editing.replan import replan
from ledger.effects import EffectDraft, plan
from ledger.fulfilment import fulfilment_orders_of
from ledger.orders import OrderRow, advance_orders, lines_of, lock_orders, unfence
from ledger.returning.exchange_rows import ExchangeRow, move_exchange
from ledger.returning.replacing import mine
from ledger.returning.requests import LineRow, RequestRow, return_lines, set_values
from ledger.returning.settling import EXCHANGED, as_sold, give_money, refunded_before
from ledger.rows import Row, insert_rows, update_by
from ledger.shop_mirrors import take_mirrors
from ledger.tables import FulfilmentOrder, Order, OrderLine, ReturnLine
from ledger.tables.base import table_of

_order = table_of(Order)


@dataclass(frozen=True, slots=True)
class _Joined:
    """`rows`: the new lines; `said`: what the shop states of each."""

    rows: list[Row]
    said: list[IncomingLine]


def join(session: Session, found_id: str, token: int, said: IncomingOrder, policies: Policies, now: datetime) -> str:
    """Take the shop's new lines over, plan them on the units that were promised, and settle what they stand for:
    ordered, or not_there while the shop does not state them yet. Raises: TakenOver.

    Only what the exchange has added is taken over: the shop may count returned units down at the same time, and the
    ledger keeps the order as it was sold.
    """
    order, request, row = mine(session, found_id, token)
    if row["state"] != ExchangeState.ORDERING:
        return "ordered"
    joined = _stated(session, order, row, said)
    if joined is None:
        return "not_there"
    drafts = _settle(session, order, request, row, policies, now)
    _add(session, order, said, joined)
    if order["state"] == OrderState.COMPLETED:
        advance_orders(session, [(order, OrderState.ROUTING, "exchange")], now)
    replan(session, lock_orders(session, [order["id"]])[order["id"]], row["id"], policies, now)
    _hurry(session, order, joined, policies, now)
    unfence(session, order["id"], token=row["id"])
    move_exchange(session, row, ExchangeState.ORDERED, "in_shop", now)
    if row["paid_minor"]:
        drafts.append(book_payment(order, row))
    plan(session, drafts, now)
    queue.enqueue(session, [queue.work_row("reconcile", order["id"], now)])
    return "ordered"


def _stated(session: Session, order: OrderRow, row: ExchangeRow, said: IncomingOrder) -> _Joined | None:
    """Each wanted line as the shop states it, by product and units; None when one is missing."""
    known = lines_of(session, [order["id"]])[order["id"]]
    names = {line["external_id"] for line in known}
    fresh = [line for line in said.lines if line.external_id not in names]
    rows = {each["external_id"]: each for each in line_rows(said, order["id"])[0]}
    found: list[IncomingLine] = []
    for wanted in row["lines"]:
        fits = [line for line in fresh if (line.sku, line.quantity) == (wanted["sku"], wanted["quantity"])]
        if not fits:
            return None
        fresh.remove(fits[0])
        found.append(fits[0])
    made = [
        {
            **rows[line.external_id],
            "id": f"{order['id']}:{number:03d}",
            "requires_shipping": line.requires_shipping and not line.gift_card,
        }
        for number, line in enumerate(found, start=len(known) + 1)
    ]
    return _Joined(made, found)


def _add(session: Session, order: OrderRow, said: IncomingOrder, joined: _Joined) -> None:
    insert_rows(session, OrderLine, joined.rows)
    tax = sum(row["tax_minor"] for row in joined.rows)
    net = sum(row["unit_price_minor"] * row["ordered"] - row["discount_minor"] for row in joined.rows)
    discount = sum(row["discount_minor"] for row in joined.rows)
    session.execute(
        sa.update(_order)
        .where(_order.c.id == order["id"])
        .values(
            total_minor=_order.c.total_minor + net + (0 if order["taxes_included"] else tax),
            tax_minor=_order.c.tax_minor + tax,
            discount_minor=_order.c.discount_minor + discount,
            version=_order.c.version + 1,
        )
    )
    ours = {row["external_id"]: row["id"] for row in lines_of(session, [order["id"]])[order["id"]]}
    take_mirrors(session, order, said, ours)


def _hurry(session: Session, order: OrderRow, joined: _Joined, policies: Policies, now: datetime) -> None:
    """What is sent in exchange waits behind nobody's ordinary order."""
    wanted = policies.returns.exchanges.priority
    rows = [
        row
        for row in fulfilment_orders_of(session, [order["id"]])[order["id"]]
        if row["state"] == FulfilmentOrderState.SCHEDULED and row["priority"] > wanted
    ]
    update_by(session, FulfilmentOrder, [{"id": row["id"], "priority": wanted} for row in rows])
    if rows:
        due = max(order["release_at"], now)
        queue.enqueue(session, [queue.work_row("fulfil", order["id"], due, priority=wanted)])


def _settle(
    session: Session, order: OrderRow, request: RequestRow, row: ExchangeRow, policies: Policies, now: datetime
) -> list[EffectDraft]:
    """Units that goods are sent for are paid for by them; what these are cheaper goes back. The caller has not added
    the new lines yet: it is the order as it was sold."""
    named = {line["line"]: line for line in row["lines"]}
    lines = [line for line in return_lines(session, request["id"]) if line["id"] in named]
    money: dict[str, list[Any]] = {name: list(parts) for name, parts in request["plan"].get("money", {}).items()}
    placed = as_sold(session, order)
    before = refunded_before(session, order["id"], request["id"], money.get(order["id"], []))
    units = [ReturnedUnits(line["order_line_id"], line["asked"], ReturnKind(line["kind"])) for line in lines]
    policy = policies.returns.money
    found = refund_for(placed, units, before, Resolution.REFUND, policy)
    back = pay_back(row["to_refund_minor"], placed.tenders, Resolution.REFUND, policy, order["currency"])
    refund = replace(found, shipping_minor=0, other_minor=0, due_minor=row["to_refund_minor"], back=back)
    money.setdefault(order["id"], []).append({"occasion": EXCHANGED, **refund.as_json()})
    settled = {**request["plan"].get("settled", {}), **dict.fromkeys(named, EXCHANGED)}
    set_values(session, request, plan={**request["plan"], "settled": settled, "money": money})
    _write_amounts(session, lines, named)
    subject = f"{request['id']}:{EXCHANGED}:{Resolution.REFUND}"
    return give_money(session, order, request, refund, subject, policies, now)


def _write_amounts(session: Session, lines: Sequence[LineRow], named: Mapping[str, Mapping[str, Any]]) -> None:
    """What counted for a line: it is what is owed when its units never come."""
    rows = [
        {
            "id": line["id"],
            "gross_minor": named[line["id"]]["credit_minor"],
            "fee_minor": min(named[line["id"]]["fee_minor"], named[line["id"]]["credit_minor"]),
        }
        for line in lines
    ]
    update_by(session, ReturnLine, rows)


__all__ = ["join"]
