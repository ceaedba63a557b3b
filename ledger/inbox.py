"""The inbox: a delivery is stored before it is answered, and is handled only by success."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import new_id
from ledger.cases import CaseDraft, open_cases
from ledger.claims import Claimed, Claims
from ledger.prepared import Prepared, listed
from ledger.queue import MAX_ATTEMPTS, backoff
from ledger.rows import insert_missing
from ledger.tables import InboxEvent
from ledger.tables.base import table_of

_inbox = table_of(InboxEvent)
_UNHANDLED = (_inbox.c.handled_at.is_(None), _inbox.c.source == sa.bindparam("source"))
_WITH_BODIES = Claims(InboxEvent, *_UNHANDLED)
_WITHOUT_BODIES = Claims(InboxEvent, *_UNHANDLED, without=("body",))
_HANDLED = Prepared(
    sa.update(_inbox)
    .where(listed(_inbox.c.id, "ids"), _inbox.c.lease_token == sa.bindparam("token"))
    .values(handled_at=sa.bindparam("now"), outcome=sa.bindparam("came_to"), lease_until=None, error="")
)


@dataclass(frozen=True, slots=True)
class Delivery:
    source: str
    account: str
    topic: str
    delivery_id: str
    subject: str
    body: bytes


def store(session: Session, deliveries: Sequence[Delivery], now: datetime) -> int:
    """Keep deliveries; returns how many were new. A second delivery of one id is not new."""
    rows = [
        {
            "id": new_id("inb"),
            "source": d.source,
            "account": d.account,
            "topic": d.topic,
            "delivery_id": d.delivery_id,
            "subject": d.subject,
            "body": d.body,
            "received_at": now,
            "outcome": "",
            "due_at": now,
            "attempts": 0,
            "lease_token": 0,
            "error": "",
        }
        for d in deliveries
    ]
    return insert_missing(session, InboxEvent, rows)


def waits(session: Session, source: str, account: str, topic: str, delivery_id: str, subject: str) -> bool:
    """Whether a delivery about this subject has come in and is not looked at yet."""
    found = sa.select(_inbox.c.id).where(
        _inbox.c.source == source,
        _inbox.c.account == account,
        _inbox.c.topic == topic,
        _inbox.c.delivery_id == delivery_id,
        _inbox.c.subject == subject,
        _inbox.c.handled_at.is_(None),
    )
    return session.execute(found).first() is not None


def claim_inbox(
    session: Session, source: str, *, limit: int, now: datetime, real_now: datetime, bodies: bool = True
) -> Claimed:
    """Take unhandled events of one kind of source, oldest first, unless they had to wait since; without `bodies`
    where the vendor is asked anyway."""
    claims = _WITH_BODIES if bodies else _WITHOUT_BODIES
    return claims.take(session, limit=limit, now=now, real_now=real_now, source=source)


def handled(session: Session, outcomes: Mapping[str, str], token: int, now: datetime) -> None:
    """Mark events as handled: id -> outcome code (done, stale, ignored, unknown_topic …)."""
    by_outcome: dict[str, list[str]] = {}
    for event_id, outcome in outcomes.items():
        by_outcome.setdefault(outcome, []).append(event_id)
    for outcome, ids in by_outcome.items():
        _HANDLED.run(session, ids=ids, token=token, now=now, came_to=outcome)


def failed(
    session: Session,
    events: Sequence[Mapping[str, Any]],
    code: str,
    token: int,
    now: datetime,
    *,
    final: bool = False,
    after_s: float | None = None,
) -> None:
    """Put events back with backoff; at the attempt cap, or at once when trying again cannot help (`final`), a
    case opens. The event stays stored and unhandled at a day's distance, so that a mended program takes it."""
    for row in events:
        worn_out = final or row["attempts"] >= MAX_ATTEMPTS
        due = now + (timedelta(days=1) if worn_out else backoff(row["attempts"], after_s=after_s))
        session.execute(
            sa.update(_inbox)
            .where(_inbox.c.id == row["id"], _inbox.c.lease_token == token)
            .values(due_at=due, lease_until=None, error=code)
        )
        if worn_out:
            open_cases(
                session,
                [
                    CaseDraft(
                        key=f"inbox:{row['source']}:{row['account']}:{row['topic']}:"
                        f"{row['subject'] or row['delivery_id']}",
                        kind="inbox_unreadable",
                        severity="high",
                        subject_id=row["id"],
                        facts={
                            "source": row["source"],
                            "account": row["account"],
                            "topic": row["topic"],
                            "subject": row["subject"],
                            "code": code,
                        },
                        choices=["retry", "drop"],
                    )
                ],
                now,
            )


def purge_bodies(session: Session, *, before: datetime) -> int:
    """Forget raw bodies of handled events received before a time: they name people."""
    result = session.execute(
        sa.update(_inbox)
        .where(_inbox.c.received_at < before, _inbox.c.handled_at.is_not(None), _inbox.c.body.is_not(None))
        .values(body=None)
    )
    return int(getattr(result, "rowcount", 0))
