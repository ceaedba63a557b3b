"""Capture: from the shops' deliveries to normalised orders under our hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from prefect import task
from sqlmodel import Session

from config import wiring
from connectors import unreadable
from connectors.errors import ConnectorError
from connectors.shops.base import Shop
from domain.decisions import Reason
from domain.order import IncomingOrder, OrderError, check_incoming
from domain.policy import Policies
from ledger import inbox
from ledger.capture import Captured, capture_orders
from ledger.cases import CaseDraft, open_cases
from ledger.claims import still_held
from ledger.effects import EffectRow, plan_and_claim
from ledger.heartbeats import vendor_trouble, vendor_well
from ledger.tables import InboxEvent
from tasks.catalogue import refresh
from tasks.effect_kinds import KINDS
from tasks.effects import send
from tasks.returning import shop_events
from tasks.runtime import Report, in_ledger, is_retryable, kept, work_off
from tasks.stage import log_failure, one_by_one

ORDER_TOPICS = ("orders/", "fulfillments/", "refunds/", "order_transactions/", "fulfillment_orders/")
PAGE = 100  # deliveries taken at once; many are about the same orders
DELIVERIES = 8  # an order makes about so many, its echoes not counted: `limit` speaks of orders


@task(name="capture", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def capture(limit: int) -> Report:
    """Take the shops' deliveries, fetch what they are about, store it. Safe to repeat."""
    return await run(limit)


async def run(limit: int) -> Report:
    report = Report("capture")
    for source in sorted({shop.system for shop in wiring.current().shops().values()}):
        part = await work_off("capture", partial(_step, source=source), limit=limit * DELIVERIES, chunk=PAGE)
        report.lines += part.lines
        report.seconds += part.seconds
    return report


async def _step(report: Report, size: int, source: str) -> int:
    wired = wiring.current()
    claimed = await in_ledger(
        inbox.claim_inbox, source, limit=size, now=wired.now(), real_now=wired.real_now(), bodies=False
    )
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
    if shop is not None:
        told = [row for row in events if row["topic"].startswith(shop_events.TOPICS)]
        await shop_events.take(report, target, told, token)
        events = [row for row in events if not row["topic"].startswith(shop_events.TOPICS)]
    plain, about = _sort(events)
    if shop is None:
        plain |= {row["id"]: "unknown_account" for row in events}
        about = {}
    bad = [row for row in events if plain.get(row["id"]) == "unreadable"]
    if bad:
        await in_ledger(inbox.failed, bad, "unreadable", token, wired.now(), final=True)
    await in_ledger(inbox.handled, {i: o for i, o in plain.items() if o != "unreadable"}, token, wired.now())
    if shop is None:
        return
    if "catalogue_refreshed" in plain.values():
        await refresh(target)
    if "uninstalled" in plain.values():
        await in_ledger(_uninstalled, target, wired.now())
    if not about:
        return
    try:
        with unreadable.collected() as refused:
            orders = await shop.fetch_orders(list(about))
    except ConnectorError as error:
        every = [row for rows in about.values() for row in rows]
        await in_ledger(inbox.failed, every, error.code, token, wired.now(), after_s=getattr(error, "after_s", None))
        await in_ledger(vendor_trouble, target, error.code, wired.real_now())
        report.add(target, "", "postponed", f"{len(every)} deliveries: {error.code}")
        return
    await in_ledger(vendor_well, target, wired.real_now())
    found = {order.external_id: order for order in orders}
    said = [Said(i, found.get(i), rows) for i, rows in about.items()]
    size = wired.settings.commit_orders
    for start in range(0, len(said), size):
        await take(report, shop, said[start : start + size], refused, token)


def _uninstalled(session: Session, target: str, now: datetime) -> None:
    """The merchant has removed us: nothing of this shop works until an operator connects it again."""
    draft = CaseDraft(
        key=f"uninstalled:{target}",
        kind="app_uninstalled",
        severity="high",
        subject_id=target,
        facts={"target": target},
        choices=["connected_again", "shop_has_left"],
    )
    open_cases(session, [draft], now)


def _sort(
    events: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, str], dict[str, list[Mapping[str, Any]]]]:
    """Deliveries that need no order (event -> outcome), and those about orders by the order's id."""
    plain: dict[str, str] = {}
    about: dict[str, list[Mapping[str, Any]]] = {}
    for row in events:
        if not row["topic"].startswith(ORDER_TOPICS):
            plain[row["id"]] = PLAIN.get(row["topic"].split("/")[0], "unknown_topic")
        elif not row["subject"]:
            plain[row["id"]] = "unreadable"
        elif row["topic"].startswith("fulfillment_orders/"):
            plain[row["id"]] = "noted"  # our own holds and releases echo here
        else:
            about.setdefault(row["subject"], []).append(row)
    return plain, about


# What deliveries about other things than orders come to; a topic that is not listed is kept and flagged.
PLAIN = {
    "products": "catalogue_refreshed",
    "app": "uninstalled",
    "inventory_levels": "left_to_sweep",
    "inventory_items": "left_to_sweep",
    "customers": "ignored",
    "shop": "ignored",
    "bulk_operations": "ignored",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a shop states of one order (None: it has none of that id), and the deliveries that made us ask."""

    external_id: str
    order: IncomingOrder | None
    rows: Sequence[Mapping[str, Any]] = ()


async def take(
    report: Report,
    shop: Shop,
    said: Sequence[Said],
    refused: Mapping[str, OrderError],
    token: int,
    *,
    found_by: str = "",
) -> None:
    """Store a chunk and send the holds that it wants. An order that makes the transaction fail gets its own, and
    waits as a delivery in the inbox: there it backs off and becomes a case. `found_by`: a sweep's remark."""
    wired = wiring.current()

    async def whole(part: Sequence[Said]) -> tuple[Captured, list[EffectRow]]:
        return await in_ledger(
            store, part, refused, token, shop=shop, policies=wired.policies, now=wired.now(), real_now=wired.real_now()
        )

    async def failed(one: Said, failure: Exception) -> None:
        log_failure("capture", one.external_id, failure)
        code = type(failure).__name__
        await in_ledger(_set_aside, shop, one, code, token, wired.now())
        report.add(one.order.name if one.order else one.external_id, "", "postponed", code)

    for captured, effects in await one_by_one(said, whole, failed):
        names = {one.external_id: one.order.name for one in said if one.order}
        for external_id, outcome in captured.outcomes.items():
            if found_by and outcome == "stale":
                continue
            reason = captured.reasons.get(external_id)
            report.add(
                names.get(external_id, external_id),
                captured.order_ids.get(external_id, ""),
                outcome,
                reason.code if reason else found_by,
            )
        await send(effects, KINDS)


def _set_aside(session: Session, shop: Shop, one: Said, code: str, token: int, now: datetime) -> None:
    if one.rows:
        inbox.failed(session, one.rows, code, token, now)
    else:
        inbox.store(session, [swept_delivery(shop, one.external_id, now)], now)


def swept_delivery(shop: Shop, external_id: str, now: datetime) -> inbox.Delivery:
    """What a sweep has found and cannot take goes on as a delivery, at most one a day for each order."""
    return inbox.Delivery(shop.system, shop.account, "orders/swept", f"{external_id}:{now:%Y-%m-%d}", external_id, b"")


def store(
    session: Session,
    said: Sequence[Said],
    refused: Mapping[str, OrderError],
    token: int,
    *,
    shop: Shop,
    policies: Policies,
    now: datetime,
    real_now: datetime,
) -> tuple[Captured, list[EffectRow]]:
    """One transaction: orders as they are now, their deliveries handled, the holds they want. `refused`: bodies
    that the connector could not read."""
    live = still_held(session, InboxEvent, [row["id"] for one in said for row in one.rows], token)
    good, bad = [], {}
    for one in said:
        if one.external_id in refused:
            bad[one.external_id] = refused[one.external_id].code
        elif one.order is not None:
            try:
                check_incoming(one.order)
            except OrderError as error:
                bad[one.external_id] = error.code
            else:
                good.append(one.order)
    result = capture_orders(session, good, source=shop.system, account=shop.account, policies=policies, now=now)
    effects = plan_and_claim(session, result.effects, now=now, real_now=real_now)
    outcomes: dict[str, str] = {}
    for one in said:
        rows = [row for row in one.rows if row["id"] in live]
        if one.external_id in bad:
            inbox.failed(session, rows, bad[one.external_id], token, now, final=True)
            result.outcomes[one.external_id] = "refused"
            result.reasons[one.external_id] = Reason(bad[one.external_id])
        else:
            outcomes |= {row["id"]: result.outcomes.get(one.external_id, "gone") for row in rows}
    inbox.handled(session, outcomes, token, now)
    return result, effects
