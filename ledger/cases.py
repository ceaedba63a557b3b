"""Review cases: what a person must look at, with the choices offered. Never only a log line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import new_id
from domain.states import CaseState, check
from ledger import audit
from ledger.rows import Row, insert_new, mappings, select_by, update_by
from ledger.tables import ReviewCase
from ledger.tables.base import table_of

DUE = {"high": timedelta(hours=4), "normal": timedelta(hours=24), "low": timedelta(days=3)}
_case = table_of(ReviewCase)


@dataclass(frozen=True, slots=True)
class CaseDraft:
    """`key` names the trouble: a second report of it opens no second case."""

    key: str
    kind: str
    severity: str = "normal"
    order_id: str = ""
    subject_id: str = ""
    owner: str = "ops"
    facts: dict[str, Any] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)


def open_cases(session: Session, drafts: Sequence[CaseDraft], now: datetime) -> set[str]:
    """Open those that are not open yet; returns the new ids. A resolved one of the same key is opened anew
    under a numbered key."""
    rows: list[Row] = [
        {
            "id": new_id("case"),
            "key": _free_key(session, draft.key),
            "kind": draft.kind,
            "severity": draft.severity,
            "order_id": draft.order_id,
            "subject_id": draft.subject_id,
            "owner": draft.owner,
            "due_at": now + DUE[draft.severity],
            "state": CaseState.OPEN,
            "facts": draft.facts,
            "choices": draft.choices,
            "resolution": "",
            "created_at": now,
        }
        for draft in drafts
    ]
    new = insert_new(session, ReviewCase, rows)
    audit.append(
        session,
        [
            audit.entry("review_case", row["id"], "", CaseState.OPEN, row["kind"], now)
            for row in rows
            if row["id"] in new
        ],
    )
    return {str(i) for i in new}


def _free_key(session: Session, key: str) -> str:
    ended = session.execute(
        sa.select(sa.func.count()).where(_about(key), _case.c.state == CaseState.RESOLVED)
    ).scalar_one()
    return f"{key}#{ended + 1}" if ended else key


def _about(key: str) -> sa.ColumnElement[bool]:
    """Cases of this trouble, numbered ones too. Not LIKE: keys hold `_`, and SQLite's LIKE folds case."""
    return sa.or_(_case.c.key == key, sa.func.substr(_case.c.key, 1, len(key) + 1) == f"{key}#")


def latest_about(session: Session, key: str) -> Mapping[str, Any] | None:
    """The newest case about this trouble, open or ended."""
    query = sa.select(_case).where(_about(key)).order_by(_case.c.created_at.desc(), _case.c.id.desc()).limit(1)
    return next(iter(mappings(session, query)), None)


def move_case(session: Session, case_id: str, to: CaseState, *, cause: str, now: datetime) -> Mapping[str, Any]:
    """Change a case's state; `cause` is the resolution when it ends. Raises: KeyError, IllegalTransition."""
    rows = select_by(session, ReviewCase, "id", [case_id], lock=True)
    if not rows:
        raise KeyError(case_id)
    [row] = rows
    check("review_case", row["state"], to)
    ended = to is CaseState.RESOLVED
    update_by(
        session,
        ReviewCase,
        [
            {
                "id": case_id,
                "state": to,
                "resolution": cause if ended else row["resolution"],
                "resolved_at": now if ended else None,
            }
        ],
    )
    audit.append(session, [audit.entry("review_case", case_id, row["state"], to, cause, now)])
    return row


def resolve_by_key(session: Session, key: str, *, cause: str, now: datetime) -> None:
    """End the open case about this trouble, because the trouble is gone."""
    open_ids = (
        session.execute(sa.select(_case.c.id).where(_about(key), _case.c.state != CaseState.RESOLVED)).scalars().all()
    )
    for case_id in open_ids:
        move_case(session, case_id, CaseState.RESOLVED, cause=cause, now=now)
