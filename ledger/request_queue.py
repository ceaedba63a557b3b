"""Requests of customers and agents, whatever they are about: held by one runner at a time, moved along their state
machine.

Whoever works on a request holds its lease; every transaction names its token and is refused once another runner has
taken the request over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.states import check
from ledger import audit, failpoints
from ledger.cases import CaseDraft, open_cases
from ledger.claims import Claimed, Claims, Lease, new_lease
from ledger.prepared import Prepared
from ledger.queue import MAX_ATTEMPTS
from ledger.rows import mappings, select_by, update_by, update_listed
from ledger.tables import Claimable, Order
from ledger.tables.base import table_of

RequestRow = Mapping[str, Any]
RETRY = timedelta(seconds=1)  # until a step that waits for somebody's outcome is tried again
_AGAIN = "again"  # in `error` of a request that was woken while somebody held it


class TakenOver(Exception):
    """Another runner holds the request: whatever this one has found out is the other's business."""


@dataclass(frozen=True, slots=True)
class RequestKind:
    """`machine`: its table of states; `word`: in fail points, cases (`{word}_failing`) and the runner's reports;
    `is_open`: in the words of the table's partial indexes."""

    model: type[Claimable]
    machine: str
    word: str
    ended: frozenset[StrEnum]
    is_open: sa.TextClause


class RequestQueue:
    """The rows of one kind of request."""

    def __init__(self, kind: RequestKind, *, moved: Callable[[Session, RequestRow, StrEnum, datetime], None]) -> None:
        """`moved` is called in the transaction of each move, with the row as it was."""
        self.kind = kind
        self._table = table_of(kind.model)
        self._claims = Claims(kind.model, kind.is_open, values={"error": ""})
        self._moved = moved
        self._due = Prepared(
            sa.select(self._table.c.id)
            .where(
                kind.is_open,
                self._table.c.due_at <= sa.bindparam("now", required=True),
                sa.or_(
                    self._table.c.lease_until.is_(None),
                    self._table.c.lease_until < sa.bindparam("real_now", required=True),
                ),
            )
            .limit(1)
        )

    def find(self, session: Session, request_id: str, *, lock: bool = False) -> RequestRow | None:
        return next(iter(select_by(session, self.kind.model, "id", [request_id], lock=lock)), None)

    def any_due(self, session: Session, *, now: datetime, real_now: datetime) -> bool:
        """Whether some request's next step may be tried and nobody works on it."""
        return bool(self._due.scalars(session, now=now, real_now=real_now))

    def claim_due(self, session: Session, *, limit: int, now: datetime, real_now: datetime) -> Claimed:
        """Requests whose next step may be tried and that nobody works on."""
        return self._claims.take(session, limit=limit, now=now, real_now=real_now)

    def claim_one(self, session: Session, request_id: str, *, real_now: datetime) -> Lease | None:
        """Take one request out of its turn; None when it has ended or somebody works on it."""
        row = self.locked_free(session, request_id)
        if row["state"] in self.kind.ended or (row["lease_until"] is not None and row["lease_until"] >= real_now):
            return None
        lease = new_lease(session, real_now=real_now)
        taken = {"id": request_id, "lease_token": lease.token, "lease_until": lease.until, "error": ""}
        update_by(session, self.kind.model, [taken])
        return lease

    def locked(self, session: Session, request_id: str, token: int) -> RequestRow:
        """The request's row, locked. Raises: TakenOver when the token does not hold it any more."""
        row = self.locked_free(session, request_id)
        if row["lease_token"] != token:
            raise TakenOver(request_id)
        return row

    def locked_free(self, session: Session, request_id: str) -> RequestRow:
        """The request's row, locked, for somebody who is not its runner: a customer or a person who decides."""
        [row] = select_by(session, self.kind.model, "id", [request_id], lock=True)
        return row

    def move(
        self, session: Session, request: RequestRow, to: StrEnum, cause: str, now: datetime, **values: Any
    ) -> RequestRow:
        """Change the state and further columns; returns the row as it is now. Raises: IllegalTransition."""
        check(self.kind.machine, request["state"], to)
        if to in self.kind.ended:
            values |= {"ended_at": now}
        changed = {"id": request["id"], "state": to, "due_at": now, "attempts": 0, **values}
        update_by(session, self.kind.model, [changed])
        audit.append(session, [audit.entry(self.kind.machine, request["id"], request["state"], to, cause, now)])
        self._moved(session, request, to, now)
        if failpoints.ARMED:
            failpoints.reached(failpoints.BEFORE_INTENT, [f"{self.kind.word}.{to}"])
        return {**request, **changed}

    def set_values(self, session: Session, request: RequestRow, **values: Any) -> RequestRow:
        """Change columns other than the state."""
        update_by(session, self.kind.model, [{"id": request["id"], **values}])
        return {**request, **values}

    def rest(self, session: Session, request_id: str, token: int, due_at: datetime, error: str = "") -> None:
        """Let go of a request until a time; at once when it was woken meanwhile."""
        table = self._table
        later = sa.bindparam(None, due_at, table.c.due_at.type)
        woken = sa.case((table.c.error == _AGAIN, table.c.due_at), else_=later)
        session.execute(
            sa.update(table)
            .where(table.c.id == request_id, table.c.lease_token == token)
            .values(due_at=woken, lease_until=None, error=error)
        )

    def failed(
        self, session: Session, request: RequestRow, token: int, code: str, now: datetime, due_at: datetime
    ) -> None:
        """A step failed in our own program: again later, and a case at the attempt cap."""
        self.rest(session, request["id"], token, due_at, code)
        if request["attempts"] >= MAX_ATTEMPTS:
            draft = CaseDraft(
                key=f"{self.kind.word}_failing:{request['id']}",
                kind=f"{self.kind.word}_failing",
                severity="high",
                order_id=request["order_id"],
                subject_id=request["id"],
                facts={"state": request["state"], "code": code},
                choices=["retry"],
            )
            open_cases(session, [draft], now)

    def wake(self, session: Session, request_id: str, now: datetime) -> None:
        """Something that an open request waits for has happened: its next step may be tried at once."""
        session.execute(
            sa.update(self._table)
            .where(self._table.c.id == request_id, self.kind.is_open)
            .values(due_at=now, error=_AGAIN)
        )

    # Runs of the engine. Each request begins without one and stops being so when a run of its own has been opened, so
    # that no kill between the two can hide a request.

    def has_run(self, session: Session, request_ids: Sequence[str]) -> None:
        """Each of them is to be seen as a run."""
        update_listed(session, self.kind.model, request_ids, run_missing=False)

    def without_run(self, session: Session, *, since: datetime, until: datetime, limit: int) -> list[Mapping[str, Any]]:
        """Requests that came in [since, until) of the product's time and have no run, newest first: `order`, `id`,
        `state` and `created_at`."""
        table, order = self._table, table_of(Order)
        statement = (
            sa.select(order.c.name.label("order"), table.c.id, table.c.state, table.c.created_at)
            .join(order, order.c.id == table.c.order_id)
            .where(table.c.run_missing, table.c.created_at >= since, table.c.created_at < until)
            .order_by(table.c.created_at.desc())
            .limit(limit)
        )
        return mappings(session, statement)
