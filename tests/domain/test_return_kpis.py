"""Figures of returns on known requests (PEO-3)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.kpis import Move
from domain.return_kpis import RETURN_MEASURES, Asked, Payout, ReturnFacts, end_of, return_figures

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(days=1)
WEEK = 7 * 86_400.0


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def one(*moves: tuple[str, float], since: float = 0, **facts: Any) -> ReturnFacts:
    """A request of the portal, received at NOW and `since`."""
    known: dict[str, Any] = {
        "kinds": ("return",), "reasons": ("too_small",), "origin": "portal", "touches": 0, "received_at": at(since)
    }  # fmt: skip
    return ReturnFacts(**{**known, "moves": [Move(to, at(seconds)) for to, seconds in moves], **facts})


def paid(granted: float, done: float | None, amount: int, currency: str = "USD") -> Payout:
    return Payout(at(granted), None if done is None else at(done), currency, amount)


# asked for a week ago, with its money today
SETTLED = one(
    ("requested", -WEEK), ("label_issued", -WEEK + 2), ("received", 50), ("resolved", 100),
    since=-WEEK, payouts=[paid(100, 104, 1500)], fees={"USD": 690},
)  # fmt: skip
WITH_PERSON = one(
    ("requested", 0), ("label_issued", 3604), ("resolved", 5000),
    touches=1, asked=[Asked(at(1), at(3601))], payouts=[paid(0.5, 2, 400), paid(5000, 5001, 600)],
    errors=frozenset({"return_lost"}),
)  # fmt: skip
DECLINED = one(("requested", 0), ("declined", 1), refusal="window_closed")
LABELLED = one(("requested", 10), ("approved", 10.5), ("label_issued", 11), since=10)
UNSENT = one(("requested", -WEEK), ("expired", 500), since=-WEEK, kinds=("claim",))
BY_AGENT = one(("requested", 0), ("resolved", 1), origin="agent", payouts=[paid(1, None, 300, "JPY")])
CANCELLED = one(("requested", 0), ("cancelled", 9))


@pytest.mark.row("PEO-3")
def test_a_periods_figures() -> None:
    found = return_figures([SETTLED, WITH_PERSON, DECLINED, LABELLED, UNSENT, BY_AGENT, CANCELLED], NOW, UNTIL)

    assert {
        "requests": 5,
        "open": 1,
        "settled_share": 60.0,
        "untouched_share": 20.0,
        "refused_share": 20.0,
        "never_sent_share": 20.0,
        "error_share": 20.0,
        "touches": 0.2,
        "label_p50": 1.0,
        "label_p95": 4.0,
        "refund_p50": 5001.0,
        "refund_p95": WEEK + 104,
        "payout_p50": 1.5,
        "payout_p95": 4.0,
        "person_wait_p50": 3600.0,
        "person_wait_p95": 3600.0,
    } == found.values
    assert {
        "return_kind": {"return": 5},
        "return_reason": {"too_small": 5},
        "return_origin": {"portal": 4, "agent": 1},
        "return_not_made": {"never_sent": 1, "window_closed": 1},
        "return_error": {"return_lost": 1},
    } == found.counts
    assert {"return_given_back": {"USD": 2500}, "return_fees": {"USD": 690}} == found.money


def test_a_period_without_returns_has_no_shares_and_no_times() -> None:
    found = return_figures([], NOW, UNTIL)

    assert (0, 0) == (found.values["requests"], found.values["open"])
    assert {None} == {value for name, value in found.values.items() if name not in ("requests", "open")}
    assert set(RETURN_MEASURES) == set(found.values)


def test_what_happens_afterwards_is_not_known_yet() -> None:
    later = return_figures([SETTLED, LABELLED], NOW - timedelta(days=8), NOW)

    assert (1, 1, None, 2.0) == tuple(later.values[name] for name in ("requests", "open", "settled_share", "label_p50"))
    assert {} == later.money["return_given_back"]


def test_what_comes_late_after_all_is_open_again() -> None:
    late = one(("requested", 0), ("expired", 10), ("received", 20))

    assert "expired" == getattr(end_of(late, at(15)), "to", None)
    assert end_of(late, at(25)) is None
    assert end_of(late, at(5)) is None


def test_money_that_is_still_on_its_way_has_no_time_yet() -> None:
    half = one(("requested", 0), ("resolved", 5), payouts=[paid(1, 2, 100), paid(5, None, 200)])

    values = return_figures([half], NOW, UNTIL).values

    assert (None, 1.0) == (values["refund_p50"], values["payout_p50"])
