"""The step of a request that waits for its payment, and the webhooks that wake it or tell of money on its way back.

A webhook is a hint: the step looks at the page itself, at once when it is woken and by and by when it is not.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlmodel import Session

from config import wiring
from connectors.errors import ConnectorError
from connectors.payments.base import LinkState, PaymentLink
from domain.states import ENDED_EDIT, EffectState
from ledger import inbox
from ledger.claims import still_held
from ledger.editing import ending, paid, requests, returns
from ledger.editing.paid import Paid
from ledger.editing.requests import RequestRow
from ledger.returning import exchange_paying
from ledger.rows import select_by
from ledger.tables import EditRequest, InboxEvent
from tasks import disputes
from tasks.deliveries import take_about
from tasks.editing.runtime import Went, onward, waits
from tasks.effect_kinds import KINDS
from tasks.effects import send_due
from tasks.runtime import Report, in_ledger
from tasks.sending.payments import find_money_back, vendor

MAKING = timedelta(seconds=5)  # until a page that is not made yet is looked for again
FIRST_LOOK = timedelta(seconds=30)
VENDOR_AWAY = timedelta(seconds=30)
SELDOM = timedelta(minutes=10)  # at most so long between two questions to a vendor that is away


async def collect(request: RequestRow, token: int) -> Went:
    """See to the page, look at it, and move on when it is paid; its end is the request's end."""
    if not request["payment_external_id"]:
        await send_due(KINDS, Report("requests"), 5, only=(paid.PAGE,))
        request = await in_ledger(requests.locked, request["id"], token)
    if request["plan"].get(paid.REFUSED):
        return await _expire(request, token, "payment_page_refused")
    if not request["payment_external_id"]:
        return await _wait_or_end(request, token, "page_under_way", MAKING)
    try:
        link = await check_payment(request)
    except ConnectorError as error:
        return await _wait_for_answer(request, token, error.code)
    if link is not None and link.state is LinkState.PAID:
        what = Paid(link.payment, link.amount_minor, link.paid_at)
        await in_ledger(paid.take_payment, request["id"], token, what, wiring.current().now())
        return onward("paid")
    if link is not None and link.state is LinkState.EXPIRED:
        return await _expire(request, token, "payment_overdue")
    age = wiring.current().now() - request["created_at"]
    return await _wait_or_end(request, token, "awaits_payment", max(age / 10, FIRST_LOOK))


async def check_payment(request: RequestRow) -> PaymentLink | None:
    """The page as its vendor has it now, None when there is no such page. Raises: ConnectorError."""
    return await vendor().fetch_link(request["payment_external_id"])


async def _wait_or_end(request: RequestRow, token: int, outcome: str, wait: timedelta) -> Went:
    """Look again after a while, and at the page's end at the latest; then the request ends."""
    left = request["expires_at"] - wiring.current().now()
    if left <= timedelta(0):
        return await _expire(request, token, "payment_overdue")
    return waits(outcome, wait if wait + MAKING < left else None)


async def _wait_for_answer(request: RequestRow, token: int, outcome: str) -> Went:
    """The vendor is away. When the page has ended it may have been paid in time: the request lives until somebody can
    tell, ever more patiently, but no longer than the policy has it. Whoever closes the page then gives back what was
    paid."""
    wired = wiring.current()
    overdue = wired.now() - request["expires_at"]
    if overdue < timedelta(0):
        return await _wait_or_end(request, token, outcome, VENDOR_AWAY)
    left = wired.policies.edits.answer_within - overdue
    if left <= timedelta(0):
        return await _expire(request, token, "payment_overdue")
    return waits(outcome, min(max(overdue, VENDOR_AWAY), SELDOM, left))


async def _expire(request: RequestRow, token: int, code: str) -> Went:
    await in_ledger(ending.expire, request["id"], token, code, wiring.current().now())
    return onward("expired")


async def take_payment_events(report: Report, size: int) -> int:
    """Wake the requests whose pages somebody has told of; returns how many deliveries were taken."""
    wired = wiring.current()
    if not wired.payment_page:
        return 0
    system = wired.payment_page.partition("/")[0]
    claimed = await in_ledger(
        inbox.claim_inbox, system, limit=size, now=wired.now(), real_now=wired.real_now(), bodies=False
    )
    token = claimed.lease.token if claimed.rows else 0
    told = [row for row in claimed.rows if row["topic"] in vendor().dispute_topics]
    for row in told:
        await take_about(report, wired.payment_page, row["subject"], [row], token, partial(_dispute, row["subject"]))
    rest = [row for row in claimed.rows if row not in told]
    if rest:
        asked_later = await _sent_back(rest)
        outcomes = await in_ledger(_wake, rest, token, asked_later)
        for request_id, outcome in outcomes:
            report.add("", request_id, outcome)
    return len(claimed.rows)


async def _dispute(external_id: str) -> str:
    """A dispute of a payment page's money, as its vendor has it now."""
    said = await vendor().fetch_dispute(external_id)
    return await disputes.take(wiring.current().payment_page, said) if said is not None else "gone"


async def _sent_back(events: Sequence[Mapping[str, Any]]) -> set[str]:
    """Look at refunds that had ended well and are told of: a bank may have sent the money back. Returns those of which
    their vendor cannot be asked now."""
    tries = await in_ledger(returns.last_tries, {row["subject"] for row in events})
    ended = {name: row for name, row in tries.items() if row["state"] == EffectState.DONE}
    unasked = set()
    for (reference, row), said in zip(ended.items(), await find_money_back(list(ended.values())), strict=True):
        if said.name == "rejected":
            await in_ledger(returns.came_back, row["id"], said, wiring.current().now())
        elif said.name != "done":
            unasked.add(reference)
    return unasked


def _wake(
    session: Session, events: Sequence[Mapping[str, Any]], token: int, asked_later: Collection[str]
) -> list[tuple[str, str]]:
    now = wiring.current().now()
    live = still_held(session, InboxEvent, [row["id"] for row in events], token)
    inbox.failed(session, [row for row in events if row["subject"] in asked_later], "vendor_away", token, now)
    mine = [row for row in events if row["id"] in live and row["subject"] not in asked_later]
    refunds = returns.last_tries(session, {row["subject"] for row in mine})
    returns.ask_soon(session, refunds.values(), now)
    states = {
        row["id"]: row["state"] for row in select_by(session, EditRequest, "id", {row["subject"] for row in mine})
    }
    outcomes: dict[str, str] = {}
    for event in mine:
        if event["subject"] in refunds:
            outcomes[event["id"]] = "refund"
            continue
        state = states.get(event["subject"])
        if state is None:
            outcomes[event["id"]] = exchange_paying.heard(session, event["subject"], now)
            continue
        # an ended request's page is being closed: whoever closes it finds what was paid
        outcomes[event["id"]] = "ended" if state in ENDED_EDIT else "woken"
        if outcomes[event["id"]] == "woken":
            requests.wake(session, event["subject"], now)
    inbox.handled(session, outcomes, token, now)
    return [(row["subject"], outcomes[row["id"]]) for row in mine]
