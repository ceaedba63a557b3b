"""The customer's history: what became of what somebody asked for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.ids import new_id
from ledger.rows import insert_rows
from ledger.tables import Interaction


def remember(
    session: Session, kind: str, request: Mapping[str, Any], customer_id: str | None, outcome: str, now: datetime
) -> None:
    """A line about a request. `kind`: the name of its table."""
    row = {
        "id": new_id("int"),
        "customer_id": customer_id,
        "order_id": request["order_id"],
        "kind": kind,
        "subject_id": request["id"],
        "outcome": outcome,
        "channel": request["origin"],
        "actor": request["actor"],
        "at": now,
    }
    insert_rows(session, Interaction, [row])
