"""Catch-up sweeps of nodes, and what shops show of their stock (REC-2)."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from prefect import task
from sqlmodel import Session

from config import wiring
from connectors import unreadable
from connectors.errors import ConnectorError
from connectors.shops.base import Shop
from domain.catalogue import NodeStock, ShopStock
from domain.policy import Policies
from ledger import inbox, shop_stock, stock
from ledger.cursors import move_cursor, read_cursor
from ledger.effects import EffectRow, plan_and_claim
from ledger.heartbeats import vendor_trouble, vendor_well
from ledger.restock import wake_waiting
from ledger.rows import upsert
from ledger.tables import Location
from tasks.asking import asking
from tasks.effect_kinds import KINDS
from tasks.effects import send
from tasks.fulfil import take_node_orders
from tasks.runtime import Report, in_ledger, is_retryable

FIRST_LOOK = timedelta(days=2)


async def targets() -> list[str]:
    return sorted(wiring.current().warehouses())


@task(name="write locations")
async def write_locations() -> None:
    """The nodes of the policy as rows."""
    await in_ledger(store_locations, wiring.current().policies)


def store_locations(session: Session, policies: Policies) -> None:
    rows = [
        {
            "id": n.id,
            "name": n.name,
            "system": n.system,
            "account": n.account,
            "node_location": n.node_location,
            "country": n.country,
            "region": n.region,
            "postal_code": n.postal_code,
            "time_zone": n.time_zone,
            "ships_itself": n.ships_itself,
        }
        for n in policies.nodes
    ]
    upsert(session, Location, rows, keys=["id"], update=[name for name in rows[0] if name != "id"])


@task(
    name="sweep node orders",
    task_run_name="sweep orders at {target}",
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=is_retryable,
)
async def sweep_node_orders(target: str) -> Report:
    """What a node has done since the last look, for webhooks that never came."""
    wired = wiring.current()
    report, cursor, started = Report(f"sweep {target}"), f"node_orders:{target}", wired.now()
    since = await in_ledger(read_cursor, cursor)
    start = (since - wired.policies.capture.sweep_overlap) if since else started - FIRST_LOOK
    size, stuck = wired.settings.commit_orders, dict[str, str]()
    async with asking(report, target):
        with unreadable.collected() as refused:
            async for page in wired.warehouses()[target].orders_updated_since(start):
                for at in range(0, len(page), size):
                    stuck |= await take_node_orders(report, [(order, []) for order in page[at : at + size]], 0)
        for external_id, error in refused.items():
            report.add(external_id, "", "unreadable", error.code)
        await _hand_on(target, [*refused, *stuck], started)
        await in_ledger(move_cursor, cursor, started)
    return report


async def _hand_on(target: str, external_ids: Sequence[str], now: datetime) -> None:
    """What the sweep could not take goes on as a delivery, at most one a day for each order: tried again by its
    own row, then a case."""
    source, _, account = target.partition("/")
    unread = [
        inbox.Delivery(source, account, "order.swept", f"{external_id}:{now:%Y-%m-%d}", external_id, b"")
        for external_id in external_ids
        if external_id
    ]
    await in_ledger(inbox.store, unread, now)


@task(
    name="read node stock",
    task_run_name="read stock of {target}",
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=is_retryable,
)
async def read_node_stock(target: str) -> Report:
    """Take over a node's stock; who waited for units goes back to routing."""
    wired = wiring.current()
    report, read_at = Report(f"stock {target}"), wired.now()
    nodes = [n for n in wired.policies.nodes if f"{n.system}/{n.account}" == target]
    risen: list[str] = []
    async with asking(report, target):
        async for page in wired.warehouses()[target].stock():
            for node in nodes:
                mine = [s for s in page if s.node_location in ("", node.node_location)]
                risen += await in_ledger(
                    stock.record_reading,
                    node.id,
                    mine,
                    read_at=read_at,
                    safety_stock=node.safety_stock,
                    now=wired.now(),
                )
                report.add(node.name, "", "read", f"{len(mine)} SKUs")
    woken = await in_ledger(wake_waiting, risen, wired.now())
    if woken:
        report.add("orders", "", "woken", str(woken))
    return report


@task(name="open own stock", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def open_own_stock() -> Report:
    """The own warehouse's books begin with what its shop location shows; after that they are the truth."""
    wired = wiring.current()
    report = Report("opening stock")
    for node in wired.policies.nodes:
        if node.ships_itself or await in_ledger(shop_stock.has_levels, node.id):
            continue
        read_at, found = wired.now(), dict[str, NodeStock]()
        try:
            for target, name in node.shop_locations.items():
                found |= await _shown_at(wired.shops()[target], name)
        except ConnectorError as error:
            report.add(node.name, "", "postponed", f"{error.operation}: {error.code}")
            continue
        await in_ledger(
            stock.record_reading,
            node.id,
            list(found.values()),  # whole or not at all: what is missing now would never be opened
            read_at=read_at,
            safety_stock=node.safety_stock,
            now=wired.now(),
        )
        report.add(node.name, "", "opened", f"{len(found)} SKUs")
    return report


async def _shown_at(shop: Shop, name: str) -> dict[str, NodeStock]:
    """What a shop shows at one of its locations, by SKU."""
    place = await _location_ids(shop, {name})
    return {
        s.sku: NodeStock(s.sku, on_hand=max(s.on_hand, 0), free=max(s.on_hand, 0))
        async for page in shop.stock()
        for s in page
        if s.location_external_id in place and s.sku
    }


@task(
    name="compare shop stock",
    task_run_name="compare stock shown by {target}",
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=is_retryable,
)
async def compare_shop_stock(target: str) -> list[dict[str, Any]]:
    """Compare what a shop shows with the pool, and correct by compare-and-set. Returns the differences."""
    wired = wiring.current()
    shop = wired.shops()[target]
    nodes = {n.shop_locations[target]: n for n in wired.policies.nodes if target in n.shop_locations}
    found: list[dict[str, Any]] = []
    try:
        places = await _location_ids(shop, set(nodes))
        node_of = {place: nodes[name].id for place, name in places.items()}
        read_at = wired.now()
        async for page in shop.stock():
            differences, effects = await in_ledger(
                _compare, target, page, node_of, read_at=read_at, now=wired.now(), real_now=wired.real_now()
            )
            found += [asdict(d) for d in differences]
            await send(effects, KINDS)
        await in_ledger(vendor_well, target, wired.real_now())
    except ConnectorError as error:
        await in_ledger(vendor_trouble, target, error.code, wired.real_now())
    return found


def _compare(
    session: Session,
    target: str,
    page: Sequence[ShopStock],
    node_of: dict[str, str],
    *,
    read_at: datetime,
    now: datetime,
    real_now: datetime,
) -> tuple[list[shop_stock.Difference], list[EffectRow]]:
    differences, drafts = shop_stock.compare(session, target, page, node_of, read_at=read_at, now=now)
    return differences, plan_and_claim(session, drafts, now=now, real_now=real_now)


async def _location_ids(shop: Shop, names: set[str]) -> dict[str, str]:
    """The shop's ids of its locations by our names for them: id -> name."""
    return {place: name for place, name in (await shop.locations()).items() if name in names}
