"""Count how customers' edits and returns went, against the day before, the baseline and the targets.

Trigger: daily. Repeats: safe; it only reads, and each run writes a version of the same page.
"""

from prefect import flow

from tasks import kpis
from tasks.visibility import mark_run, run_name


@flow(name="report-kpis", flow_run_name=run_name)
async def report_kpis(days: int = 1) -> list[str]:
    """The last `days` times 24 hours; returns the measures that miss their target."""
    mark_run()
    report = await kpis.measure(days)
    await kpis.show(report)
    return report.missed
