"""Capture: from the shops' deliveries to normalised orders under our hold."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from prefect import task
from sqlmodel import Session

from config import wiring
from connectors.errors import ConnectorError
from connectors.shops.base import Shop
from domain.order import IncomingOrder, OrderError, check_incoming
from domain.policy import Policies
from ledger import inbox
from ledger.capture import Captured, capture_orders
from ledger.claims import still_held
from ledger.effects import EffectRow, plan_and_claim
from ledger.heartbeats import vendor_trouble, vendor_well
from ledger.tables import InboxEvent
from tasks.effect_kinds import KINDS
from tasks.effects import send
from tasks.runtime import Report, in_ledger, is_retryable, kept, work_off

ORDER_TOPICS = ("orders/", "fulfillments/", "refunds/", "order_transactions/", "fulfillment_orders/")
PAGE = 50  # deliveries taken at once; many are about the same orders


@task(name="capture", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def capture(limit: int) -> Report:
    """Take the shops' deliveries, fetch what they are about, store it. Safe to repeat."""
    return await run(limit)


async def run(limit: int) -> Report:
    report = Report("capture")
    for source in sorted({shop.system for shop in wiring.current().shops().values()}):
        part = await work_off("capture", lambda r, size, source=source: _step(r, size, source), limit=limit, chunk=PAGE)
        report.lines += part.lines
        report.seconds += part.seconds
    return report


async def _step(report: Report, size: int, source: str) -> int:
    wired = wiring.current()
    claimed = await in_ledger(inbox.claim_inbox, source, limit=size, now=wired.now(), real_now=wired.real_now())
    if not claimed.rows:
        return 0
    async with kept(InboxEvent, [row["id"] for row in claimed.rows], claimed.lease.token):
        for account in sorted({row["account"] for row in claimed.rows}):
            events = [row for row in claimed.rows if row["account"] == account]
            await _account(report, f"{source}/{account}", events, claimed.lease.token)
    return len(claimed.rows)


async def _account(report: Report, target: str, events: Sequence[Mapping[str, Any]], token: int) -> None:
    wired = wiring.current()
    shop = wired.shops().get(target)
    plain, about = _sort(events)
    if shop is None:
        plain |= {row["id"]: "unknown_account" for row in events}
        about = {}
    bad = [row for row in events if plain.get(row["id"]) == "unreadable"]
    if bad:
        await in_ledger(inbox.failed, bad, "unreadable", token, wired.now(), final=True)
    await in_ledger(inbox.handled, {i: o for i, o in plain.items() if o != "unreadable"}, token, wired.now())
    if shop is None or not about:
        return
    try:
        orders = await shop.fetch_orders(list(about))
    except ConnectorError as error:
        every = [row for rows in about.values() for row in rows]
        await in_ledger(inbox.failed, every, error.code, token, wired.now(), after_s=getattr(error, "after_s", None))
        await in_ledger(vendor_trouble, target, error.code, wired.real_now())
        report.add(target, "", "postponed", f"{len(every)} deliveries: {error.code}")
        return
    await in_ledger(vendor_well, target, wired.real_now())
    found = {order.external_id: order for order in orders}
    for start in range(0, len(about), wired.settings.commit_orders):
        ids = list(about)[start : start + wired.settings.commit_orders]
        rows = [row for i in ids for row in about[i]]
        good = await _store(report, shop, [found[i] for i in ids if i in found], rows, token)
        await send(good, KINDS)


def _sort(
    events: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, str], dict[str, list[Mapping[str, Any]]]]:
    """Deliveries that need no order (event -> outcome), and those about orders by the order's id."""
    plain: dict[str, str] = {}
    about: dict[str, list[Mapping[str, Any]]] = {}
    for row in events:
        if not row["topic"].startswith(ORDER_TOPICS):
            plain[row["id"]] = "left_to_sweep" if row["topic"].split("/")[0] in SWEPT else "unknown_topic"
        elif not row["subject"]:
            plain[row["id"]] = "unreadable"
        elif row["topic"].startswith("fulfillment_orders/"):
            plain[row["id"]] = "noted"  # our own holds and releases echo here
        else:
            about.setdefault(row["subject"], []).append(row)
    return plain, about


SWEPT = ("products", "inventory_levels", "inventory_items", "app", "customers", "shop", "returns", "bulk_operations")


async def _store(
    report: Report, shop: Shop, orders: Sequence[IncomingOrder], rows: Sequence[Mapping[str, Any]], token: int
) -> list[EffectRow]:
    wired = wiring.current()
    captured, effects = await in_ledger(
        store, orders, rows, token, shop=shop, policies=wired.policies, now=wired.now(), real_now=wired.real_now()
    )
    names = {order.external_id: order.name for order in orders}
    for external_id, outcome in captured.outcomes.items():
        reason = captured.reasons.get(external_id)
        report.add(names[external_id], captured.order_ids.get(external_id, ""), outcome, reason.code if reason else "")
    return effects


def store(
    session: Session,
    orders: Sequence[IncomingOrder],
    rows: Sequence[Mapping[str, Any]],
    token: int,
    *,
    shop: Shop,
    policies: Policies,
    now: datetime,
    real_now: datetime,
) -> tuple[Captured, list[EffectRow]]:
    """One transaction: orders as they are now, their deliveries handled, the holds they want."""
    live = still_held(session, InboxEvent, [row["id"] for row in rows], token)
    good, refused = [], {}
    for order in orders:
        try:
            check_incoming(order)
        except OrderError as error:
            refused[order.external_id] = error
        else:
            good.append(order)
    result = capture_orders(session, good, source=shop.system, account=shop.account, policies=policies, now=now)
    effects = plan_and_claim(session, result.effects, now=now, real_now=real_now)
    outcomes: dict[str, str] = {}
    for row in rows:
        if row["id"] not in live:
            continue
        if row["subject"] in refused:
            error = refused[row["subject"]]
            inbox.failed(session, [row], error.code, token, now, final=True)
            result.outcomes[row["subject"]] = "refused"
        else:
            outcomes[row["id"]] = result.outcomes.get(row["subject"], "gone")
    inbox.handled(session, outcomes, token, now)
    return result, effects
