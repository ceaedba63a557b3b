"""Catch up with shops: orders, returns and disputes that no webhook told of, the catalogue, the webhook subscriptions.

Trigger: every ten minutes. Repeats: safe; a statement that we have is stale, a cursor moves behind what is stored.
"""

from prefect import flow

from tasks import disputes, restored, sweeping
from tasks.returning import shop_events
from tasks.visibility import mark_run, run_name, show_batch, show_table


@flow(name="sweep-shops", flow_run_name=run_name)
async def sweep_shops() -> dict[str, int]:
    """One shop after the other; one that is down does not stop the next."""
    mark_run()
    reports = [await sweeping.check_subscriptions(target) for target in await sweeping.subscribers()]
    for target in await sweeping.targets():
        reports.append(await sweeping.sweep_catalogue(target))
        reports.append(await sweeping.sweep_orders(target))
        reports.append(await shop_events.sweep_returns(target))
    for target in await disputes.sources():
        reports.append(await disputes.sweep_disputes(target))
    reports.append(await sweeping.compare_catalogues())
    if await restored.is_needed():
        reports.append(await restored.settle_restored())
    await show_batch("sweep-shops", reports)
    found = {f"{r.stage} {outcome}": count for r in reports for outcome, count in r.counts.items()}
    rows = [{"what": what, "count": count} for what, count in found.items()]
    await show_table("sweep-shops-summary", rows, "What the sweep found that webhooks had not told")
    return found
