"""Say of parcels under way how likely they are late, and when they come.

Trigger: every ten minutes. A parcel is due when its state has changed, daily, and sooner near its promise. Repeats:
safe; a forecast replaces the one before, the promise never changes.
"""

from prefect import flow

from tasks import forecasts
from tasks.visibility import mark_run, run_name

MOST = 20_000


@flow(name="forecast-parcels", flow_run_name=run_name)
async def forecast_parcels() -> dict[str, int]:
    """The network's drift once a day, then what is due."""
    mark_run()
    await forecasts.measure_drift()
    report = await forecasts.renew_forecasts(MOST)
    return dict(report.counts)
