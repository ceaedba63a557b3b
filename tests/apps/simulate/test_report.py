"""The report: arms beside each other, targets, and a placebo that must show nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.cli.output import UserError
from apps.simulate.arms import Arm
from apps.simulate.report import TITLES, Outcome, Report, report_of, show, write


def outcome(arm: str, seed: int, **measures: float) -> Outcome:
    good = {"late_told_first_percent": 95.0, "false_alarms_per_100_parcels": 0.5, "lost_to_offer_days": 0.5}
    values = {name: 0.0 for name in TITLES} | good | measures
    return {
        "world": "calm", "seed": seed, "arm": arm, "orders": 10, "seconds": 1.0, "measures": values, "wrong": [],
        "overdue": {}, "broken_invariants": [],
    }  # fmt: skip


def report(*outcomes: Outcome) -> Report:
    return report_of("calm", sorted({each["seed"] for each in outcomes}), outcomes, 12.0)


def line(found: Report, name: str) -> Any:
    return next(each for each in found.lines if each.name == name)


def three(arm: str, name: str, *values: float) -> list[Outcome]:
    return [outcome(arm, seed, **{name: value}) for seed, value in enumerate(values, start=1)]


def test_effects_are_against_the_same_seed_without_the_workflow() -> None:
    name = "wismo_per_100_orders"
    mixed = three("with", name, 6, 4, 2)[::-1] + three("without", name, 12, 10, 8)

    found = line(report(*mixed), name)

    assert (4, 10, -6) == (found.found[Arm.WITH].mean, found.found[Arm.WITHOUT].mean, found.effect.mean)
    assert (-6, -6) == (found.effect.low, found.effect.high)
    assert found.placebo is None


@pytest.mark.parametrize(
    ("measures", "ok"),
    [
        ({}, True),
        ({"late_told_first_percent": 90.0, "false_alarms_per_100_parcels": 1.5, "lost_to_offer_days": 1.0}, True),
        ({"late_told_first_percent": 89.9}, False),
        ({"false_alarms_per_100_parcels": 1.6}, False),
        ({"lost_to_offer_days": 1.1}, False),
        ({"contradictions": 1.0}, False),
        ({"duplicates": 1.0}, False),
        ({"legal_breaches": 1.0}, False),
        ({"cost_per_order": 99.0}, True),
    ],
)
def test_targets_are_of_the_arm_with_the_workflow(measures: dict[str, float], ok: bool) -> None:
    bad = {"contradictions": 9.0, "late_told_first_percent": 0.0}

    assert ok == report(outcome("with", 1, **measures), outcome("without", 1, **bad)).ok


def test_a_placebo_that_shows_an_effect_is_a_fault_of_the_measuring() -> None:
    name = "wismo_per_100_orders"
    without = three("without", name, 10, 20, 30)

    assert report(*without, *three("placebo", name, 10, 20, 30)).ok
    assert report(*without, *three("placebo", name, 11, 18, 31)).placebo_holds
    assert report(*without, *three("placebo", name, 9.9, 19.9, 29.9)).placebo_holds, "a hundredth is nothing"
    leaking = report(*without, *three("placebo", name, 8, 18, 28))
    assert (False, False) == (leaking.placebo_holds, leaking.ok)


def test_broken_invariants_are_no_proof() -> None:
    broken = {**outcome("with", 1), "broken_invariants": ["stock_adds_up"]}

    assert (["stock_adds_up"], False) == (report(broken).broken, report(broken).ok)


def test_the_table_and_the_file_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "wismo_per_100_orders"
    wrong = {**outcome("with", 3, **{name: 2.0}), "wrong": ["shp_1: parcel_delayed after it was delivered"]}
    found = report(*three("without", name, 12, 10, 8), *three("with", name, 6, 4), wrong)

    show(found)
    write(found, tmp_path / "new" / "simulate.json")

    said = capsys.readouterr().out
    told = json.loads((tmp_path / "new" / "simulate.json").read_text(encoding="utf-8"))
    assert "-6.00 (-6.00 to -6.00)" in said
    assert "seed 3, with: shp_1: parcel_delayed after it was delivered" in said
    assert {"mean": -6.0, "low": -6.0, "high": -6.0} == told["measures"][name]["effect"]
    assert ("≥ 90", "met") == tuple(told["measures"]["late_told_first_percent"][key] for key in ("target", "verdict"))
    assert (6, [1, 2, 3]) == (len(told["trials"]), told["seeds"])


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UserError, match="cannot be written"):
        write(report(outcome("without", 1)), tmp_path / "file" / "simulate.json")
