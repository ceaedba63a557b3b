"""Check what must always hold over the whole ledger.

Trigger: hourly. Repeats: safe; only reads, then an artifact and an event for each that is broken.
"""

from prefect import flow

from tasks import invariants
from tasks.visibility import mark_run, run_name


@flow(name="check-invariants", flow_run_name=run_name)
async def check_invariants() -> dict[str, list[str]]:
    """The broken ones, by name."""
    mark_run()
    found = await invariants.check()
    await invariants.show(found)
    return {name: ids for name, ids in found.items() if ids}
