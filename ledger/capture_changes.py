"""What a newer statement of a known order changes: money, cancellation, risk, address, lines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import digest
from domain.order import Address, IncomingOrder
from domain.states import OrderState
from ledger import queue
from ledger.cancelling import cancel_here
from ledger.capture_money import known_transactions, update_money
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.completing import complete_if_done
from ledger.effects import EffectDraft
from ledger.orders import OrderRow, add_contact, address_of, contacts, lines_of
from ledger.rows import Row, select_by, update_by
from ledger.tables import Order, OrderLine, ReviewCase
from ledger.tables.base import table_of

_order, _line = table_of(Order), table_of(OrderLine)
_BEFORE_ROUTING = {OrderState.RECEIVED, OrderState.VALIDATING, OrderState.HELD, OrderState.ACCEPTED}
_JUDGED_AGAIN = {OrderState.RECEIVED, OrderState.VALIDATING, OrderState.HELD}


def apply_changes(
    session: Session, said: Sequence[tuple[OrderRow, IncomingOrder]], now: datetime
) -> list[tuple[str, list[EffectDraft]]]:
    """Take newer statements over, one of each order, whose row lock the caller holds; returns (outcome, effects
    wanted) for each.

    Shops count in whole seconds, so a statement of the same second may still be news (a cancellation just after
    an edit): it is compared as well, and is stale only when nothing differs. Most statements are echoes of what we
    did ourselves: what they are compared with is read once for all, and nothing but their time is written.
    """
    newer = [(order, one) for order, one in said if one.updated_at >= order["source_updated_at"]]
    standing = _Standing(session, [order for order, _ in newer])
    found = {order["id"]: _apply(session, order, one, standing, now) for order, one in newer}
    update_by(session, Order, standing.seen)
    return [found.get(order["id"], ("stale", [])) for order, _ in said]


class _Standing:
    """What the ledger has of a chunk of orders, to compare statements with; `seen` gathers those that were only
    newer."""

    def __init__(self, session: Session, orders: Sequence[OrderRow]) -> None:
        ids = [order["id"] for order in orders]
        self._money = known_transactions(session, ids)
        self._contacts = contacts(session, [order["contact_id"] for order in orders])
        self._lines = lines_of(session, ids)
        self.seen: list[Row] = []

    def money(self, order: OrderRow) -> Mapping[str, str]:
        """Status by transaction."""
        return self._money.get(order["id"], {})

    def moved(self, order: OrderRow, address: Address) -> bool:
        """Whether the shop has another address than the one it gave us, and nobody has changed ours since."""
        contact = self._contacts[order["contact_id"]]
        return contact["origin"] == "shop" and address != address_of(contact)

    def lines(self, order: OrderRow) -> dict[str, Mapping[str, Any]]:
        """By the source's ids."""
        return {row["external_id"]: row for row in self._lines[order["id"]]}


def _apply(
    session: Session, order: OrderRow, said: IncomingOrder, standing: _Standing, now: datetime
) -> tuple[str, list[EffectDraft]]:
    values: dict[str, Any] = {"source_updated_at": said.updated_at}
    again = False
    if update_money(session, order["id"], said, standing.money(order)):
        again = True
        queue.enqueue(session, [queue.work_row("reconcile", order["id"], now)])
    if said.cancelled_at is not None and order["cancelled_at"] is None:
        session.execute(
            sa.update(_order)
            .where(_order.c.id == order["id"])
            .values(**values, cancelled_at=said.cancelled_at, cancel_reason="cancelled_in_shop")
        )
        return "cancelled", cancel_here(session, order, "cancelled_in_shop", now)
    if str(said.risk.level) != order["risk_level"] or said.risk.recommendation != order["risk_recommendation"]:
        values |= {"risk_level": str(said.risk.level), "risk_recommendation": said.risk.recommendation}
        again = True
    # a cancelled order's lines are empty in the shop: nothing that anybody edited
    edits = said.cancelled_at is None and _edits(session, order, said, standing, now)
    if not (again or edits):
        if said.updated_at == order["source_updated_at"]:
            return "stale", []
        standing.seen.append({"id": order["id"], **values})
        return "updated", []
    session.execute(sa.update(_order).where(_order.c.id == order["id"]).values(**values))
    if order["state"] in _JUDGED_AGAIN:
        queue.enqueue(session, [queue.work_row("validate", order["id"], now)])
    return "updated", []


def _edits(session: Session, order: OrderRow, said: IncomingOrder, standing: _Standing, now: datetime) -> bool:
    """Address and lines as the shop's own admin left them. Before routing the shop wins; later a person looks."""
    address = said.shipping_address or said.billing_address or Address()
    moved, lines = standing.moved(order, address), standing.lines(order)
    changed = [
        (lines[line.external_id], line)
        for line in said.lines
        if line.external_id in lines and lines[line.external_id]["ordered"] != line.quantity
    ]
    added = [line for line in said.lines if line.external_id not in lines]
    if not (moved or changed or added):
        return False
    # units that no node has promised yet may go at any time: nothing outside knows of them
    unpromised = not moved and all(
        row["reserved"] + row["cancelled"] <= line.quantity < row["ordered"] for row, line in changed
    )
    if added or not (unpromised or order["state"] in _BEFORE_ROUTING):
        key = f"shop_edit:{order['id']}:{_wanted(said, address)}"
        if select_by(session, ReviewCase, "key", [key]):
            return False  # the same edit stated again: a person has it, or has decided on it
        open_cases(
            session,
            [
                CaseDraft(
                    key=key,
                    kind="shop_edited_late",
                    severity="high",
                    order_id=order["id"],
                    subject_id=order["id"],
                    facts={"address": moved, "lines": [row["id"] for row, _ in changed], "added": len(added)},
                    choices=["accept", "cancel"],
                )
            ],
            now,
        )
        return False
    if moved:
        add_contact(session, order, "shipping", address, email=said.email, origin="shop", now=now)
    for row, line in changed:
        session.execute(
            sa.update(_line)
            .where(_line.c.id == row["id"])
            .values(
                ordered=line.quantity,
                discount_minor=line.discount_minor,
                tax_minor=line.tax_minor,
                backordered=min(row["backordered"], line.quantity - row["reserved"] - row["cancelled"]),
            )
        )
    session.execute(
        sa.update(_order)
        .where(_order.c.id == order["id"])
        .values(
            total_minor=said.total_minor,
            tax_minor=said.tax_minor,
            shipping_minor=said.shipping_minor,
            discount_minor=said.discount_minor,
        )
    )
    if order["state"] not in _BEFORE_ROUTING:
        _after_fewer_units(session, order, now)
    return True


def _wanted(said: IncomingOrder, address: Address) -> str:
    """Identity of what the shop wants sent where: every later statement repeats it under a newer time."""
    return digest([asdict(address), sorted((line.external_id, line.quantity) for line in said.lines)])[:16]


def _after_fewer_units(session: Session, order: OrderRow, now: datetime) -> None:
    """What was missing is no longer wanted: nobody waits for it, and the rest may be all there is."""
    if not any(line["backordered"] for line in lines_of(session, [order["id"]])[order["id"]]):
        resolve_by_key(session, f"backorder:{order['id']}", cause="removed_in_shop", now=now)
    complete_if_done(session, order, now)
    queue.enqueue(session, [queue.work_row("reconcile", order["id"], now)])
