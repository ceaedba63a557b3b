"""How often dead runs were started again: counted per deployment and hour, so that what dies at once is not started
for ever. The count is a row beside the heartbeats, in real time like them."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from ledger.cases import CaseDraft, open_cases
from ledger.heartbeats import RESTARTS, beat
from ledger.rows import mappings
from ledger.tables import Heartbeat
from ledger.tables.base import table_of

MOST = 6
WITHIN = timedelta(hours=1)
BEGINS_WITHIN = timedelta(minutes=2)  # of being taken up by a worker; a run that is still pending then never begins
_count = table_of(Heartbeat)


def take_restart(session: Session, deployment: str, *, now: datetime, real_now: datetime) -> bool:
    """Count one more restart; False when there were enough within the hour. The first that is refused opens a case,
    and it alone: what a person has decided then stands for the hour."""
    rows = mappings(session, sa.select(_count).where(_count.c.name == _name(deployment)).with_for_update())
    begun, made = (rows[0]["at"], int(rows[0]["detail"])) if rows else (real_now, 0)
    if real_now - begun >= WITHIN:
        begun, made = real_now, 0
    if made > MOST:
        return False
    if made == MOST:
        _ask_a_person(session, deployment, now)
    beat(session, _name(deployment), begun, str(made + 1))
    return made < MOST


def allow_restarts(session: Session, deployment: str) -> None:
    """Begin to count anew: a person has mended what made its runs die."""
    session.execute(sa.delete(_count).where(_count.c.name == _name(deployment)))


def _ask_a_person(session: Session, deployment: str, now: datetime) -> None:
    draft = CaseDraft(
        key=f"runs_dying:{deployment}",
        kind="runs_dying",
        severity="high",
        subject_id=deployment,
        facts={"deployment": deployment, "restarts": MOST, "within_minutes": int(WITHIN.total_seconds() // 60)},
        choices=["start_again", "ignore"],
    )
    open_cases(session, [draft], now)


def _name(deployment: str) -> str:
    return f"{RESTARTS}{deployment}"
