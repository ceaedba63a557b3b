"""Money of an order given back as its shop's own credit, under the order's lock, each once.

A refund like any other, of a tender that took nothing: the shop lists it as a refund without a charge. It stands for
money that the order was paid with, so it uses up the room of the other tenders (`ledger.refunds.tenders_of`): in all
never more than was taken. The credit goes to the order's own customer, and to nobody else.

What is given on top for taking credit (a bonus) was never paid by anybody, so it is no refund: it goes onto the
customer's account by itself, and only after the credit that it belongs to.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.ids import digest
from domain.states import EffectState, RefundState
from ledger import audit, disputes
from ledger.cases import CaseDraft, open_cases
from ledger.effects import GUARD_WAIT, EffectDraft, EffectRow, Verdict
from ledger.orders import OrderRow
from ledger.rows import Row, insert_missing, insert_rows, select_by, update_by
from ledger.tables import Effect, Order, Payment, Refund

Pairs = Sequence[tuple[EffectRow, Verdict]]
KIND = "shop.refund_credit"
BONUS = "shop.credit_bonus"
BY_HAND = "return_money_by_hand"  # kind of the case
PREFIX = "rfc_"  # of the ids of these refunds


def grant_credit(
    session: Session,
    order: OrderRow,
    amount_minor: int,
    gateway: str,
    *,
    bonus_minor: int,
    subject_id: str,
    reason: str,
    now: datetime,
) -> list[EffectDraft]:
    """Promise credit for a subject, once, with a bonus on top. The caller has reckoned it under the payments' lock, and
    plans the effects that are returned. `gateway`: the tender under which the shop will list it."""
    refund_id = f"{PREFIX}{digest([subject_id, gateway])}"
    if amount_minor <= 0 or select_by(session, Refund, "id", [refund_id]):
        return []
    payment = _payment(session, order, gateway)
    row: Row = {
        "id": refund_id, "order_id": order["id"], "payment_id": payment, "subject_id": subject_id,
        "amount_minor": amount_minor, "currency": order["currency"], "reason": reason, "state": RefundState.GRANTED,
        "tries": 1, "external_id": "", "created_at": now,
    }  # fmt: skip
    insert_rows(session, Refund, [row])
    audit.append(session, [audit.entry("refund", refund_id, "", RefundState.GRANTED, reason, now)])
    drafts = disputes.held_back(session, [credit_draft(order, row, gateway)], now)
    return [*drafts, _bonus_draft(order, refund_id, bonus_minor, now)] if bonus_minor else drafts


def _payment(session: Session, order: OrderRow, gateway: str) -> str:
    """The tender that the shop will list it under; it has taken nothing so far, unless the order was paid with it."""
    payment_id = f"{order['id']}:pay:{gateway}"
    row: Row = {
        "id": payment_id, "order_id": order["id"], "gateway": gateway, "currency": order["currency"],
        "authorised_minor": 0, "captured_minor": 0, "refunded_minor": 0, "authorisation_external_id": "",
        "authorisation_expires_at": None, "declined_code": "",
    }  # fmt: skip
    insert_missing(session, Payment, [row])
    return payment_id


def credit_draft(order: OrderRow, refund: Mapping[str, Any], gateway: str) -> EffectDraft:
    return EffectDraft(
        kind=KIND,
        key=f"refund_credit:{refund['id']}:{refund['tries']}",
        target=f"{order['source']}/{order['account']}",
        order_id=order["id"],
        subject_id=refund["id"],
        request={
            "payment_id": refund["payment_id"],
            "parent": "",
            "gateway": gateway,
            "amount_minor": refund["amount_minor"],
            "currency": refund["currency"],
        },
    )


def _bonus_draft(order: OrderRow, refund_id: str, amount_minor: int, now: datetime) -> EffectDraft:
    return EffectDraft(
        kind=BONUS,
        key=_bonus_key(refund_id),
        target=f"{order['source']}/{order['account']}",
        order_id=order["id"],
        subject_id=refund_id,
        request={"amount_minor": amount_minor, "currency": order["currency"]},
        due_at=now + GUARD_WAIT,  # not sent by whoever plans it: its guard waits for the credit
    )


def _bonus_key(refund_id: str) -> str:
    return f"credit_bonus:{refund_id}"


def hasten_bonus(session: Session, pairs: Pairs, now: datetime) -> None:
    """Their credit is there: what goes on top of it need not wait."""
    keys = [_bonus_key(effect["subject_id"]) for effect, _ in pairs if effect["kind"] == KIND]
    waiting = [row for row in select_by(session, Effect, "key", keys, lock=True) if row["state"] == EffectState.PLANNED]
    update_by(session, Effect, [{"id": row["id"], "due_at": now} for row in waiting])


def guard_bonus(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """Nothing goes on top of what was not given, nor of what the bank may take back."""
    refunds = {row["id"]: row for row in select_by(session, Refund, "id", [e["subject_id"] for e in effects])}
    first = {e["id"] for e in effects if refunds[e["subject_id"]]["state"] != RefundState.SUCCEEDED}
    disputed = {row["order_id"] for row in disputes.open_disputes(session, [e["order_id"] for e in effects])}
    stopped = {effect["id"] for effect in effects if effect["order_id"] in disputed}
    return dict.fromkeys(first, "wait:credit_first") | dict.fromkeys(stopped, "wait:dispute_open")


def bonus_given(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done`: nothing follows; the effect names the shop's transaction."""
    return []


def bonus_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_rejected`: the customer was promised it, so a person gives it."""
    refunds = {row["id"]: row for row in select_by(session, Refund, "id", [e["subject_id"] for e, _ in pairs])}
    drafts = [
        by_hand(
            effect["key"],
            effect["order_id"],
            refunds[effect["subject_id"]]["subject_id"].partition(":")[0],
            {
                "currency": effect["request"]["currency"],
                "store_credit_minor": effect["request"]["amount_minor"],
                "code": verdict.code,
            },
        )
        for effect, verdict in pairs
    ]
    open_cases(session, drafts, now)
    return []


def by_hand(key: str, order_id: str, request_id: str, facts: Mapping[str, Any]) -> CaseDraft:
    """Money of a return that no vendor gives back for us."""
    return CaseDraft(
        key=key,
        kind=BY_HAND,
        severity="high",
        order_id=order_id,
        subject_id=request_id,
        owner="finance",
        facts=dict(facts),
        choices=["given_back_by_hand"],
    )


def given_to_customers_of(session: Session, order_ids: Sequence[str]) -> set[str]:
    """The shop's ids of bonuses that customers of these orders have got, for whatever order."""
    customers = {row["customer_id"] for row in select_by(session, Order, "id", set(order_ids))}
    orders = [row["id"] for row in select_by(session, Order, "customer_id", customers)]
    effects = select_by(session, Effect, "order_id", orders)
    return {row["external_id"] for row in effects if row["kind"] == BONUS and row["external_id"]}
