"""Ends of a request without goods: declined, cancelled by the customer, never sent, lost on its way."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.policy import Policies
from domain.states_returns import ENDED_RETURN_LINE, ReturnLineState, ReturnState
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.effects import EffectDraft, plan
from ledger.orders import OrderRow
from ledger.returning import clocks
from ledger.returning.carrier_labels import recall_draft
from ledger.returning.exchange_rows import begun, exchanges_of, give_up_all
from ledger.returning.requests import (
    LineRow,
    RequestRow,
    move_lines,
    move_request,
    orders_and_request,
    return_lines,
    return_parcels,
    wake,
)
from ledger.returning.telling import tell

VOID = "carrier.return_void"
CANCELLABLE = (ReturnState.REQUESTED, ReturnState.APPROVED, ReturnState.LABEL_ISSUED)


def case_key(request_id: str) -> str:
    """The one case about a request, whatever the question."""
    return f"return:{request_id}"


def ask_person(
    session: Session,
    request: RequestRow,
    kind: str,
    facts: Mapping[str, Any],
    choices: Sequence[str],
    now: datetime,
    *,
    owner: str = "service",
) -> None:
    """Open the one case about a request."""
    draft = CaseDraft(
        key=case_key(request["id"]),
        kind=kind,
        severity="high",
        order_id=request["order_id"],
        subject_id=request["id"],
        owner=owner,
        facts=dict(facts),
        choices=list(choices),
    )
    open_cases(session, [draft], now)


def open_lines(session: Session, request: RequestRow) -> list[LineRow]:
    return [line for line in return_lines(session, request["id"]) if line["state"] not in ENDED_RETURN_LINE]


def decline(
    session: Session,
    orders: Mapping[str, OrderRow],
    request: RequestRow,
    reasons: Sequence[Mapping[str, Any]],
    now: datetime,
) -> RequestRow:
    """Nothing is given for it. The caller holds the locks."""
    plan(session, give_up_all(session, orders, request, "declined", now), now)
    move_lines(session, open_lines(session, request), ReturnLineState.DECLINED, str(reasons[0]["code"]), now)
    codes = [dict(reason) for reason in reasons]
    ended = move_request(session, request, ReturnState.DECLINED, str(codes[0]["code"]), now, reasons=codes)
    resolve_by_key(session, case_key(request["id"]), cause="declined", now=now)
    clocks.stop(session, request, "declined", now)
    tell(session, orders, ended, "declined", now)
    return ended


def cancel(session: Session, orders: Mapping[str, OrderRow], request: RequestRow, now: datetime) -> str:
    """The customer keeps the goods: cancelled, or too_late once a carrier has them or money has gone out."""
    parcels = return_parcels(session, request["id"])
    sent = any(parcel["scanned_at"] is not None for parcel in parcels)
    if request["state"] not in CANCELLABLE or sent or request["plan"].get("settled"):
        return "too_late"
    if begun(exchanges_of(session, request["id"])):
        return "too_late"
    plan(session, give_up_all(session, orders, request, "cancelled", now), now)
    move_lines(session, open_lines(session, request), ReturnLineState.CANCELLED, request["actor"], now)
    move_request(session, request, ReturnState.CANCELLED, request["actor"], now)
    resolve_by_key(session, case_key(request["id"]), cause="cancelled", now=now)
    clocks.stop(session, request, "cancelled", now)
    plan(session, void_drafts(request, parcels), now)
    wake(session, request["id"], now)
    return "cancelled"


def void_drafts(request: RequestRow, parcels: Sequence[Mapping[str, Any]]) -> list[EffectDraft]:
    """The money for labels that nobody has used."""
    unused = [parcel for parcel in parcels if parcel["scanned_at"] is None]
    if account := request["plan"].get("label_from"):
        return [recall_draft(parcel, account) for parcel in unused]
    return [
        EffectDraft(
            kind=VOID,
            key=f"return_void:{parcel['id']}",
            target="labels",
            order_id=parcel["order_id"],
            subject_id=parcel["id"],
            request={"quote": parcel["quote_external_id"]},
        )
        for parcel in unused
        if parcel["label_cost_minor"]
    ]


def expire(session: Session, request_id: str, token: int, policies: Policies, now: datetime) -> None:
    """It was never sent. Units may be asked for again; what went out ahead of them is a person's to get back. Raises:
    TakenOver."""
    orders, request = orders_and_request(session, request_id, token)
    plan(session, give_up_all(session, orders, request, "never_sent", now), now)
    waiting = [line for line in return_lines(session, request_id) if line["state"] == ReturnLineState.APPROVED]
    move_lines(session, waiting, ReturnLineState.EXPIRED, "never_sent", now)
    expired = move_request(
        session, request, ReturnState.EXPIRED, "never_sent", now,
        reasons=[{"code": "never_sent"}], expires_at=now + policies.way_back.late_until,
    )  # fmt: skip
    plan(session, void_drafts(request, return_parcels(session, request_id)), now)
    clocks.stop(session, request, "never_sent", now)  # the seller may wait for the goods, Article 13(3)
    if ahead := [line for line in waiting if line["id"] in request["plan"]["settled"]]:
        facts = {
            "lines": [line["id"] for line in ahead],
            "owed": _owed(orders, ahead),
            "refunds": request["plan"].get("money", {}),
        }
        ask_person(session, request, "return_claw_back", facts, ["got_back", "waived"], now, owner="finance")
    tell(session, orders, expired, "expired", now)


def _owed(orders: Mapping[str, OrderRow], ahead: Sequence[LineRow]) -> dict[str, int]:
    """What was given for units that never came, in money or in goods: minor units by currency."""
    owed: dict[str, int] = {}
    for line in ahead:
        currency = orders[line["order_id"]]["currency"]
        owed[currency] = owed.get(currency, 0) + line["gross_minor"] - line["fee_minor"]
    return owed


def lose(session: Session, request_id: str, token: int, code: str, now: datetime) -> None:
    """The carrier has lost it, or tells nothing any more: our label, so the customer need not bear it, and a person
    settles it with the carrier. Raises: TakenOver."""
    _, request = orders_and_request(session, request_id, token)
    move_request(session, request, ReturnState.LOST, code, now, reasons=[{"code": code}], expires_at=None)
    facts = {"code": code, "parcels": [p["tracking_number"] for p in return_parcels(session, request_id)]}
    ask_person(session, request, "return_lost", facts, ["refund", "wait"], now)


def close(session: Session, request_id: str, token: int, now: datetime) -> None:
    """Both sides have what is theirs. Raises: TakenOver."""
    _, request = orders_and_request(session, request_id, token)
    clocks.stop(session, request, "closed", now)
    move_request(session, request, ReturnState.CLOSED, "settled", now, expires_at=None)
