"""Edit after edit each tender holds exactly what it should: gift card and card, pages, free shipping, no decimals."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.edit_quote import Prices, Quote, ShopTotals, as_shop_says, quote
from domain.edits import Added, EditKind, Wanted
from domain.placed import PlacedLine, PlacedOrder, Tender
from tests.support.tenders import tender

CURRENCIES = st.sampled_from(["JPY", "USD", "KWD"])
ROUNDING = st.integers(-3, 3)  # by which a shop's own calculation differs


@st.composite
def paid_orders(draw: st.DrawFn, *, authorised: bool = False) -> PlacedOrder:
    """Paid to the last unit by a gift card and a card, which may have authorised its share only."""
    lines = []
    for number in range(draw(st.integers(1, 3))):
        quantity, price = draw(st.integers(1, 4)), draw(st.integers(1, 30_000))
        off = draw(st.integers(0, price * quantity))
        tax = (price * quantity - off) * draw(st.integers(0, 30)) // 100
        lines.append(PlacedLine(f"l{number}", f"S{number}", quantity, 0, price, off, tax))
    included, free = draw(st.booleans()), draw(st.booleans())
    shipping = 0 if free else draw(st.integers(1, 2000))
    shipping_tax = shipping * draw(st.integers(0, 30)) // 100
    goods = sum(line.unit_price_minor * line.quantity - line.discount_minor for line in lines)
    taxes = 0 if included else sum(line.tax_minor for line in lines) + shipping_tax
    total = goods + shipping + taxes
    gift = draw(st.integers(0, total))
    rest = {"authorised" if authorised else "captured": total - gift}
    return PlacedOrder(
        "ord", draw(CURRENCIES), tuple(lines), total, shipping, shipping_tax, "standard", included,
        tenders=(tender("gift_card", captured=gift), tender("card", **rest)),
        discounts=("FREESHIP",) if free else (),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One edit: units by line, units of something new, another way of shipping. `rounding`: None without a shop."""

    units: tuple[int, ...]
    new: int
    shipping: int | None
    rounding: int | None
    goes_back: bool  # else it is only promised

    def wanted(self, order: PlacedOrder) -> Wanted:
        lines = {line.id: units for line, units in zip(order.lines, self.units, strict=False)}
        lines = {line.id: lines.get(line.id, line.quantity) for line in order.lines}
        added = (Added(f"NEW{len(order.lines)}", self.new),) if self.new else ()
        kinds = {EditKind.QUANTITY, *([EditKind.ADD] if added else []), *([EditKind.SHIPPING] if self.shipping else [])}
        return Wanted(lines, added, shipping_code="" if self.shipping is None else "other", kinds=frozenset(kinds))

    def quote(self, order: PlacedOrder) -> Quote:
        prices = Prices(order.currency, {f"NEW{len(order.lines)}": 990}, {"other": self.shipping or 0})
        own = quote(order, self.wanted(order), prices)
        if self.rounding is None:
            return own
        total = max(own.new_total_minor + self.rounding, 0)
        said = ShopTotals(
            order.currency, total, own.new_goods_minor, own.new_tax_minor, own.new_shipping_minor, order.discounts or ()
        )
        return as_shop_says(order, own, said)


CHANGES = st.lists(
    st.builds(
        Change,
        st.lists(st.integers(0, 6), min_size=1, max_size=4).map(tuple),
        st.integers(0, 3),
        st.none() | st.integers(0, 3000),
        st.none() | ROUNDING,
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


def held(order: PlacedOrder) -> int:
    return sum(each.refundable_minor for each in order.tenders)


def settled(order: PlacedOrder, found: Quote, *, goes_back: bool) -> PlacedOrder:
    """The order with the edit made: a page is a tender of its own, what is to give back has gone or is promised."""
    back = {share.payment_id: share.amount_minor for share in found.refunds}
    tenders = [_less(each, back.get(each.payment_id, 0), goes_back) for each in order.tenders]
    if found.to_pay_minor:
        tenders.append(tender(f"page{len(tenders)}", captured=found.to_pay_minor))
    lines = [
        PlacedLine(
            line.line_id or f"l{number}", line.sku, line.new_quantity, 0, line.unit_price_minor,
            line.new_discount_minor, line.new_tax_minor,
        )
        for number, line in enumerate(found.lines)
        if line.new_quantity
    ]  # fmt: skip
    return replace(
        order, lines=tuple(lines), total_minor=found.new_total_minor, shipping_minor=found.new_shipping_minor,
        shipping_tax_minor=found.new_tax_minor - sum(line.tax_minor for line in lines), tenders=tuple(tenders),
    )  # fmt: skip


def _less(one: Tender, back: int, goes_back: bool) -> Tender:
    if goes_back:
        return replace(one, facts=replace(one.facts, refunded_minor=one.facts.refunded_minor + back))
    return replace(one, granted_minor=one.granted_minor + back)


@pytest.mark.row("EDT-5")
@given(paid_orders(), CHANGES)
def test_edit_after_edit_the_tenders_hold_what_the_order_costs(order: PlacedOrder, changes: list[Change]) -> None:
    assert held(order) == order.total_minor
    for change in changes:
        found = change.quote(order)
        assert found.to_pay_minor - found.to_refund_minor == found.new_total_minor - order.total_minor
        order = settled(order, found, goes_back=change.goes_back)
        assert held(order) == order.total_minor == found.new_total_minor
        assert all(each.refundable_minor >= 0 for each in order.tenders), "no tender gives more than it took"
    back = quote(order, Wanted({line.id: 0 for line in order.lines}, cancelled=True), Prices(order.currency))
    assert {share.payment_id: share.amount_minor for share in back.refunds} == {
        each.payment_id: each.refundable_minor for each in order.tenders if each.refundable_minor
    }


@pytest.mark.row("EDT-5")
@given(paid_orders(), CHANGES)
def test_the_last_tender_gives_back_first(order: PlacedOrder, changes: list[Change]) -> None:
    for change in changes:
        found = change.quote(order)
        back = {share.payment_id: share.amount_minor for share in found.refunds}
        emptied = [back.get(each.payment_id, 0) == each.refundable_minor for each in order.tenders]
        first = min((n for n, each in enumerate(order.tenders) if each.payment_id in back), default=len(emptied))
        assert all(emptied[first + 1 :]), "an earlier one gives only when all later ones are empty"
        order = settled(order, found, goes_back=change.goes_back)


@pytest.mark.row("EDT-5")
@given(paid_orders(authorised=True), CHANGES.map(lambda changes: changes[0]))
def test_an_authorisation_is_used_before_anybody_pays_or_gets_back(order: PlacedOrder, change: Change) -> None:
    authorised = sum(each.facts.authorised_minor for each in order.tenders)

    found = change.quote(order)

    assert held(order) - found.to_refund_minor + found.to_capture_minor + found.to_pay_minor == found.new_total_minor
    assert found.to_capture_minor <= authorised
    assert not (found.to_pay_minor and found.to_capture_minor < authorised), "no page while the card covers it"
    assert not (found.to_refund_minor and found.to_capture_minor), "nothing is taken to be given back"


@pytest.mark.row("EDT-5")
@pytest.mark.parametrize(("price", "to_pay"), [(0, 0), (650, 650), (1800, 1800)])
def test_another_way_of_shipping_where_shipping_was_free(price: int, to_pay: int) -> None:
    """A person looks at it where no shop says whether the free shipping still applies."""
    line = PlacedLine("l1", "TENT", 1, 0, 12_000, 0, 1090)
    order = PlacedOrder(
        "ord", "JPY", (line,), 12_000, taxes_included=True, discounts=("FREESHIP",),
        tenders=(tender("gift_card", captured=5000), tender("card", captured=7000)),
    )  # fmt: skip
    wanted = Wanted({"l1": 1}, shipping_code="express", kinds=frozenset({EditKind.SHIPPING}))

    found = quote(order, wanted, Prices("JPY", shipping={"express": price}))

    assert (found.to_pay_minor, found.to_refund_minor, found.new_total_minor) == (to_pay, 0, 12_000 + price)
    assert found.promotion_changed
    kept = ShopTotals("JPY", 12_000, 12_000, 1090, 0, ("FREESHIP",))
    assert as_shop_says(order, found, kept).to_pay_minor == 0, "the shop is the authority"
    assert not as_shop_says(order, found, kept).promotion_changed
    assert as_shop_says(order, found, replace(kept, total_minor=12_000 + price, discounts=())).promotion_changed


@pytest.mark.parametrize("lowered", [0, 570], ids=["the shop's total has it still", "the shop has taken it off"])
@pytest.mark.parametrize(("units", "to_pay", "to_refund"), [(1, 0, 800), (2, 0, 0), (3, 800, 0)])
def test_what_a_return_gave_back_is_not_owed_again(lowered: int, units: int, to_pay: int, to_refund: int) -> None:
    """Another line came back, for a fee of 690: what is changed costs what it costs without that."""
    lines = (PlacedLine("cans", "CAN", 2, 0, 800), PlacedLine("mug", "MUG", 1, 1, 1260))
    order = PlacedOrder(
        "ord", "USD", lines, 2860 - lowered, returned_minor=570,
        tenders=(tender("card", captured=2860, refunded=570),),
    )  # fmt: skip

    found = quote(order, Wanted({"cans": units, "mug": 1}, kinds=frozenset({EditKind.QUANTITY})), Prices("USD"))

    assert (to_pay, to_refund) == (found.to_pay_minor, found.to_refund_minor)
    everything = quote(order, Wanted({"cans": 0, "mug": 0}, kinds=frozenset({EditKind.CANCEL})), Prices("USD"))
    assert 2290 == everything.to_refund_minor
