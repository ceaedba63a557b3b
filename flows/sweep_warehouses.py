"""Catch up with nodes: what they did, what they have, and what shops show of it.

Trigger: every ten minutes. Repeats: safe; a reading older than a promise is not applied, stock is written by
compare-and-set.
"""

from prefect import flow

from tasks import sweeping, warehouse_sweep
from tasks.returning import node_events
from tasks.visibility import mark_run, run_name, show_batch, show_table


@flow(name="sweep-warehouses", flow_run_name=run_name)
async def sweep_warehouses() -> dict[str, int]:
    """Locations, node orders, node stock, then each shop's shown stock."""
    mark_run()
    await warehouse_sweep.write_locations()
    reports = []
    for target in await warehouse_sweep.targets():
        reports.append(await warehouse_sweep.read_node_stock(target))
        reports.append(await warehouse_sweep.sweep_node_orders(target))
        reports.append(await node_events.sweep_node_returns(target))
    reports.append(await warehouse_sweep.open_own_stock())
    differences = []
    for target in await sweeping.targets():
        found = await warehouse_sweep.compare_shop_stock(target)
        differences += [{"shop": target, **row} for row in found]
    await show_batch("sweep-warehouses", reports)
    if differences:
        await show_table("stock-differences", differences, f"{len(differences)} levels shown differently in a shop")
    return {"differences": len(differences)}
