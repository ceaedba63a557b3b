"""Whether an edit whose answer was lost has happened, read from the order alone."""

from typing import Any

import pytest

from connectors.errors import Retryable, VendorRejected
from connectors.shops.editing import AddedVariant, LineQuantity, LinesEdit, ShippingChoice
from tests.connectors.shops.graphql_edit import ORDER, gid
from tests.connectors.shops.graphql_order import connection, money
from tests.connectors.shops.stage import Answer, Stage, refused

VARIANT = gid(7, "ProductVariant")
BEFORE = (gid(1), gid(2))
EXPRESS = ShippingChoice("Express", 900, "EUR")


def line(number: int, quantity: int, variant: int | None = None) -> Answer:
    return {
        "id": gid(number),
        "currentQuantity": quantity,
        "variant": {"id": gid(variant or number, "ProductVariant")},
    }


def shipping(title: str, price: str) -> Answer:
    return {"title": title, "originalPriceSet": money(price)}


def waiting(status: str = "OPEN", **remaining: int) -> Answer:
    lines = [{"remainingQuantity": n, "lineItem": {"id": gid(name.removeprefix("l"))}} for name, n in remaining.items()]
    return {"id": "fo", "status": status, "lineItems": connection(*lines)}


def order(*lines: Answer, **changed: Any) -> Answer:
    return {
        "id": ORDER,
        "presentmentCurrencyCode": "EUR",
        "shippingLines": {"nodes": [shipping("Standard", "5.00")]},
        "lineItems": connection(*lines),
        "fulfillmentOrders": connection(),
        **changed,
    }


def asked(*quantities: tuple[int, int], add: int = 0, ship: ShippingChoice | None = None) -> LinesEdit:
    changes = tuple(LineQuantity(gid(number), quantity) for number, quantity in quantities)
    return LinesEdit(ORDER, BEFORE, changes, (AddedVariant(VARIANT, add),) if add else (), ship)


async def committed(edit: LinesEdit, found: Answer | None) -> bool | None:
    return await Stage(lambda body: {"data": {"order": found}}).shop.committed(edit)


@pytest.mark.parametrize(
    ("edit", "found", "expected"),
    [
        pytest.param(asked((1, 2)), order(line(1, 2), line(2, 1)), True, id="quantity"),
        pytest.param(asked((1, 2)), order(line(1, 1), line(2, 1)), False, id="quantity not"),
        pytest.param(asked((1, 2), (2, 0)), order(line(1, 2), line(2, 1)), None, id="one of two"),
        pytest.param(asked((2, 0)), order(line(1, 1), line(2, 0)), True, id="removed"),
        pytest.param(asked((1, 2)), order(line(2, 1)), False, id="no such line"),
        pytest.param(asked(add=3), order(line(1, 1), line(9, 3, 7)), True, id="added"),
        pytest.param(asked(add=3), order(line(1, 1), line(8, 1, 7), line(9, 2, 7)), True, id="added in two lines"),
        pytest.param(asked(add=3), order(line(1, 1), line(2, 3, 7)), False, id="was there before"),
        pytest.param(asked(add=3), order(line(1, 1)), False, id="added not"),
        pytest.param(asked(add=3), order(line(9, 2, 7)), None, id="added, then changed"),
        pytest.param(asked(add=3), order(line(9, 0, 7)), None, id="added, then removed"),
        pytest.param(asked(add=3), order(line(9, 3, 7), line(10, 1)), None, id="somebody added another"),
        pytest.param(asked(add=3), order(line(9, 3, 7), line(10, 0)), True, id="and removed it"),
        pytest.param(asked(add=3), order(line(10, 1)), False, id="only somebody else added"),
        pytest.param(asked((1, 2), add=3), order(line(1, 2)), False, id="the same change by somebody else"),
        pytest.param(asked((1, 2), add=3), order(line(1, 1), line(9, 3, 7)), None, id="changed since"),
        pytest.param(asked(), order(line(1, 1)), True, id="nothing asked"),
    ],
)
@pytest.mark.row("EDT-3")
async def test_lines(edit: LinesEdit, found: Answer, expected: bool | None) -> None:
    assert await committed(edit, found) is expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([shipping("Express", "9.00")], True),
        ([shipping("Standard", "5.00")], False),
        ([shipping("Express", "8.00")], False),
        ([shipping("Standard", "5.00"), shipping("Express", "9.00")], False),
        ([], False),
    ],
)
async def test_shipping(lines: list[Answer], expected: bool) -> None:
    found = order(line(1, 1), shippingLines={"nodes": lines})
    assert await committed(asked(ship=EXPRESS), found) is expected


@pytest.mark.parametrize(
    ("fulfilment_orders", "expected"),
    [
        pytest.param([waiting(l1=2)], False, id="waiting"),
        pytest.param([waiting("CLOSED", l1=0)], True, id="all that is left has shipped"),
        pytest.param([waiting("CANCELLED", l1=2), waiting(l1=1)], False, id="moved"),
        pytest.param([waiting(l2=1)], False, id="nothing to ship"),
    ],
)
async def test_a_removed_line_keeps_what_has_shipped(fulfilment_orders: list[Answer], expected: bool) -> None:
    found = order(line(1, 2), fulfillmentOrders=connection(*fulfilment_orders))
    assert await committed(asked((1, 0)), found) is expected


async def test_an_order_of_many_lines_is_read_to_the_end() -> None:
    first = {"pageInfo": {"hasNextPage": True, "endCursor": "c1"}, "nodes": [line(1, 1)]}

    def play(body: Answer) -> Answer:
        if "OrderLines" in body["query"]:
            return {"data": {"node": {"lineItems": connection(line(9, 3, 7))}}}
        return {"data": {"order": order(lineItems=first)}}

    assert await Stage(play).shop.committed(asked(add=3)) is True


async def test_an_order_that_is_gone_and_one_that_we_cannot_read() -> None:
    with pytest.raises(VendorRejected) as caught:
        await committed(asked(add=1), None)
    assert caught.value.reason == "not_found"
    with pytest.raises(VendorRejected) as caught:
        await committed(asked((1, 1)), order({"id": gid(1), "currentQuantity": "one", "variant": None}))
    assert (caught.value.reason, caught.value.detail) == (
        "unreadable_answer",
        "not_a_number: lineItems.nodes[1].currentQuantity",
    )


async def test_not_knowing_is_not_an_answer() -> None:
    with pytest.raises(Retryable):
        await Stage(lambda body: refused(502)).shop.committed(asked(add=1))
