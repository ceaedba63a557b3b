"""Intervals and tests against published values, by counting, and by what they promise."""

import random
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.returns.significance import (
    Stratum,
    discoveries,
    mean_interval,
    more_than_half,
    more_than_others,
    wilson,
)


@pytest.mark.row("RET-7")
@pytest.mark.parametrize(
    ("hits", "tried", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilsons_interval_is_the_published_one(hits: int, tried: int, low: float, high: float) -> None:
    assert (low, high) == pytest.approx(wilson(hits, tried), abs=0.00006)


@given(st.integers(0, 500), st.integers(1, 500))
def test_an_interval_holds_its_share_and_lies_between_none_and_all(hits: int, more: int) -> None:
    low, high = wilson(hits, hits + more)
    assert 0 <= low <= hits / (hits + more) <= high <= 1


def test_nothing_tried_says_nothing() -> None:
    assert (0.0, 1.0) == wilson(0, 0)
    assert 1.0 == more_than_others([])
    assert [] == discoveries([], 0.05)


def test_fishers_tea_is_the_published_one() -> None:
    """The lady of The Design of Experiments (1935) who finds three of four cups: 17 of 70."""
    assert 17 / 70 == pytest.approx(more_than_others([Stratum(3, 4, 1, 4)]))


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=2))
def test_strata_are_counted_out(tables: list[tuple[int, int, int, int]]) -> None:
    strata = [Stratum(a, a + b, c, c + d) for a, b, c, d in tables]
    laws = []
    for one in strata:
        everybody, hits = one.tried + one.other_tried, one.hits + one.other_hits
        laws.append([sum(i < one.tried for i in hit) for hit in combinations(range(everybody), hits)])
    ways = [sum(way) for way in product(*laws)]
    expected = sum(way >= sum(one.hits for one in strata) for way in ways) / len(ways)
    assert expected == pytest.approx(more_than_others(strata))


def test_a_stratum_without_hits_says_nothing() -> None:
    assert more_than_others([Stratum(3, 4, 1, 4)]) == more_than_others([Stratum(3, 4, 1, 4), Stratum(0, 99, 0, 5)])


def test_a_fair_coin() -> None:
    assert 1 / 32 == pytest.approx(more_than_half(5, 0, 0.5))
    assert 1.0 == more_than_half(0, 5, 0.5)


def test_a_mean_of_few_has_no_interval() -> None:
    assert mean_interval(100, 100, 29) is None
    assert (10.0, 10.0) == mean_interval(300, 3000, 30)


@pytest.mark.row("RET-7")
def test_what_is_told_of_many_tests_of_nothing_is_almost_never_anything() -> None:
    chosen = random.Random(7)
    told = [any(discoveries([chosen.random() for _ in range(50)], 0.05)) for _ in range(400)]
    assert sum(told) / len(told) <= 0.05


def test_what_is_sure_is_told_among_what_is_not() -> None:
    assert [True, False, True, False] == discoveries([1e-9, 0.2, 1e-4, 0.9], 0.05)
