"""Act on parcels in trouble: their customers are told, and offered what is best, before they ask."""

from collections.abc import Sequence
from datetime import timedelta

from prefect import task

from config import wiring
from ledger import acting
from tasks.runtime import Report, in_ledger, is_retryable, read_ledger
from tasks.stage import log_failure, one_by_one

STAGE = "remedies"
AGAIN = timedelta(minutes=15)  # until a parcel about which nothing could be done is tried again


@task(name="act on trouble", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def act_on_trouble(limit: int) -> Report:
    """One transaction for each parcel whose trouble has changed. Safe to repeat: what stands is neither said nor
    offered twice."""
    wired = wiring.current()
    report = Report(STAGE)

    async def whole(parcels: Sequence[str]) -> None:
        for shipment_id in parcels:
            deed = await in_ledger(acting.act, shipment_id, wired.policies, wired.now())
            if deed is not None:
                for outcome in (*deed.offered[:1], *filter(None, [deed.said])):
                    report.add(deed.order_name, deed.order_id, outcome)

    async def failed(shipment_id: str, failure: Exception) -> None:
        log_failure(STAGE, shipment_id, failure)
        await in_ledger(acting.postpone, shipment_id, wired.now() + AGAIN)
        report.add(shipment_id, "", "postponed", type(failure).__name__)

    for shipment_id in await read_ledger(acting.due_parcels, limit=limit, now=wired.now()):
        await one_by_one([shipment_id], whole, failed)
    return report
