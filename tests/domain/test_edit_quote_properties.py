"""Quotes are exact in every currency, cost nothing for no change, and never give back more than is there."""

from hypothesis import given
from hypothesis import strategies as st

from domain.edit_quote import Prices, Quote, quote
from domain.edits import EditKind, Wanted, unchanged
from domain.placed import PlacedLine, PlacedOrder
from tests.support.tenders import tender

AMOUNT = st.integers(0, 10**7)


@st.composite
def orders(draw: st.DrawFn, *, even: bool = False) -> PlacedOrder:
    """`even`: discount and tax are whole per unit, so that no share of them is ever rounded."""
    lines = []
    for number in range(draw(st.integers(1, 4))):
        quantity = draw(st.integers(1, 5))
        price = draw(st.integers(0, 100_000)) * (100 if even else 1)
        off = draw(st.integers(0, price)) // (100 if even else 1) * (100 if even else 1) * quantity
        off = off if even else min(draw(AMOUNT), price * quantity)
        net = price * quantity - off
        tax = net * draw(st.integers(0, 30)) // 100
        lines.append(PlacedLine(f"l{number}", f"S{number}", quantity, 0, price, off, tax))
    included = draw(st.booleans())
    goods = sum(line.unit_price_minor * line.quantity - line.discount_minor for line in lines)
    tax = sum(line.tax_minor for line in lines)
    shipping = draw(st.integers(0, 2000))
    total = goods + shipping + (0 if included else tax) + draw(st.integers(0, 500))
    parts = [draw(AMOUNT) for _ in range(draw(st.integers(0, 3)))]
    tenders = tuple(
        tender(str(number), captured=part, authorised=draw(st.integers(0, 9000)), refunded=draw(st.integers(0, part)))
        for number, part in enumerate(parts)
    )
    currency = draw(st.sampled_from(["JPY", "USD", "KWD"]))
    return PlacedOrder("ord", currency, tuple(lines), total, shipping, taxes_included=included, tenders=tenders)


def resized(order: PlacedOrder, units: dict[str, int]) -> Wanted:
    return Wanted(
        {line.id: units.get(line.id, line.quantity) for line in order.lines}, kinds=frozenset({EditKind.QUANTITY})
    )


def after(order: PlacedOrder, found: Quote) -> PlacedOrder:
    """The order with the edit made and the money settled by one tender."""
    lines = tuple(
        PlacedLine(
            old.id, old.sku, new.new_quantity, 0, old.unit_price_minor, new.new_discount_minor, new.new_tax_minor
        )
        for old, new in zip(order.lines, found.lines, strict=False)
    )
    return PlacedOrder(
        order.order_id, order.currency, lines, found.new_total_minor, found.new_shipping_minor,
        taxes_included=order.taxes_included, tenders=(tender(captured=found.new_total_minor),),
    )  # fmt: skip


@given(orders())
def test_no_change_costs_nothing(order: PlacedOrder) -> None:
    found = quote(order, unchanged(order), Prices(order.currency))

    assert (found.to_pay_minor, found.to_refund_minor, found.refunds) == (0, 0, ())
    assert found.new_total_minor == found.old_total_minor == order.total_minor
    assert not found.promotion_changed


@given(orders(), st.lists(st.integers(0, 8), min_size=4, max_size=4))
def test_sums_are_exact_and_no_more_goes_back_than_is_there(order: PlacedOrder, units: list[int]) -> None:
    wanted = resized(order, {f"l{number}": count for number, count in enumerate(units)})

    found = quote(order, wanted, Prices(order.currency))

    change = sum(line.new_goods_minor - line.old_goods_minor for line in found.lines)
    taxes = 0 if order.taxes_included else sum(line.new_tax_minor - line.old_tax_minor for line in found.lines)
    assert found.new_total_minor - found.old_total_minor == change + taxes
    assert all(min(line.new_goods_minor, line.new_discount_minor, line.new_tax_minor) >= 0 for line in found.lines)
    assert sum(share.amount_minor for share in found.refunds) == found.to_refund_minor
    room = {each.payment_id: each.refundable_minor for each in order.tenders}
    assert all(0 < share.amount_minor <= room[share.payment_id] for share in found.refunds)
    assert found.to_pay_minor == 0 or found.to_refund_minor == 0
    assert found.to_refund_minor <= max(found.old_total_minor - found.new_total_minor, 0)
    assert found.to_pay_minor <= max(found.new_total_minor - found.old_total_minor, 0)
    assert found.to_capture_minor <= sum(each.facts.authorised_minor for each in order.tenders)


@given(orders(even=True), st.lists(st.integers(1, 8), min_size=4, max_size=4))
def test_there_and_back_again_is_free(order: PlacedOrder, units: list[int]) -> None:
    paid = after(order, quote(order, unchanged(order), Prices(order.currency)))
    there = quote(
        paid, resized(paid, {f"l{number}": count for number, count in enumerate(units)}), Prices(paid.currency)
    )

    edited = after(paid, there)
    back = quote(edited, unchanged_units(paid, edited), Prices(paid.currency))

    rounding = sum(1 for line in paid.lines if line.tax_minor % line.quantity)
    assert abs(back.new_total_minor - paid.total_minor) <= rounding
    assert [line.new_discount_minor for line in back.lines] == [line.discount_minor for line in paid.lines]
    net = there.to_pay_minor - there.to_refund_minor + back.to_pay_minor - back.to_refund_minor
    assert abs(net) <= rounding


def unchanged_units(order: PlacedOrder, edited: PlacedOrder) -> Wanted:
    return resized(edited, {line.id: line.quantity for line in order.lines})
