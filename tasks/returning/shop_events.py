"""What shops tell of returns and disputes in their own admin, by webhook and by sweep."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from prefect import task
from sqlmodel import Session

from config import wiring
from connectors.shops.returning import ReturningShop, ShopReturn
from ledger.returning import from_shop
from ledger.returning.from_shop import StatedLine, StatedReturn
from ledger.rows import select_by
from ledger.tables import InboxEvent
from tasks import disputes
from tasks.asking import asking
from tasks.deliveries import take_about
from tasks.runtime import Report, in_ledger, is_retryable, read_ledger

RETURNS, DISPUTES = "returns/", "disputes/"
TOPICS = (RETURNS, DISPUTES)
Events = Sequence[Mapping[str, Any]]


async def take(report: Report, target: str, events: Events, token: int) -> None:
    """Deliveries of one shop. Those about one return or order are one question to the shop."""
    shop = wiring.current().returning_shops()[target]
    about: dict[str, list[Mapping[str, Any]]] = {}
    for row in events:
        if row["topic"].startswith(DISPUTES):
            await take_about(report, target, row["subject"], [row], token, partial(_dispute, shop, target, row["id"]))
        else:
            about.setdefault(row["subject"], []).append(row)
    for subject, rows in about.items():
        await take_about(report, target, subject, rows, token, partial(_returns, shop, target, subject))


async def _returns(shop: ReturningShop, target: str, subject: str) -> str:
    outcomes = [await _take_one(target, each) for each in await shop.returns_about(subject)]
    return next((outcome for outcome in outcomes if outcome != "known"), outcomes[-1] if outcomes else "gone")


async def _take_one(target: str, said: ShopReturn) -> str:
    return await in_ledger(from_shop.take_stated, target, stated(said), wiring.current().now())


def stated(said: ShopReturn) -> StatedReturn:
    """A shop's return in the ledger's words; a line that is no item of an order has none of ours."""
    lines = tuple(StatedLine(line.line, line.quantity, line.processed, line.reason) for line in said.lines)
    reference = next((line.note for line in said.lines if line.note), "")
    return StatedReturn(said.external_id, said.order, str(said.state), lines, reference)


async def _dispute(shop: ReturningShop, target: str, event_id: str) -> str:
    """The delivery itself is read: nothing else says how much, and until when to answer."""
    body = await read_ledger(_body, event_id)
    return await disputes.take(target, await shop.told_dispute(body))


def _body(session: Session, event_id: str) -> bytes:
    [row] = select_by(session, InboxEvent, "id", [event_id])
    return bytes(row["body"] or b"")


@task(
    name="sweep returns",
    task_run_name="sweep returns {target}",
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=is_retryable,
)
async def sweep_returns(target: str) -> Report:
    """Returns that are under way in the shop, and ours that the shop may have ended: a return has no time of its last
    change, so all of them are looked at. What differs is a webhook that never came."""
    wired = wiring.current()
    report = Report(f"sweep returns {target}")
    known = await read_ledger(from_shop.open_in_shop, target)
    async with asking(report, target):
        async for page in wired.returning_shops()[target].returns_under_way(known):
            for said in page:
                outcome = await _take_one(target, said)
                if outcome not in ("known", "gone"):
                    report.add(said.name, "", outcome, "missed_webhook")
    return report
