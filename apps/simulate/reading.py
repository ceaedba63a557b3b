"""What the ledger says of a trial, and a trial as JSON between processes."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from apps.simulate.arms import WINDOW_ENDS, Arm, is_taken, offers_made
from apps.simulate.outcomes import Offered, Said, Trial, Truth
from domain.states import DeadlineState, MessageState
from ledger.tables import Deadline, Message, Order
from ledger.tables.base import table_of

_message, _order, _deadline = table_of(Message), table_of(Order), table_of(Deadline)
Row = Mapping[str, Any]


def messages_sent(session: Session, after: datetime | None = None) -> list[Row]:
    """What was sent, oldest first; `after` leaves out what was sent until then."""
    names = ("id", "kind", "order_id", "subject_id", "facts", "channel", "sent_at")
    wanted = sa.select(*(_message.c[name] for name in names)).where(_message.c.state == MessageState.SENT)
    if after is not None:
        wanted = wanted.where(_message.c.sent_at > after)
    rows = session.execute(wanted.order_by(_message.c.sent_at, _message.c.created_at, _message.c.id))
    return [dict(row) for row in rows.mappings()]


def orders(session: Session) -> dict[str, tuple[str, float]]:
    """Name in the shop and worth in dollars, by our id."""
    rows = session.execute(sa.select(_order.c.id, _order.c.name, _order.c.total_minor))
    return {row.id: (row.name, row.total_minor / 100) for row in rows}


def overdue(session: Session, before: datetime) -> dict[str, int]:
    """Clocks that ran out before then and nobody has acted on, by kind. A clock whose action was carried out is none,
    whatever it was that happened."""
    wanted = (
        sa.select(_deadline.c.kind, sa.func.count())
        .where(_deadline.c.state == DeadlineState.PENDING, _deadline.c.due_at < before)
        .group_by(_deadline.c.kind)
    )
    return {kind: int(count) for kind, count in session.execute(wanted).tuples()}


def window_ends(facts: Row) -> datetime | None:
    """The end of the last day of the window that a message names."""
    told = facts.get(WINDOW_ENDS)
    if not isinstance(told, str) or not told:
        return None
    if len(told) > len("2026-01-05"):
        return datetime.fromisoformat(told)
    return datetime.combine(date.fromisoformat(told), time.min, UTC) + timedelta(days=1)


def said(row: Row, number: int | None) -> Said:
    facts = row["facts"]
    text = json.dumps(facts, sort_keys=True, default=str)
    return Said(
        number=number,
        subject=row["subject_id"],
        kind=row["kind"],
        at=row["sent_at"],
        digest=hashlib.sha256(text.encode()).hexdigest()[:16],
        channel=row["channel"],
        detail=str(facts.get("exception") or ""),
        until=window_ends(facts),
    )


def offered(row: Row, number: int) -> Offered:
    return Offered(number, str(row["kind"]), row["created_at"], is_taken(row))


def truth(told: Row, value: float) -> Truth:
    """As the world tells it of one order."""
    return Truth(
        number=int(told["number"]),
        placed_at=datetime.fromisoformat(told["placed_at"]),
        promised_at=datetime.fromisoformat(told["promised_at"]),
        handed_over_at=_time(told["handed_over_at"]),
        arrives_at=_time(told["arrives_at"]),
        gone_at=_time(told["gone_at"]),
        lost_at=_time(told["lost_at"]),
        asked=tuple(datetime.fromisoformat(each["at"]) for each in told["asked"]),
        amends=tuple(datetime.fromisoformat(each["at"]) for each in told["amends"]),
        value=value,
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def trial_of(
    session: Session, told: Sequence[Row], numbers: Mapping[str, int], costs: Mapping[str, float],
    *, arm: Arm, ends: datetime, slack: timedelta,
) -> Trial:  # fmt: skip
    """Everything about a trial that has ended, as its customers saw it: what a placebo offers is never told.
    `numbers`: customer by the order's name in the shop; `slack`: how late a clock's action may be, because nobody looks
    in between."""
    offers = offers_made(session) if arm is not Arm.PLACEBO else []
    known = orders(session)
    of_order = {order_id: numbers[name] for order_id, (name, _) in known.items() if name in numbers}
    worth = {numbers[name]: value for name, value in known.values() if name in numbers}
    return Trial(
        truths=[truth(each, worth.get(int(each["number"]), 0.0)) for each in told],
        said=[said(row, of_order.get(row["order_id"])) for row in messages_sent(session)],
        offered=[offered(row, of_order[row["order_id"]]) for row in offers if row["order_id"] in of_order],
        overdue=overdue(session, ends - slack),
        costs=costs,
        ends=ends,
    )
