"""Follow parcels: ask whoever follows them about those whose next look is due.

Trigger: every ten minutes; carriers' own webhooks are taken by process-orders at once. Repeats: safe; scans are
merged by time of occurrence.
"""

from prefect import flow

from tasks import status_codes, tracking
from tasks.visibility import mark_run, run_name, show_batch, show_table

MOST = 20_000  # of each source


@flow(name="track-parcels", flow_run_name=run_name)
async def track_parcels() -> dict[str, int]:
    """Claim due parcels, ask, merge, tell; alert when too many codes have no meaning."""
    mark_run()
    looked = await tracking.look_at_parcels(MOST)
    await status_codes.look_at_codes()
    await show_batch("track-parcels", looked.parts)
    if looked.parts:
        total = sum(part.looked_at for part in looked.parts)
        await show_table("parcels-by-source", [part.row() for part in looked.parts], f"{total} parcels looked at")
    return dict(looked.counts)
