"""Fitted delay models as rows: the newest is in use, with the network's drift as it was measured last."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.rows import Row, insert_rows, mappings, update_by
from ledger.tables import FittedModel
from ledger.tables.base import table_of

_model = table_of(FittedModel)
_OFF = "delay_model_off"


def newest(session: Session) -> Mapping[str, Any] | None:
    """The model in use, or None before the first fit."""
    query = sa.select(_model).order_by(_model.c.fitted_at.desc(), _model.c.id.desc()).limit(1)
    return next(iter(mappings(session, query)), None)


def newest_stamp(session: Session) -> tuple[str, datetime] | None:
    """Id and time of drift of the model in use, so that who has read it need not read it again."""
    query = sa.select(_model.c.id, _model.c.drift_at).order_by(_model.c.fitted_at.desc(), _model.c.id.desc()).limit(1)
    row = session.execute(query).first()
    return None if row is None else (row.id, row.drift_at)


def store(session: Session, row: Row, *, keep: int) -> None:
    """Put a model into use; beyond the newest `keep` they go."""
    insert_rows(session, FittedModel, [row])
    by_age = sa.select(_model.c.id).order_by(_model.c.fitted_at.desc(), _model.c.id.desc())
    old = session.execute(by_age).scalars().all()[keep:]
    if old:
        session.execute(sa.delete(_model).where(_model.c.id.in_(old)))


def store_drift(session: Session, model_id: str, drift: Mapping[str, Any], now: datetime) -> None:
    """What the network does now, measured by this model."""
    update_by(session, FittedModel, [{"id": model_id, "drift": dict(drift), "drift_at": now}])


def ask_about(session: Session, model_id: str, ece: float | None, worst: float, now: datetime) -> bool:
    """A model whose probabilities do not hold is a person's case, until one's do; returns whether it is off. Nothing is
    said where too little is known to judge."""
    if ece is None:
        return False
    if ece <= worst:
        resolve_by_key(session, _OFF, cause="holds_again", now=now)
        return False
    draft = CaseDraft(
        key=_OFF,
        kind="delay_model_off",
        subject_id=model_id,
        facts={"ece": round(ece, 3), "allowed": worst},
        choices=["wait", "accept"],
    )
    open_cases(session, [draft], now)
    return True
