"""What goods for goods cost."""

from dataclasses import replace

import pytest

from domain.returns.exchange import Swap, quote_swap
from domain.returns.money import LineRefund
from tests.support.rulings import POLICY

MONEY = POLICY.money
# 2 x 100.00 less 20.00 in all, and 10 per cent tax beside it
BACK = LineRefund("l1", 2, 20_000, 2000, 1800, 19_800, 0, 0, 19_800)


@pytest.mark.row("RET-3")
@pytest.mark.parametrize(
    ("swap", "change", "discount"),
    [
        pytest.param(Swap(2, 12_000), 24_000 + 2400 - 19_800, 0, id="dearer, with its tax"),
        pytest.param(Swap(2, 5000), 10_000 + 1000 - 19_800, 0, id="cheaper"),
        pytest.param(Swap(2, 12_000, same_product=True), 0, 3000, id="another size, whose price has risen"),
        pytest.param(Swap(2, 8000, same_product=True), 0, 0, id="another size that is cheaper gives nothing back"),
        pytest.param(Swap(2, 10_000, free=True), 0, 1000, id="the same once more, the promotion is over"),
        pytest.param(Swap(2, 9000, fee_minor=500), 500, 0, id="a fee is paid too"),
    ],
)
def test_the_difference(swap: Swap, change: int, discount: int) -> None:
    found = quote_swap(BACK, swap, taxes_included=False, policy=MONEY)

    assert (19_800, change, discount) == (found.credit_minor, found.change_minor, found.discount_minor)


@pytest.mark.row("RET-3")
def test_a_replacement_is_free_where_another_size_is_not() -> None:
    strict = replace(MONEY, even_exchange=False)
    dear = Swap(2, 12_000, same_product=True)

    assert 6600 == quote_swap(BACK, dear, taxes_included=False, policy=strict).change_minor
    assert 0 == quote_swap(BACK, replace(dear, free=True), taxes_included=False, policy=strict).change_minor


@pytest.mark.row("RET-3")
@pytest.mark.parametrize("price", [1, 333, 1000, 10_001])
@pytest.mark.parametrize("included", [False, True])
def test_an_even_exchange_never_costs_more_than_was_paid(price: int, included: bool) -> None:
    odd = LineRefund("l1", 3, 1000, 1, 83, 999 if included else 1082, 0, 0, 999)

    found = quote_swap(odd, Swap(3, price, same_product=True), taxes_included=included, policy=MONEY)

    assert found.change_minor == 0
    assert found.price_minor <= found.credit_minor
    assert 0 <= found.discount_minor <= price


@pytest.mark.row("RET-3")
def test_what_was_given_away_is_exchanged_for_nothing() -> None:
    gift = LineRefund("l1", 1, 0, 0, 0, 0, 0, 0, 0)

    assert 0 == quote_swap(gift, Swap(1, 500, free=True), taxes_included=False, policy=MONEY).price_minor
