"""Forecasts of parcels as rows: opened when a parcel leaves, due again when something is heard of it or by the clock.

Loads no arrays: the model's side is `ledger.parcel_history` and `ledger.fitted_models`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.forecasts import Forecast
from domain.parcels import TERMINAL, ParcelState
from domain.promises import Promise
from domain.states import DeadlineState
from ledger.anomalies import due
from ledger.claims import Claimed, Claims, still_held
from ledger.deadlines import DeadlineDraft, move_deadlines, set_deadlines
from ledger.orders import lock_orders
from ledger.prepared import Prepared, listed
from ledger.rows import Row, insert_missing, mappings, select_by, update_by, update_listed
from ledger.tables import Deadline, ParcelForecast, Shipment
from ledger.tables.base import table_of

PROMISED_DATE = "promised_date"
_forecast, _shipment = table_of(ParcelForecast), table_of(Shipment)
_CLAIMS = Claims(ParcelForecast, sa.text("followed"))  # in the words of the index: SQLite uses it for no others
# Whoever is forecasting one of them has read it before this was heard: without the lease its figures are not taken.
_DUE_NOW = Prepared(
    sa.update(_forecast)
    .where(listed(_forecast.c.id, "ids"), _forecast.c.followed.is_(True))
    .values(due_at=sa.bindparam("now"), lease_until=None, lease_token=0)
)


def expect(session: Session, parcels: Iterable[tuple[str, str]], now: datetime) -> None:
    """Parcels (shipment, order) are on their way from now on. Saying it again changes nothing."""
    rows: list[Row] = [
        {
            "id": shipment_id,
            "order_id": order_id,
            "followed": True,
            "promised_on": "",
            "promise_zone": "",
            "fitted_model_id": "",
            "due_at": now,
            "attempts": 0,
            "lease_token": 0,
            "error": "",
        }
        for shipment_id, order_id in parcels
    ]
    insert_missing(session, ParcelForecast, rows)


def expect_forgotten(session: Session, now: datetime, *, limit: int) -> int:
    """Open a forecast for parcels under way that have none: they left before there were forecasts. Returns how many.
    Reads all that are under way, so it is for once a day."""
    missing = sa.select(_shipment.c.id, _shipment.c.order_id).where(
        _shipment.c.polling.is_(True),
        _shipment.c.shipped_at.is_not(None),
        ~sa.exists().where(_forecast.c.id == _shipment.c.id),
    )
    found = session.execute(missing.order_by(_shipment.c.id).limit(limit)).all()
    expect(session, [(row.id, row.order_id) for row in found], now)
    return len(found)


def heard(session: Session, changed: Sequence[tuple[str, ParcelState]], now: datetime) -> None:
    """Parcels whose state has changed are forecast anew; of those whose way has ended nothing more is expected."""
    ended = {shipment_id: state for shipment_id, state in changed if state in TERMINAL}
    moved = [shipment_id for shipment_id, state in changed if state not in TERMINAL]
    if moved:
        _DUE_NOW.run(session, ids=moved, now=now)
    update_listed(session, ParcelForecast, list(ended), followed=False, lease_until=None, lease_token=0)
    clocks = select_by(session, Deadline, "id", [f"{PROMISED_DATE}:{i}" for i in ended], lock=True)
    for row in clocks:
        if row["state"] == DeadlineState.PENDING:
            arrived = ended[row["subject_id"]] is ParcelState.DELIVERED
            # Before its due time a promise cannot be broken; after it, the row's own action says so.
            to = DeadlineState.MET if arrived and now <= row["due_at"] else DeadlineState.CANCELLED
            move_deadlines(session, [row], to, "delivered" if arrived else str(ended[row["subject_id"]]), now)


def claim_due(session: Session, *, limit: int, now: datetime, real_now: datetime) -> Claimed:
    return _CLAIMS.take(session, limit=limit, now=now, real_now=real_now)


def postpone(session: Session, ids: Sequence[str], token: int, due_at: datetime, code: str) -> None:
    """Forecast these at another time; `code` says why not now."""
    held = still_held(session, ParcelForecast, ids, token)
    update_listed(session, ParcelForecast, sorted(held), lease_until=None, due_at=due_at, error=code)


def record(
    session: Session,
    made: Mapping[str, tuple[Forecast, Promise | None, datetime]],
    *,
    token: int,
    fitted_model_id: str,
    now: datetime,
) -> int:
    """Write forecasts by shipment, with the promise (of those that have none yet) and when they are due again. Rows
    that another claim has taken, or whose parcel's way has ended meanwhile, are left alone; returns how many were
    written. What is foretold may begin or end a trouble: those parcels are looked at."""
    known = {row["id"]: row for row in select_by(session, ParcelForecast, "id", list(made))}
    lock_orders(session, sorted({row["order_id"] for row in known.values()}))
    held = still_held(session, ParcelForecast, list(made), token)
    rows = {row["id"]: row for row in select_by(session, ParcelForecast, "id", sorted(held)) if row["followed"]}
    update_by(
        session,
        ParcelForecast,
        [_values(row, *made[shipment_id], fitted_model_id) for shipment_id, row in rows.items()],
    )
    set_deadlines(
        session,
        [
            DeadlineDraft(PROMISED_DATE, shipment_id, row["order_id"], promise.at, "ops", "promise_passed")
            for shipment_id, row in rows.items()
            if row["promised_at"] is None and (promise := made[shipment_id][1]) is not None
        ],
        now,
    )
    due.wake(session, list(rows), now)
    return len(rows)


def _values(
    row: Mapping[str, Any], forecast: Forecast, promise: Promise | None, due_at: datetime, fitted_model_id: str
) -> Row:
    first = row["promised_at"] is None and promise is not None
    return {
        "id": row["id"],
        "promised_at": promise.at if first and promise else row["promised_at"],
        "promised_on": promise.on.isoformat() if first and promise else row["promised_on"],
        "promise_zone": promise.zone if first and promise else row["promise_zone"],
        "late_probability": forecast.late_probability,
        "eta_from": forecast.eta_from,
        "eta_to": forecast.eta_to,
        "predicted_at": forecast.predicted_at,
        "fitted_model_id": fitted_model_id,
        "due_at": due_at,
        "lease_until": None,
        "attempts": 0,
        "error": "",
    }


def forecasts_of(session: Session, shipment_ids: Sequence[str]) -> dict[str, Forecast]:
    """The newest forecast by shipment; parcels without one are left out."""
    return {
        row["id"]: Forecast(
            promised_at=row["promised_at"],
            late_probability=row["late_probability"],
            eta_from=row["eta_from"],
            eta_to=row["eta_to"],
            predicted_at=row["predicted_at"],
            promised_on=date.fromisoformat(row["promised_on"]) if row["promised_on"] else None,
        )
        for row in select_by(session, ParcelForecast, "id", shipment_ids)
        if row["predicted_at"] is not None
    }


def overdue(session: Session, row: Mapping[str, Any], now: datetime) -> bool:
    """What the clock of a promised date does: the parcel is forecast anew at once, so that who watches sees it late.
    Returns whether it is still under way."""
    standing = mappings(session, sa.select(_forecast).where(_forecast.c.id == row["subject_id"]).with_for_update())
    if not standing or not standing[0]["followed"]:
        return False
    _DUE_NOW.run(session, ids=[row["subject_id"]], now=now)
    return True
