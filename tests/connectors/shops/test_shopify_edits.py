"""An edit is staged in one call and committed at the agreed price; no refusal and no lost answer is misread."""

from typing import Any

import pytest

from connectors.errors import AuthFailed, OutcomeUnknown, Retryable, VendorRejected
from connectors.outcomes import Sent
from connectors.shops.editing import AddedVariant, LineQuantity, LinesEdit, ShippingChoice
from connectors.transport import Response
from tests.connectors.shops.graphql_edit import (
    ORDER,
    SESSION,
    answered,
    calculated,
    calculated_line,
    gid,
    shipping_line,
    wrong,
)
from tests.connectors.shops.graphql_order import connection, money
from tests.connectors.shops.stage import Answer, Stage, refused

VARIANT = gid(7, "ProductVariant")
EXPRESS = ShippingChoice("Express", 900, "EUR")
EDIT = LinesEdit(
    order=ORDER,
    before=(gid(1), gid(2)),
    quantities=(LineQuantity(gid(1), 2), LineQuantity(gid(2), 0)),
    added=(AddedVariant(VARIANT, 3),),
    shipping=EXPRESS,
)
BEFORE = calculated(calculated_line(1), calculated_line(2, 3, shipped=1))
AFTER = calculated(
    calculated_line(1, 2),
    calculated_line(2, 1, shipped=1),
    addedLineItems=connection(calculated_line("a-b-c", 3, variant={"id": VARIANT})),
    shippingLines=[shipping_line(1, "Standard", "5.00", "REMOVED"), shipping_line(2, "Express", "9.00", "ADDED")],
    totalPriceSet=money("81.00"),
    subtotalPriceSet=money("60.00"),
    totalOutstandingSet=money("64.00"),
    taxLines=[{"priceSet": money("12.00")}],
)


def stage(*, began: Answer | None = None, last: Answer | None = None, commit: Answer | Response | None = None) -> Stage:
    """A shop that answers a session; `last` is what the last staged change answers."""

    def play(body: Answer) -> Answer | Response:
        query = body["query"]
        if "orderEditBegin" in query:
            return {"data": {"m0": began or answered(BEFORE)}}
        if "orderEditCommit" in query:
            return commit or {"data": {"m0": {"order": {"id": ORDER}, "userErrors": []}}}
        count = query.count(": orderEdit")
        payloads: dict[str, Any] = {f"m{i}": {"userErrors": []} for i in range(count - 1)}
        return {"data": {**payloads, f"m{count - 1}": last or answered(AFTER)}}

    return Stage(play)


@pytest.mark.row("EDT-5")
async def test_an_edit_is_calculated_in_two_calls() -> None:
    shop = stage()
    order = await shop.shop.calculate(EDIT)
    assert (order.currency, order.total_minor, order.subtotal_minor) == ("EUR", 8100, 6000)
    assert (order.tax_minor, order.shipping_minor, order.outstanding_minor) == (1200, 900, 6400)
    assert [(line.line, line.variant, line.quantity) for line in order.lines] == [
        (gid(1), gid(1, "ProductVariant"), 2),
        (gid(2), gid(2, "ProductVariant"), 1),
        ("", VARIANT, 3),
    ]
    _, staged = shop.sent
    sent = staged["variables"]
    assert {name: sent[name] for name in ("lineItemId0", "quantity0", "restock0")} == {
        "lineItemId0": gid(1, "CalculatedLineItem"),
        "quantity0": 2,
        "restock0": True,
    }
    assert (sent["quantity1"], sent["variantId2"], sent["quantity2"]) == (1, VARIANT, 3)  # one has shipped: 0 keeps it
    assert sent["shippingLineId3"] == gid(1, "CalculatedShippingLine")
    assert sent["shippingLine4"] == {"title": "Express", "price": {"amount": "9.00", "currencyCode": "EUR"}}
    assert {sent[f"id{i}"] for i in range(5)} == {SESSION}


async def test_an_edit_of_nothing_says_what_the_order_costs_now() -> None:
    shop = stage()
    order = await shop.shop.calculate(LinesEdit(ORDER, ()))
    assert (order.total_minor, order.shipping_minor, len(order.lines), len(shop.sent)) == (1700, 500, 2, 1)


async def test_discounts_have_each_a_name_once_and_count_only_where_they_give() -> None:
    def allocation(amount: str, **named: str) -> Answer:
        return {"allocatedAmountSet": money(amount), "discountApplication": {"description": None, **named}}

    lines = [
        calculated_line(
            1, calculatedDiscountAllocations=[allocation("1.00", code="TEN"), allocation("0.00", code="X")]
        ),
        calculated_line(2, calculatedDiscountAllocations=[allocation("2.00", description="Autumn")]),
        calculated_line(3, calculatedDiscountAllocations=[allocation("2.00", code="TEN")]),
        calculated_line(4, 0, calculatedDiscountAllocations=[allocation("2.00", code="GONE")]),
    ]
    order = await stage(began=answered(calculated(*lines))).shop.calculate(LinesEdit(ORDER, ()))
    assert order.discounts == ("Autumn", "TEN")


async def test_discounted_shipping_is_what_the_total_has_of_it() -> None:
    free = calculated(totalPriceSet=money("12.00"))
    order = await stage(began=answered(free)).shop.calculate(LinesEdit(ORDER, ()))
    assert (order.total_minor, order.shipping_minor) == (1200, 0)


async def test_a_session_of_many_lines_is_read_to_the_end() -> None:
    first = {"pageInfo": {"hasNextPage": True, "endCursor": "c1"}, "nodes": [calculated_line(1)]}
    last = answered(calculated(calculated_line(1), calculated_line(2, 4)))

    def play(body: Answer) -> Answer:
        if "CalculatedLines" in body["query"]:
            assert body["variables"] == {"id": SESSION, "after": "c1"}
            return {"data": {"node": {"lineItems": connection(calculated_line(2))}}}
        begins = "orderEditBegin" in body["query"]
        return {"data": {"m0": answered(calculated(lineItems=first)) if begins else last}}

    order = await Stage(play).shop.calculate(LinesEdit(ORDER, (), (LineQuantity(gid(2), 4),)))
    assert [line.quantity for line in order.lines] == [1, 4]


@pytest.mark.row("EDT-3")
async def test_an_edit_is_committed_at_the_agreed_total_without_telling_the_customer() -> None:
    shop = stage()
    assert await shop.shop.commit(EDIT, expected_total_minor=8100, note="edit 5") == Sent(SESSION)
    assert shop.sent[-1]["variables"] == {"id0": SESSION, "notifyCustomer0": False, "staffNote0": "edit 5"}
    assert len(shop.sent) == 3


@pytest.mark.row("EDT-5", bad_input=True)
async def test_another_price_is_not_committed() -> None:
    shop = stage()
    outcome = await shop.shop.commit(EDIT, expected_total_minor=8099, note="")
    assert isinstance(outcome, VendorRejected)
    assert (outcome.reason, len(shop.sent)) == ("price_changed", 2)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (wrong("The order cannot be edited.", "id"), "not_editable"),
        (wrong("Cancelled orders can't be edited", "base"), "not_editable"),
        (wrong("Orders in this currency cannot be edited"), "not_editable"),
        (wrong("The order does not exist.", "id"), "not_found"),
        (wrong("Something new"), "rejected"),
    ],
)
@pytest.mark.row("EDT-1", bad_input=True)
async def test_an_order_that_cannot_be_edited(error: Answer, reason: str) -> None:
    with pytest.raises(VendorRejected) as caught:
        await stage(began=answered(None, error)).shop.calculate(EDIT)
    assert caught.value.reason == reason
    outcome = await stage(began=answered(None, error)).shop.commit(EDIT, expected_total_minor=1, note="")
    assert isinstance(outcome, VendorRejected)
    assert outcome.reason == reason


@pytest.mark.parametrize(
    ("edit", "error", "reason"),
    [
        (LineQuantity(gid(1), 5), wrong("must be greater than or equal to 0", "quantity"), "bad_quantity"),
        (LineQuantity(gid(1), 5), wrong("is less than what has been fulfilled", "lineItemId"), "bad_quantity"),
        (LineQuantity(gid(1), 5), wrong("is not a line of this order", "lineItemId"), "unknown_line"),
        (LineQuantity(gid(1), 5), wrong("The line item does not exist."), "unknown_line"),
        (AddedVariant(VARIANT, 1), wrong("can't convert Integer[0] to an id", "variantId"), "unknown_variant"),
        (AddedVariant(VARIANT, 1), wrong("Variant does not exist"), "unknown_variant"),
        (AddedVariant(VARIANT, 1), wrong("must be greater than 0", "quantity"), "bad_quantity"),
        (EXPRESS, wrong("The price must be in CAD.", "shippingLine", "price", code="INVALID"), "other_currency"),
        (EXPRESS, wrong("No more shipping today", code="INVALID"), "invalid"),
        (AddedVariant(VARIANT, 1), wrong("Gift card amount is over the limit"), "rejected"),
    ],
)
@pytest.mark.row("EDT-1", bad_input=True)
async def test_a_refused_change(edit: Any, error: Answer, reason: str) -> None:
    asked = {LineQuantity: "quantities", AddedVariant: "added"}.get(type(edit))
    lines = LinesEdit(ORDER, (), **{asked: (edit,)}) if asked else LinesEdit(ORDER, (), shipping=edit)
    with pytest.raises(VendorRejected) as caught:
        await stage(last=answered(None, error)).shop.calculate(lines)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("edit", "reason", "calls"),
    [
        (LinesEdit(ORDER, (), (LineQuantity(gid(9), 1),)), "unknown_line", 1),
        (LinesEdit(ORDER, (), (LineQuantity(gid(1), -1),)), "bad_quantity", 0),
        (LinesEdit(ORDER, (), added=(AddedVariant(VARIANT, 0),)), "bad_quantity", 0),
        (LinesEdit(ORDER, (), shipping=ShippingChoice("Express", 900, "USD")), "other_currency", 1),
    ],
)
@pytest.mark.row("EDT-1", bad_input=True)
async def test_what_cannot_be_asked_is_not_staged(edit: LinesEdit, reason: str, calls: int) -> None:
    shop = stage()
    with pytest.raises(VendorRejected) as caught:
        await shop.shop.calculate(edit)
    assert (caught.value.reason, len(shop.sent)) == (reason, calls)


async def test_fewer_than_have_shipped_is_not_staged() -> None:
    shop = stage(began=answered(calculated(calculated_line(1, 5, shipped=3))))
    with pytest.raises(VendorRejected, match="3 are fixed") as caught:
        await shop.shop.calculate(LinesEdit(ORDER, (), (LineQuantity(gid(1), 2),)))
    assert (caught.value.reason, len(shop.sent)) == ("bad_quantity", 1)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(calculated(calculated_line(1, 3)), id="a quantity counted otherwise"),
        pytest.param(
            calculated(calculated_line(1, 2), addedLineItems=connection(calculated_line("x"))), id="a line too many"
        ),
    ],
)
async def test_a_session_with_something_else_than_asked_is_not_committed(after: Answer) -> None:
    shop = stage(last=answered(after))
    edit = LinesEdit(ORDER, (), (LineQuantity(gid(1), 2),))
    outcome = await shop.shop.commit(edit, expected_total_minor=1700, note="")
    assert isinstance(outcome, VendorRejected)
    assert (outcome.reason, len(shop.sent)) == ("bad_quantity", 2)


async def test_a_session_that_another_edit_ended_is_tried_again_later() -> None:
    gone = wrong("The calculated order does not exist.", "id")
    outcome = await stage(commit={"data": {"m0": {"order": None, "userErrors": [gone]}}}).shop.commit(
        EDIT, expected_total_minor=8100, note=""
    )
    assert isinstance(outcome, Retryable)
    assert outcome.detail == "edit_superseded"


@pytest.mark.parametrize(
    ("lost", "outcome"), [("orderEditSetQuantity", Retryable), ("orderEditCommit", OutcomeUnknown)]
)
async def test_only_a_lost_commit_is_unknown(lost: str, outcome: type[Exception]) -> None:
    asked = {"orderEditBegin": answered(BEFORE), "orderEditSetQuantity": answered(AFTER)}

    def play(body: Answer) -> Answer | Response:
        if lost in body["query"]:
            return refused(502)
        name = next(name for name in asked if name in body["query"])
        count = body["query"].count(": orderEdit")
        return {"data": {f"m{i}": asked[name] for i in range(count)}}

    shop = Stage(play)
    assert isinstance(await shop.shop.commit(EDIT, expected_total_minor=8100, note=""), outcome)
    assert sum(lost in body["query"] for body in shop.sent) == 1


async def test_an_edit_without_the_right_to_edit() -> None:
    denied = {"errors": [{"message": "no", "extensions": {"code": "ACCESS_DENIED"}}], "data": {"m0": None}}
    with pytest.raises(AuthFailed):
        await Stage(lambda body: denied).shop.calculate(EDIT)


@pytest.mark.parametrize("broken", [{"totalPriceSet": None}, {"originalOrder": None}, {"lineItems": {"nodes": [{}]}}])
async def test_a_session_that_we_cannot_read(broken: Answer) -> None:
    with pytest.raises(VendorRejected) as caught:
        await stage(began=answered(calculated(**broken))).shop.calculate(LinesEdit(ORDER, ()))
    assert caught.value.reason == "unreadable_answer"
