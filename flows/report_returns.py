"""Tell what comes back, what it costs, and what the product team should look at.

Trigger: weekly. Repeats: safe; a finding has one case, which is opened again only for what has changed since a person
decided it, and each run writes a version of the same page.
"""

from prefect import flow

from tasks import return_figures
from tasks.return_report import DAYS, RIPE_DAYS
from tasks.visibility import mark_run, run_name


@flow(name="report-returns", flow_run_name=run_name)
async def report_returns(days: int = DAYS, ripe_days: int = RIPE_DAYS) -> int:
    """Of what was sent within `days` that ended `ripe_days` ago; returns how many findings are new."""
    mark_run()
    report = await return_figures.analyse(days, ripe_days)
    new = await return_figures.raise_findings(report)
    await return_figures.show(report, new)
    return new
