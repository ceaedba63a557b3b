"""Returns to the own warehouse, from the request to the money (RET-2, RET-4, RET-5)."""

from typing import Any

import pytest

from domain.states_returns import ReturnState
from tests.support.returns import (
    ask,
    counters,
    decide,
    delivered,
    drive,
    graded,
    hand_in,
    label_code,
    line_of,
    opened,
    refunds_at_shop,
    settled,
    state,
    stock,
    take_back,
    units_of,
)
from tests.support.world import World
from tests.tasks.steps import at_workshop, cases, labels, later, subjects

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": "MUG-ENA-WHT"}


@pytest.mark.row("RET-2")
@pytest.mark.row("RET-4")
@pytest.mark.row("RET-5")
async def test_a_unit_goes_back_and_its_money_too(world: World) -> None:
    [order_id] = await delivered(world)
    on_hand, free = stock(world)

    request = await take_back(world, order_id)

    assert "label_issued" == request["state"], request["reasons"]
    [label] = [each for each in labels(world) if each["is_return"]]
    assert request["rma"] == label["reference"]
    await world.settle()
    [mail] = world.mails(subject="Your return of order")
    assert request["rma"] in mail["text"]

    await hand_in(world, request["id"])
    assert "in_transit" == state(world, request)
    await opened(world, request["rma"], MUG)
    await world.settle()
    assert "received" == state(world, request)
    assert 0 == refunds_at_shop(world)[0], "nobody has looked at it yet"
    await graded(world, request["id"])

    assert (1, "5.70") == refunds_at_shop(world), "less the fee for sending it back"
    line = world.row(
        "SELECT l.gross_minor, l.fee_minor, o.tax_minor, o.unit_price_minor FROM return_line l"
        " JOIN order_line o ON o.id = l.order_line_id"
    )
    assert (line["unit_price_minor"] + line["tax_minor"], 690) == (line["gross_minor"], line["fee_minor"])
    await settled(world)
    assert "closed" == state(world, request), cases(world)
    assert (0, 1, 0) == counters(world)
    assert (on_hand + 1, free + 1) == stock(world)
    assert ["Your return of order #1001 has arrived"] == subjects(world, "has arrived")
    assert ["Your refund for order #1001"] == subjects(world, "Your refund for")
    assert {} == cases(world)


@sqlite_only
@pytest.mark.row("RET-1")
async def test_what_is_too_late_is_declined_with_its_reason_and_what_helps(world: World) -> None:
    [order_id] = await delivered(world)
    await later(world, 24 * 100)

    request = await take_back(world, order_id)

    assert ("declined", "window_closed") == (request["state"], request["reasons"][0]["code"])
    assert (0, 0, 0) == counters(world)
    [decision] = world.rows("SELECT id FROM decision WHERE workflow = 'return'")
    assert decision["id"] == world.row("SELECT decision_id FROM return_line")["decision_id"]
    await world.settle()
    [mail] = world.mails(subject="Your return of order")
    assert "The time in which this could be sent back is over." in mail["text"]
    assert "If there is a fault in it" in mail["text"]


@sqlite_only
@pytest.mark.row("RET-1", bad_input=True)
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"kind": "gift"}, "unknown_kind"),
        ({"quantity": 0}, "bad_quantity"),
        ({"quantity": 2}, "not_so_many"),
        ({"order_id": "ord_nobody"}, "unknown_order"),
        ({"line_id": "ord_nobody:001"}, "unknown_line"),
    ],
)
async def test_what_makes_no_sense_is_declined_at_once(world: World, line: dict[str, Any], code: str) -> None:
    [order_id] = await delivered(world)

    request = await take_back(world, order_id, {**line_of(order_id), **line})

    assert ("declined", code) == (request["state"], request["reasons"][0]["code"])
    assert (0, 0, 0) == counters(world)


@sqlite_only
@pytest.mark.row("RET-5")
async def test_one_unit_is_returned_once(world: World) -> None:
    """A second request for the same unit, before and after it has come back."""
    [order_id] = await delivered(world)
    first = await take_back(world, order_id)

    second = await take_back(world, order_id)
    assert ("declined", "already_in_return") == (second["state"], second["reasons"][0]["code"])

    await opened(world, first["rma"], MUG)
    await graded(world, first["id"])
    third = await take_back(world, order_id)
    assert ("declined", "already_returned") == (third["state"], third["reasons"][0]["code"])
    assert 1 == refunds_at_shop(world)[0]


@sqlite_only
@pytest.mark.row("RET-5")
async def test_the_same_word_twice_is_one_word(world: World) -> None:
    """The form, the carrier and the warehouse may all repeat themselves."""
    [order_id] = await delivered(world)
    request_id = ask(world, order_id, [line_of(order_id)])
    ask(world, order_id, [line_of(order_id)], request_id=request_id)
    await drive(world)

    await hand_in(world, request_id)
    await opened(world, label_code(world, request_id), MUG, scan_id="scan_1")
    await opened(world, label_code(world, request_id), MUG, scan_id="scan_1")
    assert 1 == len(units_of(world, request_id))
    await graded(world, request_id)
    await graded(world, request_id)

    assert 1 == refunds_at_shop(world)[0]
    assert 1 == len([each for each in labels(world) if each["is_return"]])
    assert (0, 1, 0) == counters(world)
    assert 1 == len(world.rows("SELECT id FROM stock_movement WHERE kind = 'returned'"))


@sqlite_only
@pytest.mark.row("RET-4")
async def test_a_unit_in_a_bad_state_is_a_persons_word_about_the_money_and_none_about_the_shelf(world: World) -> None:
    [order_id] = await delivered(world, at_workshop(lines=[{**MUG, "quantity": 2}]))
    on_hand, free = stock(world)
    request = await take_back(world, order_id, line_of(order_id, quantity=2))
    await opened(world, request["rma"], MUG, MUG)
    await graded(world, request["id"], each="damaged")

    assert "manual_review" == state(world, request)
    assert ((on_hand, free), 0) == (stock(world), refunds_at_shop(world)[0])
    assert {"dispose"} == {unit["disposition"] for unit in units_of(world, request["id"])}
    decide(world, "refund_as_proposed", "return_inspection")
    await settled(world)

    assert (1, "5.70") == refunds_at_shop(world), "half of it, less the fee"
    assert "closed" == state(world, request)
    assert (0, 2, 0) == counters(world)


@sqlite_only
@pytest.mark.row("RET-4")
async def test_a_parcel_that_nobody_announced_opens_its_own_request(world: World) -> None:
    [order_id] = await delivered(world)

    await opened(world, "", MUG, {"sku": "TENT-2P-GRN"}, order_id=order_id)

    [request] = world.rows("SELECT * FROM return_request")
    assert ("warehouse", "received") == (request["origin"], request["state"])
    assert ["received", "extra"] == [unit["reception"] for unit in units_of(world, request["id"])]
    await graded(world, request["id"])
    assert {"return_inspection": 1} == cases(world)
    assert ["restock", "quarantine"] == [unit["disposition"] for unit in units_of(world, request["id"])]
    decide(world, "refund_in_full", "return_inspection")
    await settled(world)
    assert 1 == refunds_at_shop(world)[0]


@sqlite_only
@pytest.mark.row("RET-4", bad_input=True)
async def test_more_than_was_announced_is_a_case_and_moves_nothing(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    line_id = f"{request['id']}:01"

    await opened(world, request["rma"], *[{**MUG, "line_id": line_id}] * 2)

    assert {"return_strange": 1} == cases(world)
    assert "label_issued" == state(world, request)
    assert not units_of(world, request["id"])


@sqlite_only
@pytest.mark.row("RET-3")
async def test_what_is_not_worth_its_way_stays_with_the_customer(world: World) -> None:
    [order_id] = await delivered(world, at_workshop(lines=[{"sku": "MUG-ENA-WHT", "quantity": 1}]))
    request = await take_back(
        world, order_id, line_of(order_id, kind="claim", reason="missing", condition=None, resolution="refund")
    )

    assert "resolved" == request["state"] or "closed" == request["state"], request["reasons"]
    assert [] == [each for each in labels(world) if each["is_return"]]
    await settled(world)
    assert 1 == refunds_at_shop(world)[0]
    assert (0, 0, 1) == counters(world)
    assert ["Keep it: your return of order #1001"] == subjects(world, "Keep it")
    assert ReturnState.CLOSED == state(world, request)
