"""Take stuck orders up again at once, whatever they were waiting for.

Trigger: by hand, with order ids or numbers. Repeats: safe; it pulls due times forward and works off what is due.
"""

from typing import Any

from prefect import flow

from tasks import rerunning, stages
from tasks.shift import Shift
from tasks.visibility import mark_run, run_name, show_batch

BUDGET_S = 60.0


@flow(name="rerun-orders", flow_run_name=run_name)
async def rerun_orders(orders: list[str]) -> dict[str, Any]:
    """Pull forward, then pass after pass until nothing is waiting."""
    mark_run()
    await rerunning.pull_forward(orders)
    shift = Shift("rerun-orders", BUDGET_S)
    while shift.goes_on() and (reports := await stages.one_pass(shift)):
        await show_batch("rerun-orders", reports)
    return shift.totals
