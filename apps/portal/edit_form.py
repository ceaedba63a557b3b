"""The form "Change your order": its fields from page to page, and an alternative put into it."""

from collections.abc import Iterable

from apps.edit_asking import ADD, ADDRESS, CANCEL, QUANTITY, REACH, REMOVE, SHIPPING, SWAP, SWAP_UNITS, units_of
from apps.portal.forms import Form
from domain.edits import MAX_UNITS
from ledger.order_page import LineView

SEARCH = "search"
_SINGLE = (*ADDRESS, *REACH, SHIPPING, CANCEL, SEARCH)
_LONGEST = 300


def typed(form: Form) -> dict[str, str]:
    """What the customer has entered, to be carried from page to page."""
    return {
        name: value[:_LONGEST]
        for name, value in form.items()
        if (value or name in ADDRESS)  # a second line may have been taken out
        and len(name) <= _LONGEST
        and (name in _SINGLE or name.startswith((QUANTITY, SWAP, SWAP_UNITS, REMOVE, ADD)))
    }


def instead(form: Form, sku: str, other: str, lines: Iterable[LineView]) -> dict[str, str]:
    """The form with another SKU wherever it wanted more of this one."""
    changed = dict(form)
    units = 0
    for name, value in form.items():
        if name.startswith(SWAP) and value == sku:
            changed[name] = other
    if name := next((name for name in form if name == f"{ADD}{sku}"), ""):
        units += units_of(changed.pop(name)) or 0
    for line in lines:
        wanted = units_of(form.get(f"{QUANTITY}{line.id}", "")) or 0
        if line.sku == sku and wanted > line.quantity:
            del changed[f"{QUANTITY}{line.id}"]
            units += wanted - line.quantity
    if units:
        before = units_of(changed.get(f"{ADD}{other}", "")) or 0
        changed[f"{ADD}{other}"] = str(min(before + units, MAX_UNITS))
    return changed
