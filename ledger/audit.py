"""The audit trail: who changed which state, when and why. Append only, nothing personal."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from sqlmodel import Session

from ledger.rows import Row, insert_rows
from ledger.tables import AuditEvent

# Set once per run at the process edge; travels with the call into the ledger's thread.
actor: ContextVar[str] = ContextVar("aftercart_actor", default="system")
flow_run_id: ContextVar[str] = ContextVar("aftercart_flow_run_id", default="")


@contextmanager
def acting(who: str) -> Iterator[None]:
    """What is written meanwhile was done by them; "" leaves it as it is."""
    before = actor.set(who or actor.get())
    try:
        yield
    finally:
        actor.reset(before)


def entry(aggregate: str, aggregate_id: str, from_state: str, to_state: str, cause: str, now: datetime) -> Row:
    """A row for `append`."""
    return {
        "aggregate": aggregate,
        "aggregate_id": aggregate_id,
        "actor": actor.get(),
        "from_state": from_state,
        "to_state": to_state,
        "cause": cause,
        "flow_run_id": flow_run_id.get(),
        "at": now,
    }


def append(session: Session, rows: list[Row]) -> None:
    insert_rows(session, AuditEvent, rows)
