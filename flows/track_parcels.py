"""Follow parcels: ask the carrier about those whose next look is due.

Trigger: every ten minutes; the carrier's own webhooks are taken by process-orders at once. Repeats: safe; scans
are merged by time of occurrence.
"""

from prefect import flow

from tasks import tracking
from tasks.visibility import mark_run, run_name, show_batch

MOST = 2_000


@flow(name="track-parcels", flow_run_name=run_name)
async def track_parcels() -> dict[str, int]:
    """Claim due parcels, ask, merge, tell."""
    mark_run()
    report = await tracking.look_at_parcels(MOST)
    await show_batch("track-parcels", [report])
    return dict(report.counts)
