"""Catch-up sweeps of shops: what a webhook did not tell, a sweep finds (CAP-2, CAP-5, CAP-7)."""

from collections.abc import MutableMapping, Sequence
from datetime import timedelta

from prefect import task

from config import wiring
from config.tracking_sources import subscribing
from connectors import unreadable
from connectors.errors import ConnectorError
from connectors.shops.base import Shop
from domain.order import IncomingOrder, OrderError
from ledger import inbox
from ledger.catalogue import raise_differences
from ledger.cursors import move_cursor, read_cursor
from tasks.asking import asking
from tasks.capture import Said, swept_delivery, take
from tasks.catalogue import refresh
from tasks.runtime import Report, in_ledger, is_retryable

FIRST_LOOK = timedelta(days=2)  # orders older than this at the first sweep belong to the time before Aftercart


async def targets() -> list[str]:
    """The shops to sweep."""
    return sorted(wiring.current().shops())


@task(
    name="sweep orders",
    task_run_name="sweep orders {target}",
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=is_retryable,
)
async def sweep_orders(target: str) -> Report:
    """Page through orders by rising `updated_at` with overlap. What it creates or changes is drift: a webhook
    that never came. An outage of any length loses no order; the cursor moves only behind what is stored."""
    wired = wiring.current()
    shop, report = wired.shops()[target], Report(f"sweep {target}")
    cursor = f"orders:{target}"
    since = await in_ledger(read_cursor, cursor)
    start = (since - wired.policies.capture.sweep_overlap) if since else wired.now() - FIRST_LOOK
    async with asking(report, target):
        with unreadable.collected() as refused:
            async for page in shop.orders_updated_since(start):
                await _store_page(report, shop, page, refused)
                if page:
                    await in_ledger(move_cursor, cursor, max(order.updated_at for order in page))
    return report


async def _store_page(
    report: Report, shop: Shop, page: Sequence[IncomingOrder], refused: MutableMapping[str, OrderError]
) -> None:
    wired = wiring.current()
    now, size = wired.now(), wired.settings.commit_orders
    unread = [swept_delivery(shop, external_id, now) for external_id in refused]
    if unread:  # before the cursor moves past them
        await in_ledger(inbox.store, unread, now)
        for external_id, error in refused.items():
            report.add(external_id, "", "unreadable", error.code)
        refused.clear()
    for start in range(0, len(page), size):
        said = [Said(order.external_id, order) for order in page[start : start + size]]
        await take(report, shop, said, {}, 0, found_by="missed_webhook")


@task(
    name="sweep catalogue",
    task_run_name="sweep catalogue {target}",
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=is_retryable,
)
async def sweep_catalogue(target: str) -> Report:
    """Products changed since the last sweep."""
    return await refresh(target)


@task(name="compare catalogues")
async def compare_catalogues() -> Report:
    """The same facts on every channel, differences raised."""
    report = Report("catalogue differences")
    for row in await in_ledger(raise_differences, wiring.current().now()):
        report.add(row["sku"], "", "differs", row["fact"])
    return report


@task(
    name="check subscriptions",
    task_run_name="check subscriptions {target}",
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=is_retryable,
)
async def check_subscriptions(target: str) -> Report:
    """Create the webhook subscriptions that are missing at a vendor."""
    wired = wiring.current()
    report = Report(f"subscriptions {target}")
    url = f"{wired.settings.public_url.rstrip('/')}/hooks/{target}"
    carriers = subscribing(wired.tracking_sources())
    vendor = wired.shops().get(target) or wired.warehouses().get(target) or carriers[target]
    try:
        for topic in await vendor.ensure_subscriptions(url):
            report.add(topic, "", "created")
    except ConnectorError as error:
        report.add(target, "", "postponed", f"{error.operation}: {error.code}")
    return report


async def subscribers() -> list[str]:
    """Everyone who sends us webhooks."""
    wired = wiring.current()
    return [*sorted(wired.shops()), *sorted(wired.warehouses()), *subscribing(wired.tracking_sources())]
