"""Route: which node ships what, decided and promised in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from prefect import task
from sqlmodel import Session

from config import wiring
from domain.decisions import Reason
from domain.policy import Policies
from ledger import queue
from ledger.orders import lock_orders
from ledger.routing import route_orders
from tasks.runtime import Report, in_ledger, is_retryable, work_off
from tasks.stage import claim_stage, isolated, order_names


@task(name="route", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def route(limit: int) -> Report:
    """Plan and promise what is due. Safe to repeat: what is promised is not planned again."""
    return await run(limit)


async def run(limit: int) -> Report:
    # One worker: every chunk locks the same stock rows, more would only wait for each other.
    return await work_off("route", _step, limit=limit, chunk=wiring.current().settings.commit_orders, workers=1)


async def _step(report: Report, size: int) -> int:
    claimed = await claim_stage("route", size)
    if not claimed.rows:
        return 0
    wired = wiring.current()
    token = claimed.lease.token
    results = await isolated(
        report,
        "route",
        claimed.rows,
        token,
        lambda rows: in_ledger(promise, rows, token, policies=wired.policies, now=wired.now()),
    )
    for outcome, names in results:
        for order_id, reason in outcome.items():
            nodes = ", ".join(reason.facts.get("nodes", []))
            report.add(names[order_id], order_id, "routed" if nodes else reason.code, nodes or reason.code)
    return len(claimed.rows)


def promise(
    session: Session, rows: Sequence[Mapping[str, Any]], token: int, *, policies: Policies, now: datetime
) -> tuple[dict[str, Reason], dict[str, str]]:
    """One transaction: decisions, promises, and the rows out of the line. A fenced or held order leaves it too:
    lifting the fence or the hold puts it back."""
    held = queue.held_work(session, rows, token)
    mine = [row for row in rows if row["id"] in held]
    outcome = route_orders(session, [row["subject_id"] for row in mine], policies, now)
    queue.finish_work(session, [row["id"] for row in mine], token)
    return outcome, order_names(lock_orders(session, list(outcome)))
