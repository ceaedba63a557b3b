"""What an edit has to tell whom: for each fulfilment order of the order whether its node has it already, and what it is
to have instead. Read under the order's lock, kept with the request, and followed whatever dies meanwhile."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlmodel import Session

from domain.edits import EditKind, Wanted
from domain.states import EffectState, FulfilmentOrderState, RequestState
from ledger.fulfilment import FulfilmentRow, fulfilment_lines_of, fulfilment_orders_of
from ledger.orders import OrderRow
from ledger.rows import group_by, select_by
from ledger.tables import Effect, Location, ProductVariant, Reservation, Shipment

UNTOLD, NODE, OWN, GONE, BUSY = "untold", "node", "own", "gone", "busy"
_ENDED = (FulfilmentOrderState.CLOSED, FulfilmentOrderState.CANCELLED)
_TELLING = ("node.create_order", "label.quote", "label.buy")
Rows = Sequence[Mapping[str, Any]]


class CannotPlan(Exception):
    """`code`: busy (a node is being told just now: later), too_late (it has left, or is fixed)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Part:
    """One fulfilment order that has not ended. `how`: untold (replanned here), node (a 3PL has it and can change it),
    own (our own warehouse has it), gone (something of it has left), busy (its node is being told)."""

    row: FulfilmentRow
    how: str
    target: str
    lines: Rows
    unsent: tuple[str, ...] = ()  # effects that would tell the node and were never tried

    @property
    def skus(self) -> dict[str, int]:
        units: Counter[str] = Counter()
        for line in self.lines:
            units[line["sku"]] += line["quantity"] - line["shipped"]
        return dict(units)

    @property
    def units(self) -> dict[str, int]:
        """Ordered units by order line, those that have left included."""
        return _units(self.lines)


@dataclass(frozen=True, slots=True)
class NodeStep:
    """What is to happen to one fulfilment order that its node has. `units` by order line and `new` by ordered SKU are
    what it ships afterwards, `before` and `after` the same in stocked SKUs."""

    fulfilment_order: str
    how: str
    target: str
    node_order: str
    reference: str
    address: bool
    cancel: bool
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    new: dict[str, int] = field(default_factory=dict)

    @property
    def changes_lines(self) -> bool:
        return not self.cancel and self.before != self.after

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def parts_of(session: Session, order: OrderRow) -> list[Part]:
    """The order's fulfilment orders that have not ended, and who has them."""
    rows = [row for row in fulfilment_orders_of(session, [order["id"]])[order["id"]] if row["state"] not in _ENDED]
    ids = [row["id"] for row in rows]
    lines = fulfilment_lines_of(session, ids)
    parcels = group_by(select_by(session, Shipment, "fulfilment_order_id", ids), "fulfilment_order_id")
    places = {p["id"]: p for p in select_by(session, Location, "id", {row["location_id"] for row in rows})}
    telling = group_by(
        [e for e in select_by(session, Effect, "order_id", [order["id"]]) if e["kind"] in _TELLING], "subject_id"
    )
    found = []
    for row in rows:
        place = places[row["location_id"]]
        how, unsent = _how(row, place, lines[row["id"]], parcels.get(row["id"], []), telling.get(row["id"], []))
        found.append(Part(row, how, f"{place['system']}/{place['account']}", lines[row["id"]], unsent))
    return found


def _how(row: FulfilmentRow, place: Any, lines: Rows, parcels: Rows, telling: Rows) -> tuple[str, tuple[str, ...]]:
    if row["state"] == FulfilmentOrderState.SCHEDULED:
        return UNTOLD, ()
    if any(parcel["shipped_at"] is not None for parcel in parcels) or any(line["shipped"] for line in lines):
        return GONE, ()
    if row["request_state"] == RequestState.CANCELLATION_REQUESTED:
        return BUSY, ()
    undecided = [e for e in telling if e["state"] in (EffectState.SENDING, EffectState.UNKNOWN, EffectState.PARKED)]
    planned = [e for e in telling if e["state"] == EffectState.PLANNED]
    if undecided or any(effect["attempts"] for effect in planned):
        return BUSY, ()  # it may be there already
    if place["ships_itself"]:
        accepted = row["request_state"] == RequestState.ACCEPTED
        return (NODE, ()) if accepted else (UNTOLD, tuple(effect["id"] for effect in planned))
    return OWN, tuple(effect["id"] for effect in planned)


def node_steps(
    session: Session, order: OrderRow, request_id: str, wanted: Wanted, parts: Sequence[Part], told: Container[str]
) -> list[NodeStep]:
    """What nodes that have the order are told. `told`: fulfilment orders whose nodes are asked when only the contact
    changes; the others ship without it. Raises: CannotPlan."""
    if any(part.how == BUSY for part in parts):
        raise CannotPlan("busy")
    if wanted.cancelled:
        if any(part.how == GONE for part in parts):
            raise CannotPlan("too_late")
        return [_step(order, part, cancel=True) for part in parts if part.how in (NODE, OWN)]
    moves = EditKind.ADDRESS in wanted.kinds
    if moves and any(part.how == GONE and any(part.skus.values()) for part in parts):
        raise CannotPlan("too_late")
    kept = _kept_units(parts, wanted.lines)
    kits = _kits(
        session, {added.sku for added in wanted.added} | {line["sku"] for part in parts for line in part.lines}
    )
    at_home = _promised_at(session, request_id)
    more = _more_units(parts, wanted, kept)
    steps = []
    for part in parts:
        if part.how not in (NODE, OWN):
            continue
        units = dict(kept[part.row["id"]])
        new: dict[str, int] = {}
        if part.how == NODE:
            units, new = _filled(session, part, units, more, at_home, kits)
        fewer_or_more = units != part.units or bool(new)
        joins = part.how == OWN and _shares_place(part, at_home)
        named = moves or (bool(wanted.contact_version) and part.row["id"] in told)
        if not (named or fewer_or_more or joins):
            continue
        steps.append(_step(order, part, address=named, units=units, new=new, kits=kits))
    return steps


def _kept_units(parts: Sequence[Part], wanted: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """What each told fulfilment order still ships of its lines. Fewer units come off our own sheets first, because
    those are planned anew anyway, then off the youngest request at a 3PL. Raises: CannotPlan."""
    kept = {part.row["id"]: dict(part.units) for part in parts if part.how != UNTOLD}
    told: Counter[str] = Counter()
    for part_units in kept.values():
        told.update(part_units)
    flexible = [p for p in parts if p.how == OWN] + [p for p in reversed(parts) if p.how == NODE]
    for line_id, units in told.items():
        excess = units - wanted.get(line_id, 0)
        for part in flexible:
            if excess <= 0:
                break
            less = min(excess, kept[part.row["id"]].get(line_id, 0))
            if less:
                kept[part.row["id"]][line_id] -= less
                excess -= less
        if excess > 0:
            raise CannotPlan("too_late")
    return kept


def _more_units(parts: Sequence[Part], wanted: Wanted, kept: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Ordered units that no told or planned fulfilment order has: by order line, or by SKU for added ones."""
    planned: Counter[str] = Counter()
    for part in parts:
        planned.update(kept.get(part.row["id"], part.units))
    more = {line_id: units - planned[line_id] for line_id, units in wanted.lines.items() if units > planned[line_id]}
    for added in wanted.added:
        more[added.sku] = more.get(added.sku, 0) + added.quantity
    return more


def _filled(
    session: Session,
    part: Part,
    units: dict[str, int],
    more: dict[str, int],
    at_home: dict[tuple[str, str], int],
    kits: Mapping[str, Sequence[Sequence[Any]]],
) -> tuple[dict[str, int], dict[str, int]]:
    """Put into the same parcel what the request has promised itself at the same node; whole wishes only."""
    new: dict[str, int] = {}
    line_skus = {line["order_line_id"]: line["sku"] for line in part.lines}
    place = part.row["location_id"]
    for wish in sorted(more):
        sku = line_skus.get(wish) or ("" if wish.startswith(f"{part.row['order_id']}:") else wish)
        if not sku or (wish in line_skus and sku in kits):
            continue
        needs = {name: per * more[wish] for name, per in kits.get(sku) or [(sku, 1)]}
        if any(at_home.get((place, name), 0) < count for name, count in needs.items()):
            continue
        for name, count in needs.items():
            at_home[place, name] -= count
        if wish in line_skus:
            units[wish] = units.get(wish, 0) + more.pop(wish)
        else:
            new[wish] = more.pop(wish)
    return units, new


def _shares_place(part: Part, at_home: Mapping[tuple[str, str], int]) -> bool:
    return any(units for (place, _), units in at_home.items() if place == part.row["location_id"])


def _promised_at(session: Session, request_id: str) -> dict[tuple[str, str], int]:
    """Units promised to the request, by place and SKU."""
    units: Counter[tuple[str, str]] = Counter()
    for row in select_by(session, Reservation, "fulfilment_order_id", [request_id]):
        if row["holder"] == "ours":
            units[row["location_id"], row["sku"]] += row["quantity"]
    return dict(units)


def _kits(session: Session, skus: set[str]) -> dict[str, list[tuple[str, int]]]:
    return {
        row["sku"]: [(sku, units) for sku, units in row["kit_parts"]]
        for row in select_by(session, ProductVariant, "sku", skus)
        if row["kit_parts"]
    }


def _step(
    order: OrderRow,
    part: Part,
    *,
    address: bool = False,
    cancel: bool = False,
    units: dict[str, int] | None = None,
    new: dict[str, int] | None = None,
    kits: Mapping[str, Sequence[tuple[str, int]]] | None = None,
) -> NodeStep:
    wanted = part.units if units is None else units
    after: Counter[str] = Counter()
    for line in part.lines:
        after[line["sku"]] += wanted.get(line["order_line_id"], 0) * line["per_unit"]
    for sku, count in (new or {}).items():
        for name, per in (kits or {}).get(sku) or [(sku, 1)]:
            after[name] += per * count
    left = {sku: count for sku, count in after.items() if count}
    return NodeStep(
        fulfilment_order=part.row["id"],
        how=part.how,
        target=part.target,
        node_order=part.row["node_external_id"],
        reference=f"{part.row['id']}.{part.row['attempt']}",
        address=address,
        cancel=cancel or not left,
        before=part.skus,
        after=left,
        units={line_id: count for line_id, count in wanted.items()},
        new=new or {},
    )


def _units(lines: Rows) -> dict[str, int]:
    """Ordered units by line: a kit counts as whole ones of its parts."""
    by_sku: dict[tuple[str, str], int] = {}
    for line in lines:
        key = line["order_line_id"], line["sku"]
        by_sku[key] = by_sku.get(key, 0) + line["quantity"] // line["per_unit"]
    units: dict[str, int] = {}
    for (line_id, _), count in by_sku.items():
        units[line_id] = min(units.get(line_id, count), count)
    return units
