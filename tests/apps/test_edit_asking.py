"""What customers and agents type, read into one list of actions."""

from dataclasses import dataclass
from typing import Any

import pytest

from apps.edit_asking import read_asking

CONTACT = {
    "name": "Ada Lovelace", "company": "", "line1": "12 Main Street", "line2": "Apt 4", "city": "Boston",
    "region": "MA", "postal_code": "02110", "country": "US", "phone": "+16175550123", "email": "ada@example.com",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    id: str
    quantity: int
    shipped: int = 0


LINES = [Line("l1", 2), Line("l2", 3, shipped=1)]


def read(form: dict[str, str], *, shown: bool = False) -> Any:
    return read_asking(form, LINES, CONTACT, shipping_code="standard", reach_is_shown=shown)


@pytest.mark.row("EDT-1")
@pytest.mark.parametrize(
    ("form", "action"),
    [
        ({"quantity:l1": "1"}, {"kind": "quantity", "line_id": "l1", "quantity": 1}),
        ({"quantity:l1": "0"}, {"kind": "remove", "line_id": "l1"}),
        ({"remove:l1": "1", "quantity:l1": "9", "swap:l1": "X"}, {"kind": "remove", "line_id": "l1"}),
        ({"swap:l1": "X", "quantity:l1": "2"}, {"kind": "swap", "line_id": "l1", "sku": "X"}),
        ({"swap:l1": "X", "swap_units:l1": "1"}, {"kind": "swap", "line_id": "l1", "sku": "X", "quantity": 1}),
        ({"add:GAS": "2", "add:TENT": "0", "add:MUG": ""}, {"kind": "add", "sku": "GAS", "quantity": 2}),
        ({"shipping": "express"}, {"kind": "shipping", "shipping_code": "express"}),
        ({"cancel": "1", "quantity:l1": "many"}, {"kind": "cancel"}),
        ({"quantity:gone": "4"}, {"kind": "quantity", "line_id": "gone", "quantity": 4}),
    ],
)
def test_a_field_becomes_an_action(form: dict[str, str], action: dict[str, Any]) -> None:
    assert ((action,), {}) == (read(form).actions, read(form).wrong)


@pytest.mark.row("EDT-1")
def test_only_what_changes_of_a_person_is_asked_for() -> None:
    moved = read(CONTACT | {"line1": "7 Elm Street", "email": "new@example.com", "country": "us"})

    assert {"line1": "7 Elm Street", "email": "new@example.com"} == moved.contact
    assert [("address", "$proposed"), ("contact", "$proposed")] == [
        (action["kind"], action["contact_version"]) for action in moved.actions
    ]


@pytest.mark.row("EDT-1")
def test_an_empty_phone_takes_it_away_only_where_it_was_shown() -> None:
    assert {"phone": ""} == read({"phone": ""}, shown=True).contact
    assert ({"form": "nothing"}, None) == (read({"phone": ""}).wrong, read({"phone": ""}).contact)


@pytest.mark.row("EDT-1", bad_input=True)
@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({}, {"form": "nothing"}),
        (CONTACT | {"quantity:l1": "2", "shipping": "standard"}, {"form": "nothing"}),
        ({"quantity:l1": "two"}, {"quantity:l1": "quantity"}),
        ({"quantity:l1": "²"}, {"quantity:l1": "quantity"}),
        ({"quantity:l1": "99999999"}, {"quantity:l1": "quantity"}),
        ({"quantity:l2": "0"}, {"quantity:l2": "shipped"}),
        ({"quantity:l1": "1", "swap:l1": "X"}, {"quantity:l1": "swap_or_quantity"}),
        ({"swap:l1": "X", "swap_units:l1": "0"}, {"swap_units:l1": "quantity"}),
        ({"swap:l1": "X", "swap_units:l1": "3"}, {"swap_units:l1": "swap_units"}),
        ({"swap:l2": "X", "swap_units:l2": "3"}, {"swap_units:l2": "swap_units"}),
        ({"add:GAS": "-1"}, {"add:GAS": "quantity"}),
        ({"email": "nobody"}, {"email": "invalid"}),
        ({"phone": "12"}, {"phone": "invalid"}),
        ({"phone": "1" * 31}, {"phone": "too_long"}),
        ({"line1": "x\ny"}, {"line1": "unreadable"}),
        ({"name": "x" * 101}, {"name": "too_long"}),
        ({"country": "XX"}, {"country": "unknown_country"}),
    ],
)
def test_what_cannot_be_asked_for_is_named_by_its_field(form: dict[str, str], wrong: dict[str, str]) -> None:
    assert wrong == read(form).wrong


def test_an_order_without_a_contact_has_none_to_change() -> None:
    asked = read_asking({"line1": "x"}, LINES, None, shipping_code="", reach_is_shown=True)

    assert {"form": "nothing"} == asked.wrong
