"""What the shop says while an edit is under way waits for its end; what it says then is the truth."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from config.wiring import Wiring
from domain.order import (
    Address,
    IncomingLine,
    IncomingOrder,
    IncomingTransaction,
    Risk,
    RiskLevel,
    ShopFulfilment,
    ShopFulfilmentLine,
    ShopFulfilmentOrder,
    TransactionKind,
    TransactionStatus,
)
from ledger import orders
from ledger.rows import insert_rows, update_by
from ledger.shop_effects import parcels_for_shop
from ledger.shop_mirrors import wanted_holds
from ledger.tables import Order, OrderLine, Payment, ReviewCase, Shipment, ShipmentLine
from ledger.tables import ShopFulfilment as Mirror
from ledger.taking import take_edit
from tests.ledger.editing.stall import Stall
from tests.ledger.support import NOW, put, row_of, rows_of

STOCK = {("north", "CUP"): 9, ("north", "POT"): 9}


@pytest.fixture
def stall(wiring: Wiring) -> Stall:
    return Stall(wiring, STOCK)


def bought(stall: Stall, lines: Mapping[str, int]) -> tuple[str, IncomingOrder]:
    said = stall.statement(lines)
    order_id = stall.capture(said)
    stall.accept_order(order_id)
    return order_id, replace(said, updated_at=said.updated_at + timedelta(seconds=5))


def fence(stall: Stall, order_id: str) -> str:
    request = stall.request(order_id, "fencing")
    version = stall.order(order_id)["version"]
    stall.wiring.ledger(orders.fence, order_id, by="edit", token=request, base_version=version)
    return request


def take(stall: Stall, order_id: str, said: IncomingOrder) -> dict[str, str]:
    found: dict[str, str] = stall.act(order_id, take_edit, said, stall.now)
    return found


@pytest.mark.row("EDT-3")
def test_lines_and_address_of_a_fenced_order_are_left_to_its_edit(stall: Stall) -> None:
    order_id, said = bought(stall, {"CUP": 2})
    request = fence(stall, order_id)
    moved = replace(
        said, lines=(replace(said.lines[0], quantity=1),), shipping_address=Address(city="Salem", country="US")
    )
    before = stall.order(order_id)

    stall.capture(moved)

    assert before == stall.order(order_id)
    assert 2 == stall.line(order_id, "CUP")["ordered"]
    assert [] == rows_of(stall.wiring, ReviewCase)

    stall.wiring.ledger(orders.unfence, order_id, token=request)
    stall.capture(moved)
    assert 1 == stall.line(order_id, "CUP")["ordered"]
    after = stall.order(order_id)
    assert (moved.updated_at, True) == (after["source_updated_at"], after["contact_id"] != before["contact_id"])
    assert after["version"] > before["version"], "a quote over the old lines is refused at its fence"


def test_money_risk_and_cancellation_of_a_fenced_order_are_taken_over(stall: Stall) -> None:
    order_id, said = bought(stall, {"CUP": 2})
    fence(stall, order_id)
    before = stall.order(order_id)
    paid = IncomingTransaction("t1", TransactionKind.SALE, TransactionStatus.SUCCESS, 2000, "card", NOW)

    stall.capture(replace(said, transactions=(paid,), risk=Risk(RiskLevel.HIGH)))

    assert 2000 == row_of(stall.wiring, Payment)["captured_minor"]
    assert "high" == stall.order(order_id)["risk_level"]

    stall.capture(replace(said, transactions=(paid,), risk=Risk(RiskLevel.HIGH), cancelled_at=stall.now))
    after = stall.order(order_id)
    assert ("accepted", True) == (after["state"], after["cancelled_at"] is not None)
    assert before["source_updated_at"] == after["source_updated_at"]
    assert ["cancelled_while_edited"] == [row["kind"] for row in rows_of(stall.wiring, ReviewCase)]


@pytest.mark.row("EDT-1")
def test_the_shops_statement_is_taken_as_the_truth(stall: Stall) -> None:
    order_id, said = bought(stall, {"CUP": 2, "POT": 1})
    fence(stall, order_id)
    before = stall.order(order_id)
    cup = said.lines[0]
    lid = IncomingLine("line-new", "LID", "Lid", 3, 500, discount_minor=100, tax_minor=20)
    card = IncomingLine("line-card", "CARD", "Card", 1, 500, gift_card=True)
    edited = replace(
        said, lines=(replace(cup, quantity=5, discount_minor=7, tax_minor=3), lid, card), total_minor=6400,
        tax_minor=23, shipping_minor=9, discount_minor=107, shipping_code="express",
    )  # fmt: skip

    added = take(stall, order_id, edited)

    assert {"line-new": f"{order_id}:003", "line-card": f"{order_id}:004"} == added
    rows = {row["external_id"]: row for row in rows_of(stall.wiring, OrderLine, order_id=order_id)}
    assert (5, 7, 3) == tuple(rows["line-CUP"][name] for name in ("ordered", "discount_minor", "tax_minor"))
    assert (0, 0) == (rows["line-POT"]["ordered"], rows["line-POT"]["tax_minor"])
    assert (3, 100, True, "LID") == tuple(
        rows["line-new"][name] for name in ("ordered", "discount_minor", "requires_shipping", "sku")
    )
    assert not rows["line-card"]["requires_shipping"]
    after = stall.order(order_id)
    assert (6400, 23, 9, 107, "express") == tuple(
        after[name] for name in ("total_minor", "tax_minor", "shipping_minor", "discount_minor", "shipping_code")
    )
    assert after["source_updated_at"] == edited.updated_at
    assert after["version"] == before["version"] + 1
    assert (before["contact_id"], before["fence_token"]) == (after["contact_id"], after["fence_token"])

    assert {} == take(stall, order_id, edited)
    assert 4 == len(rows_of(stall.wiring, OrderLine, order_id=order_id))


def test_an_edit_after_an_edit_counts_its_lines_on(stall: Stall) -> None:
    order_id, said = bought(stall, {"CUP": 2})
    first = replace(said, lines=(*said.lines, IncomingLine("a", "POT", "Pot", 1, 900)))
    second = replace(first, lines=(*said.lines, IncomingLine("b", "LID", "Lid", 1, 900)))

    assert {"a": f"{order_id}:002"} == take(stall, order_id, first)
    assert {"b": f"{order_id}:003"} == take(stall, order_id, second)


def in_shop(number: int, status: str, **left: int) -> ShopFulfilmentOrder:
    lines = tuple(ShopFulfilmentLine(f"{number}-{sku}", f"line-{sku}", units) for sku, units in left.items())
    return ShopFulfilmentOrder(f"gid/{number}", status, lines)


@pytest.mark.row("EDT-3")
def test_a_new_fulfilment_order_in_the_shop_wants_our_hold(stall: Stall) -> None:
    order_id, said = bought(stall, {"CUP": 2})
    [old] = said.fulfilment_orders
    edited = replace(said, fulfilment_orders=(replace(old, status="closed"), in_shop(2, "open", CUP=3)))

    take(stall, order_id, edited)

    found = {row["external_id"]: row for row in rows_of(stall.wiring, Mirror)}
    assert ("closed", "none") == (found[old.external_id]["status"], found[old.external_id]["hold_state"])
    assert ("open", "wanted") == (found["gid/2"]["status"], found["gid/2"]["hold_state"])
    [draft] = stall.act(order_id, wanted_holds)
    assert ("shop.hold", "gid/2") == (draft.kind, draft.request["fulfilment_order"])


def test_after_the_release_a_new_one_needs_no_hold(stall: Stall) -> None:
    order_id, said = bought(stall, {"CUP": 2})
    [mirror] = rows_of(stall.wiring, Mirror)
    stall.wiring.ledger(update_by, Mirror, [{"id": mirror["id"], "hold_state": "released"}])

    take(stall, order_id, replace(said, fulfilment_orders=(*said.fulfilment_orders, in_shop(2, "open", CUP=1))))

    assert {"released", "none"} == {row["hold_state"] for row in rows_of(stall.wiring, Mirror)}
    assert [] == stall.act(order_id, wanted_holds)


@pytest.mark.parametrize("told", [True, False])
def test_a_later_parcel_names_units_that_the_shop_still_has(stall: Stall, told: bool) -> None:
    """What the shop states as remaining is without the parcels that it knows."""
    order_id, said = bought(stall, {"CUP": 3})
    parcel = {
        "order_id": order_id, "fulfilment_order_id": "f", "state": "in_transit", "created_at": NOW, "due_at": NOW,
    }  # fmt: skip
    put(stall.wiring, Shipment, {**parcel, "id": "shp_1", "tracking_number": "n1"})
    line = stall.line(order_id, "CUP")["id"]
    put(stall.wiring, ShipmentLine, {"shipment_id": "shp_1", "order_line_id": line, "sku": "CUP", "quantity": 1})
    [old] = said.fulfilment_orders
    edited = replace(
        said, lines=(replace(said.lines[0], quantity=4),),
        fulfilments=(ShopFulfilment("ful", ("n1",)),) if told else (),
        fulfilment_orders=(
            replace(old, lines=(replace(old.lines[0], remaining=2 if told else 3),)), in_shop(2, "open", CUP=1),
        ),
    )  # fmt: skip

    take(stall, order_id, edited)

    def second(session: Session) -> Any:
        insert_rows(session, Shipment, [{**parcel, "id": "shp_2", "tracking_number": "n2"}])
        content = {"shipment_id": "shp_2", "order_line_id": line, "sku": "CUP", "quantity": 3}
        insert_rows(session, ShipmentLine, [content])
        return parcels_for_shop(session, ["shp_1", "shp_2"])

    facts = stall.wiring.ledger(second)
    assert [(old.external_id, "fol-CUP", 1)] == facts["shp_1"]["lines"]
    taken = {(fulfilment_order, line): units for fulfilment_order, line, units in facts["shp_2"]["lines"]}
    assert {(old.external_id, "fol-CUP"): 2, ("gid/2", "2-CUP"): 1} == taken


def test_a_statement_of_another_order_is_not_fenced_with_it(stall: Stall) -> None:
    fenced, said = bought(stall, {"CUP": 2})
    other, again = bought(stall, {"CUP": 2})
    fence(stall, fenced)

    for statement in (said, again):
        stall.capture(replace(statement, lines=(replace(statement.lines[0], quantity=1),)))

    assert [2, 1] == [stall.line(order, "CUP")["ordered"] for order in (fenced, other)]
    assert again.updated_at == row_of(stall.wiring, Order, id=other)["source_updated_at"]
