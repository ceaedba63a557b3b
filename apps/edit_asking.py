"""The fields by which customers and agents ask for a change of an order, read into the actions of a request.

Nothing is looked up here. A line, SKU or shipping method that is none of the order's own or its shop's, and what comes
too late, is refused where the request is held against the order (`ledger.editing.wishes`), forged forms included.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from domain.addresses import LIMITS, check_format, valid_email
from domain.edits import MAX_UNITS, EditKind
from domain.order import Address
from domain.postal import country_code
from ledger.editing.intake import PROPOSED
from ledger.order_access import ContactRow
from ledger.orders import address_of

QUANTITY, SWAP, SWAP_UNITS, REMOVE, ADD = "quantity:", "swap:", "swap_units:", "remove:", "add:"
ADDRESS = ("name", "company", "line1", "line2", "city", "region", "postal_code", "country")
REACH = ("email", "phone")
SHIPPING, CANCEL = "shipping", "cancel"
WHOLE = "form"  # in `Asking.wrong`: not one field
_LONGEST_EMAIL = 254
Form = Mapping[str, str]


class Line(Protocol):
    """A line of the order as it stands: units that are wanted now, and those of them that have left."""

    @property
    def id(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def shipped(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Asking:
    """What a form asks for. `contact`: the fields of a person that change. `wrong`: field -> code, in the order of the
    page; then nothing can be asked for."""

    actions: tuple[dict[str, Any], ...] = ()
    contact: Mapping[str, str] | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)


def read_asking(
    form: Form, lines: Iterable[Line], contact: ContactRow | None, *, shipping_code: str, reach_is_shown: bool
) -> Asking:
    """Fields that say what is so anyway ask for nothing. `reach_is_shown`: the form shows e-mail and phone as they are,
    so that an empty field takes one away; else it leaves it alone."""
    if form.get(CANCEL):
        return Asking(({"kind": str(EditKind.CANCEL)},))
    wrong: dict[str, str] = {}
    actions = [*_of_lines(form, {line.id: line for line in lines}, wrong), *_added(form, wrong)]
    person, changed = _person(form, contact, wrong, reach_is_shown) if contact is not None else ({}, [])
    actions += [{"kind": str(kind), "contact_version": PROPOSED} for kind in changed]
    if (code := form.get(SHIPPING, "")) and code != shipping_code:
        actions.append({"kind": str(EditKind.SHIPPING), "shipping_code": code})
    if not actions and not wrong:
        wrong[WHOLE] = "nothing"
    return Asking(tuple(actions), person or None, wrong)


def _of_lines(form: Form, known: Mapping[str, Line], wrong: dict[str, str]) -> list[dict[str, Any]]:
    removed = {line_id for line_id, value in named(form, REMOVE) if value}
    swapped = {line_id: sku for line_id, sku in named(form, SWAP) if sku and line_id not in removed}
    quantities: list[dict[str, Any]] = []
    for line_id, value in named(form, QUANTITY):
        line, wanted = known.get(line_id), units_of(value)
        if not value.strip() or line_id in removed or (line and wanted == line.quantity):
            continue
        if wanted is None:
            wrong[f"{QUANTITY}{line_id}"] = "quantity"
        elif line and wanted < line.shipped:
            wrong[f"{QUANTITY}{line_id}"] = "shipped"
        elif line_id in swapped:
            wrong[f"{QUANTITY}{line_id}"] = "swap_or_quantity"
        elif wanted:
            quantities.append({"kind": str(EditKind.QUANTITY), "line_id": line_id, "quantity": wanted})
        else:
            removed.add(line_id)
    return [
        *({"kind": str(EditKind.REMOVE), "line_id": line_id} for line_id in sorted(removed)),
        *quantities,
        *({"kind": str(EditKind.SWAP), "line_id": line_id, "sku": sku, **_part(form, line_id, known, wrong)}
          for line_id, sku in swapped.items()),
    ]  # fmt: skip


def _part(form: Form, line_id: str, known: Mapping[str, Line], wrong: dict[str, str]) -> dict[str, int]:
    """How many units of a line are swapped; empty for all that have not left."""
    text = form.get(f"{SWAP_UNITS}{line_id}", "")
    units, line = units_of(text), known.get(line_id)
    if text.strip() and not units:
        wrong[f"{SWAP_UNITS}{line_id}"] = "quantity"
    if line and units and units > line.quantity - line.shipped:
        wrong[f"{SWAP_UNITS}{line_id}"] = "swap_units"
    return {"quantity": units} if units else {}


def _added(form: Form, wrong: dict[str, str]) -> list[dict[str, Any]]:
    added = []
    for sku, value in named(form, ADD):
        units = units_of(value)
        if units is None:
            wrong[f"{ADD}{sku}"] = "quantity"
        elif units:
            added.append({"kind": str(EditKind.ADD), "sku": sku, "quantity": units})
    return added


def _person(
    form: Form, contact: ContactRow, wrong: dict[str, str], reach_is_shown: bool
) -> tuple[dict[str, str], list[EditKind]]:
    """The fields of a new contact, and which kinds of change they are."""
    present = address_of(contact)
    entered = {name: form[name].strip() for name in ADDRESS if name in form}
    if "country" in entered:
        entered["country"] = country_code(entered["country"])
        if entered["country"] == country_code(present.country):
            del entered["country"]
    entered = {name: value for name, value in entered.items() if value != getattr(present, name)}
    reach = {name: form[name].strip() for name in REACH if name in form}
    reach = {n: value for n, value in reach.items() if (value or reach_is_shown) and value != contact[n]}
    wrong |= {name: "unreadable" for name, value in {**entered, **reach}.items() if not value.isprintable()}
    if entered:
        wrong |= {name: code for name, code in _wrong_address(replace(present, **entered)).items() if name not in wrong}
    if "email" in reach and (len(reach["email"]) > _LONGEST_EMAIL or not valid_email(reach["email"])):
        wrong["email"] = "invalid"
    if "phone" in reach and (code := _wrong_phone(replace(present, **{**entered, "phone": reach["phone"]}))):
        wrong["phone"] = code
    changed = [*([EditKind.ADDRESS] if entered else []), *([EditKind.CONTACT] if reach else [])]
    return {**entered, **reach}, changed


def _wrong_address(address: Address) -> dict[str, str]:
    found = check_format(address).problems
    codes = {problem.field: problem.code for problem in found if not problem.warning and problem.field in ADDRESS}
    return {name: codes[name] for name in ADDRESS if name in codes}


def _wrong_phone(address: Address) -> str:
    """A number that is only doubtful is no mistake on an order that came so; one that is typed now is."""
    if not address.phone:
        return ""
    if len(address.phone) > LIMITS["phone"]:
        return "too_long"
    return next((problem.code for problem in check_format(address).problems if problem.field == "phone"), "")


def named(form: Form, prefix: str) -> list[tuple[str, str]]:
    """Fields of one prefix, without it."""
    return [(name.removeprefix(prefix), value) for name, value in form.items() if name.startswith(prefix)]


def units_of(value: str) -> int | None:
    """A whole number of units, none for an empty field; None for anything else."""
    text = value.strip() or "0"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 and int(text) <= MAX_UNITS else None
