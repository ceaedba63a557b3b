"""Check what must always hold over the whole ledger.

Trigger: hourly. Repeats: safe; an artifact each time, an event and a case once for each that is newly broken. The
case of one that holds again ends by itself.
"""

from prefect import flow

from tasks import invariants
from tasks.visibility import mark_run, run_name


@flow(name="check-invariants", flow_run_name=run_name)
async def check_invariants() -> dict[str, list[str]]:
    """The broken ones, by name."""
    mark_run()
    checked = await invariants.check()
    await invariants.show(checked)
    return checked.broken
