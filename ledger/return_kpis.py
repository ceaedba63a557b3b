"""Facts for the key figures of returns, read from the rows that the work itself leaves behind."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.kpis import Move
from domain.return_kpis import Asked, Payout, ReturnFacts
from domain.states_returns import ReturnState
from ledger.prepared import Prepared, listed
from ledger.refund_states import FAILED
from ledger.returning.answering import KINDS as ASKING
from ledger.rows import group_by, mappings, select_by
from ledger.tables import AuditEvent, Order, Refund, ReturnLine, ReturnRequest, ReviewCase
from ledger.tables.base import table_of

# cases that are opened because something went wrong, not because a rule wants a person
_ERRORS = frozenset(
    {"return_failing", "return_label_refused", "return_lost", "return_inspection_late", "return_refund_due"}
)
_request, _line, _order = table_of(ReturnRequest), table_of(ReturnLine), table_of(Order)
_audit, _case = table_of(AuditEvent), table_of(ReviewCase)
_MOVES = Prepared(
    sa.select(_audit.c.aggregate_id, _audit.c.to_state, _audit.c.at)
    .where(listed(_audit.c.aggregate_id, "ids"), _audit.c.aggregate == "return_request")
    .where(_audit.c.from_state != _audit.c.to_state)
    .order_by(_audit.c.id)
)
_LINES = Prepared(
    sa.select(_line.c.request_id, _line.c.order_id, _line.c.kind, _line.c.reason, _line.c.fee_minor, _order.c.currency)
    .join(_order, _order.c.id == _line.c.order_id)
    .where(listed(_line.c.request_id, "ids"))
    .order_by(_line.c.id)
)
_CASES = Prepared(
    sa.select(_case.c.subject_id, _case.c.kind, _case.c.created_at, _case.c.resolved_at).where(
        listed(_case.c.order_id, "orders"), listed(_case.c.subject_id, "ids")
    )
)


def return_facts_of(session: Session, since: datetime, until: datetime, *, clocks_agree: bool) -> list[ReturnFacts]:
    """The requests that were open at some time within [since, until).

    `clocks_agree`: whether the product's clock runs with real time. Where the sandbox has moved it, a request counts
    from when it was opened, because when it was received is real time.
    """
    rows = mappings(
        session,
        sa.select(_request)
        .where(_request.c.created_at < until, sa.or_(_request.c.ended_at.is_(None), _request.c.ended_at >= since))
        .order_by(_request.c.created_at, _request.c.id),
    )
    ids = [row["id"] for row in rows]
    lines = group_by(_LINES.rows(session, ids=ids), "request_id")
    orders = {line["order_id"] for listed_lines in lines.values() for line in listed_lines}
    moves = group_by(_MOVES.rows(session, ids=ids), "aggregate_id")
    cases = group_by(_CASES.rows(session, ids=ids, orders=orders | {row["order_id"] for row in rows}), "subject_id")
    refunds = _refunds(session, orders)
    return [
        _facts(
            row, lines.get(row["id"], ()), moves.get(row["id"], ()), cases.get(row["id"], ()),
            refunds.get(row["id"], ()), clocks_agree,
        )
        for row in rows
    ]  # fmt: skip


def _refunds(session: Session, orders: set[str]) -> dict[str, list[Mapping[str, Any]]]:
    """By request: a refund's subject begins with the id of what it is for."""
    rows = [
        {**row, "request_id": row["subject_id"].partition(":")[0]}
        for row in select_by(session, Refund, "order_id", orders)
    ]
    return group_by(rows, "request_id")


def _facts(
    request: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    moves: Sequence[Mapping[str, Any]],
    cases: Sequence[Mapping[str, Any]],
    refunds: Sequence[Mapping[str, Any]],
    clocks_agree: bool,
) -> ReturnFacts:
    fees = Counter[str]()
    for line in lines:
        fees[line["currency"]] += line["fee_minor"]
    declined = request["state"] == ReturnState.DECLINED and request["reasons"]
    errors = {case["kind"] for case in cases} & _ERRORS
    return ReturnFacts(
        kinds=tuple(dict.fromkeys(line["kind"] for line in lines)),
        reasons=tuple(dict.fromkeys(line["reason"] or line["kind"] for line in lines)),
        origin=request["origin"],
        touches=request["touches"],
        received_at=request["received_at"] if clocks_agree else request["created_at"],
        moves=[Move(move["to_state"], move["at"]) for move in moves],
        refusal=str(request["reasons"][0]["code"]) if declined else "",
        asked=[Asked(case["created_at"], case["resolved_at"]) for case in cases if case["kind"] in ASKING],
        payouts=[Payout(row["created_at"], row["done_at"], row["currency"], row["amount_minor"]) for row in refunds],
        fees=+fees,
        errors=frozenset(errors | ({FAILED} if any(row["tries"] > 1 for row in refunds) else set())),
    )
