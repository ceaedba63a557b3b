"""What a 3PL has confirmed to ship instead, written into the ledger: lines, promises, counters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import new_id
from domain.states import FulfilmentOrderState
from ledger import stock
from ledger.cases import open_cases
from ledger.editing.promises import lock_stock
from ledger.fulfilment import FulfilmentRow, advance_fulfilment_orders, fulfilment_lines_of
from ledger.orders import count_units, lines_of
from ledger.planning import parts_of, variant_facts
from ledger.rows import Row, insert_rows, select_by, update_by
from ledger.stock_alarms import units_gone
from ledger.tables import FulfilmentOrder, FulfilmentOrderLine, Reservation
from ledger.tables.base import table_of

_part = table_of(FulfilmentOrderLine)
_AT_NODE = (FulfilmentOrderState.OPEN, FulfilmentOrderState.IN_PROGRESS)
Part = Mapping[str, Any]
Change = tuple[str, str, int]  # (order line, stocked SKU, units more or less)


def changed_at_node(
    session: Session,
    fulfilment_order: FulfilmentRow,
    units: Mapping[str, int],
    request_id: str,
    now: datetime,
    *,
    changed_at: datetime | None = None,
) -> None:
    """The node ships exactly these units now: order line -> units of the line, those that have left included; a line
    that is not named ships none. The caller holds the order's lock, and added lines are rows already.

    Units that are not shipped any more are free at the node again. Added ones come from what is promised to the
    request at this node, else from what is free there: the node has them, so where our count knows of fewer than are
    promised to others, a person is told. `changed_at`: when the node did it; a reading of its stock since then has
    counted it already.

    Raises: ValueError for a line that is not the order's, units below nothing or below what has left, no unit at all
    (that is a withdrawal), or a fulfilment order that no node has.
    """
    lock_stock(session, fulfilment_order["order_id"])
    [row] = select_by(session, FulfilmentOrder, "id", [fulfilment_order["id"]], lock=True)
    before = fulfilment_lines_of(session, [row["id"]])[row["id"]]
    after = _wanted(session, row, before, units)
    changes = _changes(before, after)
    moves = _Moves(session, row, request_id, now, changed_at or now)
    for line_id, sku, count in changes:
        if count < 0:
            moves.free(line_id, sku, -count)
    for line_id, sku, count in changes:
        if count > 0:
            moves.take(line_id, sku, count)
    moves.write()
    _write_lines(session, before, after)
    had, has = _whole(before), _whole(after)
    differences = [(i, has.get(i, 0) - had.get(i, 0)) for i in sorted({*had, *has})]
    for counter in ("reserved", "released"):
        count_units(session, [(line_id, counter, count) for line_id, count in differences if count])
    if all(part["quantity"] == part["shipped"] for part in after):
        advance_fulfilment_orders(session, [(row, {"state": FulfilmentOrderState.CLOSED})], "edited", now)


def _wanted(session: Session, row: FulfilmentRow, before: Sequence[Part], units: Mapping[str, int]) -> list[Row]:
    """The fulfilment order's lines as they are to be."""
    if row["state"] not in _AT_NODE:
        raise ValueError(f"{row['id']} is {row['state']}: no node ships it")
    lines = {line["id"]: line for line in lines_of(session, [row["order_id"]])[row["order_id"]]}
    if strange := sorted(set(units) - set(lines)):
        raise ValueError(f"not lines of {row['order_id']}: {', '.join(strange)}")
    if any(count < 0 for count in units.values()):
        raise ValueError("negative units")
    known = {part["order_line_id"] for part in before}
    facts = variant_facts(session, {lines[i]["sku"] for i in units if i not in known})
    after = [{**part, "quantity": units.get(part["order_line_id"], 0) * part["per_unit"]} for part in before]
    number = max((int(part["id"].rpartition(":")[2]) for part in before), default=-1)
    for line_id in sorted(units):
        for sku, per in parts_of(facts, lines[line_id]["sku"]) if line_id not in known and units[line_id] else ():
            number += 1
            after.append(
                {
                    "id": f"{row['id']}:{number:04d}", "fulfilment_order_id": row["id"], "order_line_id": line_id,
                    "sku": sku, "quantity": units[line_id] * per, "per_unit": per, "shipped": 0,
                }
            )  # fmt: skip
    if any(part["quantity"] < part["shipped"] for part in after):
        raise ValueError(f"more of {row['id']} has left")
    if not any(part["quantity"] for part in after):
        raise ValueError(f"nothing of {row['id']} is left: it is to be withdrawn")
    return after


def _changes(before: Sequence[Part], after: Sequence[Part]) -> list[Change]:
    had = {part["id"]: part["quantity"] for part in before}
    return [(part["order_line_id"], part["sku"], part["quantity"] - had.get(part["id"], 0)) for part in after]


def _write_lines(session: Session, before: Sequence[Part], after: Sequence[Row]) -> None:
    had = {part["id"]: part["quantity"] for part in before}
    gone = [part["id"] for part in after if part["id"] in had and not part["quantity"]]
    session.execute(sa.delete(_part).where(_part.c.id.in_(gone)))
    changed = [part for part in after if part["quantity"] and had.get(part["id"], part["quantity"]) != part["quantity"]]
    update_by(session, FulfilmentOrderLine, [{"id": part["id"], "quantity": part["quantity"]} for part in changed])
    insert_rows(session, FulfilmentOrderLine, [part for part in after if part["id"] not in had])


def _whole(parts: Sequence[Part]) -> dict[str, int]:
    """Ordered units by order line: a kit is whole when all its parts are there."""
    units: dict[str, int] = {}
    for part in parts:
        count = part["quantity"] // part["per_unit"]
        units[part["order_line_id"]] = min(units.get(part["order_line_id"], count), count)
    return units


@dataclass
class _Moves:
    """Promises of one fulfilment order, given up and taken over; counted in memory and written once."""

    session: Session
    row: FulfilmentRow
    request_id: str
    now: datetime
    changed_at: datetime
    fresh: list[Row] = field(default_factory=list)
    counts: list[tuple[stock.Key, Mapping[str, int]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.at_node = self.row["state"] == FulfilmentOrderState.IN_PROGRESS
        mine = stock.standing(self.session, [self.row["id"]], ("ours", "at_node"))
        waiting = stock.standing(self.session, [self.request_id], ("ours",))
        self.mine = [dict(promise) for promise in mine]
        self.waiting = [dict(promise) for promise in waiting if promise["location_id"] == self.row["location_id"]]

    def free(self, line_id: str, sku: str, units: int) -> None:
        """Units of a line that the node has given up."""
        for promise in self.mine:
            if (promise["order_line_id"], promise["sku"]) == (line_id, sku):
                taken = self._off(promise, units, holder="released")
                units -= taken
                ours = promise["holder"] == "ours"
                self._count(sku, {"reserved_ours": -taken} if ours else {"node_free": taken})
        if units:
            raise RuntimeError(f"{self.row['id']} had fewer units promised than its lines say")

    def take(self, line_id: str, sku: str, units: int) -> None:
        """Units that the node ships besides."""
        belongs = {"fulfilment_order_id": self.row["id"], "order_line_id": line_id}
        holder = "at_node" if self.at_node else "ours"
        for promise in self.waiting:
            if promise["sku"] == sku:
                taken = self._off(promise, units, holder=holder, **belongs)
                units -= taken
                if self.at_node:
                    self._count(sku, {"reserved_ours": -taken, "node_free": -taken})
        if units:
            place = {"order_id": self.row["order_id"], "location_id": self.row["location_id"], "sku": sku}
            self.fresh.append(
                {"id": new_id("rsv"), **place, **belongs, "quantity": units, "holder": holder, "created_at": self.now}
            )
            self._count(sku, {"node_free": -units} if self.at_node else {"reserved_ours": units})

    def _off(self, promise: Row, units: int, **becomes: str) -> int:
        """Split up to so many units off a promise; returns how many."""
        taken = min(units, int(promise["quantity"]))
        if taken:
            promise["quantity"] -= taken
            self.fresh.append({**promise, "id": new_id("rsv"), "quantity": taken, **becomes})
        return taken

    def _count(self, sku: str, change: Mapping[str, int]) -> None:
        if any(change.values()):
            self.counts.append(((self.row["location_id"], sku), change))

    def write(self) -> None:
        every = [*self.mine, *self.waiting]
        session = self.session
        spent = [promise["id"] for promise in every if not promise["quantity"]]
        session.execute(sa.delete(table_of(Reservation)).where(table_of(Reservation).c.id.in_(spent)))
        left = [{"id": promise["id"], "quantity": promise["quantity"]} for promise in every if promise["quantity"]]
        update_by(session, Reservation, left)
        insert_rows(session, Reservation, self.fresh)
        self._write_counts()

    def _write_counts(self) -> None:
        skus = {sku for (_, sku), _ in self.counts}
        seen = {key for key, row in self._levels(skus).items() if row["read_at"] and row["read_at"] > self.changed_at}
        counts = [
            (key, {name: units for name, units in change.items() if not (key in seen and name == "node_free")})
            for key, change in self.counts
        ]
        stock.count_levels(self.session, [(key, change) for key, change in counts if change], promised_at=self.now)
        short = [row for row in self._levels(skus).values() if row["node_free"] < row["reserved_ours"]]
        alarms = [units_gone(r["location_id"], r["sku"], r["node_free"], r["reserved_ours"]) for r in short]
        open_cases(self.session, alarms, self.now)

    def _levels(self, skus: set[str]) -> dict[stock.Key, Mapping[str, Any]]:
        """Of this node."""
        found = stock.read_levels(self.session, skus)
        return {key: row for key, row in found.items() if key[0] == self.row["location_id"]}
