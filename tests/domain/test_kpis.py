"""Figures of edits on known requests (PEO-3)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.kpis import EDIT_MEASURES, Aim, EditFacts, Move, compare, edit_figures, errors_of, percentile

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def one(state: str = "applied", *moves: tuple[str, float], **facts: Any) -> EditFacts:
    """A request of the portal for another address, received at NOW; its last move is its end."""
    path = [Move(to, at(seconds)) for to, seconds in moves]
    ended = path[-1].at if path and path[-1].to in ("applied", "refused", "undone", "expired") else None
    known: dict[str, Any] = {"kinds": ("address",), "origin": "portal", "touches": 0, "received_at": NOW}
    return EditFacts(**{**known, "state": state, "moves": path, "ended_at": ended, **facts})


APPLIED = one("applied", ("requested", 0.1), ("fencing", 0.2), ("applied", 2))
PAID = one(
    "applied", ("requested", 1), ("awaiting_payment", 2), ("fencing", 602), ("applied", 604),
    kinds=("quantity", "address"), currency="USD", up_minor=1200,
)  # fmt: skip
REVIEWED = one(
    "applied", ("requested", 0), ("awaiting_review", 1), ("fencing", 3601), ("applied", 3603),
    touches=1, currency="USD", down_minor=500,
)  # fmt: skip
BY_AGENT = one("applied", ("requested", 0), ("applied", 1), origin="agent", currency="JPY", down_minor=300)
REFUSED = one("refused", ("requested", 0), ("refused", 1), reason="window_closed")
UNDONE = one("undone", ("requested", 0), ("undoing", 5), ("undone", 9), reason="too_late")
PARKED = one("parked", ("requested", 0), ("undoing", 5), ("parked", 9), origin="shop", kinds=())
WITHDRAWN = one("withdrawn")


@pytest.mark.row("PEO-3")
def test_a_periods_figures() -> None:
    found = edit_figures([APPLIED, PAID, REVIEWED, BY_AGENT, REFUSED, UNDONE, PARKED, WITHDRAWN])

    assert {
        "requests": 8,
        "open": 1,
        "applied_share": pytest.approx(100 * 4 / 6),
        "untouched_share": pytest.approx(100 * 2 / 6),
        "refused_share": pytest.approx(100 * 2 / 6),
        "error_share": 25.0,
        "touches": 1 / 8,
        "time_p50": 2.0,
        "time_p95": 4.0,
        "payment_wait_p50": 600.0,
        "payment_wait_p95": 600.0,
        "person_wait_p50": 3600.0,
        "person_wait_p95": 3600.0,
    } == found.values
    assert {
        "kind": {"address": 7, "quantity": 1},
        "origin": {"portal": 6, "agent": 1, "shop": 1},
        "not_made": {"too_late": 1, "window_closed": 1},
        "error": {"parked": 1, "undone": 1},
    } == found.counts
    assert {"paid_more": {"JPY": 0, "USD": 1200}, "given_back": {"JPY": 300, "USD": 500}} == found.money


def test_a_period_without_requests_has_no_shares_and_no_times() -> None:
    found = edit_figures([])

    assert (0, 0) == (found.values["requests"], found.values["open"])
    assert {None} == {value for name, value in found.values.items() if name not in ("requests", "open")}
    assert set(EDIT_MEASURES) == set(found.values)


def test_an_open_request_is_no_success_and_no_failure() -> None:
    waiting = one("awaiting_review", ("requested", 0), ("awaiting_review", 1))

    values = edit_figures([waiting]).values

    assert (1, 1, None, None) == tuple(values[n] for n in ("requests", "open", "applied_share", "refused_share"))
    assert values["person_wait_p50"] is None, "a wait that goes on has no length yet"


def test_what_went_wrong_is_kept_when_it_ended_well() -> None:
    mended = one("applied", ("requested", 0), ("undoing", 1), ("parked", 2), ("applied", 60))

    assert {"parked"} == errors_of(mended)
    assert {"failing"} == errors_of(one(failing=True))
    assert 58.0 == edit_figures([mended]).values["person_wait_p50"]


def test_each_measure_is_held_against_the_period_before_and_its_aim() -> None:
    aims = {"applied_share": Aim(50, 80), "time_p95": Aim(100, 1), "untouched_share": Aim(0, 60)}

    found = {f.measure: f for f in compare(edit_figures([APPLIED, REFUSED]), edit_figures([]), aims, EDIT_MEASURES)}

    assert list(EDIT_MEASURES) == list(found)
    assert (50.0, None, 50, 80, False) == _held(found["applied_share"])
    assert (2.0, None, 100, 1, False) == _held(found["time_p95"])
    assert (2, 0, None, None, None) == _held(found["requests"])
    [same] = [f for f in compare(edit_figures([]), edit_figures([]), aims, EDIT_MEASURES) if f.measure == "time_p95"]
    assert same.met is None, "nothing was measured, so nothing was missed"
    [met] = [f for f in compare(edit_figures([APPLIED]), edit_figures([]), aims, EDIT_MEASURES) if f.unit == "%"][:1]
    assert met.met


def _held(figure: Any) -> tuple[Any, ...]:
    return figure.value, figure.before, figure.baseline, figure.target, figure.met


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, None), ([7], 95, 7), ([3, 1, 2], 50, 2), (range(1, 101), 95, 95), (range(1, 21), 95, 19)],
)
def test_percentile_is_a_value_that_was_measured(values: list[float], percent: int, expected: float | None) -> None:
    assert expected == percentile(values, percent)
