"""Learn from the shop's own parcels how long they take, and say how well it is known.

Trigger: weekly. Repeats: safe; each fit is a model of its own, and the newest is in use. With too few deliveries the
policy's cold start is the model.
"""

from prefect import flow

from tasks import fitting
from tasks.visibility import mark_run, run_name


@flow(name="fit-delays", flow_run_name=run_name)
async def fit_delays() -> dict[str, int]:
    """Returns counts: parcels, deliveries, whether the cold start is the model, whether a person should look."""
    mark_run()
    found = await fitting.fit()
    await fitting.show(found)
    row = found.row
    return {
        "parcels": row["parcels"],
        "delivered": row["delivered"],
        "cold": int(row["cold"]),
        "off": int(found.off),
    }
