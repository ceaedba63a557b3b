"""Take stuck orders up again: their rows become due now."""

from prefect import task

from config import wiring
from ledger import operator
from tasks.runtime import in_ledger


@task(name="pull orders forward")
async def pull_forward(orders: list[str]) -> int:
    """By id or number. Returns how many rows became due. Raises: operator.NotFound naming the order."""
    pulled = 0
    for reference in orders:
        pulled += await in_ledger(operator.retry, reference, wiring.current().now())
    return pulled
