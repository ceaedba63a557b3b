"""Cases that nobody has ended when they were due: each is a deadline row, whose action raises the case."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.states import CaseState
from ledger import audit
from ledger.deadlines import DeadlineDraft, set_deadlines
from ledger.rows import mappings, select_by, update_by
from ledger.tables import ReviewCase
from ledger.tables.base import table_of

KIND, ACTION = "case_due", "raise_case"
MOST = 1_000  # cases of one run; the rest is due at the next
_case = table_of(ReviewCase)


def set_case_clocks(session: Session, now: datetime) -> int:
    """Write the deadlines of open cases that are due; returns how many cases there were. A case has one for each time
    that it is due."""
    due = sa.select(_case).where(_case.c.state != CaseState.RESOLVED, _case.c.due_at <= now)
    rows = mappings(session, due.order_by(_case.c.due_at).limit(MOST))
    set_deadlines(
        session,
        [
            DeadlineDraft(
                KIND, f"{row['id']}.{row['due_at']:%Y%m%d%H%M%S}", row["order_id"], row["due_at"], row["owner"], ACTION
            )
            for row in rows
        ],
        now,
    )
    return len(rows)


def raise_case(session: Session, row: Mapping[str, Any], severity: str, again: timedelta, now: datetime) -> bool:
    """Raise the case of a deadline: more urgent, due once more after `again`. Returns whether it was still open."""
    case_id = row["subject_id"].rpartition(".")[0]
    found = select_by(session, ReviewCase, "id", [case_id], lock=True)
    if not found or found[0]["state"] == CaseState.RESOLVED:
        return False
    [case] = found
    update_by(session, ReviewCase, [{"id": case_id, "severity": severity, "due_at": now + again}])
    audit.append(session, [audit.entry("review_case", case_id, case["state"], case["state"], "overdue", now)])
    return True
