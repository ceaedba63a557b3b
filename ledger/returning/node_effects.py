"""What follows when a node has been told of a return, and when it says what came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from domain.returns.words import Disposition, Grade, Reception
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.orders import lock_orders
from ledger.returning.at_node import next_steps
from ledger.returning.intake import Arrived, opened_by, request_of_code, take_arrived
from ledger.returning.requests import QUEUE, orders_and_request, return_units, set_values, wake
from ledger.rows import select_by, update_by
from ledger.tables import Location, ReturnUnit, Shipment

Pairs = Sequence[tuple[EffectRow, Verdict]]
# A node says where it has put a unit; what that means for the money is the grade's.
GRADES: Mapping[Disposition, Grade] = {
    Disposition.RESTOCK: Grade.A,
    Disposition.QUARANTINE: Grade.C,
    Disposition.DISPOSE: Grade.DAMAGED,
}


@dataclass(frozen=True, slots=True)
class StatedUnits:
    """Units of one SKU that fared alike. `disposition` is None for what is missing, and for a word of the node's that
    nobody knows: a person looks at it."""

    sku: str
    reception: Reception
    units: int
    disposition: Disposition | None = None


@dataclass(frozen=True, slots=True)
class StatedOutcome:
    """A return that a node is done with. `shipment`: its id of the parcel that the goods went out in."""

    external_id: str
    reference: str
    tracking_number: str
    shipment: str
    node_location: str
    units: tuple[StatedUnits, ...]


def announced(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of node.return_announce: one that was cancelled meanwhile is cancelled there next."""
    follow: list[EffectDraft] = []
    for effect, verdict in pairs:
        request = QUEUE.locked_free(session, effect["subject_id"])
        set_values(session, request, plan={**request["plan"], "node": verdict.external_id})
        follow += next_steps(session, request["id"])
    return follow


def cancelled(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of node.return_cancel."""
    return []


def cancel_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_rejected`: it has come all the same, and the node will say what it found."""
    return []


def take_outcome(session: Session, target: str, said: StatedOutcome, now: datetime) -> str:
    """A node's word about everything that came: units, their grades and where they are. Said again it changes nothing.
    Returns received, known, not_so (it does not fit its request: a person's case) or gone."""
    system, _, account = target.partition("/")
    places = [
        row["id"]
        for row in select_by(session, Location, "node_location", [said.node_location])
        if (row["system"], row["account"]) == (system, account)
    ]
    if not places:
        return "gone"
    scan_id, order_id = f"{target}:{said.external_id}", _order_of(session, said.shipment)
    code = said.reference if request_of_code(session, said.reference) else said.tracking_number
    before: set[str] = set()
    if request_id := request_of_code(session, code) or _opened_before(session, order_id, places[0], scan_id):
        _, request = orders_and_request(session, request_id, None)
        if request["plan"].get("node_done") == said.external_id:
            return "known"
        before = {unit["id"] for unit in return_units(session, request_id)}
    found = [{"sku": part.sku, "reception": str(part.reception)} for part in said.units for _ in range(part.units)]
    arrived = Arrived(scan_id, places[0], code, found, order_id)
    outcome, request_id = take_arrived(session, arrived, now)
    if not request_id:
        return outcome
    request = QUEUE.locked_free(session, request_id)
    set_values(session, request, plan={**request["plan"], "node_done": said.external_id})
    if outcome == "received":
        _grade(session, request_id, said, before, now)
    return outcome


def _order_of(session: Session, shipment: str) -> str:
    rows = select_by(session, Shipment, "external_id", [shipment]) if shipment else []
    return str(rows[0]["order_id"]) if rows else ""


def _opened_before(session: Session, order_id: str, location_id: str, scan_id: str) -> str:
    """The request that this node's word opened itself, for a parcel that nobody announced. Such words come in a row:
    the order is locked first, so that of two the later finds what the earlier wrote."""
    lock_orders(session, [order_id] if order_id else [])
    request_id = opened_by(location_id, scan_id)
    return request_id if QUEUE.find(session, request_id) is not None else ""


def _grade(session: Session, request_id: str, said: StatedOutcome, before: set[str], now: datetime) -> None:
    """Units are where the node says; its own stock counts those that it has put back onto its shelf."""
    fresh = [unit for unit in return_units(session, request_id) if unit["id"] not in before]
    rows = []
    for part in said.units:
        if part.reception is Reception.MISSING:
            continue
        for _ in range(part.units):
            unit = next(each for each in fresh if each["sku"] == part.sku and each["reception"] != Reception.MISSING)
            fresh.remove(unit)
            place = part.disposition or Disposition.QUARANTINE
            grade = GRADES.get(place, Grade.C)
            rows.append({"id": unit["id"], "grade": grade, "disposition": place, "inspected_at": now})
    update_by(session, ReturnUnit, rows)
    wake(session, request_id, now)


__all__ = ["StatedOutcome", "StatedUnits", "announced", "cancel_refused", "cancelled", "take_outcome"]
