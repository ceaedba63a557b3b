"""The day's page about parcels in trouble: what is open, which incidents, what began and ended.

Trigger: daily. Repeats: safe; the page has one more version.
"""

from prefect import flow

from tasks.delays import showing
from tasks.visibility import mark_run, run_name


@flow(name="report-delays", flow_run_name=run_name)
async def report_delays() -> dict[str, int]:
    """How many troubles are open, by kind."""
    mark_run()
    return await showing.show_delays()
