"""What the stages that work on orders share: the claim, and what happens to one that failed."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from config import wiring
from connectors.errors import ConnectorError
from ledger import queue
from ledger.cases import CaseDraft, open_cases
from ledger.claims import Claimed
from ledger.rows import select_by
from ledger.tables import Order
from tasks.runtime import Report, in_ledger, place_of

Rows = Sequence[Mapping[str, Any]]
T = TypeVar("T")
R = TypeVar("R")
logger = logging.getLogger(__name__)


class Broken(ConnectorError):
    """Our own program failed on one order; the class name of the failure is the code."""

    def __init__(self, stage: str, failure: Exception) -> None:
        super().__init__("aftercart", stage)
        self.code = type(failure).__name__


async def claim_stage(stage: str, size: int) -> Claimed:
    """Take what is due at a stage."""
    wired = wiring.current()
    return await in_ledger(queue.claim_work, stage, limit=size, now=wired.now(), real_now=wired.real_now())


async def postpone_failed(
    report: Report, stage: str, rows: Sequence[Mapping[str, Any]], failed: Mapping[str, ConnectorError], token: int
) -> None:
    """Orders that a vendor's trouble stopped wait by their own rows; worn-out ones become a case as well."""
    if not rows:
        return
    names = await in_ledger(_postpone, stage, rows, failed, token, wiring.current().now())
    for row in rows:
        error = failed[row["subject_id"]]
        report.add(names.get(row["subject_id"], ""), row["subject_id"], "postponed", f"{error.vendor}: {error.code}")


def _postpone(
    session: Session,
    stage: str,
    rows: Sequence[Mapping[str, Any]],
    failed: Mapping[str, ConnectorError],
    token: int,
    now: datetime,
) -> dict[str, str]:
    found = {row["id"]: row for row in select_by(session, Order, "id", [row["subject_id"] for row in rows])}
    plan = []
    for row in rows:
        error = failed[row["subject_id"]]
        plan.append(
            (row["id"], now + queue.backoff(row["attempts"], after_s=getattr(error, "after_s", None)), error.code)
        )
        if row["attempts"] >= queue.MAX_ATTEMPTS:
            open_cases(
                session,
                [
                    CaseDraft(
                        key=f"stuck:{row['id']}",
                        kind="stage_failing",
                        severity="high",
                        order_id=row["subject_id"],
                        subject_id=row["subject_id"],
                        facts={"stage": stage, "vendor": error.vendor, "code": error.code},
                        choices=["retry", "cancel"],
                    )
                ],
                now,
            )
    queue.postpone_work(session, plan, token)
    return order_names(found)


def order_names(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {order_id: row["name"] for order_id, row in rows.items()}


async def isolated(
    report: Report, stage: str, rows: Rows, token: int, transaction: Callable[[Rows], Awaitable[T]]
) -> list[T]:
    """`one_by_one` for orders in a stage's queue: the one at fault is postponed (then a case)."""

    async def failed(row: Mapping[str, Any], failure: Exception) -> None:
        log_failure(stage, row["subject_id"], failure)
        await postpone_failed(report, stage, [row], {row["subject_id"]: Broken(stage, failure)}, token)

    return await one_by_one(rows, transaction, failed)


async def one_by_one(
    rows: Sequence[R],
    transaction: Callable[[Sequence[R]], Awaitable[T]],
    failed: Callable[[R, Exception], Awaitable[None]],
) -> list[T]:
    """Run a chunk's transaction; when it fails for a reason of one of them, each gets its own, and only the one at
    fault is handed to `failed`. A database that is away fails the chunk as one: Prefect retries it."""
    try:
        return [await transaction(rows)]
    except sa.exc.OperationalError:
        raise
    except Exception as failure:  # the loop of a batch: ends in a row
        if len(rows) > 1:
            parts = [await one_by_one([row], transaction, failed) for row in rows]
            return [result for part in parts for result in part]
        await failed(rows[0], failure)
        return []


def log_failure(stage: str, subject_id: str, failure: Exception) -> None:
    """No traceback: it could carry the order's data."""
    facts = {"stage": stage, "subject": subject_id, "failure": type(failure).__name__, "place": place_of(failure)}
    logger.error("failed at stage", extra=facts)
