"""What a newer statement of a known order changes: money, cancellation, risk, address, lines."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.order import IncomingOrder
from domain.policy import Policies
from ledger import queue
from ledger.came_back import as_sold
from ledger.cancelling import cancel_here
from ledger.capture_money import known_transactions, update_money
from ledger.editing import late_edits
from ledger.editing.from_shop import end_open, follow_shop
from ledger.effects import EffectDraft
from ledger.orders import OrderRow, contacts, lines_of
from ledger.rows import Row, update_by
from ledger.shop_edits import JUDGED_AGAIN, ShopEdit, difference
from ledger.tables import Order
from ledger.tables.base import table_of

_order = table_of(Order)


def apply_changes(
    session: Session, said: Sequence[tuple[OrderRow, IncomingOrder]], policies: Policies, now: datetime
) -> list[tuple[str, list[EffectDraft]]]:
    """Take newer statements over, one of each order, whose row lock the caller holds; returns (outcome, effects
    wanted) for each.

    Shops count in whole seconds, so a statement of the same second may still be news (a cancellation just after
    an edit): it is compared as well, and is stale only when nothing differs. Most statements are echoes of what we
    did ourselves: what they are compared with is read once for all, and nothing but their time is written.

    Of a fenced order money, risk and a cancellation are taken over. Its lines and address are its edit's business,
    which reads the shop itself; so that nothing is lost, the statement stays news until the fence is gone.
    """
    newer = [(order, one) for order, one in said if one.updated_at >= order["source_updated_at"]]
    standing = _Standing(session, [order for order, _ in newer])
    found = {order["id"]: _apply(session, order, one, standing, policies, now) for order, one in newer}
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
        self.asked = late_edits.still_asked(session, ids)
        self.seen: list[Row] = []

    def money(self, order: OrderRow) -> Mapping[str, str]:
        """Status by transaction."""
        return self._money.get(order["id"], {})

    def sold(self, session: Session, order: OrderRow, said: IncomingOrder) -> IncomingOrder:
        """The statement with what came back counted in."""
        return as_sold(session, order, said, self._lines[order["id"]])

    def edit(self, session: Session, order: OrderRow, said: IncomingOrder) -> ShopEdit:
        """What the shop states otherwise than the ledger."""
        return difference(session, order, said, self._contacts[order["contact_id"]], self._lines[order["id"]])


def _apply(
    session: Session,
    order: OrderRow,
    said: IncomingOrder,
    standing: _Standing,
    policies: Policies,
    now: datetime,
) -> tuple[str, list[EffectDraft]]:
    fenced = bool(order["fence_token"])
    values: dict[str, Any] = {} if fenced else {"source_updated_at": said.updated_at}
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
        if not fenced:
            end_open(session, order, "order_cancelled", now)
        return "cancelled", cancel_here(session, order, "cancelled_in_shop", now)
    if str(said.risk.level) != order["risk_level"] or said.risk.recommendation != order["risk_recommendation"]:
        values |= {"risk_level": str(said.risk.level), "risk_recommendation": said.risk.recommendation}
        again = True
    # a cancelled order's lines are empty in the shop: nothing that anybody edited
    judged = not fenced and said.cancelled_at is None and order["cancelled_at"] is None
    if judged:  # a return is no edit
        said = standing.sold(session, order, said)
    edit = standing.edit(session, order, said) if judged else ShopEdit()
    if judged and not edit and order["id"] in standing.asked:
        late_edits.set_aside(session, order["id"], "set_back_in_shop", now)
    if not (again or edit):
        if fenced or said.updated_at == order["source_updated_at"]:
            return "stale", []
        standing.seen.append({"id": order["id"], **values})
        return "updated", []
    if values:
        session.execute(sa.update(_order).where(_order.c.id == order["id"]).values(**values))
    effects = follow_shop(session, {**order, **values}, said, edit, policies, now) if edit else []
    if order["state"] in JUDGED_AGAIN:
        queue.enqueue(session, [queue.work_row("validate", order["id"], now)])
    return "updated", effects
