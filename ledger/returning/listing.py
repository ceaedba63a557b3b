"""Returns as agents list them: by what each waits for, the newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.states_returns import ReturnState
from ledger.orders import lines_of
from ledger.rows import group_by, mappings, pairs, select_by
from ledger.tables import Order, ReturnLine, ReturnRequest
from ledger.tables.base import table_of

_request = table_of(ReturnRequest)
_S = ReturnState
# What a return waits for; every state stands in one group.
GROUPS: Mapping[str, tuple[ReturnState, ...]] = {
    "person": (_S.REQUESTED, _S.MANUAL_REVIEW, _S.LOST),
    "to_send": (_S.APPROVED, _S.LABEL_ISSUED),
    "on_its_way": (_S.IN_TRANSIT,),
    "here": (_S.RECEIVED, _S.INSPECTED),
    "money": (_S.RESOLVED,),
    "ended": (_S.CLOSED, _S.DECLINED, _S.CANCELLED, _S.EXPIRED),
}
_COUNTED = tuple(state for name, states in GROUPS.items() if name != "ended" for state in states)


@dataclass(frozen=True, slots=True)
class Listed:
    """A return on one line. `order`: the row that it is told of; `lines`: pairs of its lines and what was sold."""

    request: Mapping[str, Any]
    order: Mapping[str, Any]
    lines: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]


def returns_listed(session: Session, group: str, *, limit: int, offset: int = 0) -> list[Listed]:
    """`group`: a name of GROUPS, or "" for all."""
    query = sa.select(_request).order_by(_request.c.created_at.desc(), _request.c.id)
    if group:
        query = query.where(_request.c.state.in_(GROUPS[group]))
    requests = mappings(session, query.limit(limit).offset(offset))
    orders = {row["id"]: row for row in select_by(session, Order, "id", sorted({r["order_id"] for r in requests}))}
    asked = select_by(session, ReturnLine, "request_id", [row["id"] for row in requests], order_by="id")
    sold = {
        line["id"]: line
        for lines in lines_of(session, sorted({line["order_id"] for line in asked})).values()
        for line in lines
    }
    of_request = group_by(asked, "request_id")
    return [
        Listed(
            row, orders[row["order_id"]],
            tuple((line, sold[line["order_line_id"]]) for line in of_request.get(row["id"], ())),
        )
        for row in requests
    ]  # fmt: skip


def waiting(session: Session) -> dict[str, int]:
    """How many are in each group that has not ended."""
    by_state = pairs(
        session,
        sa.select(_request.c.state, sa.func.count()).where(_request.c.state.in_(_COUNTED)).group_by(_request.c.state),
    )
    return {name: sum(by_state.get(state, 0) for state in states) for name, states in GROUPS.items() if name != "ended"}


__all__ = ["GROUPS", "Listed", "returns_listed", "waiting"]
