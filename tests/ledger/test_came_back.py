"""What came back is counted in again, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order import IncomingLine, IncomingOrder
from ledger.came_back import counted_in

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@given(
    ordered=st.integers(1, 9),
    gone=st.integers(0, 9),
    amounts=st.tuples(st.integers(100, 9999), st.integers(0, 99), st.integers(0, 99)),
    included=st.booleans(),
)
@pytest.mark.row("RET-5")
def test_an_order_whose_units_came_back_is_stated_as_it_was_sold(
    ordered: int, gone: int, amounts: tuple[int, int, int], included: bool
) -> None:
    price, discount, tax = amounts
    gone = min(gone, ordered)
    line = IncomingLine("line", "CUP", "Cup", ordered, price, discount, tax)
    other = IncomingLine("other", "MUG", "Mug", 2, 500)
    total = price * ordered - discount + (0 if included else tax) + 1000
    sold = IncomingOrder(
        "order", "#1", NOW, NOW, "EUR", (line, other), total_minor=total, tax_minor=tax, taxes_included=included
    )
    row = {"ordered": ordered, "discount_minor": discount, "tax_minor": tax}
    left = replace(line, quantity=ordered - gone, discount_minor=0, tax_minor=0)
    less = price * gone - discount + (0 if included else tax)
    stated = replace(sold, lines=(left, other), total_minor=total - less, tax_minor=0)

    if gone:
        assert sold == counted_in(stated, {"line": gone}, {"line": row})
