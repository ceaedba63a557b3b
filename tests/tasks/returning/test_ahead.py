"""Money ahead of the goods, several orders in one request, lines of different ends, gifts (RET-1, RET-3)."""

import pytest

from tests.support.returns import (
    decide,
    delivered,
    drive,
    graded,
    hand_in,
    line_of,
    opened,
    refunds_at_shop,
    settled,
    state,
    take_back,
)
from tests.support.world import World
from tests.tasks.steps import at_workshop, cases, labels, later

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": "MUG-ENA-WHT"}


async def fifth_order(world: World) -> str:
    """Of a customer who has sent nothing back, over some days: many at once would be looked at for fraud."""
    await delivered(world, *[at_workshop()] * 3)
    await later(world, 25)
    return (await delivered(world, *[at_workshop()] * 2))[-1]


@sqlite_only
@pytest.mark.row("RET-3")
async def test_a_trusted_customer_has_the_money_at_once_and_once(world: World) -> None:
    order_id = await fifth_order(world)

    request = await take_back(world, order_id)

    assert ("label_issued", True) == (request["state"], bool(request["instant"]))
    assert (1, "5.70") == refunds_at_shop(world, 4)
    await hand_in(world, request["id"])
    await opened(world, request["rma"], MUG)
    await graded(world, request["id"])
    await settled(world)
    assert "closed" == state(world, request)
    assert (1, "5.70") == refunds_at_shop(world, 4)


@sqlite_only
@pytest.mark.row("RET-3")
async def test_what_was_paid_ahead_and_never_sent_is_a_persons_to_get_back(world: World) -> None:
    order_id = await fifth_order(world)
    request = await take_back(world, order_id)

    await later(world, 24 * 22)  # sooner than an ordinary label ends: by the policy's claw-back
    await drive(world)
    await later(world, 0.1)

    assert "expired" == state(world, request)
    assert {"return_claw_back": 1} == cases(world)
    again = await take_back(world, order_id)
    assert "declined" != again["state"], "the unit is free again"
    decide(world, "waived", "return_claw_back")


@sqlite_only
@pytest.mark.row("RET-3")
async def test_a_worn_unit_whose_money_went_ahead_is_a_persons_case(world: World) -> None:
    order_id = await fifth_order(world)
    request = await take_back(world, order_id)
    await opened(world, request["rma"], MUG)
    await graded(world, request["id"], each="c")

    assert {"return_inspection": 1} == cases(world)
    decide(world, "refund_as_proposed", "return_inspection")
    await settled(world)
    assert (1, "closed") == (refunds_at_shop(world, 4)[0], state(world, request))


@sqlite_only
@pytest.mark.row("RET-1")
async def test_lines_of_two_orders_come_back_in_one_parcel(world: World) -> None:
    first, second = await delivered(world, at_workshop(), at_workshop())

    request = await take_back(world, first, line_of(first), line_of(second))

    assert 1 == len([each for each in labels(world) if each["is_return"]])
    await opened(world, request["rma"], MUG, MUG)
    await graded(world, request["id"])
    await settled(world)
    assert "closed" == state(world, request)
    assert [1, 1] == [refunds_at_shop(world, number)[0] for number in (0, 1)]
    fees = world.rows("SELECT fee_minor FROM return_line ORDER BY id")
    assert 690 == sum(row["fee_minor"] for row in fees), "one label, one fee"


@sqlite_only
@pytest.mark.row("RET-1", bad_input=True)
async def test_an_order_of_somebody_else_is_none_of_theirs(world: World) -> None:
    mine, theirs = await delivered(
        world, at_workshop(), at_workshop(customer={"email": "eve@example.com", "phone": None})
    )

    request = await take_back(world, mine, line_of(mine), line_of(theirs))

    assert ("declined", "unknown_order") == (request["state"], request["reasons"][0]["code"])


@sqlite_only
@pytest.mark.row("RET-1")
async def test_one_line_is_declined_and_the_other_goes_on(world: World) -> None:
    [order_id] = await delivered(
        world, at_workshop(lines=[{**MUG, "quantity": 1}, {"sku": "MUG-ENA-BLU", "quantity": 1}])
    )

    request = await take_back(world, order_id, line_of(order_id, 1), line_of(order_id, 2, condition="used"))

    assert "label_issued" == request["state"]
    lines = world.rows("SELECT state FROM return_line ORDER BY id")
    assert ["approved", "declined"] == [row["state"] for row in lines]
    await world.settle()
    mails = world.mails(subject="Your return of order")
    assert 2 == len(mails)
    [declined] = [mail for mail in mails if "We only take it back as it was sold" in mail["text"]]
    assert ("Blue" in declined["text"], "White" in declined["text"]) == (True, False)
    await opened(world, request["rma"], MUG)
    await graded(world, request["id"])
    assert 1 == refunds_at_shop(world)[0]


@sqlite_only
@pytest.mark.row("RET-1")
async def test_a_recipient_of_a_gift_gets_credit_and_the_buyer_hears_nothing(world: World) -> None:
    [order_id] = await delivered(world)
    asked = line_of(order_id, reason="unwanted_gift", resolution="store_credit")

    request = await take_back(world, order_id, asked, gift=True)
    await opened(world, request["rma"], MUG)
    await graded(world, request["id"])
    await settled(world)

    assert 0 == refunds_at_shop(world)[0], "the buyer's money stays where it is"
    assert {"return_money_by_hand": 1} == cases(world)
    assert [] == world.mails(subject="eturn") + world.mails(subject="refund")
