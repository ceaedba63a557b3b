"""Run the automatic action of every deadline that is due, make the packets of claims whose window is open, and forget
what was kept long enough.

Trigger: every five minutes. Repeats: safe; a deadline ends once.
"""

from prefect import flow

from tasks import carrier_claims, deadlines
from tasks.visibility import mark_run, run_name, show_batch

MOST = 1_000


@flow(name="watch-deadlines", flow_run_name=run_name)
async def watch_deadlines() -> dict[str, int]:
    """Deadlines first, then claims against carriers, then the purge."""
    mark_run()
    report = await deadlines.run_deadlines(MOST)
    claims = await carrier_claims.prepare_claims(MOST)
    await show_batch("watch-deadlines", [report, claims, await deadlines.purge()])
    return dict(report.counts)
