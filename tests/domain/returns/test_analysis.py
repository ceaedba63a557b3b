"""The analysis: shares and costs, what is news, and that chance is not."""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from domain.returns.analysis import (
    AnalysisPolicy,
    Cell,
    Dimension,
    FindingKind,
    findings,
    overall,
    rates,
)

POLICY = AnalysisPolicy()
PLAIN = Cell("shirt", "shirt-m", "brooklyn", "ups", "new", "EUR", "", 1)


def cells(lines: int, reasons: dict[str, int] | None = None, **where: Any) -> list[Cell]:
    """So many lines, of which some came back."""
    base = replace(PLAIN, **where)
    back = [replace(base, reason=reason, lines=count) for reason, count in (reasons or {}).items()]
    return [replace(base, lines=lines - sum(cell.lines for cell in back)), *back]


def told(found: list[Cell]) -> set[tuple[str, str, str]]:
    return {(one.kind.value, one.dimension.value, one.subject) for one in findings(found, POLICY)}


@pytest.mark.row("RET-7")
@pytest.mark.parametrize("dimension", list(Dimension))
def test_each_dimension_has_shares_with_intervals(dimension: Dimension) -> None:
    found = rates(cells(80, {"style": 8}) + cells(20, {"damaged": 1}, product="mug", variant="mug-w", location="reno",
                  carrier="fedex", customers="returning"), dimension, POLICY)  # fmt: skip
    assert 2 == len(found)
    assert [80, 20] == [rate.lines for rate in found] or dimension is Dimension.REASON
    assert 9 == sum(rate.returned for rate in found)
    for rate in found:
        assert rate.low < rate.share < rate.high
    if dimension is Dimension.REASON:
        assert [("style", 100, 0.08), ("damaged", 100, 0.01)] == [(r.subject, r.lines, r.share) for r in found]


def test_what_is_sure_stands_before_what_is_few() -> None:
    few, many = cells(2, {"style": 1}, product="new"), cells(400, {"style": 80}, product="old")
    found = rates(few + many, Dimension.PRODUCT, POLICY)
    assert [("old", True), ("new", False)] == [(rate.subject, rate.judged) for rate in found]


def test_costs_stand_by_currency_with_an_interval_where_there_are_enough() -> None:
    euros = [replace(PLAIN, lines=90), replace(PLAIN, reason="style", lines=10, cost_minor=10_000, cost_squares=10**7)]
    dollars = [replace(PLAIN, currency="USD", reason="style", lines=2, cost_minor=500, cost_squares=130_000)]
    costs = overall(euros + dollars, POLICY).costs
    assert (10_000, 100.0) == (costs["EUR"].total_minor, costs["EUR"].mean_minor)
    assert costs["EUR"].low_minor is not None
    assert costs["EUR"].high_minor is not None
    assert 0 < costs["EUR"].low_minor < 100 < costs["EUR"].high_minor
    [style] = rates(euros + dollars, Dimension.REASON, POLICY)
    assert (100.0, 250.0) == (style.costs["EUR"].mean_minor, style.costs["USD"].mean_minor), "of all that was sent"
    assert (250.0, None, None) == (costs["USD"].mean_minor, costs["USD"].low_minor, costs["USD"].high_minor)


@pytest.mark.row("RET-7")
def test_a_size_that_runs_small_among_its_sisters() -> None:
    found = [
        *cells(200, {"too_small": 40, "too_large": 4}, variant="shirt-m"),
        *cells(200, {"too_small": 10, "too_large": 10}, variant="shirt-l"),
        *cells(200, {"too_small": 8, "too_large": 9}, variant="shirt-s"),
        *cells(600, {"too_small": 30, "too_large": 30}, product="shoe", variant="shoe-42"),
    ]
    assert ("runs_small", "variant", "shirt-m") in told(found)
    assert not {("runs_small", "variant", "shirt-l"), ("runs_large", "variant", "shirt-m")} & told(found)


@pytest.mark.row("RET-7")
def test_a_product_of_which_all_sizes_run_large() -> None:
    found = [
        cell for size in "sml" for cell in cells(150, {"too_large": 15, "too_small": 2}, variant=f"shirt-{size}")
    ] + cells(600, {"too_small": 30, "too_large": 25}, product="shoe", variant="shoe-42")
    assert {("runs_large", "product", "shirt")} == told(found)


def test_a_product_that_fits_nobody_has_no_direction() -> None:
    assert set() == told(
        cells(300, {"too_small": 60, "too_large": 60}) + cells(500, {"too_small": 9, "too_large": 8}, product="shoe")
    )


@pytest.mark.row("RET-7")
@pytest.mark.parametrize("dimension", [Dimension.LOCATION, Dimension.CARRIER])
def test_who_packs_or_carries_badly(dimension: Dimension) -> None:
    found = cells(500, {"damaged": 40}) + cells(500, {"damaged": 5}, **{dimension.value: "other"})
    named = {"location": "brooklyn", "carrier": "ups"}[dimension.value]
    assert ("damaged", dimension.value, named) in told(found)
    assert ("damaged", dimension.value, "other") not in told(found)


@pytest.mark.row("RET-7", bad_input=True)
def test_who_sends_the_fragile_things_is_not_blamed_for_them() -> None:
    found = [
        *cells(400, {"damaged": 60}, product="vase", variant="vase", location="brooklyn"),
        *cells(40, {"damaged": 6}, product="vase", variant="vase", location="reno"),
        *cells(40, {}, product="shirt", location="brooklyn"),
        *cells(400, {"damaged": 2}, product="shirt", location="reno"),
    ]
    assert {("damaged", "product", "vase")} == told(found)


@pytest.mark.row("RET-7")
def test_a_description_that_is_not_what_came() -> None:
    found = cells(300, {"not_as_described": 20, "colour": 10}) + cells(900, {"not_as_described": 9}, product="shoe")
    [one] = findings(found, POLICY)
    assert (FindingKind.DESCRIPTION, "shirt", 30, 300) == (one.kind, one.subject, one.hits, one.lines)
    assert one.low < 0.1 == one.share < one.high
    assert 0.01 == pytest.approx(one.others_share)
    assert one.chance < 1e-9
    assert "description:product:shirt" == one.key


@pytest.mark.row("RET-7", bad_input=True)
@pytest.mark.parametrize(
    "found",
    [
        [],
        cells(4, {"not_as_described": 4}) + cells(1000, {}, product="shoe"),  # few were sent
        cells(500, {"not_as_described": 4}) + cells(9000, {}, product="shoe"),  # few came back
        cells(10_000, {"not_as_described": 1100}) + cells(90_000, {"not_as_described": 9000}, product="shoe"),
        cells(50, {"not_as_described": 50}),  # nothing to hold it against
        cells(50, {"damaged": 20}, location="several", carrier="") + cells(5000, {"damaged": 2}, product="shirt"),
    ],
)  # fmt: skip
def test_small_numbers_and_small_differences_are_not_news(found: list[Cell]) -> None:
    assert set() == told(found)


@pytest.mark.row("RET-7", bad_input=True)
def test_chance_alone_is_hardly_ever_told() -> None:
    """Forty shops whose products are all alike: what is told there is false."""
    chosen = random.Random(11)
    false = 0
    reasons = ["", *(["too_small", "too_large", "damaged", "not_as_described"])]
    for _ in range(40):
        counted = Counter(
            replace(
                PLAIN,
                product=(product := f"p{chosen.randrange(8)}"),
                variant=f"{product}-{chosen.randrange(3)}",
                location=chosen.choice(["brooklyn", "reno"]),
                carrier=chosen.choice(["ups", "fedex"]),
                reason=chosen.choices(reasons, [80, 5, 5, 5, 5])[0],
            )
            for _ in range(1500)
        )
        false += bool(findings([replace(cell, lines=lines) for cell, lines in counted.items()], POLICY))
    assert false <= 2
