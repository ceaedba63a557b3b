"""Take stuck orders up again: their rows become due now."""

from datetime import datetime

from prefect import task
from sqlmodel import Session

from config import wiring
from ledger import operator
from tasks.runtime import in_ledger


@task(name="pull orders forward")
async def pull_forward(orders: list[str]) -> int:
    """By id or number. Returns how many rows became due. Raises: operator.NotFound naming the order."""
    pulled = 0
    for reference in orders:
        pulled += await in_ledger(_pull, reference, wiring.current().now())
    return pulled


def _pull(session: Session, reference: str, now: datetime) -> int:
    return sum(operator.retry(session, operator.find_order(session, reference), now))
