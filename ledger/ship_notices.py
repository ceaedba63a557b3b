"""The clock of an order that has to be shipped by a time: its facts, the notices to the customer, its end.

Each look at it is a deadline row of its own (`ship_promise:{order}.{n}`), so that what was decided when stays visible.
The row of number 0 among an order's notices is the promise itself: what was stated when it was ordered does not change
with the policy.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlmodel import Session

from domain.clock_policy import ClockPolicy
from domain.messages import ClaimKind
from domain.order import Facts, TransactionKind, TransactionStatus
from domain.ship_promise import Answer, Notice, NoticeKind, ShipFacts, Silence, refund_due
from domain.states import ENDED_ORDER, DeadlineState, FulfilmentOrderState, OrderState
from ledger import audit
from ledger.cancelling import SHIP_REFUND, cancel_everywhere
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.deadlines import DeadlineDraft, set_deadlines
from ledger.effects import EffectDraft
from ledger.fulfilment import fulfilment_orders_of
from ledger.inbox import Delivery
from ledger.messages import Claim, say
from ledger.orders import EDIT_WINDOW, OrderRow, contacts, lines_of, lock_orders, open_holds
from ledger.rows import Row, insert_missing, insert_rows, select_by, update_by
from ledger.tables import Deadline, DelayNotice, MoneyTransaction, Payment

KIND, ACTION = "ship_promise", "ship_promise"
PROMISE = "promise"  # the kind of number 0
ANSWER_CASE, UNTOLD_CASE, REST_CASE = "ship_delay_answer", "ship_delay_untold", "ship_promise_rest"
CASES = (ANSWER_CASE, UNTOLD_CASE)  # whose choices are carried out by `answer_case`
CHOICES = ("customer_waits", "customer_cancels")
SOURCE, ANSWERED = "ship_delay", "ship_delay.answered"  # of the inbox
_OVER = (FulfilmentOrderState.CANCELLED, FulfilmentOrderState.CLOSED)
_PAID = (TransactionKind.SALE, TransactionKind.AUTHORIZATION)


def start(session: Session, orders: Sequence[OrderRow], policy: ClockPolicy, now: datetime) -> None:
    """Start the clocks of orders that were accepted. The time runs from a complete order (16 CFR 435.1(c)): ordered and
    paid or authorised. What came to us too late to tell anybody has no clock here. The caller holds the locks."""
    bound = [order for order in orders if order["country"] in policy.ship.countries]
    ids = [order["id"] for order in bound]
    lines = lines_of(session, ids) if ids else {}
    paid = _first_payments(session, ids)
    promises: dict[str, datetime] = {}
    for order in bound:
        complete_at = max(order["placed_at"], paid.get(order["id"], order["placed_at"]))
        ship_by = complete_at + policy.time_to_ship(order["shipping_code"])
        if ship_by > now and any(line["requires_shipping"] for line in lines[order["id"]]):
            promises[order["id"]] = ship_by
    insert_missing(
        session,
        DelayNotice,
        [_row(order_id, 0, PROMISE, at, "", at, now) for order_id, at in promises.items()],
    )
    set_deadlines(session, [_look(order_id, 1, at - policy.ship.lead) for order_id, at in promises.items()], now)


def _first_payments(session: Session, order_ids: Sequence[str]) -> dict[str, datetime]:
    first: dict[str, datetime] = {}
    for row in select_by(session, MoneyTransaction, "order_id", order_ids, order_by="processed_at"):
        if row["kind"] in _PAID and row["status"] == TransactionStatus.SUCCESS:
            first.setdefault(row["order_id"], row["processed_at"])
    return first


def _look(order_id: str, number: int, due_at: datetime) -> DeadlineDraft:
    return DeadlineDraft(KIND, f"{order_id}.{number}", order_id, due_at, "ops", ACTION)


def look_again(session: Session, order_id: str, due_at: datetime, now: datetime) -> None:
    """Look at the order at this time: one that is pending comes forward where it would be later. The caller holds the
    order's lock."""
    looks = [row for row in select_by(session, Deadline, "order_id", [order_id], lock=True) if row["kind"] == KIND]
    pending = [row for row in looks if row["state"] == DeadlineState.PENDING]
    if not pending:
        set_deadlines(session, [_look(order_id, len(looks) + 1, due_at)], now)
    update_by(session, Deadline, [{"id": row["id"], "due_at": min(due_at, row["due_at"])} for row in pending])


def facts_of(session: Session, order: OrderRow, handling: timedelta, now: datetime) -> ShipFacts | None:
    """What `domain.ship_promise` judges by; None for an order without a clock. `handling`: from release to leaving."""
    rows = select_by(session, DelayNotice, "order_id", [order["id"]], order_by="number")
    promise = next((row for row in rows if row["number"] == 0), None)
    if promise is None:
        return None
    lines = [line for line in lines_of(session, [order["id"]])[order["id"]] if line["requires_shipping"]]
    all_left = all(line["shipped"] + line["cancelled"] >= line["ordered"] for line in lines)
    return ShipFacts(
        ship_by=promise["revised_at"],
        over=all_left or order["state"] in ENDED_ORDER,
        possible_at=_possible_at(session, order, lines, handling, now),
        notices=[_notice(row) for row in rows if row["number"] > 0],
    )


def _possible_at(
    session: Session, order: OrderRow, lines: Sequence[Mapping[str, Any]], handling: timedelta, now: datetime
) -> datetime | None:
    """When it will be shipped as far as anybody can say: stock is promised to it, a node is to send it, and nothing
    holds it up."""
    held = any(hold["name"] != EDIT_WINDOW for hold in open_holds(session, [order["id"]]).get(order["id"], []))
    if held or order["state"] not in (OrderState.ROUTING, OrderState.IN_FULFILMENT):
        return None
    if any(line["backordered"] for line in lines):
        return None
    requests = fulfilment_orders_of(session, [order["id"]])[order["id"]]
    planned = [row["release_at"] for row in requests if row["state"] not in _OVER]
    return max([now, *planned]) + handling if planned else None


def _notice(row: Mapping[str, Any]) -> Notice:
    return Notice(
        NoticeKind(row["kind"]), row["revised_at"], Silence(row["silence"]), row["answer_by"], Answer(row["answer"])
    )


def _row(
    order_id: str,
    number: int,
    kind: str,
    revised_at: datetime | None,
    silence: str,
    answer_by: datetime,
    now: datetime,
) -> Row:
    return {
        "id": f"{order_id}.{number}",
        "order_id": order_id,
        "number": number,
        "kind": kind,
        "revised_at": revised_at,
        "silence": silence,
        "answer_by": answer_by,
        "answer": Answer.NONE,
        "answered_by": "",
        "created_at": now,
    }


def tell(session: Session, order: OrderRow, notice: Notice, now: datetime) -> str:
    """Write a notice and say it; returns its id. Where silence would cancel, a case waits for the answer: customers
    answer by mail too. Whom no mail reaches a person has to tell. The caller holds the order's lock."""
    standing = select_by(session, DelayNotice, "order_id", [order["id"]], order_by="number")
    number = standing[-1]["number"] + 1
    row = _row(order["id"], number, notice.kind, notice.revised_at, notice.silence, notice.answer_by, now)
    insert_rows(session, DelayNotice, [row])
    say(session, [Claim(ClaimKind.SHIPPING_DELAYED, row["id"], order, _facts(order, notice))], now)
    contact = contacts(session, [order["contact_id"]]).get(order["contact_id"])
    reached = contact is not None and bool(contact["email"])
    if notice.silence is Silence.CANCELS or not reached:
        draft = CaseDraft(
            key=f"{ANSWER_CASE}:{row['id']}",
            kind=ANSWER_CASE if reached else UNTOLD_CASE,
            severity="normal" if reached else "high",
            order_id=order["id"],
            subject_id=row["id"],
            facts={"notice": notice.kind, "answer_by": notice.answer_by.isoformat()},
            choices=list(CHOICES),
        )
        open_cases(session, [draft], now)
    return str(row["id"])


def _facts(order: OrderRow, notice: Notice) -> Facts:
    facts: Facts = {
        "order_name": order["name"],
        "again": notice.kind is NoticeKind.RENEWED,
        "silence_cancels": notice.silence is Silence.CANCELS,
        "answer_by": notice.answer_by.isoformat(),
    }
    if notice.revised_at is not None:
        facts["ships_on"] = notice.revised_at.isoformat()
    return facts


def answered(session: Session, notice_id: str, answer: Answer, by: str, now: datetime) -> bool:
    """Take down what a customer said to a notice, once; whether it counts. A refusal counts until the order is shipped
    (435.2(c)(1)), consent until silence has cancelled. What follows is done at once by the next look."""
    [found] = select_by(session, DelayNotice, "id", [notice_id])
    order = lock_orders(session, [found["order_id"]])[found["order_id"]]
    [row] = select_by(session, DelayNotice, "id", [notice_id], lock=True)
    too_late = answer is Answer.CONSENTED and (row["answer"] != Answer.NONE or now >= row["answer_by"])
    if too_late or row["answer"] == answer or order["state"] in ENDED_ORDER:
        return False
    values = {"id": notice_id, "answer": answer, "answered_by": by, "answered_at": now}
    update_by(session, DelayNotice, [values])
    audit.append(session, [audit.entry("order", order["id"], order["state"], order["state"], f"delay_{answer}", now)])
    resolve_by_key(session, f"{ANSWER_CASE}:{notice_id}", cause=str(answer), now=now)
    look_again(session, order["id"], now, now)
    return True


def open_notice(session: Session, order: OrderRow) -> Mapping[str, Any] | None:
    """The last notice of an order that is not shipped and has not ended: what its customer may still answer."""
    if order["state"] in ENDED_ORDER:
        return None
    rows = select_by(session, DelayNotice, "order_id", [order["id"]], order_by="number")
    if not rows or not rows[-1]["number"]:
        return None
    lines = [line for line in lines_of(session, [order["id"]])[order["id"]] if line["requires_shipping"]]
    return None if all(line["shipped"] + line["cancelled"] >= line["ordered"] for line in lines) else rows[-1]


def delivery(notice_id: str, order_id: str, answer: Answer) -> Delivery:
    """A customer's answer for the inbox; given twice it is one."""
    body = orjson.dumps({"notice": notice_id, "order": order_id, "answer": answer})
    return Delivery(SOURCE, "portal", ANSWERED, f"{notice_id}:{answer}", order_id, body)


def take(session: Session, event: Mapping[str, Any], now: datetime) -> str:
    """One answer from the inbox; returns what it came to: consented, refused, too_late or unknown."""
    said = orjson.loads(event["body"] or b"{}")
    rows = select_by(session, DelayNotice, "id", [said["notice"]])
    if not rows or rows[0]["order_id"] != said["order"] or not rows[0]["number"]:
        return "unknown"
    answer = Answer(said["answer"])
    return str(answer) if answered(session, said["notice"], answer, "customer", now) else "too_late"


def answer_case(session: Session, case: Mapping[str, Any], choice: str, now: datetime) -> str:
    """Carry out what a case about an answer was resolved with; returns what was done, in words."""
    answer = Answer.CONSENTED if choice == "customer_waits" else Answer.REFUSED
    if not answered(session, case["subject_id"], answer, audit.actor.get(), now):
        return "the order has ended meanwhile, or the time for it was over"
    return "the order waits on" if answer is Answer.CONSENTED else "the order is cancelled within minutes"


def cancel(session: Session, order: OrderRow, cause: str, policy: ClockPolicy, now: datetime) -> list[EffectDraft]:
    """End an order that was not shipped in time, and see to its money. Of one that has left in part the rest is a
    person's: what has arrived is not taken back. The caller holds the order's lock."""
    if any(line["shipped"] for line in lines_of(session, [order["id"]])[order["id"]]):
        draft = CaseDraft(
            key=f"{REST_CASE}:{order['id']}",
            kind=REST_CASE,
            severity="high",
            order_id=order["id"],
            subject_id=order["id"],
            facts={"cause": cause},
            choices=["refunded", "accept"],
        )
        open_cases(session, [draft], now)
        return []
    drafts = cancel_everywhere(session, order, cause=cause, reason="inventory", now=now)
    due = refund_due(now, policy.ship.refund_working_days)
    set_deadlines(session, [DeadlineDraft(SHIP_REFUND, order["id"], order["id"], due, "finance", SHIP_REFUND)], now)
    return drafts


def money_kept(session: Session, order_id: str) -> int:
    """Minor units of an order's tenders that were taken and have not gone back."""
    rows = select_by(session, Payment, "order_id", [order_id])
    return sum(max(row["captured_minor"] - row["refunded_minor"], 0) for row in rows)
