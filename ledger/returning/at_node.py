"""A return to a node that takes goods back by itself: announced when its label is with the customer, cancelled when
nothing will come.

The node knows it by the code that stands on the parcel. `plan["node"]` of the request has the node's own id of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.parcels import ParcelState
from domain.states_returns import ReturnState
from ledger.effects import EffectDraft, EffectRow, plan
from ledger.rows import select_by
from ledger.tables import Location, ReturnLine, ReturnParcel, ReturnRequest

ANNOUNCE, CANCEL = "node.return_announce", "node.return_cancel"
_S = ReturnState


def tell_next(session: Session, request_id: str, now: datetime) -> None:
    """Plan what the node is to be told now that the request's row is as it is."""
    if steps := next_steps(session, request_id):
        plan(session, steps, now)


def next_steps(session: Session, request_id: str) -> list[EffectDraft]:
    [request] = select_by(session, ReturnRequest, "id", [request_id])
    places = select_by(session, Location, "id", [request["location_id"]]) if request["location_id"] else []
    known = request["plan"].get("node", "")
    for place in places:
        if not place["ships_itself"]:
            continue
        if request["state"] in (_S.LABEL_ISSUED, _S.IN_TRANSIT) and not known:
            return [_draft(request, place, ANNOUNCE)]
        if known and request["state"] in (_S.CANCELLED, _S.CLOSED) and not _has_come(session, request_id):
            return [_draft(request, place, CANCEL)]
    return []


def _has_come(session: Session, request_id: str) -> bool:
    return any(line["returned"] for line in select_by(session, ReturnLine, "request_id", [request_id]))


def _draft(request: Mapping[str, Any], place: Mapping[str, Any], kind: str) -> EffectDraft:
    known = request["plan"].get("node", "")
    return EffectDraft(
        kind=kind,
        key=f"{kind.partition('.')[2]}:{request['id']}",
        target=f"{place['system']}/{place['account']}",
        order_id=request["order_id"],
        subject_id=request["id"],
        request={"return": known} if known else {},
    )


@dataclass(frozen=True, slots=True)
class Announced:
    """`units` by SKU; `node_location` is the node's own id of the building."""

    reference: str
    units: Mapping[str, int]
    node_location: str
    tracking_number: str


def announcements(session: Session, effects: Sequence[EffectRow]) -> dict[str, Announced]:
    """By effect."""
    found: dict[str, Announced] = {}
    for effect in effects:
        [request] = select_by(session, ReturnRequest, "id", [effect["subject_id"]])
        [place] = select_by(session, Location, "id", [request["location_id"]])
        parcels = select_by(session, ReturnParcel, "request_id", [request["id"]], order_by="id")
        good = [row["tracking_number"] for row in parcels if row["state"] != ParcelState.CANCELLED]
        goods = request["plan"].get("lines", {})
        units: dict[str, int] = {}
        for line in select_by(session, ReturnLine, "request_id", [request["id"]], order_by="id"):
            if goods.get(line["id"], {}).get("goods") == "send_back" and line["waiting"]:
                units[line["sku"]] = units.get(line["sku"], 0) + line["waiting"]
        found[effect["id"]] = Announced(request["rma"], units, place["node_location"], good[-1] if good else "")
    return found


def guard_announce(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """Only what is on its way, or may soon be."""
    rows = {row["id"]: row for row in select_by(session, ReturnRequest, "id", [e["subject_id"] for e in effects])}
    return {
        effect["id"]: "cancel:return_ended"
        for effect in effects
        if rows[effect["subject_id"]]["state"] not in (_S.LABEL_ISSUED, _S.IN_TRANSIT)
    }
