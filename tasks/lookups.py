"""What is asked by order number and e-mail without a log-in: look-ups, whose link goes to the mailbox that the order
has, and withdrawals, whose receipt does. And what customers answer when their order is shipped late, choose about
messages, and take of what is offered for a parcel in trouble.

The page has answered before anything is looked up, so neither its words nor its time tell whether an order exists.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session

from config import wiring
from ledger import inbox, preferences, ship_notices, withdrawals
from ledger.claims import still_held
from ledger.messages import say
from ledger.offers import answering
from ledger.order_access import find_orders, link_claims
from ledger.tables import InboxEvent
from tasks.effect_kinds import KINDS, MAIL_KINDS
from tasks.effects import send_due
from tasks.runtime import Report, in_ledger, work_off
from tasks.stage import Rows, log_failure, one_by_one

SOURCE = "look_up"  # of the inbox
CHUNK = 25
_SAID = ("found", "declared")  # outcomes after which somebody looks at an empty mailbox


async def answer(limit: int) -> Report:
    """Take what customers look up or declare, and send their mails at once: they are looking at an empty mailbox."""
    report = await work_off("communicate", _step, limit=limit, chunk=CHUNK, workers=1)
    if any(line.outcome in _SAID for line in report.lines):
        await send_due(KINDS, report, CHUNK, only=MAIL_KINDS)
    return report


async def _step(report: Report, size: int) -> int:
    taken = 0
    for source in TAKERS:
        if taken < size:
            taken += await _take_from(source, report, size - taken)
    return taken


async def _take_from(source: str, report: Report, size: int) -> int:
    wired = wiring.current()
    claimed = await in_ledger(inbox.claim_inbox, source, limit=size, now=wired.now(), real_now=wired.real_now())
    if not claimed.rows:
        return 0
    token = claimed.lease.token

    async def whole(rows: Rows) -> dict[str, str]:
        return await in_ledger(_take, source, rows, token, wired.now())

    async def failed(row: Mapping[str, Any], failure: Exception) -> None:
        log_failure("communicate", row["id"], failure)
        await in_ledger(inbox.failed, [row], type(failure).__name__, token, wired.now())
        report.add("", "", "postponed", type(failure).__name__)

    for outcomes in await one_by_one(claimed.rows, whole, failed):
        for what in outcomes.values():
            report.add("", "", what, source)
    return len(claimed.rows)


def _take(session: Session, source: str, rows: Rows, token: int, now: datetime) -> dict[str, str]:
    live = still_held(session, InboxEvent, [row["id"] for row in rows], token)
    outcome: dict[str, str] = {}
    for row in rows:
        if row["id"] not in live:
            continue
        outcome[row["id"]] = TAKERS[source](session, row, now)
    inbox.handled(session, outcome, token, now)
    return outcome


def _look_up(session: Session, event: Mapping[str, Any], now: datetime) -> str:
    asked = orjson.loads(event["body"] or b"{}")
    found = find_orders(session, str(asked["order"]), str(asked["email"]))
    say(session, link_claims(found, event["received_at"].isoformat()), now)
    return "found" if found else "not_found"


def _offer(session: Session, event: Mapping[str, Any], now: datetime) -> str:
    return answering.take(session, event, wiring.current().policies, now)


TAKERS: Mapping[str, Callable[[Session, Mapping[str, Any], datetime], str]] = {
    SOURCE: _look_up,
    withdrawals.SOURCE: withdrawals.take,
    ship_notices.SOURCE: ship_notices.take,
    preferences.SOURCE: preferences.take,
    answering.SOURCE: _offer,
}
