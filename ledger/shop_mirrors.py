"""The shop's own fulfilment orders as we mirror them: which of its lines are ours, and our hold on each."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from domain.order import IncomingOrder
from ledger.effects import EffectDraft
from ledger.orders import OrderRow
from ledger.rows import Row, group_by, insert_rows, select_by, update_by
from ledger.tables import Shipment, ShipmentLine, ShopFulfilment

HOLD_HANDLE = "aftercart"
_LIVE = ("scheduled", "open", "on_hold")
_KEPT_BACK = ("wanted", "held")
ShopLine = tuple[str, str, int]  # the shop's fulfilment order, its line there, units


def hold_effect(mirror: Row, order_id: str, target: str) -> EffectDraft:
    """Keep the shop's own fulfilment order back while the edit window is open."""
    return EffectDraft(
        kind="shop.hold",
        key=f"hold:{target}:{mirror['external_id']}",
        target=target,
        order_id=order_id,
        subject_id=mirror["id"],
        request={"fulfilment_order": mirror["external_id"], "handle": HOLD_HANDLE},
    )


def shop_fulfilment_rows(order: IncomingOrder, order_id: str, line_ids: Mapping[str, str]) -> list[Row]:
    """Mirror the shop's fulfilment orders; the open ones want our hold."""
    rows: list[Row] = []
    for found in order.fulfilment_orders:
        ours = next((hold.external_id for hold in found.holds if hold.handle == HOLD_HANDLE and hold.ours), "")
        live = found.status in _LIVE and any(line.remaining for line in found.lines)
        rows.append(
            {
                "id": f"{order_id}:{found.external_id}",
                "order_id": order_id,
                "external_id": found.external_id,
                "status": found.status,
                "hold_external_id": ours,
                "hold_state": "held" if ours else ("wanted" if live and order.cancelled_at is None else "none"),
                "lines": [
                    [line.external_id, line_ids[line.line_external_id], line.remaining]
                    for line in found.lines
                    if line.line_external_id in line_ids
                ],
            }
        )
    return rows


def wanted_holds(session: Session, order: OrderRow) -> list[EffectDraft]:
    """The holds that the shop is still to be asked for; one that was asked for before is the same effect."""
    mirrors = select_by(session, ShopFulfilment, "order_id", [order["id"]], order_by="id")
    target = f"{order['source']}/{order['account']}"
    return [hold_effect(dict(row), order["id"], target) for row in mirrors if row["hold_state"] == "wanted"]


def take_mirrors(session: Session, order: OrderRow, said: IncomingOrder, line_ids: Mapping[str, str]) -> None:
    """Read the mirrors of an order again after an edit. A new one wants our hold where the others still have it;
    of one that has ended in the shop there is nothing to release any more."""
    known = {row["id"]: row for row in select_by(session, ShopFulfilment, "order_id", [order["id"]])}
    kept_back = any(row["hold_state"] in _KEPT_BACK for row in known.values())
    gone = _known_to_shop(session, order["id"], said)
    fresh, changed = [], []
    for row in shop_fulfilment_rows(said, order["id"], line_ids):
        row["lines"] = [
            [line, ours, left + gone.get((row["external_id"], line), 0)] for line, ours, left in row["lines"]
        ]
        before = known.get(row["id"])
        if before is None:
            if row["hold_state"] == "wanted" and not kept_back:
                row["hold_state"] = "none"
            fresh.append(row)
            continue
        state, hold = before["hold_state"], before["hold_external_id"]
        if state in _KEPT_BACK and row["status"] not in _LIVE:
            state = "none"
        changed.append({**row, "hold_state": state, "hold_external_id": hold})
    insert_rows(session, ShopFulfilment, fresh)
    update_by(session, ShopFulfilment, changed)


def _known_to_shop(session: Session, order_id: str, said: IncomingOrder) -> dict[tuple[str, str], int]:
    """Units of parcels that the shop knows: what it states as remaining is without them, while a mirror counts all
    that was ever to be shipped."""
    numbers = {number for parcel in said.fulfilments for number in parcel.tracking_numbers}
    units: dict[tuple[str, str], int] = {}
    for parcel, lines in lines_in_shop(session, [order_id])[order_id]:
        number = parcel["tracking_number"]
        if parcel["shop_fulfilment_external_id"] or (number and number in numbers):
            for fulfilment_order, line, count in lines:
                units[(fulfilment_order, line)] = units.get((fulfilment_order, line), 0) + count
    return units


def lines_in_shop(
    session: Session, order_ids: Sequence[str]
) -> dict[str, list[tuple[Mapping[str, Any], list[ShopLine]]]]:
    """Each parcel of the orders with the shop's lines that it is of. Units that earlier parcels took are counted, so
    that two parcels never claim the same ones."""
    mirrors = group_by(select_by(session, ShopFulfilment, "order_id", order_ids), "order_id")
    parcels = group_by(select_by(session, Shipment, "order_id", order_ids, order_by="id"), "order_id")
    every = [row["id"] for rows in parcels.values() for row in rows]
    content = group_by(select_by(session, ShipmentLine, "shipment_id", every), "shipment_id")
    found: dict[str, list[tuple[Mapping[str, Any], list[ShopLine]]]] = {}
    for order_id in order_ids:
        left = [
            [mirror["external_id"], line_id, ours, units]
            # oldest first: the shops' numbers rise, and an edit's new one must not take an older parcel's units
            for mirror in sorted(mirrors.get(order_id, []), key=lambda row: (len(row["external_id"]), row["id"]))
            for line_id, ours, units in mirror["lines"]
        ]
        found[order_id] = [(parcel, _take(left, content.get(parcel["id"], []))) for parcel in parcels.get(order_id, [])]
    return found


def _take(left: list[list[Any]], content: Sequence[Mapping[str, Any]]) -> list[ShopLine]:
    taken = []
    for part in content:
        wanted = part["quantity"]
        for entry in left:
            if entry[2] != part["order_line_id"] or wanted == 0:
                continue
            count = min(wanted, entry[3])
            if count > 0:
                entry[3] -= count
                wanted -= count
                taken.append((entry[0], entry[1], count))
    return taken
