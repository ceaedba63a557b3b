"""Send what was left behind: effects of dead senders, and those whose time has come.

Trigger: every five minutes, the net below the net (every living worker does the same every ten seconds).
Repeats: safe; effects are claimed.
"""

from prefect import flow

from tasks.shift import send_leftovers
from tasks.visibility import mark_run, run_name, show_batch


@flow(name="send-effects", flow_run_name=run_name)
async def send_effects() -> dict[str, int]:
    """Look up what is unknown, then send what is due."""
    mark_run()
    report = await send_leftovers()
    await show_batch("send-effects", [report])
    return dict(report.counts)
