"""What goes back for units that were returned, and to where."""

import json
from dataclasses import replace

import pytest

from domain.placed import PlacedLine, PlacedOrder
from domain.returns.asks import ReturnError
from domain.returns.money import (
    ExchangeQuote,
    RefundedBefore,
    ReturnedUnits,
    ReturnRefund,
    TenderShare,
    exchange_quote,
    pay_back,
    refund_for,
)
from domain.returns.policy import Destination, MoneyPolicy, ShippingBack
from domain.returns.words import Resolution, ReturnKind
from tests.support.rulings import POLICY
from tests.support.tenders import tender

K, MONEY = ReturnKind, POLICY.money
ORIGINAL, CREDIT = Destination.ORIGINAL, Destination.STORE_CREDIT
TENT = PlacedLine("l1", "TENT", 2, 2, 10_000, 2001, 1800)  # 2 x 100.00 - 20.01, tax 18.00
SOCK = PlacedLine("l2", "SOCK", 3, 3, 1000, 0, 300)
ORDER = PlacedOrder(
    "ord_1", "USD", (TENT, SOCK), total_minor=24_199, shipping_minor=1000, shipping_tax_minor=100, country="US",
    tenders=(tender(captured=24_199),),
)  # fmt: skip
ALL = (("l1", 2), ("l2", 3))


def refund(
    *units: tuple[str, int],
    order: PlacedOrder = ORDER,
    kind: ReturnKind = K.RETURN,
    before: RefundedBefore | None = None,
    resolution: Resolution = Resolution.REFUND,
    policy: MoneyPolicy = MONEY,
    **changes: int,
) -> ReturnRefund:
    asked = [ReturnedUnits(line, count, kind, **changes) for line, count in units]
    return refund_for(order, asked, before or RefundedBefore(), resolution, policy)


def test_a_unit_gets_its_share_of_discount_and_tax() -> None:
    first = refund(("l1", 1)).lines[0]
    second = refund(("l1", 1), before=RefundedBefore({"l1": 1})).lines[0]

    assert (first.goods_minor, first.discount_minor, first.tax_minor, first.refund_minor) == (10_000, 1001, 900, 9899)
    assert (second.discount_minor, second.refund_minor) == (1000, 9900)
    assert first.refund_minor + second.refund_minor == refund(("l1", 2)).due_minor == 20_000 - 2001 + 1800


def test_units_of_a_line_for_two_reasons_are_different_units() -> None:
    both = refund_for(
        ORDER, [ReturnedUnits("l1", 1, K.RETURN), ReturnedUnits("l1", 1, K.CLAIM)], RefundedBefore(),
        Resolution.REFUND, replace(MONEY, shipping=dict.fromkeys(K, ShippingBack.NONE)),
    )  # fmt: skip

    assert [line.refund_minor for line in both.lines] == [9899, 9900]


def test_tax_within_prices_is_not_added_again() -> None:
    line = PlacedLine("l1", "TENT", 2, 2, 11_900, 0, 3800)
    order = PlacedOrder("ord", "EUR", (line,), 24_295, 495, 79, taxes_included=True,
                        tenders=(tender(captured=24_295),))  # fmt: skip

    found = refund(("l1", 1), order=order)

    assert (found.due_minor, found.lines[0].tax_minor) == (11_900, 1900)
    assert refund(("l1", 2), order=order, kind=K.WITHDRAWAL).shipping_minor == 490  # standard, not the 4.95 paid


def test_lost_value_is_kept_before_a_fee_and_a_fee_takes_no_more_than_there_is() -> None:
    [line] = refund(("l2", 1), kept_percent=50, fee_minor=300).lines
    [nothing] = refund(("l2", 1), kept_percent=50, fee_minor=9999).lines

    assert (line.paid_minor, line.kept_minor, line.fee_minor, line.refund_minor) == (1100, 550, 300, 250)
    assert (nothing.fee_minor, nothing.refund_minor) == (550, 0)


@pytest.mark.parametrize(
    ("kind", "units", "before", "expected"),
    [
        pytest.param(K.RETURN, ALL, {}, 0, id="a return gets none"),
        pytest.param(K.WITHDRAWAL, ALL, {}, 590, id="whole: at most standard delivery"),
        pytest.param(K.WITHDRAWAL, (("l1", 2),), {}, 0, id="a part of the contract"),
        pytest.param(K.WITHDRAWAL, (("l1", 2),), {"units": {"l2": 3}}, 590, id="with the last unit"),
        pytest.param(K.WITHDRAWAL, ALL, {"shipping_minor": 500}, 90, id="less what went back"),
        pytest.param(K.CLAIM, ALL, {}, 1100, id="all of it was our fault"),
        pytest.param(K.CLAIM, (("l1", 1),), {}, 472, id="the share of what was"),  # half of 943
        pytest.param(K.CLAIM, (("l1", 1),), {"shipping_minor": 1000}, 100, id="never more than is left"),
    ],
)
def test_shipping_by_kind(
    kind: ReturnKind, units: tuple[tuple[str, int], ...], before: dict[str, object], expected: int
) -> None:
    assert refund(*units, kind=kind, before=RefundedBefore(**before)).shipping_minor == expected  # type: ignore[arg-type]


def test_shipping_as_it_was_paid_where_the_shop_says_so() -> None:
    generous = replace(MONEY, shipping={**MONEY.shipping, K.RETURN: ShippingBack.WHOLE_ORDER})

    assert refund(*ALL, policy=generous).shipping_minor == 1100
    assert refund(*ALL[:1], policy=generous).shipping_minor == 0


def test_a_currency_without_a_standard_price_gets_what_was_paid() -> None:
    order = replace(ORDER, currency="BHD")

    assert refund(*ALL, order=order, kind=K.WITHDRAWAL).shipping_minor == 1100


def test_a_whole_withdrawal_gives_everything_back_that_was_paid() -> None:
    order = replace(
        ORDER, total_minor=24_199 + 350, shipping_minor=500, shipping_tax_minor=50, tenders=(tender(captured=23_999),)
    )

    found = refund(*ALL, order=order, kind=K.WITHDRAWAL)

    assert (found.other_minor, found.due_minor) == (900, 24_549)
    assert (found.back.amount_minor, found.back.short_minor) == (23_999, 550)
    assert refund(*ALL, order=order, kind=K.WITHDRAWAL, before=RefundedBefore(other_minor=900)).other_minor == 0
    assert refund(*ALL, order=order).other_minor == 0


MIXED = (
    tender("shopify_payments", captured=10_000),
    tender("gift_card", captured=6000),
    tender("store_credit", captured=5000, refunded=1000),
    tender("cash_on_delivery", captured=3199),
)


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (6000, [("gift_card", 6000, ORIGINAL)]),
        (10_500, [("gift_card", 6000, ORIGINAL), ("store_credit", 4000, ORIGINAL),
                  ("cash_on_delivery", 500, Destination.BY_HAND)]),
        (23_199, [("gift_card", 6000, ORIGINAL), ("store_credit", 4000, ORIGINAL),
                  ("cash_on_delivery", 3199, Destination.BY_HAND), ("shopify_payments", 10_000, ORIGINAL)]),
    ],
)  # fmt: skip
def test_money_goes_back_where_it_came_from(due: int, expected: list[tuple[str, int, Destination]]) -> None:
    back = pay_back(due, MIXED, Resolution.REFUND, MONEY, "USD")

    assert [(share.gateway, share.amount_minor, share.to) for share in back.shares] == expected
    assert (back.amount_minor, back.short_minor, back.bonus_minor) == (due, 0, 0)
    assert back.to(Destination.BY_HAND) == sum(amount for _, amount, to in expected if to is Destination.BY_HAND)


def test_credit_earns_its_bonus_on_money_only() -> None:
    back = pay_back(23_199, MIXED, Resolution.STORE_CREDIT, MONEY, "USD")

    assert {share.to for share in back.shares} == {CREDIT}
    assert (back.to(CREDIT), back.bonus_minor) == (23_199, 500)  # 5 % of the card's 100.00
    only_credit = pay_back(4000, MIXED[2:3], Resolution.STORE_CREDIT, MONEY, "USD")
    assert (only_credit.amount_minor, only_credit.bonus_minor) == (4000, 0)
    assert pay_back(10**6, (tender(captured=10**6),), Resolution.STORE_CREDIT, MONEY, "USD").bonus_minor == 2500


def test_within_a_rule_the_last_tender_is_first() -> None:
    cards = (tender("visa", captured=500), tender("amex", captured=700))

    shares = pay_back(900, cards, Resolution.REFUND, MONEY, "USD").shares

    assert shares == (TenderShare("pay_amex", "amex", 700, ORIGINAL), TenderShare("pay_visa", "visa", 200, ORIGINAL))


def test_what_was_given_back_otherwise_is_short() -> None:
    order = replace(ORDER, tenders=(tender(captured=24_199, refunded=20_000, granted=3000),))

    back = refund(("l1", 1), order=order).back

    assert (back.amount_minor, back.short_minor) == (1199, 8700)


@pytest.mark.parametrize(
    ("price", "same", "expected"),
    [
        (12_000, False, ExchangeQuote(9900, 12_000, 2100, 0, False)),
        (9000, False, ExchangeQuote(9900, 9000, 0, 900, False)),
        (12_000, True, ExchangeQuote(9900, 12_000, 0, 0, True)),
    ],
)
def test_an_exchange_is_settled_by_its_difference(price: int, same: bool, expected: ExchangeQuote) -> None:
    assert exchange_quote(9900, price, same_product=same, policy=MONEY) == expected


@pytest.mark.parametrize(
    ("units", "before", "code"),
    [
        ([("l9", 1)], {}, "unknown_line"),
        ([("l1", 0)], {}, "bad_quantity"),
        ([("l1", 3)], {}, "bad_quantity"),
        ([("l1", 1)], {"l1": 2}, "bad_quantity"),
        ([("l1", 1), ("l1", 2)], {}, "bad_quantity"),
    ],
)
def test_units_that_are_not_there_are_refused(units: list[tuple[str, int]], before: dict[str, int], code: str) -> None:
    with pytest.raises(ReturnError) as caught:
        refund(*units, before=RefundedBefore(before))

    assert (caught.value.code, caught.value.where) == (code, f"units[{len(units)}]")


def test_it_can_be_written_down() -> None:
    written = json.loads(json.dumps(refund(*ALL, kind=K.CLAIM).as_json()))

    assert written["back"]["shares"][0]["to"] == "original"
    assert written["lines"][1]["refund_minor"] == 3300
