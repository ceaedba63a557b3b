"""Own warehouses: sheets are published and printed, taken back, and the floor's scans carried out."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from config import wiring
from connectors.errors import VendorRejected
from connectors.outcomes import Outcome, Sent
from domain.policy import Policies
from domain.states import IllegalTransition
from ledger import effects, inbox, picking, scans
from tasks import printing
from tasks.runtime import Report, in_ledger

logger = logging.getLogger(__name__)
SHEETS_AT_ONCE = 50


async def publish_due() -> int:
    """Put what is labelled onto pick lists and print them; returns how many orders. Safe to repeat: a sheet that
    was not printed yet is printed by the next call."""
    now, policies = wiring.current().now(), wiring.current().policies
    total = 0
    while published := await in_ledger(picking.publish_pick_lists, policies, now):
        total += published
    await _print(policies, now)
    return total


async def _print(policies: Policies, now: datetime) -> None:
    """What is not printed in this round is printed in the next; the receiver prints on demand meanwhile."""
    for sheet in await in_ledger(picking.unprinted, policies, limit=SHEETS_AT_ONCE):
        pdf = await printing.pick_list(sheet)
        await in_ledger(picking.store_sheet, sheet, pdf, now, keep=policies.retention.documents)


async def recall(fulfilment_order_id: str) -> Outcome:
    """Take an order off its pick list. Refused as too_late once it was handed over. Safe to repeat."""
    now = wiring.current().now()
    if await in_ledger(picking.recall, fulfilment_order_id, now) == "too_late":
        return VendorRejected("own", "recall", reason="too_late")
    return Sent()


async def take_scans(report: Report, size: int) -> int:
    """Carry out up to `size` scans from the inbox; returns how many were taken. A step for `work_off`."""
    current = wiring.current()
    claimed = await in_ledger(
        inbox.claim_inbox, scans.SOURCE, limit=size, now=current.now(), real_now=current.real_now()
    )
    for event in claimed.rows:
        outcome = await in_ledger(_carry_out, event, claimed.lease.token, current.now())
        report.add(event["subject"], "", outcome, event["topic"])
    return len(claimed.rows)


def _carry_out(session: Session, event: Mapping[str, Any], token: int, now: datetime) -> str:
    """One scan in one transaction: a scan that cannot be carried out does not take others with it."""
    try:
        with session.begin_nested():
            outcomes, wanted = scans.apply_scans(session, [event], now)
            effects.plan(session, wanted, now)
    except (IllegalTransition, LookupError) as error:
        logger.exception("scan failed", extra={"inbox_id": event["id"], "error_type": type(error).__name__})
        inbox.failed(session, [event], type(error).__name__, token, now)
        return "failed"
    if outcomes[event["id"]] == "unreadable":
        inbox.failed(session, [event], "unreadable", token, now, final=True)
    else:
        inbox.handled(session, outcomes, token, now)
    return outcomes[event["id"]]
