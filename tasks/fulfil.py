"""Fulfil: release what is due to its nodes, and take over what nodes say of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from prefect import task
from sqlmodel import Session

from config import wiring
from connectors.errors import ConnectorError
from domain.nodes import NodeOrder
from domain.policy import Policies
from ledger import inbox, queue
from ledger.effects import EffectRow, plan_and_claim
from ledger.fulfilment import plan_release
from ledger.heartbeats import vendor_trouble, vendor_well
from ledger.orders import lock_orders
from ledger.shipments import record_node_orders
from ledger.tables import InboxEvent, Work
from tasks import picking
from tasks.effect_kinds import KINDS
from tasks.effects import send
from tasks.returning import node_events
from tasks.runtime import Report, each, in_ledger, is_retryable, kept, work_off
from tasks.stage import claim_stage, isolated, log_failure, one_by_one, order_names
from tasks.tracking import senders, take_deliveries

EDIT_WAIT_S = 60.0  # until what waits for an edit to end is looked at again: no attempt has failed


@task(name="fulfil", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def fulfil(limit: int) -> Report:
    """Release what is due and record what nodes and handhelds say. Safe to repeat."""
    return await run(limit)


async def run(limit: int) -> Report:
    report = await work_off("fulfil", _release_step, limit=limit, chunk=wiring.current().settings.commit_orders)
    for part in [
        *[
            await work_off("fulfil", partial(_node_step, source=source), limit=limit, chunk=50, workers=2)
            for source in sorted({a.system for a in wiring.current().accounts.warehouses})
        ],
        *[
            await work_off("fulfil", partial(take_deliveries, source=source), limit=limit, chunk=50, workers=2)
            for source in senders()
        ],
        await work_off("fulfil", picking.take_scans, limit=limit, chunk=50, workers=1),
    ]:
        report.lines += part.lines
        report.seconds += part.seconds
    published = await picking.publish_due()
    if published:
        report.add("pick lists", "", "published", str(published))
    return report


async def _release_step(report: Report, size: int) -> int:
    claimed = await claim_stage("fulfil", size)
    if not claimed.rows:
        return 0
    wired, token = wiring.current(), claimed.lease.token
    async with kept(Work, [row["id"] for row in claimed.rows], token):
        results = await isolated(
            report,
            "fulfil",
            claimed.rows,
            token,
            lambda rows: in_ledger(release, rows, token, now=wired.now(), real_now=wired.real_now()),
        )
    for outcome, names, effects in results:
        sent = await send(effects, KINDS)
        troubled = {row["order_id"]: v for row, v in sent if v.name != "done"}
        for order_id, what in outcome.items():
            late = troubled.get(order_id)
            report.add(names[order_id], order_id, late.name if late else what, late.code if late else "")
    return len(claimed.rows)


def release(
    session: Session, rows: Sequence[Mapping[str, Any]], token: int, *, now: datetime, real_now: datetime
) -> tuple[dict[str, str], dict[str, str], list[EffectRow]]:
    """One transaction: guards, holds ended, effects written and claimed, the rows out of the line. What is fenced
    or held leaves the line too: lifting the fence or the hold puts it back."""
    held = queue.held_work(session, rows, token)
    mine = [row for row in rows if row["id"] in held]
    orders = lock_orders(session, [row["subject_id"] for row in mine])
    outcome, drafts = plan_release(session, orders, now)
    effects = plan_and_claim(session, drafts, now=now, real_now=real_now)
    early = [row for row in mine if outcome.get(row["subject_id"]) == "not_yet"]
    queue.wait_work(session, [(row["id"], orders[row["subject_id"]]["release_at"]) for row in early], token)
    queue.finish_work(session, [row["id"] for row in mine if row not in early], token)
    return outcome, order_names(orders), effects


async def _node_step(report: Report, size: int, source: str) -> int:
    """Deliveries of a 3PL: fetch what they are about, record it."""
    wired = wiring.current()
    claimed = await in_ledger(
        inbox.claim_inbox, source, limit=size, now=wired.now(), real_now=wired.real_now(), bodies=False
    )
    if not claimed.rows:
        return 0
    token = claimed.lease.token
    of_returns = node_events.are_returns(source, claimed.rows)
    about: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in (row for row in claimed.rows if row not in of_returns):
        about.setdefault((row["account"], row["subject"]), []).append(row)
    async with kept(InboxEvent, [row["id"] for row in claimed.rows], token):
        await node_events.take(report, source, of_returns, token)
        found = await each(lambda key: _fetch(source, *key), about, at_once=wired.settings.vendor_concurrency)
    good: list[Said] = []
    for (key, rows), answer in zip(about.items(), found, strict=True):
        if isinstance(answer, ConnectorError):
            await in_ledger(
                inbox.failed, rows, answer.code, token, wired.now(), after_s=getattr(answer, "after_s", None)
            )
            await in_ledger(vendor_trouble, f"{source}/{key[0]}", answer.code, wired.real_now())
            report.add("", "", "postponed", f"{source}: {answer.code}")
        else:
            good.append((answer, rows))
    size_of_commit = wired.settings.commit_orders
    for start in range(0, len(good), size_of_commit):
        await take_node_orders(report, good[start : start + size_of_commit], token)
    if good and len(good) == len(about):
        await in_ledger(vendor_well, f"{source}/{good[0][1][0]['account']}", wired.real_now())
    return len(claimed.rows)


async def _fetch(source: str, account: str, subject: str) -> NodeOrder | ConnectorError | None:
    warehouse = wiring.current().warehouses().get(f"{source}/{account}")
    if warehouse is None or not subject:
        return None
    try:
        return await warehouse.fetch_order(subject)
    except ConnectorError as error:
        return error


Said = tuple[NodeOrder | None, Sequence[Mapping[str, Any]]]


async def take_node_orders(report: Report, said: Sequence[Said], token: int) -> dict[str, str]:
    """Record node orders with the deliveries that told of them, and send what follows. One that makes the
    transaction fail does not take the others with it: its deliveries wait, and so do those of a fenced order.
    Returns those orders: id -> code."""
    wired = wiring.current()
    stuck: dict[str, str] = {}

    async def whole(part: Sequence[Said]) -> tuple[dict[str, str], list[EffectRow]]:
        return await in_ledger(record, part, token, policies=wired.policies, now=wired.now(), real_now=wired.real_now())

    async def failed(one: Said, failure: Exception) -> None:
        order, rows = one
        reference, code = order.reference if order else "", type(failure).__name__
        log_failure("fulfil", reference, failure)
        await in_ledger(inbox.failed, rows, code, token, wired.now())
        report.add(reference, "", "postponed", code)
        if order is not None:
            stuck[order.external_id] = code

    external_ids = {order.reference: order.external_id for order, _ in said if order is not None}
    for outcome, effects in await one_by_one(said, whole, failed):
        for reference, what in outcome.items():
            report.add(reference, "", what)
            if what == "fenced":
                stuck[external_ids[reference]] = what
        await send(effects, KINDS)
    return stuck


def record(
    session: Session,
    said: Sequence[Said],
    token: int,
    *,
    policies: Policies,
    now: datetime,
    real_now: datetime,
) -> tuple[dict[str, str], list[EffectRow]]:
    orders = [order for order, _ in said if order is not None]
    outcome, drafts = record_node_orders(session, orders, policies, now)
    told = {
        row["id"]: outcome.get(order.reference, "done") if order is not None else "gone"
        for order, rows in said
        for row in rows
    }
    # what waits for an edit to end is told again
    waiting = [row for _, rows in said for row in rows if told[row["id"]] == "fenced"]
    inbox.failed(session, [{**row, "attempts": 0} for row in waiting], "fenced", token, now, after_s=EDIT_WAIT_S)
    inbox.handled(session, {i: what for i, what in told.items() if what != "fenced"}, token, now)
    return outcome, plan_and_claim(session, drafts, now=now, real_now=real_now)
