"""What a customer asks to change, and the order as it is wanted then.

A request is a list of actions. `parse_actions` reads them from JSON facts, `combine` folds them over the order as it
stands. Quantities are what a line is to have in all, units that have left included (as the shop counts them).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.free_text import is_name
from domain.placed import PlacedLine, PlacedOrder

MAX_UNITS = 10_000  # of one line; more is a slip of the finger, whoever asks
MAX_ACTIONS = 100


class EditKind(StrEnum):
    ADDRESS = "address"
    CONTACT = "contact"  # e-mail and phone
    QUANTITY = "quantity"
    SWAP = "swap"  # units of a line become another variant
    ADD = "add"
    REMOVE = "remove"
    SHIPPING = "shipping"
    CANCEL = "cancel"  # the whole order


OF_A_LINE = frozenset({EditKind.QUANTITY, EditKind.SWAP, EditKind.REMOVE})
OF_GOODS = OF_A_LINE | {EditKind.ADD}
OF_A_PERSON = frozenset({EditKind.ADDRESS, EditKind.CONTACT})


class EditError(ValueError):
    """A request that cannot be carried out as it is written. `code` is stable; `where` names the place, no value."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(f"{code}: {where}" if where else code)
        self.code = code
        self.where = where


@dataclass(frozen=True, slots=True)
class EditAction:
    """One change. `contact_version` is the id of a stored contact: what a person is called stands nowhere else.

    `quantity`: of QUANTITY the units wanted in all; of ADD the units to add; of SWAP the units to swap, None for all
    that have not left.
    """

    kind: EditKind
    line_id: str = ""
    sku: str = ""
    quantity: int | None = None
    contact_version: str = ""
    shipping_code: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", EditKind(self.kind))  # a row holds the word

    def as_json(self) -> dict[str, Any]:
        """What is set, and nothing else."""
        facts = {name: getattr(self, name) for name in self.__slots__}
        return {"kind": str(self.kind)} | {
            name: value for name, value in facts.items() if name != "kind" and value not in ("", None)
        }


_TEXTS = ("line_id", "sku", "contact_version", "shipping_code")
_NEEDED: Mapping[EditKind, frozenset[str]] = {
    EditKind.ADDRESS: frozenset({"contact_version"}),
    EditKind.CONTACT: frozenset({"contact_version"}),
    EditKind.QUANTITY: frozenset({"line_id", "quantity"}),
    EditKind.SWAP: frozenset({"line_id", "sku"}),
    EditKind.ADD: frozenset({"sku", "quantity"}),
    EditKind.REMOVE: frozenset({"line_id"}),
    EditKind.SHIPPING: frozenset({"shipping_code"}),
    EditKind.CANCEL: frozenset(),
}
_OPTIONAL: Mapping[EditKind, frozenset[str]] = {EditKind.SWAP: frozenset({"quantity"})}


def parse_actions(facts: Any) -> tuple[EditAction, ...]:
    """Read a request's actions. A QUANTITY of 0 is a REMOVE. Raises: EditError.

    Codes: not_a_list, empty_request, too_many_actions, not_an_action, unknown_kind, unknown_field, missing, bad_text,
    bad_quantity, negative_quantity, zero_quantity, quantity_too_large, cancel_and_more.
    """
    if not isinstance(facts, list | tuple):
        raise EditError("not_a_list", "actions")
    if not facts:
        raise EditError("empty_request", "actions")
    if len(facts) > MAX_ACTIONS:
        raise EditError("too_many_actions", "actions")
    actions = tuple(_action(entry, f"actions[{number}]") for number, entry in enumerate(facts, start=1))
    _check_cancel(actions)
    return actions


def _action(entry: Any, where: str) -> EditAction:
    if not isinstance(entry, Mapping):
        raise EditError("not_an_action", where)
    try:
        kind = EditKind(entry.get("kind", ""))
    except ValueError:
        raise EditError("unknown_kind", f"{where}.kind") from None
    needed = _NEEDED[kind]
    allowed = needed | _OPTIONAL.get(kind, frozenset()) | {"kind"}
    if any(name not in allowed for name in entry):
        raise EditError("unknown_field", where)  # the name may be anything that somebody typed
    for name in sorted(needed):
        if entry.get(name) in ("", None):
            raise EditError("missing", f"{where}.{name}")
    texts = {name: _text(entry[name], f"{where}.{name}") for name in _TEXTS if name in entry}
    quantity = _quantity(kind, entry.get("quantity"), f"{where}.quantity")
    if kind is EditKind.QUANTITY and quantity == 0:
        return EditAction(EditKind.REMOVE, line_id=texts["line_id"])
    return EditAction(kind, quantity=quantity, **texts)


def _text(value: Any, where: str) -> str:
    if not is_name(value):
        raise EditError("bad_text", where)
    return value


def _quantity(kind: EditKind, value: Any, where: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise EditError("bad_quantity", where)
    if value < 0:
        raise EditError("negative_quantity", where)
    if value == 0 and kind is not EditKind.QUANTITY:
        raise EditError("zero_quantity", where)
    if value > MAX_UNITS:
        raise EditError("quantity_too_large", where)
    return value


@dataclass(frozen=True, slots=True)
class Added:
    """Units of a SKU that the order does not have yet. `instead_of`: the line that a swap takes them from."""

    sku: str
    quantity: int
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The order as it is wanted. `lines` names every line with its units in all; `kinds` what really changes.

    `contact_version` and `shipping_code` are empty where they stay as they are.
    """

    lines: Mapping[str, int]
    added: tuple[Added, ...] = ()
    contact_version: str = ""
    shipping_code: str = ""
    cancelled: bool = False
    kinds: frozenset[EditKind] = frozenset()

    def as_json(self) -> dict[str, Any]:
        return {
            "lines": dict(self.lines),
            "added": [{"sku": a.sku, "quantity": a.quantity, "instead_of": a.instead_of} for a in self.added],
            "contact_version": self.contact_version,
            "shipping_code": self.shipping_code,
            "cancelled": self.cancelled,
            "kinds": sorted(self.kinds),
        }


def unchanged(order: PlacedOrder) -> Wanted:
    """The order as it stands."""
    return Wanted({line.id: line.quantity for line in order.lines})


def combine(actions: Sequence[EditAction], order: PlacedOrder) -> Wanted:
    """The order as all actions together want it; the order of the actions does not count. Raises: EditError.

    An action that changes nothing is left out; when all do, the code is `no_change`. Other codes: empty_request,
    cancel_and_more, unknown_line, contradiction (a line named twice, two contacts, two shipping methods),
    already_shipped, quantity_too_large, nothing_left (that is a cancel).
    """
    if not actions:
        raise EditError("empty_request", "actions")
    _check_cancel(actions)
    if actions[0].kind is EditKind.CANCEL:
        if any(line.shipped for line in order.lines):
            raise EditError("already_shipped", "actions[1]")
        nothing = dict.fromkeys((line.id for line in order.lines), 0)
        return Wanted(nothing, cancelled=True, kinds=frozenset({EditKind.CANCEL}))
    kinds: set[EditKind] = set()
    contact = _one_of(actions, "contact_version", order.contact_version)
    if contact:
        kinds |= {action.kind for action in actions if action.kind in OF_A_PERSON}
    shipping = _one_of(actions, "shipping_code", order.shipping_code)
    if shipping:
        kinds.add(EditKind.SHIPPING)
    lines = {line.id: line.quantity for line in order.lines}
    units: Counter[tuple[str, str]] = Counter()
    for where, action, line in _of_lines(actions, order):
        before = lines[line.id]
        if action.kind is EditKind.SWAP:
            swapped = line.left if action.quantity is None else action.quantity
            if action.sku == line.sku:
                continue
            if not 0 < swapped <= lines[line.id] - line.shipped:
                raise EditError("already_shipped" if line.shipped else "bad_quantity", where)
            lines[line.id] -= swapped
            units[action.sku, line.id] += swapped
        else:
            lines[line.id] = _line_quantity(action, line, where)
        if lines[line.id] != before:
            kinds.add(action.kind)
    for action in actions:
        if action.kind is EditKind.ADD:
            units[action.sku, ""] += action.quantity or 0
            kinds.add(EditKind.ADD)
    if any(count > MAX_UNITS for count in units.values()):
        raise EditError("quantity_too_large", "actions")
    if not kinds:
        raise EditError("no_change", "actions")
    added = tuple(Added(sku, count, line_id) for (sku, line_id), count in sorted(units.items()))
    if not added and not any(lines.values()):
        raise EditError("nothing_left", "actions")
    return Wanted(lines, added, contact, shipping, kinds=frozenset(kinds))


def stock_change(order: PlacedOrder, wanted: Wanted) -> Mapping[str, int]:
    """SKU -> units needed beyond what the order has (positive) or set free (negative); SKUs without change left out."""
    change: Counter[str] = Counter()
    for line in order.lines:
        change[line.sku] += wanted.lines[line.id] - line.quantity
    for added in wanted.added:
        change[added.sku] += added.quantity
    return {sku: units for sku, units in sorted(change.items()) if units}


def _check_cancel(actions: Sequence[EditAction]) -> None:
    if len({action.kind for action in actions}) > 1 and any(a.kind is EditKind.CANCEL for a in actions):
        raise EditError("cancel_and_more", "actions")


def _one_of(actions: Sequence[EditAction], name: str, present: str) -> str:
    values = {value for action in actions if (value := getattr(action, name))}
    if len(values) > 1:
        raise EditError("contradiction", name)
    return next((value for value in values if value != present), "")


def _of_lines(actions: Sequence[EditAction], order: PlacedOrder) -> list[tuple[str, EditAction, PlacedLine]]:
    """Actions on lines with the line each is about. The same said twice counts once; parts of a line may be swapped
    for several variants."""
    known = {line.id: line for line in order.lines if line.quantity}
    found: list[tuple[str, EditAction, PlacedLine]] = []
    for number, action in enumerate(actions, start=1):
        where = f"actions[{number}]"
        if action.kind not in OF_A_LINE:
            continue
        if action.line_id not in known:
            raise EditError("unknown_line", f"{where}.line_id")
        others = [other for _, other, line in found if line.id == action.line_id]
        if action in others and not (action.kind is EditKind.SWAP and action.quantity is not None):
            continue
        if any(not _parts(action, other) for other in others):
            raise EditError("contradiction", f"{where}.line_id")
        found.append((where, action, known[action.line_id]))
    return found


def _parts(one: EditAction, other: EditAction) -> bool:
    """Whether two actions swap different parts of a line."""
    swaps = one.kind is EditKind.SWAP and other.kind is EditKind.SWAP
    return swaps and None not in (one.quantity, other.quantity) and one.sku != other.sku


def _line_quantity(action: EditAction, line: PlacedLine, where: str) -> int:
    wanted = line.shipped if action.kind is EditKind.REMOVE else action.quantity or 0
    if wanted < line.shipped or (action.kind is EditKind.REMOVE and not line.left):
        raise EditError("already_shipped", where)
    return wanted
