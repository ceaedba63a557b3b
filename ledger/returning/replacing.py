"""The way of goods for goods: paid for, sure, told to the shop, and a line of the order that ships like any other.

The shop is told in two calls, each an effect: its return promises the exchange, then the exchange joins the order. From
the first of them until the line is ours a fence stands, so that the shop's own statement of it is nobody's edit.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.policy import Policies
from domain.returns.policy import When
from domain.states import OrderState
from domain.states_returns import ENDED_RETURN_LINE, ExchangeState, ReturnLineState, ReturnState
from ledger.cases import CaseDraft, open_cases
from ledger.editing.promises import reserve_for_request
from ledger.effects import EffectDraft, EffectRow, Verdict, plan
from ledger.orders import Fenced, OrderRow, fence, lines_of
from ledger.returning.exchange_rows import ExchangeRow, give_up, move_exchange, set_exchange
from ledger.returning.requests import RequestRow, orders_and_request, return_lines, wake
from ledger.returning.shop_effects import note
from ledger.rows import select_by
from ledger.tables import Effect, Exchange, Order

OPEN, PROCESS = "shop.exchange_open", "shop.exchange_process"
CALLS = (OPEN, PROCESS)
NOW, LATER, NEVER = "now", "later", "never"
Pairs = Sequence[tuple[EffectRow, Verdict]]
_AHEAD = frozenset({When.AT_ONCE, When.FIRST_SCAN})
_HERE = frozenset({ReturnLineState.RECEIVED, ReturnLineState.INSPECTED, ReturnLineState.RESOLVED})


def held(session: Session, found_id: str) -> tuple[OrderRow, RequestRow, ExchangeRow]:
    """Order, request and exchange, locked in the order in which everybody locks them, for whoever is not the request's
    runner."""
    [seen] = select_by(session, Exchange, "id", [found_id])
    orders, request = orders_and_request(session, seen["request_id"], None)
    [row] = select_by(session, Exchange, "id", [found_id], lock=True)
    return orders[row["order_id"]], request, row


def mine(session: Session, found_id: str, token: int) -> tuple[OrderRow, RequestRow, ExchangeRow]:
    """The same for its runner. Raises: TakenOver."""
    [seen] = select_by(session, Exchange, "id", [found_id])
    orders, request = orders_and_request(session, seen["request_id"], token)
    [row] = select_by(session, Exchange, "id", [found_id], lock=True)
    return orders[row["order_id"]], request, row


def begin(session: Session, found_id: str, token: int, policies: Policies, now: datetime) -> None:
    """The request is approved: a difference is asked for, else the promise is firm. Raises: TakenOver."""
    order, _, row = mine(session, found_id, token)
    if row["state"] != ExchangeState.RESERVED:
        return
    terms = policies.returns.exchanges
    if not row["to_pay_minor"] or not row["payment_target"]:  # a person has allowed it without
        move_exchange(session, row, ExchangeState.FIRM, "allowed", now, reserved_until=now + terms.hold_for)
        return
    until = now + terms.pay_within
    move_exchange(session, row, ExchangeState.AWAITING_PAYMENT, "to_pay", now, reserved_until=until)
    draft = EffectDraft(
        kind="payment.link",
        key=f"payment_link:{row['id']}",
        target=row["payment_target"],
        order_id=order["id"],
        subject_id=row["id"],
        request={"amount_minor": row["to_pay_minor"], "currency": row["currency"], "expires_at": until.isoformat()},
    )
    plan(session, [draft], now)


def moment(session: Session, request: RequestRow, row: ExchangeRow) -> str:
    """Whether the goods are to go out by the rulings and by what has come back: NOW, LATER or NEVER."""
    named = {line["line"] for line in row["lines"]}
    lines = [line for line in return_lines(session, request["id"]) if line["id"] in named]
    rulings: Mapping[str, Mapping[str, Any]] = request["plan"].get("lines", {})
    whens = {rulings[line["id"]]["when"] for line in lines if line["id"] in rulings}
    state, verdict = ReturnState(request["state"]), request["plan"].get("verdict", "")
    if state is ReturnState.LOST:
        return NOW if verdict == "refund" else LATER
    if state is ReturnState.MANUAL_REVIEW:
        return {"refund_in_full": NOW, "refund_as_proposed": NEVER}.get(verdict, LATER)
    if state is ReturnState.INSPECTED:
        kept: Mapping[str, Sequence[int]] = request["plan"].get("kept", {})
        return NOW if all(line["state"] in _HERE and not any(kept.get(line["id"], ())) for line in lines) else NEVER
    if state is ReturnState.RECEIVED:
        sure = When.INSPECTION not in whens and all(line["state"] in _HERE for line in lines)
        return NOW if sure else LATER
    if state is ReturnState.IN_TRANSIT:
        return NOW if whens <= _AHEAD else LATER
    if state in (ReturnState.APPROVED, ReturnState.LABEL_ISSUED):
        return NOW if whens <= {When.AT_ONCE} else LATER
    return LATER if state is ReturnState.REQUESTED else NEVER


def start(session: Session, found_id: str, token: int, policies: Policies, now: datetime) -> str:
    """Its moment has come: ordering, given_up when the units are gone meanwhile, or busy. Raises: TakenOver."""
    order, request, row = mine(session, found_id, token)
    if row["state"] != ExchangeState.FIRM:
        return "ordering"
    if order["state"] == OrderState.CANCELLED or order["cancelled_at"] is not None:
        plan(session, give_up(session, order, row, "order_cancelled", now), now)
        return "given_up"
    wanted: dict[str, int] = {}
    for line in row["lines"]:
        wanted[line["sku"]] = wanted.get(line["sku"], 0) + line["quantity"]
    if reserve_for_request(session, order, row["id"], wanted, policies, now):  # a node may have lost what was promised
        plan(session, give_up(session, order, row, "sold_out", now), now)
        return "given_up"
    try:
        fence(session, order["id"], by=f"exchange:{row['id']}", token=row["id"], base_version=order["version"])
    except Fenced:
        return "busy"
    row = move_exchange(session, row, ExchangeState.ORDERING, "due", now)
    plan(session, [_open_draft(session, order, request, row)], now)
    return "ordering"


def _open_draft(session: Session, order: OrderRow, request: RequestRow, row: ExchangeRow) -> EffectDraft:
    """The shop's return holds everything of the order that the request is about: it keeps one for each reference."""
    sold = {line["id"]: line["external_id"] for line in lines_of(session, [order["id"]])[order["id"]]}
    gone = ENDED_RETURN_LINE - {ReturnLineState.RESOLVED}
    lines = [
        {"line": sold[line["order_line_id"]], "quantity": line["asked"], "reason": line["reason"]}
        for line in return_lines(session, request["id"])
        if line["order_id"] == order["id"] and line["state"] not in gone
    ]
    wanted = [{name: line[name] for name in ("variant", "quantity", "discount_minor")} for line in row["lines"]]
    return EffectDraft(
        kind=OPEN,
        key=f"exchange_open:{row['id']}",
        target=f"{order['source']}/{order['account']}",
        order_id=order["id"],
        subject_id=row["id"],
        request={
            "reference": request["id"],
            "lines": lines,
            "exchanges": wanted,
            "currency": row["currency"],
            "fee_minor": sum(line["fee_minor"] for line in row["lines"]),
        },
    )


def drop(session: Session, found_id: str, token: int, code: str, now: datetime) -> None:
    """It is not sent after all, and the shop has been told nothing that stands. Raises: TakenOver."""
    order, _, row = mine(session, found_id, token)
    if row["state"] not in (ExchangeState.ORDERED, ExchangeState.GIVEN_UP):
        plan(session, give_up(session, order, row, code, now), now)


def calls(session: Session, found_id: str) -> dict[str, str]:
    """How far the shop has been told: state of the effect, by kind."""
    keys = [f"exchange_open:{found_id}", f"exchange_process:{found_id}"]
    return {row["kind"]: row["state"] for row in select_by(session, Effect, "key", keys)}


# around the effects


def guard_calls(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """Nothing is told but under the exchange's own fence."""
    rows = {row["id"]: row for row in select_by(session, Exchange, "id", {e["subject_id"] for e in effects})}
    orders = {row["id"]: row for row in select_by(session, Order, "id", {e["order_id"] for e in effects})}
    return {
        effect["id"]: "cancel:exchange_ended"
        for effect in effects
        if rows[effect["subject_id"]]["state"] != ExchangeState.ORDERING
        or orders[effect["order_id"]]["fence_token"] != effect["subject_id"]
    }


def opened(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of shop.exchange_open: the exchange joins the order next."""
    drafts: list[EffectDraft] = []
    for effect, verdict in pairs:
        _, request, row = held(session, effect["subject_id"])
        set_exchange(session, row, shop_return_external_id=verdict.external_id)
        note(session, request, effect, verdict.external_id, "open")
        drafts.append(
            EffectDraft(
                kind=PROCESS,
                key=f"exchange_process:{row['id']}",
                target=effect["target"],
                order_id=effect["order_id"],
                subject_id=row["id"],
                request={"return": verdict.external_id},
            )
        )
        wake(session, request["id"], now)
    return drafts


def answered(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of shop.exchange_process: the request's own step goes on."""
    for row in select_by(session, Exchange, "id", [effect["subject_id"] for effect, _ in pairs]):
        wake(session, row["request_id"], now)
    return []


def refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_rejected` of both: the request's own step gives it up, and a person looks at what the shop has of it."""
    for effect, verdict in pairs:
        draft = CaseDraft(
            key=f"exchange_refused:{effect['subject_id']}",
            kind="exchange_refused",
            order_id=effect["order_id"],
            subject_id=effect["subject_id"],
            owner="service",
            facts={"call": effect["kind"], "code": verdict.code, "detail": verdict.detail},
            choices=["ignore"],
        )
        open_cases(session, [draft], now)
    return answered(session, pairs, now)
