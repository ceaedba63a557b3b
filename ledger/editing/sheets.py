"""The own warehouse's part of an edit: its sheet is taken back, put onto another one, or ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import new_id
from domain.states import EffectState, FulfilmentOrderState, RequestState
from ledger import audit, picking, scans, stock
from ledger.editing.promises import lock_stock
from ledger.editing.replan import telling_effects
from ledger.effects import EffectDraft, move_effects
from ledger.fulfilment import FulfilmentRow, advance_fulfilment_orders, give_back_units
from ledger.label_effects import void_labels
from ledger.orders import OrderRow
from ledger.rows import insert_rows, select_by
from ledger.tables import FulfilmentOrder, PickList
from ledger.tables.base import table_of

_fo = table_of(FulfilmentOrder)
WORK = ("picked", "packed", "handed_over")  # what the floor does, in its order


def recall_for_edit(session: Session, fulfilment_order: FulfilmentRow, now: datetime, *, until: str) -> str:
    """Take an order off its sheet for an edit: off_list or not_listed; or why it is too late: too_late (handed over,
    or scanned as handed over), else picked or packed where `until` (one of WORK) says that this is too late already.

    The sheet's version goes up: its old paper is refused at every scan. The caller holds the order's lock. Safe to
    repeat. Raises: ValueError.
    """
    if until not in WORK:
        raise ValueError(f"until {until!r}, not one of {', '.join(WORK)}")
    [row] = _locked(session, fulfilment_order)
    reached = scans.furthest(session, row["id"])
    if reached and reached != WORK[-1] and WORK.index(reached) >= WORK.index(until):
        return reached
    return picking.recall(session, row["id"], now)


def relist(session: Session, fulfilment_order: FulfilmentRow, now: datetime) -> str:
    """Put a recalled order onto a sheet of its own, as the undoing of a recall; returns the sheet's id, "" when there
    is nothing to do (it was never listed: it is published by the ordinary way). The caller holds the order's lock."""
    [row] = _locked(session, fulfilment_order)
    if row["state"] != FulfilmentOrderState.IN_PROGRESS or row["pick_list_id"]:
        return ""
    [last] = select_by(session, PickList, "id", [row["node_external_id"]])  # whose acceptance it was
    sheet = {
        "id": new_id("pick"), "location_id": row["location_id"], "zone": last["zone"], "priority": row["priority"],
        "version": 1, "state": "open", "document_id": "", "created_at": now,
    }  # fmt: skip
    insert_rows(session, PickList, [sheet])
    session.execute(
        sa.update(_fo).where(_fo.c.id == row["id"]).values(pick_list_id=sheet["id"], node_external_id=sheet["id"])
    )
    audit.append(session, [audit.entry("pick_list", sheet["id"], "", "open", f"relisted:{row['id']}", now)])
    return str(sheet["id"])


def withdraw(session: Session, order: OrderRow, fulfilment_order: FulfilmentRow, now: datetime) -> list[EffectDraft]:
    """End a recalled or never listed fulfilment order whose units are planned anew: they are free again, its label is
    given back. The caller holds the order's lock and plans in the same transaction. Safe to repeat.

    Raises: ValueError for one that lies on a sheet or has left.
    """
    lock_stock(session, order["id"])
    [row] = _locked(session, fulfilment_order)
    if row["state"] == FulfilmentOrderState.CANCELLED:
        return []
    if row["pick_list_id"] or scans.have_left(session, [row["id"]]):
        raise ValueError(f"{row['id']} lies on a sheet, or has left")
    waiting = [e for e in telling_effects(session, [row]).get(row["id"], []) if e["state"] == EffectState.PLANNED]
    move_effects(session, waiting, EffectState.CANCELLED, "edited", now)
    stock.release(session, [row["id"]], now)
    give_back_units(session, row)
    for wanted in _to_the_end(row):
        advance_fulfilment_orders(session, [(row, wanted)], "edited", now)
        row = {**row, **wanted}
    return void_labels(session, row)


def _to_the_end(row: FulfilmentRow) -> Sequence[dict[str, str]]:
    ended = {"state": str(FulfilmentOrderState.CANCELLED)}
    if row["request_state"] == RequestState.SUBMITTED:
        return [{**ended, "request_state": str(RequestState.REJECTED)}]
    if row["request_state"] == RequestState.ACCEPTED:
        asked = {"request_state": str(RequestState.CANCELLATION_REQUESTED)}
        return [asked, {**ended, "request_state": str(RequestState.CANCELLED)}]
    return [ended]


def _locked(session: Session, fulfilment_order: FulfilmentRow) -> list[Mapping[str, Any]]:
    return select_by(session, FulfilmentOrder, "id", [fulfilment_order["id"]], lock=True)
