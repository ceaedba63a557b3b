"""Forecast parcels: those of which something was heard and those whose forecast is a day old; the network's drift
once a day."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import isfinite

import numpy as np
from prefect import task

from config import wiring
from domain.delays.drift import DAYS, OLDEST, Drift
from domain.delays.fitting import fit_delays
from domain.delays.model import DelayModel, no_drift
from domain.delays.parcels import nobody
from domain.delays.policy import ColdStart
from domain.delays.storing import StoredModelError, drift_from_json, drift_to_json, model_from_json
from domain.forecasts import Forecast, renew_at
from domain.promises import Promise
from ledger import fitted_models, forecasts
from ledger.parcel_history import History, from_days, in_days, parcels_of, parcels_since
from ledger.tables import ParcelForecast
from tasks.runtime import Report, in_ledger, is_retryable, kept, read_ledger, work_off
from tasks.stage import log_failure

DRIFT_LIVES = timedelta(hours=20)  # measured once a day, whatever minute the run begins at
AGAIN = timedelta(hours=1)
CHUNK = 500  # parcels that one call of the model answers
FORGOTTEN = 5_000  # parcels from before there were forecasts, in one run


@dataclass(frozen=True, slots=True)
class Predictor:
    """The model in use with the network's drift; `id` is empty while none has been fitted."""

    id: str
    model: DelayModel
    drift: Drift


@task(name="measure drift", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def measure_drift() -> bool:
    """Once a day: what the network does these weeks, and parcels that nobody forecasts yet. Returns whether it was
    time. Safe to repeat."""
    wired = wiring.current()
    now = wired.now()
    stamp = await read_ledger(fitted_models.newest_stamp)
    if stamp is None:
        await in_ledger(forecasts.expect_forgotten, now, limit=FORGOTTEN)
        return False
    if now - stamp[1] < DRIFT_LIVES:
        return False
    await in_ledger(forecasts.expect_forgotten, now, limit=FORGOTTEN)
    used = await predictor()
    if not used.id:  # of a format that this program does not read: the next fit measures
        return False
    since = now - timedelta(days=DAYS + OLDEST)
    history = await read_ledger(parcels_since, since, wired.policies.shipping, now)
    at = in_days(now)
    measured = await asyncio.to_thread(used.model.drift, history.parcels, at, at)
    await in_ledger(fitted_models.store_drift, used.id, drift_to_json(measured), now)
    return True


@task(name="forecast parcels", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def renew_forecasts(limit: int) -> Report:
    """Forecast what is due. Safe to repeat."""
    used = await predictor()
    return await work_off("forecast", partial(_step, used), limit=limit, chunk=CHUNK, workers=1)


async def predictor() -> Predictor:
    """The newest model, or the policy's cold start before there is one that this program can read."""
    wired = wiring.current()
    row = await read_ledger(fitted_models.newest)
    if row is not None:
        try:
            return Predictor(row["id"], model_from_json(row["model"]), drift_from_json(row["drift"]))
        except StoredModelError as error:
            log_failure("forecast", row["id"], error)
    at = in_days(wired.now())
    return Predictor("", cold_model(wired.policies.delays.cold_start, at), no_drift(at))


def cold_model(cold: ColdStart, now: float) -> DelayModel:
    """What is believed without any history."""
    return fit_delays(nobody(), now, cold)


async def _step(used: Predictor, report: Report, size: int) -> int:
    wired = wiring.current()
    now = wired.now()
    claimed = await in_ledger(forecasts.claim_due, limit=size, now=now, real_now=wired.real_now())
    if not claimed.rows:
        return 0
    token, ids = claimed.lease.token, [row["id"] for row in claimed.rows]
    async with kept(ParcelForecast, ids, token):
        history = await read_ledger(parcels_of, ids, wired.policies.shipping, now)
        made = await asyncio.to_thread(_forecast, used, history, now, wired.policies.delays.window_share)
    policy = wired.policies.delays.forecasts
    rows = {i: (forecast, promise, renew_at(forecast, policy)) for i, (forecast, promise) in made.items()}
    written = await in_ledger(forecasts.record, rows, token=token, fitted_model_id=used.id, now=now)
    # Not shipped as far as the ledger knows, or its delivery is told without a time: nothing to say of it yet.
    silent = [i for i in ids if i not in made]
    await in_ledger(forecasts.postpone, silent, token, now + AGAIN, "nothing_to_say")
    for outcome, count in (("forecast", written), ("overtaken", len(made) - written), ("postponed", len(silent))):
        for _ in range(count):
            report.add("", "", outcome)
    return len(claimed.rows)


def _forecast(
    used: Predictor, history: History, now: datetime, share: float
) -> dict[str, tuple[Forecast, Promise | None]]:
    parcels = history.parcels
    if not len(parcels):
        return {}
    moments = np.maximum(np.full(len(parcels), in_days(now)), parcels.shipped)
    late = used.model.late(parcels, moments, used.drift)
    window = used.model.window(parcels, moments, used.drift, share)
    found = {}
    for at, shipment_id in enumerate(history.ids):
        chance = float(late[at])
        # Rounding of days to microseconds must not bring a window back into the past.
        low, high = (max(from_days(float(end[at])), now) for end in (window.low, window.high))
        told = isfinite(float(parcels.promised[at]))
        forecast = Forecast(
            promised_at=from_days(float(parcels.promised[at])) if told else None,
            late_probability=chance if isfinite(chance) else None,
            eta_from=low,
            eta_to=high,
            predicted_at=now,
        )
        found[shipment_id] = (forecast, history.promises.get(shipment_id))
    return found
