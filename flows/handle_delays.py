"""See what is wrong with parcels, which of them share it, and make it good.

Trigger: every five minutes; parcels are due when their carriers have told something, and when time alone can change
something. Repeats: safe; a trouble opens once, an incident is told once, and nothing is said or offered twice.
"""

from prefect import flow

from tasks.delays import acting, detecting, incidents
from tasks.visibility import mark_run, run_name, show_batch

MOST = 10_000


@flow(name="handle-delays", flow_run_name=run_name)
async def handle_delays() -> dict[str, int]:
    """Look, group, act. Returns what began by kind, incidents that did, and what was said and offered."""
    mark_run()
    report = await detecting.look_for_trouble(MOST)
    grouped = await incidents.group_troubles()
    incidents.announce(grouped.opened)
    done = await acting.act_on_trouble(MOST)
    await show_batch("handle-delays", [report, done])
    return {**report.counts, **done.counts, "incidents": len(grouped.opened)}
