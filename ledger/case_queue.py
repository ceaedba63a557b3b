"""Cases as those see them who work them off: what is open, whose it is, what is due; handing over, writing down."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import new_id
from domain.states import CaseState
from ledger import audit
from ledger.operator import Refused
from ledger.rows import insert_rows, mappings, pairs, select_by, update_by
from ledger.tables import CaseNote, EditQuestion, Order, ReviewCase
from ledger.tables.base import table_of

LONGEST_NOTE = 2_000  # characters
_case, _order, _note = table_of(ReviewCase), table_of(Order), table_of(CaseNote)
_question = table_of(EditQuestion)
_OPEN = _case.c.state != CaseState.RESOLVED
_answered = sa.case(
    (
        sa.and_(
            _case.c.state == CaseState.OPEN,
            sa.exists().where(_question.c.case_id == _case.c.id, _question.c.answered_at.is_not(None)),
        ),
        1,
    ),
    else_=0,
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cases; empty means any."""

    resolved: bool = False
    owner: str = ""
    kind: str = ""
    overdue: bool = False

    def where(self, now: datetime) -> list[sa.ColumnElement[bool]]:
        found: list[sa.ColumnElement[bool]] = [sa.not_(_OPEN) if self.resolved else _OPEN]
        found += [_case.c.owner == self.owner] if self.owner else []
        found += [_case.c.kind == self.kind] if self.kind else []
        found += [_case.c.due_at < now] if self.overdue else []
        return found


@dataclass(frozen=True, slots=True)
class Counts:
    """How many are open."""

    total: int
    overdue: int
    by_owner: Mapping[str, int]
    by_kind: Mapping[str, int]


def cases_listed(
    session: Session, wanted: Filter, now: datetime, *, limit: int, offset: int = 0
) -> list[dict[str, Any]]:
    """Open ones by due time, so overdue ones first, but before all those that a customer has answered: somebody waits
    for us there. Resolved ones, the last first. `order`: its order's name; `answered`: whether a customer has."""
    open_order = (_answered.desc(), _case.c.due_at, _case.c.id)
    query = (
        sa.select(_case, _order.c.name.label("order"), _answered.label("answered"))
        .join(_order, _order.c.id == _case.c.order_id, isouter=True)
        .where(*wanted.where(now))
        .order_by(*((_case.c.resolved_at.desc(), _case.c.id) if wanted.resolved else open_order))
        .limit(limit)
        .offset(offset)
    )
    return [{**row, "order": row["order"] or "", "answered": bool(row["answered"])} for row in mappings(session, query)]


def how_many(session: Session, wanted: Filter, now: datetime) -> int:
    return int(session.execute(sa.select(sa.func.count()).select_from(_case).where(*wanted.where(now))).scalar_one())


def counts(session: Session, now: datetime) -> Counts:
    def by(column: sa.ColumnElement[str]) -> dict[str, int]:
        return pairs(session, sa.select(column, sa.func.count()).where(_OPEN).group_by(column).order_by(column))

    owners = by(_case.c.owner)
    return Counts(sum(owners.values()), how_many(session, Filter(overdue=True), now), owners, by(_case.c.kind))


def find_case(session: Session, case_id: str, *, lock: bool = False) -> Mapping[str, Any]:
    """Raises: Refused."""
    found = select_by(session, ReviewCase, "id", [case_id], lock=lock)
    if not found:
        raise Refused(f"there is no case {case_id}; `aftercart cases list` shows the open ones")
    return found[0]


def hand_over(session: Session, case_id: str, owner: str, now: datetime) -> None:
    """Another owner: a team, or a person as the audit trail names one. Raises: Refused for a resolved case."""
    case = find_case(session, case_id, lock=True)
    if case["state"] == CaseState.RESOLVED:
        raise Refused(f"case {case_id} was resolved before: {case['resolution']}")
    if case["owner"] == owner:
        return
    update_by(session, ReviewCase, [{"id": case_id, "owner": owner}])
    audit.append(
        session, [audit.entry("review_case", case_id, case["state"], case["state"], f"handed_over:{owner}", now)]
    )


def write_note(session: Session, case_id: str, text: str, now: datetime) -> None:
    """What a person wants to have written down. Raises: Refused for an empty or an endless text."""
    case = find_case(session, case_id)
    if not text.strip() or len(text) > LONGEST_NOTE:
        raise Refused(f"a note has 1 to {LONGEST_NOTE} characters")
    note = {
        "id": new_id("note"), "case_id": case_id, "order_id": case["order_id"], "author": audit.actor.get(),
        "text": text.strip(), "created_at": now,
    }  # fmt: skip
    insert_rows(session, CaseNote, [note])
    audit.append(
        session, [audit.entry("review_case", case_id, case["state"], case["state"], f"note:{note['id']}", now)]
    )


def notes_of(session: Session, case_ids: Iterable[str]) -> list[Mapping[str, Any]]:
    """The oldest first; `text` is None when it was purged."""
    return select_by(session, CaseNote, "case_id", case_ids, order_by="id")


def purge_notes(session: Session, *, before: datetime) -> int:
    """Forget what was written, for it may name people; that it was written stays. Returns how many."""
    old = sa.update(_note).where(_note.c.created_at < before, _note.c.text.is_not(None)).values(text=None)
    return int(getattr(session.execute(old), "rowcount", 0))
