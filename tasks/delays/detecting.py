"""Look at parcels that are due for trouble."""

from collections.abc import Sequence
from datetime import timedelta

from prefect import task

from config import wiring
from ledger.anomalies import detecting, due
from ledger.anomalies.detecting import Change
from tasks.runtime import Report, in_ledger, is_retryable, read_ledger, work_off
from tasks.stage import log_failure, one_by_one

CHUNK = 50
AGAIN = timedelta(minutes=15)  # until a parcel that could not be looked at is tried again


@task(name="look for trouble", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def look_for_trouble(limit: int) -> Report:
    """Open and clear what is wrong with parcels. Safe to repeat: looking twice finds nothing new."""
    return await work_off("trouble", _step, limit=limit, chunk=CHUNK, workers=1)


async def _step(report: Report, size: int) -> int:
    wired = wiring.current()
    ids = await read_ledger(due.due_parcels, limit=size, now=wired.now())

    async def whole(part: Sequence[str]) -> list[Change]:
        return await in_ledger(detecting.inspect, part, wired.policies, now=wired.now())

    async def failed(shipment_id: str, failure: Exception) -> None:
        log_failure("trouble", shipment_id, failure)
        await in_ledger(due.postpone, shipment_id, wired.now() + AGAIN)
        report.add(shipment_id, "", "postponed", type(failure).__name__)

    for changes in await one_by_one(ids, whole, failed) if ids else []:
        for change in changes:
            outcome = str(change.kind) if change.opened else "cleared"
            reason = "" if change.opened else f"{change.kind}, {change.reason}"
            report.add(change.order_name, change.order_id, outcome, reason)
    return len(ids)
