"""Postings balance, and the parcels' shares of an order sum to it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import journal
from domain.journal import Entry, Unbalanced, recognised_minor

AMOUNT = st.integers(0, 10**9)


def test_unbalanced_entry_cannot_be_made() -> None:
    with pytest.raises(Unbalanced, match="k1"):
        Entry("k1", "ord_1", "test", "USD", (("receivable", 100), ("revenue", -99)))


@given(total=AMOUNT, tax=AMOUNT, amount=AMOUNT)
def test_every_posting_balances(total: int, tax: int, amount: int) -> None:
    entries = [
        journal.order_placed("o", "USD", total, tax, "k"),
        journal.money_in("o", "USD", "card", amount, "t1"),
        journal.money_back("o", "USD", "card", amount, "t2"),
        journal.goods_sent("o", "USD", amount, "s1"),
        journal.label_bought("o", "USD", amount, "s1"),
    ]
    for entry in entries:
        back = journal.reversal(entry, "r", "reversed")

        assert sum(minor for _, minor in entry.lines) == 0
        assert all(minor for _, minor in entry.lines)  # nothing is posted as zero
        assert [(account, -minor) for account, minor in entry.lines] == list(back.lines)


def test_sides_and_keys() -> None:
    placed = journal.order_placed("o", "USD", 1080, 80, "order:o:1")
    assert dict(placed.lines) == {"receivable": 1080, "deferred_revenue": -1000, "tax_payable": -80}
    paid = journal.money_in("o", "USD", "card", 1080, "o:t1")
    assert (paid.key, dict(paid.lines)) == ("txn:o:t1", {"cash:card": 1080, "receivable": -1080})
    sent = journal.goods_sent("o", "USD", 1000, "shp_1")
    assert (sent.key, dict(sent.lines)) == ("shipment:shp_1", {"deferred_revenue": 1000, "revenue": -1000})


@st.composite
def shipped_in_parts(draw: st.DrawFn) -> tuple[int, dict[str, int], dict[str, int], list[dict[str, int]]]:
    """Net value, values and quantities by line, and what has left in all after each parcel."""
    lines = [f"l{number}" for number in range(draw(st.integers(1, 4)))]
    ordered = {line: draw(st.integers(1, 5)) for line in lines}
    values = {line: draw(st.integers(-5, 10**6)) for line in lines}  # free gifts, and a discount above the price
    units = draw(st.permutations([line for line, count in ordered.items() for _ in range(count)]))
    steps, shipped = [], dict.fromkeys(lines, 0)
    for line in units:
        shipped = {**shipped, line: shipped[line] + 1}
        steps.append(shipped)
    return draw(st.integers(0, 10**7)), values, ordered, steps


@given(shipped_in_parts())
def test_shares_of_parcels_sum_to_the_order_and_none_is_negative(
    case: tuple[int, dict[str, int], dict[str, int], list[dict[str, int]]],
) -> None:
    net, values, ordered, steps = case

    recognised = [0, *(recognised_minor(net, values, ordered, shipped) for shipped in steps)]

    shares = [after - before for before, after in pairwise(recognised)]
    assert sum(shares) == net
    assert min(shares) >= 0


@pytest.mark.parametrize(
    ("shipped", "minor"),
    [({}, 0), ({"a": 1}, 250), ({"a": 2}, 500), ({"b": 1}, 500), ({"a": 9, "b": 1}, 1000), ({"a": 2, "c": 0}, 500)],
)
def test_share_follows_the_lines_values(shipped: dict[str, int], minor: int) -> None:
    assert recognised_minor(1000, {"a": 700, "b": 700}, {"a": 2, "b": 1}, shipped) == minor


def test_order_of_nothing_is_recognised_whole() -> None:
    assert recognised_minor(500, {}, {"a": 0}, {}) == 500
