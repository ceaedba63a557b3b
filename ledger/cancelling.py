"""Taking an order back: promises, node requests and labels, as far as nothing has left the building."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.states import ENDED_ORDER, DeadlineState, FulfilmentOrderState, OrderState, RequestState
from ledger import queue, stock
from ledger.cases import CaseDraft, open_cases
from ledger.deadlines import end_deadlines
from ledger.editing.requests import wake
from ledger.effects import EffectDraft, EffectRow, Verdict, cancel_planned
from ledger.fulfilment import (
    UNDER_WAY,
    advance_fulfilment_orders,
    fulfilment_orders_of,
    give_back_units,
    handing_over,
    record_release,
)
from ledger.gap import gap_of
from ledger.offers.handing import drop_promises
from ledger.orders import (
    OrderRow,
    advance_orders,
    count_units,
    lines_of,
    lock_orders,
    open_holds,
    release_holds,
)
from ledger.restored import HOLD as RESTORED
from ledger.restored import ask_about_cancelled
from ledger.rows import select_by
from ledger.tables import Location, Order, ShopFulfilment, Work
from ledger.tables.base import table_of
from ledger.taking_back import take_back

SHIP_REFUND = "ship_refund"  # that the money goes back in time is owed just because the order has ended
_work, _order = table_of(Work), table_of(Order)
# what is still to be done for an order that has ended
_OUTLIVES = (
    *("mail.send", "sms.send", "node.cancel", "label.void", "shop.cancel"),
    *("shop.refund", "shop.refund_credit", "shop.credit_bonus", "payment.expire", "payment.refund"),
    *("helpdesk.ticket", "helpdesk.note"),
    *("shop.return_process", "shop.return_close", "shop.return_cancel", "node.return_cancel"),
)


def cancel_here(session: Session, order: OrderRow, cause: str, now: datetime) -> list[EffectDraft]:
    """End an order that its shop has cancelled (or that we ask the shop to cancel). The caller holds its lock.

    A fenced order waits for its edit: a case says so. Units that have left make a case too. What a node has
    accepted is cancelled there by effects; until the node agrees the promise stays with it.
    """
    if order["state"] in ENDED_ORDER and order["state"] != OrderState.COMPLETED:
        return []
    orders = fulfilment_orders_of(session, [order["id"]])[order["id"]]
    shipped = any(line["shipped"] for line in lines_of(session, [order["id"]])[order["id"]])
    if order["fence_token"] or shipped:
        open_cases(
            session,
            [
                CaseDraft(
                    key=f"cancel:{order['id']}",
                    kind="cancelled_too_late" if shipped else "cancelled_while_edited",
                    severity="high",
                    order_id=order["id"],
                    subject_id=order["id"],
                    facts={"cause": cause},
                    choices=["recall_parcel", "await_return", "accept"],
                )
            ],
            now,
        )
        return []
    effects: list[EffectDraft] = []
    for fulfilment_order in orders:
        effects += _withdraw(session, order, fulfilment_order, cause, now)
    _give_up_open_work(session, order, cause, now)
    drop_promises(session, order["id"], now)
    lines = lines_of(session, [order["id"]])[order["id"]]
    count_units(session, [(line["id"], "cancelled", line["ordered"] - line["cancelled"]) for line in lines])
    names = [hold["name"] for hold in open_holds(session, [order["id"]]).get(order["id"], [])]
    release_holds(session, [order["id"]], names, by="cancel", cause=cause, now=now)
    if RESTORED in names:  # whoever may have it is not told by what this ledger knows
        ask_about_cancelled(session, order, cause, now)
    if order["state"] == OrderState.RECEIVED:
        advance_orders(session, [(order, OrderState.VALIDATING, cause)], now)
        order = {**order, "state": OrderState.VALIDATING}
    advance_orders(session, [(order, OrderState.CANCELLED, cause)], now)
    queue.enqueue(session, [queue.work_row("reconcile", order["id"], now)])
    return effects


def _withdraw(session: Session, order: OrderRow, row: Any, cause: str, now: datetime) -> list[EffectDraft]:
    state, request = row["state"], row["request_state"]
    if state in (FulfilmentOrderState.CANCELLED, FulfilmentOrderState.CLOSED):
        return []
    [location] = select_by(session, Location, "id", [row["location_id"]])
    if request == RequestState.UNSUBMITTED and not _may_be_there(session, row, location):
        stock.release(session, [row["id"]], now)
        give_back_units(session, row)
        advance_fulfilment_orders(session, [(row, {"state": FulfilmentOrderState.CANCELLED})], cause, now)
        return []
    if request == RequestState.UNSUBMITTED:  # asked for there like any other; what is not there is done at once
        record_release(session, [row], "may_be_at_node", now, at=row["release_at"])
    if request == RequestState.ACCEPTED:
        advance_fulfilment_orders(session, [(row, {"request_state": RequestState.CANCELLATION_REQUESTED})], cause, now)
    reference = f"{row['id']}.{row['attempt']}"
    return [
        take_back(
            reference=reference,
            target=f"{location['system']}/{location['account']}",
            order_id=order["id"],
            subject_id=row["id"],
            due_at=now + UNDER_WAY if handing_over(session, [reference]) else None,  # then see `guard_cancel`
        )
    ]


def _may_be_there(session: Session, row: Any, location: Any) -> bool:
    """After a restore: a 3PL may have got it in the time that this ledger does not know."""
    gap = gap_of(session)
    return gap is not None and bool(location["ships_itself"]) and bool(row["release_at"] <= gap.lost)


def _give_up_open_work(session: Session, order: OrderRow, cause: str, now: datetime) -> None:
    """Effects that were never sent, deadlines and queue rows of an order that has ended."""
    cancel_planned(session, order["id"], cause, now, keep=_OUTLIVES)
    end_deadlines(session, order["id"], DeadlineState.CANCELLED, cause, now, keep=(SHIP_REFUND,))
    session.execute(
        sa.delete(_work).where(
            _work.c.id.in_([f"{stage}:{order['id']}" for stage in ("validate", "route", "fulfil")]),
            _work.c.lease_until.is_(None),
        )
    )


def cancelled_in_shop(session: Session, pairs: Sequence[tuple[EffectRow, Verdict]], now: datetime) -> list[EffectDraft]:
    """`on_done` of shop.cancel: the shop has cancelled at our wish, so we end the order too."""
    orders = lock_orders(session, [effect["order_id"] for effect, _ in pairs])
    drafts: list[EffectDraft] = []
    for effect, _ in pairs:
        order = orders[effect["order_id"]]
        if order["cancelled_at"] is None:
            cause = effect["request"]["cause"]
            session.execute(
                sa.update(_order).where(_order.c.id == order["id"]).values(cancelled_at=now, cancel_reason=cause)
            )
            if order["fence_token"] and order["fence_token"] == effect["request"].get("edit"):
                wake(session, order["fence_token"], now)  # the edit reads back first, and ends the order at its own end
                continue
            drafts += cancel_here(session, order, cause, now)
    return drafts


def cancel_everywhere(
    session: Session, order: OrderRow, *, cause: str, reason: str, now: datetime
) -> list[EffectDraft]:
    """End an order at our own wish. Its shop goes first and we follow (`cancelled_in_shop`); an order that came
    without a shop (a file) ends here at once. `reason` is the shop's word: customer, declined, fraud, inventory,
    other. The caller holds the order's lock."""
    if not select_by(session, ShopFulfilment, "order_id", [order["id"]]):
        session.execute(
            sa.update(_order).where(_order.c.id == order["id"]).values(cancelled_at=now, cancel_reason=cause)
        )
        return cancel_here(session, order, cause, now)
    return [
        EffectDraft(
            kind="shop.cancel",
            key=f"shop_cancel:{order['id']}",
            target=f"{order['source']}/{order['account']}",
            order_id=order["id"],
            subject_id=order["id"],
            request={"cause": cause, "reason": reason},
        )
    ]
