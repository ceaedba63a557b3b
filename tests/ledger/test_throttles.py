"""Throttles count tries over all processes, whatever becomes of them."""

from datetime import timedelta

from config.wiring import Wiring
from ledger.tables import Throttle
from ledger.throttles import Limit, forget, give_back, take
from tests.ledger.support import NOW, later, race, rows_of

HOURLY = Limit(2, timedelta(hours=1))


def over(wiring: Wiring, *keys: str, at_s: float = 0) -> dict[str, float]:
    """Keys over their limit, with the seconds until their window ends."""
    now = later(at_s)
    found = wiring.ledger(take, dict.fromkeys(keys, HOURLY), now)
    return {key: (ends - now).total_seconds() for key, ends in found.items()}


def test_tries_over_the_limit_are_named_until_the_window_ends(wiring: Wiring) -> None:
    assert [{}, {}] == [over(wiring, "a"), over(wiring, "a", at_s=600)]

    assert {"a": 3600 - 700} == over(wiring, "a", "b", at_s=700)
    assert {"a": 1} == over(wiring, "a", at_s=3599), "a refused try moves no window"
    assert {} == over(wiring, "a", at_s=3600)
    assert {("a", 1), ("b", 1)} == {(row["key"], row["count"]) for row in rows_of(wiring, Throttle)}


def test_none_is_uncounted_when_many_try_at_once(wiring: Wiring) -> None:
    found = race(*(lambda: wiring.ledger(take, {"a": HOURLY, "b": HOURLY}, NOW) for _ in range(6)))

    assert 2 == sum(answer == {} for answer in found), found
    assert [6, 6] == [row["count"] for row in rows_of(wiring, Throttle)]


def test_a_try_that_is_given_back_counts_no_longer(wiring: Wiring) -> None:
    for _ in range(3):
        assert {} == over(wiring, "a", "b")
        wiring.ledger(give_back, ["b", "a"])
    for _ in range(2):
        wiring.ledger(give_back, ["a", "never tried"])

    assert {("a", 0), ("b", 0)} == {(row["key"], row["count"]) for row in rows_of(wiring, Throttle)}


def test_a_clock_that_was_set_back_locks_nobody_out(wiring: Wiring) -> None:
    for _ in range(3):
        over(wiring, "a", at_s=90_000)

    assert {} == over(wiring, "a")


def test_what_counts_no_longer_is_forgotten(wiring: Wiring) -> None:
    over(wiring, "old")
    over(wiring, "new", at_s=80_000)

    assert 1 == wiring.ledger(forget, later(90_000))
    assert ["new"] == [row["key"] for row in rows_of(wiring, Throttle)]
