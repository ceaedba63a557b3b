"""Disputes that shops and payment vendors tell of: the evidence is gathered, then everything is written at once."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from prefect import task
from sqlmodel import Session

from config import wiring
from connectors import unreadable
from connectors.disputes import DisputeSource
from connectors.errors import VendorRejected
from domain.disputes import DisputeState, StatedDispute
from ledger import disputes
from ledger.cursors import move_cursor, read_cursor
from ledger.dispute_facts import EVIDENCE, evidence_of
from ledger.label_effects import store_document
from ledger.orders import lock_orders
from ledger.returning.from_shop import order_of
from tasks import printing
from tasks.asking import asking
from tasks.runtime import Report, in_ledger, is_retryable, read_ledger

FIRST_LOOK = timedelta(days=120)  # so long the card networks let a customer dispute what they paid


async def take(target: str, said: StatedDispute) -> str:
    """Write down what was said of a dispute; the same again changes nothing. Returns what it came to: opened, moved,
    ended, known, or gone for an order that is not ours."""
    order_id, payment_id, state = await read_ledger(_about, target, said)
    if not order_id:
        return "gone"
    if state is not None and not state.moves_to(said.state):
        return "known"
    paper = b""
    if state is None and said.state.is_open:
        paper = await printing.evidence(await read_ledger(evidence_of, order_id, said, wiring.current().now()))
    return await in_ledger(_write, target, said, order_id, payment_id, paper)


def _about(session: Session, target: str, said: StatedDispute) -> tuple[str, str, DisputeState | None]:
    """Our order, its tender where the vendor names the payment, and what we know of the dispute."""
    state = disputes.state_here(session, target, said.external_id)
    if said.payment:
        return *disputes.order_of_payment(session, said.payment), state
    order = order_of(session, target, said.order) if said.order else None
    return str(order["id"]) if order else "", "", state


def _write(session: Session, target: str, said: StatedDispute, order_id: str, payment_id: str, paper: bytes) -> str:
    wired = wiring.current()
    now = wired.now()
    lock_orders(session, [order_id])
    document = ""
    if paper and disputes.state_here(session, target, said.external_id) is None:  # nobody was faster
        document = store_document(
            session, EVIDENCE, "application/pdf", paper,
            order_id=order_id, subject_id=disputes.dispute_id(target, said.external_id), now=now,
            keep=wired.policies.retention.documents,
        )  # fmt: skip
    return disputes.take(session, target, said, order_id, payment_id, document, now)


def _sources() -> Mapping[str, DisputeSource]:
    """Whoever is asked, by target."""
    wired = wiring.current()
    page = wired.payments()
    return {**wired.returning_shops(), **({wired.payment_page: page} if page else {})}


async def sources() -> list[str]:
    """The shops and the payment vendor to sweep."""
    return sorted(_sources())


@task(
    name="sweep disputes",
    task_run_name="sweep disputes {target}",
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=is_retryable,
)
async def sweep_disputes(target: str) -> Report:
    """Disputes that began since the last sweep, and ours that may have ended. What is news is a webhook that never
    came; an account that may not see disputes is told of as that, and is no trouble. One that cannot be read is trouble
    of its vendor, and is asked for again until it can be."""
    wired, source = wiring.current(), _sources()[target]
    report, cursor, begun = Report(f"sweep disputes {target}"), f"disputes:{target}", wired.now()
    since = await read_ledger(read_cursor, cursor)
    start = since - wired.policies.capture.sweep_overlap if since else begun - FIRST_LOOK
    waiting = set(await read_ledger(disputes.open_at, target))
    async with asking(report, target):
        try:
            with unreadable.collected() as unread:
                async for page in source.disputes_since(start):
                    waiting -= {said.external_id for said in page}
                    await _take_missed(report, target, page)
                await _take_missed(report, target, await source.disputes_now(sorted(waiting)))
        except VendorRejected as refused:
            if refused.reason != "no_access":
                raise
            report.add(target, "", "not_readable", "the account has no right to see disputes")
        else:
            for external_id, error in unread.items():
                report.add(external_id, "", "unreadable", f"{error.code}: {error.where}")
            if unread:
                raise VendorRejected(target.partition("/")[0], "disputes", "", "unreadable_answer")
            await in_ledger(move_cursor, cursor, begun)
    return report


async def _take_missed(report: Report, target: str, page: Sequence[StatedDispute]) -> None:
    for said in page:
        outcome = await take(target, said)
        if outcome not in ("known", "gone"):
            report.add(said.external_id, "", outcome, "missed_webhook")
