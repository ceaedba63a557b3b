"""Deadlines: something must have happened by then, with an owner and an automatic action."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.states import DeadlineState, check
from ledger import audit
from ledger.cases import CaseDraft, open_cases
from ledger.claims import Claimed, Claims
from ledger.prepared import Prepared, listed
from ledger.queue import MAX_ATTEMPTS, backoff
from ledger.rows import Row, insert_rows, mappings, select_by
from ledger.tables import Deadline
from ledger.tables.base import table_of

_deadline = table_of(Deadline)
_CLAIMS = Claims(Deadline, _deadline.c.state == DeadlineState.PENDING)
_STANDING = Prepared(sa.select(_deadline.c.id).where(listed(_deadline.c.id, "ids")))


@dataclass(frozen=True, slots=True)
class DeadlineDraft:
    """One of a kind per subject; `action` is a code that watch-deadlines knows."""

    kind: str
    subject_id: str
    order_id: str
    due_at: datetime
    owner: str
    action: str


def set_deadlines(session: Session, drafts: Sequence[DeadlineDraft], now: datetime) -> None:
    """Write those that do not stand yet. The caller holds the orders' locks: nobody else writes them meanwhile."""
    wanted = {f"{d.kind}:{d.subject_id}": d for d in drafts}
    if not wanted:
        return
    for standing in _STANDING.scalars(session, ids=wanted):
        del wanted[standing]
    rows: list[Row] = [
        {
            "id": deadline_id,
            "kind": d.kind,
            "subject_id": d.subject_id,
            "order_id": d.order_id,
            "due_at": d.due_at,
            "owner": d.owner,
            "action": d.action,
            "state": DeadlineState.PENDING,
            "outcome": "",
            "attempts": 0,
            "lease_token": 0,
            "error": "",
        }
        for deadline_id, d in wanted.items()
    ]
    insert_rows(session, Deadline, rows)
    audit.append(
        session,
        [audit.entry("deadline", d.order_id, "", DeadlineState.PENDING, d.kind, now) for d in wanted.values()],
    )


def claim_due(session: Session, *, limit: int, now: datetime, real_now: datetime) -> Claimed:
    return _CLAIMS.take(session, limit=limit, now=now, real_now=real_now)


def still_pending(session: Session, row: Mapping[str, Any]) -> bool:
    """Whether nobody has ended or taken over a claimed deadline since; it is locked until the transaction ends."""
    [found] = select_by(session, Deadline, "id", [row["id"]], lock=True)
    return bool(found["state"] == DeadlineState.PENDING and found["lease_token"] == row["lease_token"])


def move_deadlines(
    session: Session, rows: Sequence[Mapping[str, Any]], to: DeadlineState, outcome: str, now: datetime
) -> None:
    """End deadlines."""
    if not rows:
        return
    for row in rows:
        check("deadline", row["state"], to)
    session.execute(
        sa.update(_deadline)
        .where(_deadline.c.id.in_([row["id"] for row in rows]))
        .values(state=to, outcome=outcome, lease_until=None)
    )
    audit.append(session, [audit.entry("deadline", r["order_id"], r["state"], to, outcome, now) for r in rows])


def failed(session: Session, row: Mapping[str, Any], code: str, now: datetime) -> None:
    """The automatic action could not be carried out: again later, and a case at the attempt cap."""
    if not still_pending(session, row):
        return
    session.execute(
        sa.update(_deadline)
        .where(_deadline.c.id == row["id"])
        .values(lease_until=None, due_at=now + backoff(row["attempts"]), error=code)
    )
    if row["attempts"] >= MAX_ATTEMPTS:
        draft = CaseDraft(
            key=f"deadline:{row['id']}",
            kind="deadline_failing",
            severity="high",
            order_id=row["order_id"],
            subject_id=row["id"],
            facts={"deadline": row["kind"], "action": row["action"], "code": code},
            choices=["retry", "cancel"],
        )
        open_cases(session, [draft], now)


def end_deadlines(
    session: Session,
    order_id: str,
    to: DeadlineState,
    outcome: str,
    now: datetime,
    *,
    kinds: Sequence[str] | None = None,
    keep: Sequence[str] = (),
) -> None:
    """End an order's pending deadlines (of these kinds, and none of the kinds to `keep`)."""
    wanted = [_deadline.c.order_id == order_id, _deadline.c.state == DeadlineState.PENDING]
    if keep:
        wanted.append(_deadline.c.kind.not_in(keep))
    if kinds is not None:
        wanted.append(_deadline.c.kind.in_(kinds))
    rows = mappings(session, sa.select(_deadline).where(*wanted).with_for_update())
    move_deadlines(session, rows, to, outcome, now)
