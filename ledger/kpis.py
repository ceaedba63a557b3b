"""Facts for the key figures, read from the rows that the work itself leaves behind: nothing is counted beside it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.kpis import EditFacts, Move
from ledger.prepared import Prepared, listed
from ledger.rows import group_by, mappings, select_by
from ledger.tables import AuditEvent, EditAction, EditRequest, Order, ReviewCase
from ledger.tables.base import table_of

_request, _audit, _order, _case = table_of(EditRequest), table_of(AuditEvent), table_of(Order), table_of(ReviewCase)
_MOVES = Prepared(
    sa.select(_audit.c.aggregate_id, _audit.c.to_state, _audit.c.at)
    .where(listed(_audit.c.aggregate_id, "ids"), _audit.c.aggregate == "edit_request")
    .where(_audit.c.from_state != _audit.c.to_state)  # a question moves nothing
    .order_by(_audit.c.id)
)
_FAILING = Prepared(
    sa.select(_case.c.subject_id).where(listed(_case.c.order_id, "orders"), _case.c.kind == "edit_failing")
)


def edit_facts(session: Session, since: datetime, until: datetime, *, clocks_agree: bool) -> list[EditFacts]:
    """The requests that came in within [since, until), with what has become of them by now.

    `clocks_agree`: whether the product's clock runs with real time. Where the sandbox has moved it, a request counts
    from when it was opened, because when it was received is real time.
    """
    rows = mappings(
        session,
        sa.select(_request, _order.c.currency)
        .join(_order, _order.c.id == _request.c.order_id)
        .where(_request.c.created_at >= since, _request.c.created_at < until)
        .order_by(_request.c.created_at, _request.c.id),
    )
    ids = [row["id"] for row in rows]
    actions = group_by(select_by(session, EditAction, "request_id", ids, order_by="id"), "request_id")
    moves = group_by(_MOVES.rows(session, ids=ids), "aggregate_id")
    failing = set(_FAILING.scalars(session, orders={row["order_id"] for row in rows}))
    return [
        _facts(row, actions.get(row["id"], ()), moves.get(row["id"], ()), row["id"] in failing, clocks_agree)
        for row in rows
    ]


def _facts(
    row: Mapping[str, Any],
    actions: Iterable[Mapping[str, Any]],
    moves: Iterable[Mapping[str, Any]],
    failing: bool,
    clocks_agree: bool,
) -> EditFacts:
    return EditFacts(
        kinds=tuple(dict.fromkeys(action["kind"] for action in actions)),
        origin=row["origin"],
        state=row["state"],
        touches=row["touches"],
        received_at=row["received_at"] if clocks_agree else row["created_at"],
        ended_at=row["ended_at"],
        moves=[Move(move["to_state"], move["at"]) for move in moves],
        reason=str(row["reasons"][0]["code"]) if row["reasons"] else "",
        currency=row["currency"],
        up_minor=int(row["quote"].get("to_pay_minor", 0)),
        down_minor=int(row["quote"].get("to_refund_minor", 0)),
        failing=failing,
    )
