"""What the sweeps have done long ago in an installation that runs, done at once and without a process for each."""

from tasks import sweeping, warehouse_sweep


async def read_vendors() -> None:
    """Locations, subscriptions, catalogue and stock of every account of the current wiring."""
    await warehouse_sweep.write_locations.fn()
    for target in await sweeping.subscribers():
        await sweeping.check_subscriptions.fn(target)
    for target in await sweeping.targets():
        await sweeping.sweep_catalogue.fn(target)
    for target in await warehouse_sweep.targets():
        await warehouse_sweep.read_node_stock.fn(target)
    await warehouse_sweep.open_own_stock.fn()
