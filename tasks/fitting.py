"""Fit the delay model to the ledger's own parcels, let it report on itself, put it into use."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from time import thread_time
from typing import Any

from prefect import task
from sqlmodel import Session

from config import wiring
from domain.delays.drift import Drift
from domain.delays.fitting import fit_delays
from domain.delays.model import DelayModel
from domain.delays.parcels import nobody
from domain.delays.policy import DelayPolicy
from domain.delays.report import FitReport, judge_fit, report_to_json
from domain.delays.storing import FORMAT, drift_to_json, model_to_json
from domain.ids import new_id
from ledger import fitted_models
from ledger.parcel_history import History, from_days, in_days, parcels_since
from ledger.rows import Row
from tasks.fit_report import as_markdown
from tasks.runtime import in_ledger, is_retryable, read_ledger
from tasks.visibility import show_text


@dataclass(frozen=True, slots=True)
class Fit:
    """A model as it was stored. `off`: its probabilities do not hold, and a case asks for a look."""

    row: Row
    report: FitReport
    off: bool


@dataclass(frozen=True, slots=True)
class _Fitted:
    model: DelayModel
    drift: Drift
    report: FitReport
    cold: bool
    cpu_ms: int


@task(name="fit", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def fit() -> Fit:
    """Learn from the parcels of the policy's history. Safe to repeat: the newest model is the one in use."""
    wired = wiring.current()
    policy, now = wired.policies.delays, wired.now()
    since = now - policy.forecasts.history
    history = await read_ledger(parcels_since, since, wired.policies.shipping, now)
    fitted = await asyncio.to_thread(_fitted, history, in_days(now), policy)
    row = _row(fitted, history, wired.policies.version, since, now)
    off = await in_ledger(_store, row, fitted.report, policy, now)
    return Fit(row, fitted.report, off)


def _fitted(history: History, now: float, policy: DelayPolicy) -> _Fitted:
    parcels = history.parcels
    cold = int(parcels.delivered.sum()) < policy.forecasts.least_parcels
    began = thread_time()
    model = fit_delays(nobody() if cold else parcels, now, policy.cold_start)
    drift = model.drift(parcels, now, now)
    spent = thread_time() - began
    report = judge_fit(nobody() if cold else parcels, now, policy.cold_start, policy.window_share)
    return _Fitted(model, drift, report, cold, round(spent * 1000))


def _row(fitted: _Fitted, history: History, policy_version: str, since: datetime, now: datetime) -> Row:
    parcels = history.parcels
    return {
        "id": new_id("dlm"),
        "format": FORMAT,
        "policy_version": policy_version,
        "cold": fitted.cold,
        "trained_from": from_days(float(parcels.shipped.min())) if len(parcels) else since,
        "trained_until": now,
        "parcels": len(parcels),
        "delivered": int(parcels.delivered.sum()),
        "left_out": dict(history.left_out),
        "fit_cpu_ms": fitted.cpu_ms,
        "model": model_to_json(fitted.model),
        "report": report_to_json(fitted.report),
        "drift": drift_to_json(fitted.drift),
        "drift_at": now,
        "fitted_at": now,
    }


def _store(session: Session, row: Row, report: FitReport, policy: DelayPolicy, now: datetime) -> bool:
    fitted_models.store(session, row, keep=policy.forecasts.keep_models)
    return fitted_models.ask_about(session, row["id"], report.ece, policy.forecasts.worst_ece, now)


@task(name="show fit")
async def show(found: Fit) -> None:
    """One markdown artifact; each fit's is a version of it."""
    about: dict[str, Any] = found.row
    words = "the policy's cold start" if about["cold"] else f"learned from {about['delivered']:,} deliveries"
    await show_text("delay-model", as_markdown(about, found.report), f"{about['id']}: {words}")
