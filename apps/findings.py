"""What doctor says, and what it finds in the ledger: the clock, who is alive, what waits."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session

from apps.programs import REQUESTS
from config.wiring import Wiring
from domain.states import CaseState, EffectState
from ledger.heartbeats import SILENT_S, heartbeats
from ledger.tables import Effect, InboxEvent, ReviewCase
from ledger.tables.base import table_of

Level = Literal["ok", "warn", "fail"]
SILENT_AFTER = timedelta(seconds=60)
QUIET_AFTER = timedelta(seconds=SILENT_S)
INBOX_AGE = timedelta(minutes=5)
_effect, _case, _inbox = table_of(Effect), table_of(ReviewCase), table_of(InboxEvent)


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` is empty when all is well."""

    level: Level
    subject: str
    detail: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def ledger_findings(session: Session, current: Wiring) -> list[Finding]:
    """Of a ledger that can be read."""
    return [*_clock(current), *_heartbeat(session, current), _inbox_age(session, current), *_waiting(session, current)]


def _clock(current: Wiring) -> list[Finding]:
    ahead = round((current.now() - current.real_now()).total_seconds())
    if not ahead:
        return [Finding("ok", "clock", "real time")]
    detail = f"{timedelta(seconds=ahead)} ahead of real time"
    return [Finding("warn", "clock", detail, "right for a demo only; use a new database for real orders")]


def _heartbeat(session: Session, current: Wiring) -> list[Finding]:
    beats = heartbeats(session)
    found = [
        Finding("warn", name.removeprefix("vendor:"), f"in trouble: {row['detail']}", "it is tried again by itself")
        for name, row in beats.items()
        if name.startswith("vendor:") and row["detail"]
    ]
    return [*found, _order_work(beats, current.real_now()), _requests(beats, current.real_now())]


def _order_work(beats: Mapping[str, Mapping[str, Any]], real_now: datetime) -> Finding:
    """Runs of process-orders do the work; while they are silent a worker without Prefect may stand in."""
    ages = {name: real_now - row["at"] for name, row in beats.items()}
    silence = ages.get("process-orders")
    if silence is not None and silence <= QUIET_AFTER:
        return Finding("ok", "process-orders", "alive")
    since = "has never run" if silence is None else f"silent since {real_now - silence:%Y-%m-%d %H:%M:%S} UTC"
    if ages.get("worker", SILENT_AFTER) <= QUIET_AFTER:
        mend = "see whether the Prefect server runs (var/log/prefect-server.log, var/log/worker.log)"
        return Finding("warn", "process-orders", f"{since}; a worker without Prefect carries on", mend)
    if silence is not None and silence <= SILENT_AFTER:
        return Finding("ok", "process-orders", "alive")
    return Finding("fail", "process-orders", since, "start it with `aftercart up`; then see var/log/worker.log")


def _requests(beats: Mapping[str, Mapping[str, Any]], real_now: datetime) -> Finding:
    """Customers wait for it: a minute of silence is long."""
    at = beats[REQUESTS]["at"] if REQUESTS in beats else None
    if at is not None and real_now - at <= SILENT_AFTER:
        return Finding("ok", REQUESTS, "alive")
    since = "the runner has never run" if at is None else f"the runner is silent since {at:%Y-%m-%d %H:%M:%S} UTC"
    mend = "start it with `aftercart up` or `aftercart requests`; then see var/log/requests.log"
    return Finding("fail", REQUESTS, since, mend)


def _inbox_age(session: Session, current: Wiring) -> Finding:
    oldest = session.execute(
        sa.select(sa.func.min(_inbox.c.received_at)).where(_inbox.c.handled_at.is_(None), _inbox.c.attempts == 0)
    ).scalar_one()
    if oldest is None or current.now() - oldest < INBOX_AGE:
        return Finding("ok", "inbox", "no delivery waits long")
    detail = f"deliveries wait since {oldest:%Y-%m-%d %H:%M} UTC"
    return Finding("warn", "inbox", detail, "see whether process-orders runs (`aftercart up`)")


def _waiting(session: Session, current: Wiring) -> list[Finding]:
    parked = session.execute(
        sa.select(sa.func.count()).select_from(_effect).where(_effect.c.state == EffectState.PARKED)
    ).scalar_one()
    overdue = session.execute(
        sa.select(sa.func.count())
        .select_from(_case)
        .where(_case.c.state != CaseState.RESOLVED, _case.c.due_at < current.now())
    ).scalar_one()
    mend = "decide them: `aftercart cases list`"
    return [
        Finding("warn", "effects", f"{parked} parked", mend) if parked else Finding("ok", "effects", "none parked"),
        Finding("warn", "cases", f"{overdue} overdue", mend) if overdue else Finding("ok", "cases", "none overdue"),
    ]
