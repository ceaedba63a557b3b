"""Carry orders through the six stages, in batches.

Trigger: a schedule starts a run every five minutes; each lives a little longer than that, so that one is always
alive. Repeats: safe; every stage claims its rows, two runs share the work.
"""

from typing import Any

from prefect import flow

from tasks import stages
from tasks.shift import Shift
from tasks.visibility import mark_run, run_name, show_batch

BUDGET_S = 330.0  # five minutes and one process start


@flow(name="process-orders", flow_run_name=run_name, log_prints=False)
async def process_orders(budget_s: float = BUDGET_S, until_idle: bool = False) -> dict[str, Any]:
    """Pass after pass until the shift ends; an idle pass makes no task run."""
    mark_run()
    shift = Shift("process-orders", budget_s)
    async with shift.alive():
        while shift.goes_on():
            reports = await stages.patient_pass(shift)
            if reports:
                await show_batch("process-orders", reports)
                await shift.gather(reports)
            elif until_idle:
                break
            else:
                await shift.rest()
    return shift.totals
