"""What a customer, an agent or a shop asks to return. `parse_asks` reads it from JSON facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from domain.edits import MAX_UNITS
from domain.free_text import is_name
from domain.returns.words import REASONS, RESOLUTIONS, USUAL, Condition, Resolution, ReturnKind, ReturnReason

MAX_ASKS = 100
MAX_PHOTOS = 10
E = TypeVar("E", bound=StrEnum)


class ReturnError(ValueError):
    """A request that cannot be carried out as it is written. `code` is stable; `where` names the place, no value."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(f"{code}: {where}" if where else code)
        self.code = code
        self.where = where


@dataclass(frozen=True, slots=True)
class ReturnAsk:
    """Units of one order line that are to go back, or that are wrong. `sku`: what is wanted for them, of an exchange.

    `photos` are ids of documents; what a customer writes is a document too and stands nowhere here. `reason` and
    `condition` are None where nothing was said; a withdrawal never has a reason.
    """

    kind: ReturnKind
    order_id: str
    line_id: str
    quantity: int
    reason: ReturnReason | None = None
    condition: Condition | None = None
    resolution: Resolution = Resolution.REFUND
    sku: str = ""
    photos: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What is set, and nothing else."""
        facts = {name: getattr(self, name) for name in self.__slots__}
        words = {name: str(value) if isinstance(value, StrEnum) else value for name, value in facts.items()}
        return {name: value for name, value in words.items() if value not in ("", None, ())} | (
            {"photos": list(self.photos)} if self.photos else {}
        )


_FIELDS = frozenset(ReturnAsk.__slots__)
# A withdrawal asks only for the contract and the contact (Directive 2011/83/EU, Article 11a(2)).
_NOT_OF: Mapping[ReturnKind, frozenset[str]] = {
    ReturnKind.RETURN: frozenset({"sku"}),
    ReturnKind.EXCHANGE: frozenset(),
    ReturnKind.CLAIM: frozenset({"sku"}),
    ReturnKind.WITHDRAWAL: frozenset({"sku", "reason", "photos"}),
}


def parse_asks(facts: Any) -> tuple[ReturnAsk, ...]:
    """Read the lines of a request; they may be of several orders. Raises: ReturnError.

    Codes: not_a_list, empty_request, too_many_asks, not_an_ask, unknown_kind, unknown_field, missing, bad_text,
    bad_quantity, quantity_too_large, unknown_reason, unknown_condition, unknown_resolution, reason_of_another_kind,
    resolution_of_another_kind, bad_photos, too_many_photos, said_twice, withdrawal_and_more.
    """
    if not isinstance(facts, list | tuple):
        raise ReturnError("not_a_list", "lines")
    if not facts:
        raise ReturnError("empty_request", "lines")
    if len(facts) > MAX_ASKS:
        raise ReturnError("too_many_asks", "lines")
    asks = tuple(_ask(entry, f"lines[{number}]") for number, entry in enumerate(facts, start=1))
    _check_together(asks)
    return asks


def _ask(entry: Any, where: str) -> ReturnAsk:
    if not isinstance(entry, Mapping):
        raise ReturnError("not_an_ask", where)
    kind = _word(ReturnKind, entry.get("kind"), "unknown_kind", f"{where}.kind")
    if any(name not in _FIELDS - _NOT_OF[kind] for name in entry):
        raise ReturnError("unknown_field", where)  # the name may be anything that somebody typed
    needed = ["order_id", "line_id", "quantity"]
    needed += ["reason"] if REASONS[kind] else []
    needed += ["sku"] if kind is ReturnKind.EXCHANGE else []
    for name in needed:
        if entry.get(name) in ("", None):
            raise ReturnError("missing", f"{where}.{name}")
    return ReturnAsk(
        kind=kind,
        order_id=_text(entry["order_id"], f"{where}.order_id"),
        line_id=_text(entry["line_id"], f"{where}.line_id"),
        quantity=_quantity(entry["quantity"], f"{where}.quantity"),
        reason=_reason(kind, entry.get("reason"), f"{where}.reason"),
        condition=_condition(entry.get("condition"), f"{where}.condition"),
        resolution=_resolution(kind, entry.get("resolution"), f"{where}.resolution"),
        sku=_text(entry.get("sku", ""), f"{where}.sku"),
        photos=_photos(entry.get("photos", []), f"{where}.photos"),
    )


def _word(of: type[E], value: Any, code: str, where: str) -> E:
    try:
        return of(value)
    except ValueError:
        raise ReturnError(code, where) from None


def _reason(kind: ReturnKind, value: Any, where: str) -> ReturnReason | None:
    if value is None:
        return None
    reason = _word(ReturnReason, value, "unknown_reason", where)
    if reason not in REASONS[kind]:
        raise ReturnError("reason_of_another_kind", where)
    return reason


def _condition(value: Any, where: str) -> Condition | None:
    return None if value is None else _word(Condition, value, "unknown_condition", where)


def _resolution(kind: ReturnKind, value: Any, where: str) -> Resolution:
    if value is None:
        return USUAL[kind]
    resolution = _word(Resolution, value, "unknown_resolution", where)
    if resolution not in RESOLUTIONS[kind]:
        raise ReturnError("resolution_of_another_kind", where)
    return resolution


def _text(value: Any, where: str) -> str:
    if not is_name(value):
        raise ReturnError("bad_text", where)
    return value


def _quantity(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ReturnError("bad_quantity", where)
    if value > MAX_UNITS:
        raise ReturnError("quantity_too_large", where)
    return value


def _photos(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each for each in value):
        raise ReturnError("bad_photos", where)
    if len(value) > MAX_PHOTOS:
        raise ReturnError("too_many_photos", where)
    return tuple(_text(each, where) for each in value)


def _check_together(asks: Sequence[ReturnAsk]) -> None:
    """Units of a line may go back for several reasons, but each reason is said once. A withdrawal stands alone: its
    clocks and its receipt are the law's."""
    if len({ask.kind is ReturnKind.WITHDRAWAL for ask in asks}) > 1:
        raise ReturnError("withdrawal_and_more", "lines")
    seen: set[tuple[str, str, ReturnReason | None, str]] = set()
    for number, ask in enumerate(asks, start=1):
        same = (ask.order_id, ask.line_id, ask.reason, ask.sku)
        if same in seen:
            raise ReturnError("said_twice", f"lines[{number}]")
        seen.add(same)
