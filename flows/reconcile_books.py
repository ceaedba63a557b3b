"""Compare the systems once a night: money per order with each shop, and the books with themselves.

Trigger: nightly. Repeats: safe; a difference is one case however often it is seen.
"""

from prefect import flow

from tasks import nightly, sweeping
from tasks.visibility import mark_run, run_name, show_batch, show_table


@flow(name="reconcile-books", flow_run_name=run_name)
async def reconcile_books() -> dict[str, int]:
    """Money by shop, then the trial balance."""
    mark_run()
    reports = [await nightly.compare_money(target) for target in await sweeping.targets()]
    rows, unbalanced = await nightly.balance()
    await show_batch("reconcile-books", reports)
    verdict = f"{len(unbalanced)} entries do not balance" if unbalanced else "every entry balances"
    await show_table("trial-balance", rows, f"Trial balance in minor units: {verdict}")
    return {"unbalanced": len(unbalanced), "differ": sum(r.counts.get("differs", 0) for r in reports)}
