"""Validation against the ledger: read what a judgement needs, record what it came to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.decisions import Reason
from domain.messages import ClaimKind
from domain.payments import judge_payment
from domain.policy import Policies
from domain.states import OrderState
from domain.validation import OrderSnapshot, Validation, WantedHold, risk_reasons, validate
from ledger import queue, ship_notices, stock
from ledger.address_checks import JUDGED, address_problems, ships
from ledger.capture_money import facts_of
from ledger.deadlines import DeadlineDraft, set_deadlines
from ledger.decisions import record_decisions
from ledger.messages import Claim, confirmation_facts, say
from ledger.orders import (
    EDIT_WINDOW,
    OPERATOR,
    OrderRow,
    address_of,
    advance_orders,
    contacts,
    lines_of,
    lock_orders,
    open_holds,
    place_holds,
    release_holds,
)
from ledger.prepared import Prepared, listed
from ledger.rows import group_by, select_by
from ledger.tables import AuditEvent, Order, OrderContact, Payment
from ledger.tables.base import table_of

Rows = Sequence[Mapping[str, Any]]
_order, _contact, _audit = table_of(Order), table_of(OrderContact), table_of(AuditEvent)
_BILLING = Prepared(
    sa.select(_contact.c.order_id, _contact.c.country)
    .where(listed(_contact.c.order_id, "ids"), _contact.c.kind == "billing")
    .order_by(_contact.c.version)
)
_RECENT = Prepared(
    sa.select(_order.c.customer_id, sa.func.count().label("orders"))
    .where(listed(_order.c.customer_id, "customers"), _order.c.placed_at > sa.bindparam("since"))
    .group_by(_order.c.customer_id)
)
_RELEASED = Prepared(
    sa.select(_audit.c.aggregate_id, _audit.c.from_state).where(
        listed(_audit.c.aggregate_id, "ids"),
        _audit.c.aggregate == "hold",
        _audit.c.to_state == "",
        _audit.c.cause.startswith("person"),
    )
)


def judge_orders(
    session: Session, order_ids: Sequence[str], policies: Policies, now: datetime
) -> dict[str, Validation]:
    """Judge orders and record everything that follows. Orders that are past validation are left alone."""
    orders = [row for row in lock_orders(session, order_ids).values() if row["state"] in JUDGED]
    if not orders:
        return {}
    ids = [order["id"] for order in orders]
    lines = lines_of(session, ids)
    payments = group_by(select_by(session, Payment, "order_id", ids), "order_id")
    snapshots = _snapshots(session, orders, lines, payments, policies, now)
    judged = {order["id"]: validate(snapshots[order["id"]], policies.validation, now) for order in orders}
    judged = _with_standing_holds(session, judged, now)
    _record(session, orders, lines, payments, snapshots, judged, policies, now)
    return judged


def _with_standing_holds(session: Session, judged: Mapping[str, Validation], now: datetime) -> dict[str, Validation]:
    """Facts may have changed since a hold was placed. One that we placed for another reason than now ends, except a
    suspicion of fraud that is gone: a person ends it. The order waits for whatever else stands."""
    result = dict(judged)
    for order_id, holds in open_holds(session, list(judged)).items():
        verdict = judged[order_id]
        if verdict.wait is not None:
            continue
        wanted = {hold.name: hold.reason for hold in verdict.holds}
        over, standing = [], []
        for hold in holds:
            if hold["name"] in (EDIT_WINDOW, OPERATOR) or wanted.get(hold["name"]) == hold["reason"]:
                continue
            if hold["placed_by"] == "validate" and (hold["name"] != "fraud" or "fraud" in wanted):
                over.append(hold["name"])
            elif hold["name"] not in wanted:
                standing.append(WantedHold(hold["name"], hold["owner"], hold["reason"], hold["due_at"]))
        release_holds(session, [order_id], over, by="validate", cause="facts_changed", now=now)
        result[order_id] = replace(verdict, holds=(*verdict.holds, *standing))
    return result


def _snapshots(
    session: Session,
    orders: Sequence[OrderRow],
    lines: Mapping[str, Rows],
    payments: Mapping[str, Rows],
    policies: Policies,
    now: datetime,
) -> dict[str, OrderSnapshot]:
    ids = [order["id"] for order in orders]
    found = contacts(session, [order["contact_id"] for order in orders])
    billing = {row["order_id"]: row["country"] for row in _BILLING.rows(session, ids=ids)}
    customers = {order["customer_id"] for order in orders}
    counted = _RECENT.rows(session, customers=customers, since=now - policies.validation.velocity_window)
    recent = {row["customer_id"]: row["orders"] for row in counted}
    shippable = {line["sku"] for rows in lines.values() for line in rows if line["requires_shipping"]}
    known = stock.known_skus(session, shippable) | stock.kit_skus(session, shippable)
    cleared = _released_by_person(session, ids)
    result = {}
    for order in orders:
        contact = found[order["contact_id"]]
        shipped = ships(lines[order["id"]])
        problems = address_problems(address_of(contact)) if shipped else ()
        result[order["id"]] = OrderSnapshot(
            order_id=order["id"],
            total_minor=order["total_minor"],
            currency=order["currency"],
            placed_at=order["placed_at"],
            payment=judge_payment(order["total_minor"], [facts_of(p) for p in payments.get(order["id"], [])], now),
            ships=shipped,
            address_problems=problems,
            address_verdict=contact["verdict"],
            address_version=contact["version"],
            address_confirmed=contact["origin"] in ("customer", "agent", "correction")
            or (order["id"], "address") in cleared,
            risk_level=order["risk_level"],
            risk_recommendation=order["risk_recommendation"],
            risk_cleared=(order["id"], "fraud") in cleared,
            billing_country=billing.get(order["id"], ""),
            shipping_country=contact["country"],
            recent_orders=recent.get(order["customer_id"], 1),
            unknown_skus=tuple(
                sorted(
                    {
                        line["sku"]
                        for line in lines[order["id"]]
                        if line["requires_shipping"]
                        and line["ordered"] > line["cancelled"]
                        and line["sku"] not in known
                    }
                )
            ),
        )
    return result


def risk_of(session: Session, order: OrderRow, changed: OrderRow, policies: Policies, now: datetime) -> list[Reason]:
    """What is suspicious of an order as an edit would leave it (`changed`: its row then) and was not before."""
    ids = [order["id"]]
    lines, payments = lines_of(session, ids), group_by(select_by(session, Payment, "order_id", ids), "order_id")
    before, after = (
        risk_reasons(_snapshots(session, [row], lines, payments, policies, now)[order["id"]], policies.validation)
        for row in (order, changed)
    )
    known = {reason.code for reason in before}
    return [reason for reason in after if reason.code not in known]


def _record(
    session: Session,
    orders: Sequence[OrderRow],
    lines: Mapping[str, Rows],
    payments: Mapping[str, Rows],
    snapshots: Mapping[str, OrderSnapshot],
    judged: Mapping[str, Validation],
    policies: Policies,
    now: datetime,
) -> None:
    moves = [(order, OrderState.VALIDATING, "validate") for order in orders]
    advance_orders(session, moves, now)
    orders = [{**order, "state": OrderState.VALIDATING} for order in orders]
    done = [order for order in orders if judged[order["id"]].wait is None]
    record_decisions(
        session,
        [
            {
                "workflow": "validate",
                "order_id": order["id"],
                "inputs": snapshots[order["id"]].as_json(),
                "candidates": [],
                "choice": {
                    "accepted": judged[order["id"]].accepted,
                    "holds": [hold.name for hold in judged[order["id"]].holds],
                },
                "explanation": [reason.as_json() for reason in judged[order["id"]].reasons],
            }
            for order in done
        ],
        policies.version,
        now,
    )
    placed = place_holds(
        session, [(o["id"], hold) for o in done for hold in judged[o["id"]].holds], placed_by="validate", now=now
    )
    asked = {row["order_id"] for row in placed if row["name"] == "address"}
    advance_orders(
        session,
        [
            (
                order,
                OrderState.ACCEPTED if judged[order["id"]].accepted else OrderState.HELD,
                "validated" if judged[order["id"]].accepted else judged[order["id"]].holds[0].reason,
            )
            for order in done
        ],
        now,
    )
    accepted = [order for order in done if judged[order["id"]].accepted]
    queue.enqueue(session, [queue.work_row("route", order["id"], now) for order in accepted])
    queue.enqueue(session, [queue.work_row("reconcile", order["id"], now) for order in accepted])
    say(
        session,
        [
            Claim(ClaimKind.ORDER_CONFIRMED, order["id"], order, confirmation_facts(order, lines[order["id"]]))
            for order in accepted
            if any(line["ordered"] > line["cancelled"] for line in lines[order["id"]])
        ]
        + [
            Claim(
                ClaimKind.ADDRESS_QUESTION,
                order["id"],
                order,
                {"order_name": order["name"], "problem": _question(hold.reason), "answer_by": hold.due_at.isoformat()},
            )
            for order in done
            for hold in judged[order["id"]].holds
            if hold.name == "address" and order["id"] in asked
        ],
        now,
    )
    set_deadlines(
        session,
        [
            draft
            for order in done
            for draft in _deadlines(order, payments.get(order["id"], []), judged[order["id"]], policies, now)
        ],
        now,
    )
    ship_notices.start(session, accepted, policies.clocks, now)


def _deadlines(
    order: OrderRow, payments: Rows, judged: Validation, policies: Policies, now: datetime
) -> list[DeadlineDraft]:
    drafts = [
        DeadlineDraft(
            "unpaid", order["id"], order["id"], now + policies.validation.cancel_unpaid_after, "ops", "cancel_unpaid"
        )
        for hold in judged.holds
        if hold.name == "payment"
    ]
    if str(judged.reasons[0].code) == "authorised":
        for payment in payments:
            expires = payment["authorisation_expires_at"]
            if expires is None:
                continue
            alerts = policies.validation.authorisation_alerts
            in_time = [before for before in alerts if expires - before > order["placed_at"]]
            drafts += [
                DeadlineDraft(
                    f"authorisation_{int(before.total_seconds() // 3600)}h",
                    payment["id"],
                    order["id"],
                    max(expires - before, now),
                    "ops",
                    "alert_authorisation",
                )
                for before in in_time or ([min(alerts)] if alerts else [])  # a short one is alerted at once
            ]
    return drafts


def _question(reason: str) -> str:
    return {
        "address_corrected": "corrected",
        "address_missing_unit": "missing_unit",
        "address_unverifiable": "unverifiable",
    }.get(reason, "invalid")


def _released_by_person(session: Session, order_ids: Sequence[str]) -> set[tuple[str, str]]:
    """(order, hold name) that a person has released: what they cleared is not held again for the same reason."""
    return {(row["aggregate_id"], row["from_state"]) for row in _RELEASED.rows(session, ids=order_ids)}
