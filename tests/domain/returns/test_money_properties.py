"""Sums are exact in every currency, and partial returns together never give back more than is there."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.placed import PlacedLine, PlacedOrder, Tender
from domain.returns.money import RefundedBefore, ReturnedUnits, ReturnRefund, refund_for
from domain.returns.policy import Destination, ShippingBack
from domain.returns.words import Resolution, ReturnKind
from tests.support.rulings import POLICY
from tests.support.tenders import tender

AMOUNT = st.integers(0, 10**7)
GATEWAYS = ("shopify_payments", "gift_card", "store_credit", "cash_on_delivery")
SHARED = replace(POLICY.money, shipping=dict.fromkeys(ReturnKind, ShippingBack.SHARE))
Round = list[ReturnedUnits]


@st.composite
def orders(draw: st.DrawFn) -> PlacedOrder:
    lines = []
    for number in range(draw(st.integers(1, 4))):
        quantity, price = draw(st.integers(1, 5)), draw(st.integers(0, 100_000))
        off = min(draw(AMOUNT), price * quantity)
        tax = (price * quantity - off) * draw(st.integers(0, 30)) // 100
        lines.append(PlacedLine(f"l{number}", f"S{number}", quantity, quantity, price, off, tax))
    included = draw(st.booleans())
    goods = sum(line.unit_price_minor * line.quantity - line.discount_minor for line in lines)
    shipping, shipping_tax = draw(st.integers(0, 2000)), draw(st.integers(0, 300))
    total = goods + shipping + (0 if included else sum(line.tax_minor for line in lines) + shipping_tax)
    currency = draw(st.sampled_from(["JPY", "USD", "BHD"]))
    return PlacedOrder("ord", currency, tuple(lines), total, shipping, shipping_tax, taxes_included=included)


def paid_by(order: PlacedOrder, draw: st.DataObject, *, exactly: bool) -> PlacedOrder:
    left, tenders = order.total_minor, []
    for gateway in GATEWAYS:
        part = draw.draw(st.integers(0, left)) if gateway != GATEWAYS[-1] else left
        left -= part
        back = 0 if exactly else draw.draw(st.integers(0, part))
        tenders.append(tender(gateway, captured=part, refunded=back))
    return replace(order, tenders=tuple(tenders))


def rounds(order: PlacedOrder, draw: st.DataObject, *, plain: bool) -> list[Round]:
    """Every unit of the order, in several requests and in any order."""
    units = draw.draw(st.permutations([line.id for line in order.lines for _ in range(line.quantity)]))
    found: list[Round] = [[]]
    for line in units:
        kind = draw.draw(st.sampled_from(list(ReturnKind)))
        fee, kept = (0, 0) if plain else (draw.draw(st.integers(0, 5000)), draw.draw(st.integers(0, 100)))
        found[-1].append(ReturnedUnits(line, 1, kind, fee, kept))
        if draw.draw(st.booleans()):
            found.append([])
    return found


def after(order: PlacedOrder, found: ReturnRefund) -> PlacedOrder:
    """The order with what was granted; bonuses are taken from no payment."""
    granted = Counter({share.payment_id: share.amount_minor for share in found.back.shares})
    tenders = [replace(each, granted_minor=each.granted_minor + granted[each.payment_id]) for each in order.tenders]
    return replace(order, tenders=tuple(tenders))


def then(before: RefundedBefore, units: Round, found: ReturnRefund) -> RefundedBefore:
    counted = Counter(before.units) + Counter(unit.line_id for unit in units)
    return RefundedBefore(counted, before.shipping_minor + found.shipping_minor, before.other_minor + found.other_minor)


@given(orders(), st.data())
def test_all_parts_are_exactly_what_was_paid(order: PlacedOrder, draw: st.DataObject) -> None:
    order, before, back = paid_by(order, draw, exactly=True), RefundedBefore(), 0

    for units in rounds(order, draw, plain=True):
        found = refund_for(order, units, before, Resolution.REFUND, SHARED)
        order, before, back = after(order, found), then(before, units, found), back + found.back.amount_minor
        assert found.back.short_minor == 0

    assert back == order.total_minor
    assert all(each.refundable_minor == 0 for each in order.tenders)


@given(orders(), st.data(), st.sampled_from([Resolution.REFUND, Resolution.STORE_CREDIT]))
def test_never_more_than_captured_less_refunded_less_granted(
    order: PlacedOrder, draw: st.DataObject, resolution: Resolution
) -> None:
    order, before = paid_by(order, draw, exactly=False), RefundedBefore()
    rooms: dict[str, Tender] = {each.payment_id: each for each in order.tenders}

    for units in rounds(order, draw, plain=False):
        found = refund_for(order, units, before, resolution, POLICY.money)
        room = {each.payment_id: each.refundable_minor for each in order.tenders}
        assert all(0 < share.amount_minor <= room[share.payment_id] for share in found.back.shares)
        assert sum(share.amount_minor for share in found.back.shares) == found.back.amount_minor
        assert found.back.amount_minor + found.back.short_minor == found.due_minor
        assert (
            sum(line.refund_minor for line in found.lines) + found.shipping_minor + found.other_minor == found.due_minor
        )
        for line in found.lines:
            assert 0 <= line.fee_minor <= line.paid_minor
            assert line.refund_minor + line.kept_minor + line.fee_minor == line.paid_minor
        order, before = after(order, found), then(before, units, found)

    assert before.shipping_minor <= order.shipping_minor + (0 if order.taxes_included else order.shipping_tax_minor)
    for each in order.tenders:
        facts = rooms[each.payment_id].facts
        assert each.granted_minor + facts.refunded_minor <= facts.captured_minor


@given(orders(), st.data())
def test_in_what_parts_units_come_back_does_not_matter(order: PlacedOrder, draw: st.DataObject) -> None:
    order = paid_by(order, draw, exactly=True)
    at_once = [ReturnedUnits(line.id, line.quantity, ReturnKind.WITHDRAWAL) for line in order.lines]
    whole = refund_for(order, at_once, RefundedBefore(), Resolution.REFUND, POLICY.money)
    before, due = RefundedBefore(), 0

    for units in rounds(order, draw, plain=True):
        withdrawn = [replace(each, kind=ReturnKind.WITHDRAWAL) for each in units]
        found = refund_for(order, withdrawn, before, Resolution.REFUND, POLICY.money) if withdrawn else None
        if found is not None:
            before, due = then(before, units, found), due + found.due_minor

    assert due == whole.due_minor


@given(st.lists(AMOUNT, min_size=4, max_size=4), AMOUNT)
def test_going_round_through_credit_makes_no_money(parts: list[int], due: int) -> None:
    """Credit that is spent and returned for credit earns nothing the second time."""
    credit = replace(
        PlacedOrder("ord", "USD", (PlacedLine("l1", "S", 1, 1, due),), due),
        tenders=tuple(tender(name, captured=part) for name, part in zip(GATEWAYS[1:3], parts, strict=False)),
    )

    found = refund_for(
        credit, [ReturnedUnits("l1", 1, ReturnKind.RETURN)], RefundedBefore(), Resolution.STORE_CREDIT, POLICY.money
    )

    assert found.back.bonus_minor == 0
    assert found.back.to(Destination.STORE_CREDIT) == min(due, sum(parts[:2]))
