"""Reconcile: post an order's own journal lines, and give back what the shop has only booked as given back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from prefect import task
from sqlmodel import Session

from config import wiring
from ledger import queue
from ledger.books import post_orders
from ledger.editing.returns import page_refunds
from ledger.effects import plan
from ledger.orders import lock_orders
from tasks.runtime import Report, in_ledger, is_retryable, work_off
from tasks.stage import claim_stage, isolated, order_names


@task(name="reconcile", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def reconcile(limit: int) -> Report:
    """Post what is not posted yet. Safe to repeat: a fact is posted once."""
    return await run(limit)


async def run(limit: int) -> Report:
    return await work_off("reconcile", _step, limit=limit * 2, chunk=wiring.current().settings.commit_orders, workers=1)


async def _step(report: Report, size: int) -> int:
    claimed = await claim_stage("reconcile", size)
    if not claimed.rows:
        return 0
    token = claimed.lease.token
    results = await isolated(
        report, "reconcile", claimed.rows, token, lambda rows: in_ledger(post, rows, token, now=wiring.current().now())
    )
    for counts, names in results:
        for order_id, count in counts.items():
            report.add(names[order_id], order_id, "posted" if count else "nothing_new", str(count) if count else "")
    return len(claimed.rows)


def post(
    session: Session, rows: Sequence[Mapping[str, Any]], token: int, *, now: datetime
) -> tuple[dict[str, int], dict[str, str]]:
    held = queue.held_work(session, rows, token)
    mine = [row for row in rows if row["id"] in held]
    orders = lock_orders(session, [row["subject_id"] for row in mine])
    counts = post_orders(session, list(orders), now)
    plan(session, page_refunds(session, list(orders)), now)
    queue.finish_work(session, [row["id"] for row in mine], token)
    return counts, order_names(orders)
