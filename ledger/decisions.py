"""Decision records: what was decided, from what, under which policy."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from domain.ids import digest, new_id
from ledger.rows import Row, insert_rows
from ledger.tables import Decision


def record_decisions(session: Session, drafts: Sequence[Row], policy_version: str, now: datetime) -> None:
    """Drafts carry workflow, order_id, inputs, candidates, choice, explanation."""
    insert_rows(
        session,
        Decision,
        [
            {
                "id": new_id("dec"),
                "policy_version": policy_version,
                "inputs_digest": digest(draft["inputs"]),
                "decided_at": now,
                **draft,
            }
            for draft in drafts
        ],
    )
