"""What counts as an edit in the shop's admin, and what does not."""

from dataclasses import replace
from typing import Any

import pytest

from domain.order import Address, IncomingOrder
from ledger.orders import add_contact, address_of, contacts, lines_of
from ledger.routing import route_orders
from ledger.shop_edits import ShopEdit, difference, take_contact
from ledger.tables import EditRequest, ReviewCase
from tests.ledger.editing.stall import HOME, Stall
from tests.ledger.support import rows_of

ELSEWHERE = replace(HOME, line1="9 Elm St")


@pytest.fixture
def stall(wiring: Any) -> Stall:
    return Stall(wiring, {("north", "CUP"): 9})


def bought(stall: Stall, **changes: Any) -> tuple[str, IncomingOrder]:
    said = replace(stall.statement({"CUP": 2}), shipping_address=replace(HOME, phone="+1 617 555 0100"), **changes)
    return stall.capture(said), said


def read(stall: Stall, order_id: str, said: IncomingOrder) -> ShopEdit:
    def compare(session: Any, order: Any) -> ShopEdit:
        contact = contacts(session, [order["contact_id"]])[order["contact_id"]]
        return difference(session, order, said, contact, lines_of(session, [order_id])[order_id])

    found: ShopEdit = stall.act(order_id, compare)
    return found


def own(stall: Stall, order_id: str, address: Address, origin: str) -> None:
    """A new address that is not from the shop's admin."""
    stall.act(
        order_id,
        lambda session, order: add_contact(
            session, order, "shipping", address, email="ada@example.com", origin=origin, now=stall.now
        ),
    )


def test_the_same_statement_is_no_edit(stall: Stall) -> None:
    order_id, said = bought(stall)

    assert not read(stall, order_id, said)
    assert not read(stall, order_id, replace(said, email="ADA@Example.com", total_minor=1))


@pytest.mark.parametrize(
    ("changes", "edit"),
    [
        ({"shipping_code": "express"}, ShopEdit(lines={}, shipping=True)),
        ({"email": "ada@new.example"}, ShopEdit(lines={}, contact=True)),
        ({"shipping_address": ELSEWHERE}, ShopEdit(lines={}, address=ELSEWHERE)),
        ({"lines": ()}, ShopEdit(lines={"001": 0})),
    ],
)
def test_each_field_is_compared(stall: Stall, changes: dict[str, Any], edit: ShopEdit) -> None:
    order_id, said = bought(stall)

    found = read(stall, order_id, replace(said, **changes))

    known = {f"{order_id}:{line}": units for line, units in (edit.lines or {}).items()}
    assert replace(edit, lines=known) == replace(found, contact=edit.contact)


def test_what_an_edit_of_ours_has_set_is_not_an_edit_of_the_shop(stall: Stall) -> None:
    order_id, said = bought(stall)
    own(stall, order_id, replace(ELSEWHERE, phone="+16175550199"), "edit")
    there = replace(said, shipping_address=replace(ELSEWHERE, line1="9  ELM ST"), phone="+1 (617) 555-0199")

    assert not read(stall, order_id, there)
    assert read(stall, order_id, said).address == said.shipping_address, "put back in the admin"


def test_an_address_that_the_customer_has_corrected_is_not_lost_to_the_shops_old_one(stall: Stall) -> None:
    order_id, said = bought(stall)
    own(stall, order_id, ELSEWHERE, "customer")

    assert read(stall, order_id, said).address is None
    moved = replace(said, shipping_address=replace(HOME, line1="1 New St"))
    assert read(stall, order_id, moved).address == moved.shipping_address


def test_a_phone_number_may_stand_with_the_address_or_the_order(stall: Stall) -> None:
    order_id, said = bought(stall)

    assert not read(stall, order_id, replace(said, shipping_address=HOME, phone="+16175550100"))
    other = replace(said, shipping_address=HOME, phone="+1 617 555 0142")
    edit = read(stall, order_id, other)
    assert edit.contact
    stall.act(order_id, lambda session, order: take_contact(session, order, other, edit, stall.now))
    assert not read(stall, order_id, other)
    now = stall.wiring.read(contacts, [stall.order(order_id)["contact_id"]])
    [contact] = now.values()
    assert ("+1 617 555 0142", HOME.line1) == (contact["phone"], address_of(contact).line1)


@pytest.mark.row("CAP-2")
def test_an_order_from_a_file_that_is_at_its_node_is_a_persons(stall: Stall) -> None:
    order_id, said = bought(stall, fulfilment_orders=())
    stall.accept_order(order_id)
    stall.wiring.ledger(route_orders, [order_id], stall.policies, stall.now)
    stall.told(order_id)
    fewer = replace(said, lines=(replace(said.lines[0], quantity=1),))

    for _ in range(2):
        stall.capture(fewer)

    [case] = rows_of(stall.wiring, ReviewCase)
    assert ("shop_edited_late", "source_cannot") == (case["kind"], case["facts"]["code"])
    assert ["recall_parcel", "accept"] == case["choices"], "there is no shop to set back"
    assert [] == rows_of(stall.wiring, EditRequest)
    assert 2 == stall.line(order_id, "CUP")["ordered"]
