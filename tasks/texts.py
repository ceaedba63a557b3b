"""What vendors of texts deliver: answers of people, and what became of texts of ours."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from config import wiring
from connectors.messaging.base import TextEvent
from connectors.reading import Unreadable
from ledger import inbox
from ledger.claims import still_held
from ledger.tables import InboxEvent
from ledger.texting import take_answer, text_ended
from tasks.runtime import Report, in_ledger, work_off
from tasks.stage import Rows, log_failure, one_by_one

CHUNK = 25


async def take(limit: int) -> Report:
    """Take deliveries about texts. Nothing where there is no account for texts."""
    if not wiring.current().texting_target:
        return Report("communicate")
    return await work_off("communicate", _step, limit=limit, chunk=CHUNK, workers=1)


async def _step(report: Report, size: int) -> int:
    wired = wiring.current()
    texter = wired.texter()
    if texter is None:
        return 0
    claimed = await in_ledger(inbox.claim_inbox, texter.system, limit=size, now=wired.now(), real_now=wired.real_now())
    if not claimed.rows:
        return 0
    token = claimed.lease.token
    events: dict[str, TextEvent | None] = {}
    unreadable = []
    for row in claimed.rows:
        try:
            events[row["id"]] = texter.read(row["body"] or b"")
        except Unreadable:
            unreadable.append(row)
    await in_ledger(inbox.failed, unreadable, "unreadable", token, wired.now(), final=True)
    readable = [row for row in claimed.rows if row["id"] in events]

    async def whole(rows: Rows) -> dict[str, str]:
        return await in_ledger(_take, rows, events, token, wired.now())

    async def failed(row: Mapping[str, Any], failure: Exception) -> None:
        log_failure("communicate", row["id"], failure)
        await in_ledger(inbox.failed, [row], type(failure).__name__, token, wired.now())
        report.add("", "", "postponed", type(failure).__name__)

    for outcomes in await one_by_one(readable, whole, failed) if readable else []:
        for what in outcomes.values():
            report.add("", "", what, texter.system)
    return len(claimed.rows)


def _take(
    session: Session, rows: Rows, events: Mapping[str, TextEvent | None], token: int, now: datetime
) -> dict[str, str]:
    live = still_held(session, InboxEvent, [row["id"] for row in rows], token)
    outcome: dict[str, str] = {}
    for row in rows:
        if row["id"] not in live:
            continue
        event = events[row["id"]]
        if event is None:
            outcome[row["id"]] = "ignored"
        elif event.came_to:
            outcome[row["id"]] = text_ended(session, event.external_id, event.came_to, now)
        else:
            outcome[row["id"]] = take_answer(session, row, event.number, event.words, now)
    inbox.handled(session, outcome, token, now)
    return outcome
