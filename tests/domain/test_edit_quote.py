"""What an edit costs by our own calculation, what is to pay or to give back, and what the shop says of it."""

import json
from fractions import Fraction

import pytest

from domain.edit_quote import Difference, Prices, Quote, RefundShare, ShopTotals, as_shop_says, compare, quote
from domain.edit_quote import split_refund as split
from domain.edits import EditAction, EditError, EditKind, combine
from domain.placed import PlacedLine, PlacedOrder, Tender
from tests.support.tenders import tender

K = EditKind


TENT = PlacedLine("l1", "TENT", 2, 0, 10_000, 2000, 1800)  # 2 x 100.00 - 20.00, 10 % tax
SOCK = PlacedLine("l2", "SOCK", 3, 0, 1000, 0, 300)
ORDER = PlacedOrder(
    "ord_1", "USD", (TENT, SOCK), total_minor=23_650, shipping_minor=500, shipping_tax_minor=50,
    shipping_code="standard", country="US", tenders=(tender(captured=23_650),),
)  # fmt: skip
PRICES = Prices("USD", {"TENT-3P": 12_000, "BAG": 2000}, {"express": 1500, "free": 0})


def ask(*actions: EditAction, order: PlacedOrder = ORDER, prices: Prices = PRICES) -> Quote:
    return quote(order, combine(actions, order), prices)


@pytest.mark.parametrize(
    ("action", "total"),
    [
        pytest.param(EditAction(K.QUANTITY, "l1", quantity=1), 23_650 - 9000 - 900, id="one fewer: discount, tax"),
        pytest.param(EditAction(K.QUANTITY, "l1", quantity=3), 23_650 + 9000 + 900, id="one more, as discounted"),
        pytest.param(EditAction(K.REMOVE, "l2"), 23_650 - 3300, id="removed"),
        pytest.param(EditAction(K.ADD, sku="BAG", quantity=2), 23_650 + 4400, id="added, taxed like the others"),
        pytest.param(
            EditAction(K.SWAP, "l1", "TENT-3P"), 23_650 - 19_800 + 26_400, id="swapped, today's price, no discount"
        ),
        pytest.param(EditAction(K.SWAP, "l1", "TENT-3P", 1), 23_650 - 9900 + 13_200, id="one of two swapped"),
        pytest.param(EditAction(K.SHIPPING, shipping_code="express"), 23_650 + 1000 + 100, id="shipping with its tax"),
        pytest.param(EditAction(K.SHIPPING, shipping_code="free"), 23_650 - 550, id="free shipping"),
        pytest.param(EditAction(K.ADDRESS, contact_version="con_2"), 23_650, id="address costs nothing"),
        pytest.param(EditAction(K.CANCEL), 0, id="cancelled"),
    ],
)
def test_total_of_each_kind(action: EditAction, total: int) -> None:
    found = ask(action)

    assert found.new_total_minor == total
    assert found.to_pay_minor == max(total - 23_650, 0)
    assert found.to_refund_minor == max(23_650 - total, 0)
    assert sum(share.amount_minor for share in found.refunds) == found.to_refund_minor


def test_tax_within_prices_is_not_added_again() -> None:
    line = PlacedLine("l1", "TENT", 2, 0, 11_900, 0, 3800)  # 19 % inside
    order = PlacedOrder(
        "ord_2", "EUR", (line,), 24_295, 495, 79, taxes_included=True, tenders=(tender(captured=24_295),)
    )

    fewer = ask(EditAction(K.QUANTITY, "l1", quantity=1), order=order)
    more = ask(EditAction(K.ADD, sku="BAG", quantity=1), order=order, prices=Prices("EUR", {"BAG": 2380}))

    assert (fewer.new_total_minor, fewer.new_tax_minor) == (12_395, 1900 + 79)
    assert (more.new_total_minor, more.new_tax_minor) == (26_675, 3800 + 79 + 380)


def test_a_known_tax_rate_is_used_for_what_is_added() -> None:
    books = Prices("USD", {"BOOK": 1000}, tax_rates={"BOOK": Fraction(7, 100)})
    assert ask(EditAction(K.ADD, sku="BOOK", quantity=1), prices=books).new_total_minor == 23_650 + 1070

    gross = PlacedOrder("ord", "USD", (TENT,), 18_000, taxes_included=True)
    inside = ask(EditAction(K.ADD, sku="BOOK", quantity=1), order=gross, prices=Prices("USD", {"BOOK": 1070}, {},
                 {"BOOK": Fraction(7, 100)}))  # fmt: skip
    assert inside.new_tax_minor == 1800 + 70


def test_lines_show_old_and_new() -> None:
    line = ask(EditAction(K.QUANTITY, "l1", quantity=1)).lines[0]

    assert (line.old_goods_minor, line.new_goods_minor) == (18_000, 9000)
    assert (line.old_discount_minor, line.new_discount_minor) == (2000, 1000)
    assert (line.old_tax_minor, line.new_tax_minor) == (1800, 900)
    assert json.loads(json.dumps(ask(EditAction(K.CANCEL)).as_json()))["to_refund_minor"] == 23_650


@pytest.mark.parametrize(
    ("action", "changed", "lost"),
    [
        (EditAction(K.QUANTITY, "l2", quantity=1), True, False),
        (EditAction(K.SWAP, "l1", "TENT-3P"), True, True),
        (EditAction(K.SWAP, "l2", "BAG"), True, False),
        (EditAction(K.ADDRESS, contact_version="con_2"), False, False),
        (EditAction(K.SHIPPING, shipping_code="express"), False, False),
        (EditAction(K.CANCEL), False, False),
    ],
)
def test_goods_of_a_discounted_order_may_change_its_promotion(action: EditAction, changed: bool, lost: bool) -> None:
    found = ask(action)

    assert (found.promotion_changed, found.lost_discount) == (changed, lost)
    plain = PlacedOrder("ord_3", "USD", (SOCK,), 3300, tenders=(tender(captured=3300),))
    assert not ask(EditAction(K.QUANTITY, "l2", quantity=1), order=plain).promotion_changed


def paying(*tenders: Tender) -> PlacedOrder:
    return PlacedOrder("ord_4", "USD", (PlacedLine("l1", "A", 10, 0, 1000),), 10_000, tenders=tenders)


def money(order: PlacedOrder, quantity: int) -> tuple[int, int, int]:
    found = ask(EditAction(K.QUANTITY, "l1", quantity=quantity), order=order)
    return found.to_pay_minor, found.to_refund_minor, found.to_capture_minor


@pytest.mark.parametrize(
    ("tenders", "fewer", "more"),
    [
        pytest.param((tender(captured=10_000),), (0, 3000, 0), (2000, 0, 0), id="captured"),
        pytest.param((tender(authorised=10_000),), (0, 0, 7000), (2000, 0, 10_000), id="authorised"),
        pytest.param((tender(authorised=13_000),), (0, 0, 7000), (0, 0, 12_000), id="authorised for more"),
        pytest.param(
            (tender("gift", captured=3000), tender(authorised=7000)), (0, 0, 4000), (2000, 0, 7000), id="both kinds"
        ),
        pytest.param(
            (tender("gift", captured=9000), tender(authorised=1000)),
            (0, 2000, 0),
            (2000, 0, 1000),
            id="rest authorised",
        ),
        pytest.param((tender(captured=10_000, refunded=1000),), (0, 2000, 0), (2000, 0, 0), id="refunded in part"),
        pytest.param((tender(captured=10_000, granted=1000),), (0, 2000, 0), (2000, 0, 0), id="granted in part"),
        pytest.param((tender(captured=11_000),), (0, 3000, 0), (1000, 0, 0), id="overpaid stays overpaid"),
        pytest.param((), (0, 0, 0), (2000, 0, 0), id="unpaid: only the rise is asked for"),
    ],
)
def test_money_follows_from_what_is_captured_authorised_and_granted(
    tenders: tuple[Tender, ...], fewer: tuple[int, int, int], more: tuple[int, int, int]
) -> None:
    order = paying(*tenders)

    assert money(order, 7) == fewer
    assert money(order, 12) == more


def test_a_cancel_gives_back_all_that_was_paid() -> None:
    found = ask(EditAction(K.CANCEL), order=paying(tender("gift", captured=4000), tender(captured=7000)))

    assert found.refunds == (RefundShare("pay_card", "card", 7000), RefundShare("pay_gift", "gift", 4000))


def test_refunds_go_to_the_last_tender_first_and_never_beyond_what_it_has() -> None:
    tenders = (tender("gift", captured=5000), tender("card", captured=4000, refunded=1000, granted=500), tender("none"))

    assert split(4000, tenders) == (RefundShare("pay_card", "card", 2500), RefundShare("pay_gift", "gift", 1500))
    assert split(0, tenders) == ()
    with pytest.raises(EditError) as caught:
        split(7501, tenders)
    assert caught.value.code == "refund_too_large"


@pytest.mark.parametrize(
    ("action", "prices", "code", "where"),
    [
        (EditAction(K.ADD, sku="ROPE", quantity=1), PRICES, "no_price", "added[1]"),
        (EditAction(K.SHIPPING, shipping_code="drone"), PRICES, "no_price", "shipping_code"),
        (EditAction(K.ADD, sku="BAG", quantity=1), Prices("EUR", {"BAG": 1}), "price_currency", "prices"),
    ],
)
def test_what_has_no_price_is_refused(action: EditAction, prices: Prices, code: str, where: str) -> None:
    with pytest.raises(EditError) as caught:
        ask(action, prices=prices)

    assert (caught.value.code, caught.value.where) == (code, where)


def test_swapping_there_and_back_at_the_same_price_is_free() -> None:
    order = PlacedOrder("ord", "USD", (SOCK,), 3300, tenders=(tender(captured=3300),))
    prices = Prices("USD", {"SOCK-L": 1200, "SOCK": 1000})
    there = ask(EditAction(K.SWAP, "l2", "SOCK-L"), order=order, prices=prices)
    added = there.lines[1]
    larger = PlacedLine("l9", "SOCK-L", 3, 0, 1200, 0, added.new_tax_minor)
    edited = PlacedOrder(
        "ord", "USD", (larger,), there.new_total_minor, tenders=(tender(captured=there.new_total_minor),)
    )

    back = ask(EditAction(K.SWAP, "l9", "SOCK"), order=edited, prices=prices)

    assert there.to_pay_minor == back.to_refund_minor == 660
    assert back.new_total_minor == order.total_minor


def shop(total: int, goods: int, *discounts: str, tax: int = 1200 + 50) -> ShopTotals:
    return ShopTotals("USD", total, goods, tax, 500, discounts)


def test_the_shop_is_the_authority_and_differences_are_shown() -> None:
    own = ask(EditAction(K.QUANTITY, "l1", quantity=1))  # 13 750 with the discount kept per unit
    same = shop(own.new_total_minor, own.new_goods_minor, "SPRING")
    other = shop(14_850, 13_000, tax=1300 + 50)  # the discount is gone

    kept, lost = as_shop_says(ORDER, own, same), as_shop_says(ORDER, own, other)

    assert (compare(own, same), kept.promotion_changed) == ((), False)
    assert compare(own, other) == (
        Difference("total", 13_750, 14_850), Difference("goods", 12_000, 13_000), Difference("tax", 1250, 1350)
    )  # fmt: skip
    assert (lost.new_total_minor, lost.to_refund_minor, lost.promotion_changed) == (14_850, 23_650 - 14_850, True)


def test_a_swap_that_loses_a_discount_is_seen_though_the_shop_agrees() -> None:
    own = ask(EditAction(K.SWAP, "l1", "TENT-3P", 1))

    said = as_shop_says(ORDER, own, shop(own.new_total_minor, own.new_goods_minor, "SPRING"))

    assert said.promotion_changed


def test_known_discounts_are_compared_by_name() -> None:
    named = PlacedOrder(**{name: getattr(ORDER, name) for name in ORDER.__slots__} | {"discounts": ("SPRING",)})
    own = ask(EditAction(K.QUANTITY, "l2", quantity=2), order=named)

    assert own.promotion_changed
    assert not as_shop_says(named, own, shop(own.new_total_minor, own.new_goods_minor, "SPRING")).promotion_changed
    assert as_shop_says(named, own, shop(own.new_total_minor, own.new_goods_minor)).promotion_changed


def test_another_currency_is_never_compared() -> None:
    with pytest.raises(EditError):
        compare(ask(EditAction(K.CANCEL)), ShopTotals("EUR", 0, 0, 0, 0))
