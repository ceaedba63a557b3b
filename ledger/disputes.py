"""Disputes of payments: while one is open nothing of its payment is refunded, and a person has it with the evidence.

The customer would get the money twice otherwise: from us, and from their bank. Who lost a dispute has paid already:
what was promised of that payment and not asked for yet becomes finance's decision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.disputes import OPEN, DisputeState, StatedDispute
from domain.ids import digest
from domain.payments import page_method
from domain.states import EffectState, RefundState
from ledger import audit
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.effects import GUARD_WAIT, EffectDraft, EffectRow, move_effects
from ledger.refund_states import fail_refund
from ledger.rows import insert_missing, select_by, update_by
from ledger.tables import Dispute, EditRequest, Effect, Exchange, Refund

KIND = "payment_dispute"  # of the case
REFUND_ANYWAY = "refund_anyway"
_OPEN = tuple(str(state) for state in OPEN)
_NOT_TAKEN = (RefundState.GRANTED, RefundState.EXECUTING)  # as long as its effect is planned
Row = Mapping[str, Any]


def dispute_id(target: str, external_id: str) -> str:
    return f"dsp_{digest([target, external_id])}"


def state_here(session: Session, target: str, external_id: str) -> DisputeState | None:
    """None for one that nobody told of yet."""
    rows = select_by(session, Dispute, "id", [dispute_id(target, external_id)])
    return DisputeState(rows[0]["state"]) if rows else None


def open_at(session: Session, target: str) -> list[str]:
    """The vendor's ids of those that are open here."""
    system, _, account = target.partition("/")
    rows = select_by(session, Dispute, "state", _OPEN, order_by="id")
    return [row["external_id"] for row in rows if (row["system"], row["account"]) == (system, account)]


def take(
    session: Session,
    target: str,
    said: StatedDispute,
    order_id: str,
    payment_id: str,
    document_id: str,
    now: datetime,
) -> str:
    """What a shop or a payment vendor says of a dispute; the caller holds the order's lock. `document_id`: the
    evidence, for one that is new. Returns opened, moved, ended or known."""
    found_id, (system, _, account) = dispute_id(target, said.external_id), target.partition("/")
    row = {
        "id": found_id, "order_id": order_id, "payment_id": payment_id, "system": system, "account": account,
        "external_id": said.external_id, "state": said.state, "is_inquiry": said.is_inquiry,
        "amount_minor": said.amount_minor, "currency": said.currency, "reason": said.reason,
        "answer_by": said.answer_by, "document_id": document_id, "let_go": False, "opened_at": now,
        "ended_at": None if said.state.is_open else now,
    }  # fmt: skip
    if insert_missing(session, Dispute, [row]):
        audit.append(session, [audit.entry("dispute", found_id, "", said.state, said.reason, now)])
        if said.state.is_open:
            open_cases(session, [_case(row)], now)
        return _ended(session, row, now) if not said.state.is_open else "opened"
    [known] = select_by(session, Dispute, "id", [found_id], lock=True)
    if not DisputeState(known["state"]).moves_to(said.state):
        return "known"
    changed = {"id": found_id, "state": said.state, "ended_at": None if said.state.is_open else now}
    update_by(session, Dispute, [changed])
    audit.append(session, [audit.entry("dispute", found_id, known["state"], said.state, said.reason, now)])
    return "moved" if said.state.is_open else _ended(session, {**known, **changed}, now)


def _case(dispute: Row) -> CaseDraft:
    answer_by: datetime | None = dispute["answer_by"]
    return CaseDraft(
        key=_key(dispute["id"]),
        kind=KIND,
        severity="high",
        order_id=dispute["order_id"],
        subject_id=dispute["id"],
        owner="finance",
        facts={
            "amount_minor": dispute["amount_minor"],
            "currency": dispute["currency"],
            "reason": dispute["reason"],
            "inquiry": dispute["is_inquiry"],
            "answer_by": answer_by.isoformat() if answer_by else "",
            "payment_id": dispute["payment_id"],
            "evidence": dispute["document_id"],
        },
        choices=["evidence_sent", "dispute_accepted", REFUND_ANYWAY],
    )


def _key(found_id: str) -> str:
    return f"dispute:{found_id}"


def _ended(session: Session, dispute: Row, now: datetime) -> str:
    state = DisputeState(dispute["state"])
    resolve_by_key(session, _key(dispute["id"]), cause=f"dispute_{state}", now=now)
    if state.takes_money:
        _stop_promised(session, dispute, now)
    return "ended"


def _stop_promised(session: Session, dispute: Row, now: datetime) -> None:
    """Refunds that the vendor has not taken are a person's to decide: the bank has given the money. One that was asked
    for in vain, and is planned again, is such a one too."""
    promised = [
        row
        for row in select_by(session, Refund, "order_id", [dispute["order_id"]], lock=True, order_by="id")
        if row["state"] in _NOT_TAKEN and dispute["payment_id"] in ("", row["payment_id"])
    ]
    ids = {row["id"] for row in promised}
    waiting = [
        row
        for row in select_by(session, Effect, "order_id", [dispute["order_id"]], lock=True)
        if row["subject_id"] in ids and row["state"] == EffectState.PLANNED
    ]
    move_effects(session, waiting, EffectState.CANCELLED, "dispute_lost", now)
    unasked = {row["subject_id"] for row in waiting}
    for refund in promised:
        if refund["id"] in unasked:
            fail_refund(session, refund, "dispute_lost", "", now)


def open_disputes(session: Session, order_ids: Sequence[str]) -> list[Row]:
    """Those that stop refunds now."""
    rows = select_by(session, Dispute, "order_id", sorted(set(order_ids)))
    return [row for row in rows if row["state"] in _OPEN and not row["let_go"]]


def _is_stopped(disputes: Sequence[Row], order_id: str, payment_id: str) -> bool:
    """Whether one of them is about this payment; one that names none is about all of its order's."""
    return any(row["order_id"] == order_id and row["payment_id"] in ("", payment_id) for row in disputes)


def held_back(session: Session, drafts: Sequence[EffectDraft], now: datetime) -> list[EffectDraft]:
    """Refunds as they are to be planned: a disputed one is not sent by whoever plans it, so that its guard decides."""
    open_now = open_disputes(session, [draft.order_id for draft in drafts])
    return [
        replace(draft, due_at=now + GUARD_WAIT)
        if _is_stopped(open_now, draft.order_id, draft.request["payment_id"])
        else draft
        for draft in drafts
    ]


def stopped_refunds(session: Session, effects: Sequence[EffectRow]) -> dict[str, str]:
    """For guards of refunds: the effects that wait, by their payment."""
    open_now = open_disputes(session, [effect["order_id"] for effect in effects])
    return {
        effect["id"]: "wait:dispute_open"
        for effect in effects
        if _is_stopped(open_now, effect["order_id"], effect["request"].get("payment_id", ""))
    }


def guard_money_back(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """Guard of a payment page's refund: its money is with another vendor than the shop's, which names the payment."""
    open_now = [row for row in open_disputes(session, [e["order_id"] for e in effects]) if row["payment_id"]]
    return {
        effect["id"]: "wait:dispute_open"
        for effect in effects
        if _is_stopped(open_now, effect["order_id"], page_payment(effect["order_id"], effect["subject_id"]))
    }


def page_payment(order_id: str, request_id: str) -> str:
    """Id of the tender that an edit's payment page is in its order."""
    return f"{order_id}:pay:{page_method(request_id)}"


def order_of_payment(session: Session, payment: str) -> tuple[str, str]:
    """Order and tender that a payment vendor's reference belongs to; empty where it is none of ours."""
    for table in (EditRequest, Exchange):
        for row in select_by(session, table, "payment_ref", [payment] if payment else []):
            return row["order_id"], page_payment(row["order_id"], row["id"])
    return "", ""


def answer(session: Session, case: Mapping[str, Any], choice: str, now: datetime) -> str:
    """Carry out what a dispute's case was resolved with; returns what was done, in words."""
    if choice != REFUND_ANYWAY:
        return "recorded; refunds of the payment wait until the bank has decided"
    update_by(session, Dispute, [{"id": case["subject_id"], "let_go": True}])
    return "refunds of the payment go on"


__all__ = [
    "KIND",
    "REFUND_ANYWAY",
    "answer",
    "dispute_id",
    "guard_money_back",
    "held_back",
    "open_at",
    "open_disputes",
    "order_of_payment",
    "page_payment",
    "state_here",
    "stopped_refunds",
    "take",
]
