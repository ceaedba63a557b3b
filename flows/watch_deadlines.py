"""Run the automatic action of every deadline that is due, and forget what was kept long enough.

Trigger: every five minutes. Repeats: safe; a deadline ends once.
"""

from prefect import flow

from tasks import deadlines
from tasks.visibility import mark_run, run_name, show_batch

MOST = 1_000


@flow(name="watch-deadlines", flow_run_name=run_name)
async def watch_deadlines() -> dict[str, int]:
    """Deadlines first, then the purge."""
    mark_run()
    report = await deadlines.run_deadlines(MOST)
    await show_batch("watch-deadlines", [report, await deadlines.purge()])
    return dict(report.counts)
