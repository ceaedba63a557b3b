"""The form "Change this order": its fields from page to page, and what is wrong with them as sentences."""

from collections.abc import Mapping
from dataclasses import dataclass

from apps.desk.forms import Form
from apps.edit_asking import (
    ADD,
    ADDRESS,
    CANCEL,
    QUANTITY,
    REACH,
    SHIPPING,
    SWAP,
    SWAP_UNITS,
    WHOLE,
    Asking,
    read_asking,
)
from domain.decisions import in_words
from ledger.stories import Story

ADD_SKU, ADD_UNITS = "add_sku", "add_units"
_SINGLE = (*ADDRESS, *REACH, ADD_SKU, ADD_UNITS, SHIPPING, CANCEL)
_UNITS = {
    QUANTITY: "the units must be a whole number",
    SWAP_UNITS: "the units to swap must be a whole number, or empty for all",
}


@dataclass(frozen=True, slots=True)
class _Line:
    id: str
    quantity: int
    shipped: int


def typed(form: Form) -> dict[str, str]:
    """The fields of an edit, to be carried from page to page."""
    return {
        name: value for name, value in form.items() if name in _SINGLE or name.startswith((QUANTITY, SWAP, SWAP_UNITS))
    }


def as_it_stands(story: Story) -> dict[str, str]:
    """The form before anything is typed."""
    contact = story.contact or {}
    fields = {name: str(contact.get(name, "")) for name in (*ADDRESS, *REACH)}
    return fields | {f"{QUANTITY}{line['id']}": str(line["ordered"] - line["cancelled"]) for line in story.lines}


def read(form: Form, story: Story) -> Asking:
    """What the form asks for."""
    fields = dict(form)
    sku, units = fields.pop(ADD_SKU, ""), fields.pop(ADD_UNITS, "")
    if sku:
        fields[f"{ADD}{sku}"] = (units.strip("0 ") and units) or "none"  # without a number it is no whole wish
    lines = [_Line(line["id"], line["ordered"] - line["cancelled"], line["shipped"]) for line in story.lines]
    code = story.order["shipping_code"]
    return read_asking(fields, lines, story.contact, shipping_code=code, reach_is_shown=True)


def faults(asking: Asking, story: Story) -> tuple[str, ...]:
    """What to mend first."""
    titles = {line["id"]: line["title"] for line in story.lines}
    return tuple(_sentence(field, code, titles) for field, code in asking.wrong.items())


def _sentence(field: str, code: str, titles: Mapping[str, str]) -> str:
    kind, colon, line_id = field.partition(":")
    if field == WHOLE:
        return "Nothing is different from the order as it stands."
    if field.startswith(ADD):
        return "Say how many units to add, as a whole number."
    if colon:
        told = {
            "shipped": "a part of it has left already, it cannot be fewer than that",
            "swap_or_quantity": "change the units or swap them, not both at once",
            "swap_units": "not so many units of it are left to swap",
        }
        return f"{titles.get(line_id, line_id)}: {told.get(code) or _UNITS[f'{kind}:']}."
    if field == "email":
        return "The e-mail address is none."
    said = "it must be one line of writing" if code == "unreadable" else in_words(code)
    return f"{in_words(field).capitalize()}: {said}."
