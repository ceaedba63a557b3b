"""Stock and promises. `available = node_free - reserved_ours - safety_stock`, per node and SKU.

A promise is `ours` until the node's acceptance is recorded, `at_node` until the parcel leaves, then consumed.
When the node takes a promise over, both counters go down together, so `available` does not jump; a reading
that is older than that moment is never applied over it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.catalogue import NodeStock
from domain.ids import new_id
from domain.routing import Allocation
from ledger.cases import CaseDraft, open_cases
from ledger.prepared import Prepared, listed
from ledger.rows import Row, insert_missing, insert_rows, update_by, update_listed
from ledger.stock_alarms import end_healed, units_gone
from ledger.tables import InventoryLevel, ProductVariant, Reservation, StockMovement
from ledger.tables.base import table_of

_level, _reservation, _variant = table_of(InventoryLevel), table_of(Reservation), table_of(ProductVariant)
_SKU = listed(_level.c.sku, "skus")
_LEVELS = Prepared(sa.select(_level).where(_SKU).order_by(_level.c.location_id, _level.c.sku).with_for_update())
_READ = Prepared(sa.select(_level).where(_SKU))
_KNOWN = Prepared(sa.select(_level.c.sku).where(_SKU).distinct())
_KITS = Prepared(sa.select(_variant.c.sku, _variant.c.kit_parts).where(listed(_variant.c.sku, "skus")))
_OF = Prepared(
    sa.select(_reservation)
    .where(listed(_reservation.c.fulfilment_order_id, "ids"), listed(_reservation.c.holder, "holders"))
    .order_by(_reservation.c.location_id, _reservation.c.sku, _reservation.c.id)
    .with_for_update()
)
Key = tuple[str, str]  # (location id, sku)


class ShortStock(Exception):
    """Somebody else took the unit between the plan and the promise."""


def lock_levels(session: Session, skus: Iterable[str]) -> dict[Key, Mapping[str, Any]]:
    """All nodes' rows of these SKUs, locked in a fixed order."""
    return {(row["location_id"], row["sku"]): row for row in _LEVELS.rows(session, skus=set(skus))}


def read_levels(session: Session, skus: Iterable[str]) -> dict[Key, Mapping[str, Any]]:
    """The same rows as they stand, without a lock: to show, not to promise."""
    return {(row["location_id"], row["sku"]): row for row in _READ.rows(session, skus=set(skus))}


def free_units(levels: Mapping[Key, Mapping[str, Any]]) -> dict[Key, int]:
    """What may be promised now."""
    return {key: max(row["node_free"] - row["reserved_ours"] - row["safety_stock"], 0) for key, row in levels.items()}


def reserve(
    session: Session, promises: Sequence[tuple[str, str, Allocation]], free: dict[Key, int], now: datetime
) -> None:
    """Promise units: (order id, fulfilment order id, allocation). `free` comes from rows locked in this
    transaction and is counted down. Raises: ShortStock."""
    rows: list[Row] = []
    for order_id, fulfilment_order_id, part in promises:
        key = (part.node_id, part.sku)
        if free.get(key, 0) < part.quantity:
            raise ShortStock(part.sku)
        free[key] -= part.quantity
        rows.append(
            {
                "id": new_id("rsv"),
                "order_id": order_id,
                "order_line_id": part.line_id,
                "fulfilment_order_id": fulfilment_order_id,
                "location_id": part.node_id,
                "sku": part.sku,
                "quantity": part.quantity,
                "holder": "ours",
                "created_at": now,
            }
        )
    insert_rows(session, Reservation, rows)
    count_levels(session, [((r["location_id"], r["sku"]), {"reserved_ours": r["quantity"]}) for r in rows])


def take_over(session: Session, fulfilment_order_ids: Sequence[str], now: datetime) -> None:
    """The node has accepted: from now on it holds the promise itself."""
    rows = standing(session, fulfilment_order_ids, ("ours",))
    _set_holder(session, rows, "at_node")
    count_levels(
        session,
        [((r["location_id"], r["sku"]), {"reserved_ours": -r["quantity"], "node_free": -r["quantity"]}) for r in rows],
        promised_at=now,
    )


@dataclass(frozen=True, slots=True)
class Consumed:
    """Units of a fulfilment order that have left the building: by (order line, sku)."""

    fulfilment_order_id: str
    units: Mapping[tuple[str, str], int]
    ref: str


def consume(session: Session, parcels: Sequence[Consumed], now: datetime) -> None:
    """Parcels have left the building. A partly shipped promise is split."""
    found = standing(session, [parcel.fulfilment_order_id for parcel in parcels], ("at_node", "ours"))
    promises: dict[str, list[Row]] = {}
    for row in found:
        promises.setdefault(row["fulfilment_order_id"], []).append(dict(row))
    whole: list[Row] = []
    split: dict[str, Row] = {}
    parts: list[Row] = []
    changes: list[tuple[Key, Mapping[str, int]]] = []
    moved: list[Row] = []
    for parcel in parcels:
        left = dict(parcel.units)
        for row in promises.get(parcel.fulfilment_order_id, []):
            part = (row["order_line_id"], row["sku"])
            take = min(left.get(part, 0), row["quantity"])
            if take <= 0:
                continue
            left[part] -= take
            row["quantity"] -= take
            if row["quantity"]:
                parts.append({**row, "id": new_id("rsv"), "quantity": take, "holder": "consumed"})
                split[row["id"]] = row
            else:
                split.pop(row["id"], None)
                whole.append({**row, "quantity": take})
            change = {"on_hand": -take}
            if row["holder"] == "ours":  # it left before we heard of the acceptance
                change |= {"reserved_ours": -take, "node_free": -take}
            changes.append(((row["location_id"], row["sku"]), change))
            moved.append(_movement(row["location_id"], row["sku"], -take, "shipped", parcel.ref, now))
    update_by(session, Reservation, [{"id": r["id"], "quantity": r["quantity"], "holder": "consumed"} for r in whole])
    update_by(session, Reservation, [{"id": r["id"], "quantity": r["quantity"]} for r in split.values()])
    insert_rows(session, Reservation, parts)
    count_levels(session, changes, promised_at=now)
    insert_rows(session, StockMovement, moved)


def release(session: Session, fulfilment_order_ids: Sequence[str], now: datetime) -> list[Row]:
    """Give promises back. Units that a node had taken over become free there by our own count until its reading."""
    rows = standing(session, fulfilment_order_ids, ("ours", "at_node"))
    _set_holder(session, rows, "released")
    count_levels(
        session,
        [
            (
                (r["location_id"], r["sku"]),
                {"reserved_ours": -r["quantity"]} if r["holder"] == "ours" else {"node_free": r["quantity"]},
            )
            for r in rows
        ],
        promised_at=now,
    )
    return [dict(row) for row in rows]


def record_reading(
    session: Session,
    location_id: str,
    stock: Sequence[NodeStock],
    *,
    read_at: datetime,
    safety_stock: int,
    now: datetime,
) -> list[str]:
    """Take over what a node says, asked at `read_at`; returns the SKUs whose free stock rose."""
    insert_missing(
        session,
        InventoryLevel,
        [
            {
                "location_id": location_id,
                "sku": s.sku,
                "on_hand": 0,
                "node_free": 0,
                "reserved_ours": 0,
                "safety_stock": safety_stock,
            }
            for s in stock
        ],
    )
    levels = {
        row["sku"]: row
        for row in session.execute(
            sa.select(_level)
            .where(_level.c.location_id == location_id, _level.c.sku.in_([s.sku for s in stock]))
            .order_by(_level.c.sku)
            .with_for_update()
        ).mappings()
    }
    risen: list[str] = []
    short: list[CaseDraft] = []
    movements: list[Row] = []
    for said in stock:
        row = levels[said.sku]
        newest = max((t for t in (row["read_at"], row["promised_at"]) if t is not None), default=None)
        if newest is not None and read_at <= newest:
            continue
        if said.on_hand != row["on_hand"]:
            kind = "opening" if row["read_at"] is None else "reading"
            movements.append(_movement(location_id, said.sku, said.on_hand - row["on_hand"], kind, "", now))
        free = max(said.free, 0)  # some count below nothing; there is nothing to promise then
        if free > row["node_free"]:
            risen.append(said.sku)
        if free < row["reserved_ours"]:
            short.append(units_gone(location_id, said.sku, free, row["reserved_ours"]))
        session.execute(
            sa.update(_level)
            .where(_level.c.location_id == location_id, _level.c.sku == said.sku)
            .values(on_hand=said.on_hand, node_free=free, read_at=read_at, safety_stock=safety_stock)
        )
    insert_rows(session, StockMovement, movements)
    open_cases(session, short, now)
    end_healed(session, location_id, {draft.subject_id for draft in short}, now)
    return risen


def put_back(session: Session, location_id: str, units: Sequence[tuple[str, str]], now: datetime) -> list[str]:
    """Units that came back are stock again at a node of our own: (sku, why) each. Returns the movements' ids."""
    skus = sorted({sku for sku, _ in units})
    zeros = {"on_hand": 0, "node_free": 0, "reserved_ours": 0, "safety_stock": 0}
    insert_missing(session, InventoryLevel, [{"location_id": location_id, "sku": sku, **zeros} for sku in skus])
    lock_levels(session, skus)
    moved = [_movement(location_id, sku, 1, "returned", ref, now) for sku, ref in units]
    count_levels(session, [((location_id, sku), {"on_hand": 1, "node_free": 1}) for sku, _ in units], promised_at=now)
    insert_rows(session, StockMovement, moved)
    return [row["id"] for row in moved]


def known_skus(session: Session, skus: Iterable[str]) -> set[str]:
    """Those of the SKUs that some node lists."""
    return set(_KNOWN.scalars(session, skus=set(skus)))


def kit_skus(session: Session, skus: Iterable[str]) -> set[str]:
    """Those of the SKUs that are kits: stocked as their parts."""
    return {row["sku"] for row in _KITS.rows(session, skus=set(skus)) if row["kit_parts"]}


def standing(session: Session, fulfilment_order_ids: Sequence[str], holders: Sequence[str]) -> list[Mapping[str, Any]]:
    """Promises of these fulfilment orders (or edit requests), locked, in the order of their stock rows."""
    return _OF.rows(session, ids=fulfilment_order_ids, holders=holders)


def _set_holder(session: Session, rows: Sequence[Mapping[str, Any]], holder: str) -> None:
    update_listed(session, Reservation, [row["id"] for row in rows], holder=holder)


def count_levels(
    session: Session, changes: Sequence[tuple[Key, Mapping[str, int]]], *, promised_at: datetime | None = None
) -> None:
    """Add to counters, rows in a fixed order; one statement per node and SKU."""
    sums: dict[Key, dict[str, int]] = {}
    for key, parts in changes:
        total = sums.setdefault(key, {})
        for column, units in parts.items():
            total[column] = total.get(column, 0) + units
    groups: dict[tuple[str, ...], list[tuple[Key, dict[str, int]]]] = {}
    for key in sorted(sums):
        groups.setdefault(tuple(sorted(sums[key])), []).append((key, sums[key]))
    for columns, members in groups.items():
        stamp = {"b_promised_at": promised_at} if promised_at is not None else {}
        _counting(columns, bool(stamp)).many(
            session,
            [
                {"b_location": location, "b_sku": sku, **{f"b_{name}": part[name] for name in columns}, **stamp}
                for (location, sku), part in members
            ],
        )


@cache
def _counting(columns: tuple[str, ...], stamped: bool) -> Prepared:
    values: Row = {name: _level.c[name] + sa.bindparam(f"b_{name}") for name in columns}
    if "node_free" in values:  # a reading may have counted already what we hear of only now; never below nothing
        values["node_free"] = sa.case((values["node_free"] < 0, 0), else_=values["node_free"])
    if stamped:
        values["promised_at"] = sa.bindparam("b_promised_at")
    here = (_level.c.location_id == sa.bindparam("b_location"), _level.c.sku == sa.bindparam("b_sku"))
    return Prepared(sa.update(_level).where(*here).values(values))


def _movement(location_id: str, sku: str, delta: int, kind: str, ref: str, now: datetime) -> Row:
    return {
        "id": new_id("mov"),
        "location_id": location_id,
        "sku": sku,
        "delta": delta,
        "kind": kind,
        "ref": ref,
        "at": now,
    }
