"""Customers ask more the longer they hear nothing and the later it gets, and less when they know better."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.parcels.model import Step
from sandbox.simulation.histories import History
from sandbox.simulation.journeys import Journey
from sandbox.simulation.parameters import load
from sandbox.simulation.people import OFFERS, Asked, Crowd, Customer, checkout, customers, number_of, promised

WINTER = load("winter")
SURE = replace(WINTER, people=replace(WINTER.people, believes=1.0, asks_most=9.0))
PLACED = WINTER.starts + timedelta(hours=14)
PROMISED = PLACED + timedelta(days=6)
DAY = timedelta(days=1)


def customer(number: int = 1, **changes: object) -> Customer:
    made = Customer(number, WINTER.places[0], PLACED, PROMISED, 1)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def crowd(*people: Customer, seed: int = 1) -> Crowd:
    return Crowd(SURE, seed, list(people))


def test_silence_and_lateness_make_them_ask() -> None:
    """Each day of either is worth more than the one before."""
    waiting = customer(heard_at=PLACED)
    rates = [crowd(waiting).rate(waiting, PLACED + days * DAY) for days in (1, 3, 5, 8, 10)]

    assert ["usual", "usual", "silent", "late", "late"] == [why for _, why in rates]
    assert sorted({rate for rate, _ in rates}) == [rate for rate, _ in rates]


def test_news_ends_the_silence_and_a_new_date_the_lateness() -> None:
    waiting = customer(heard_at=PLACED)
    all_of_them = crowd(waiting)
    at = PROMISED + 2 * DAY
    before, _ = all_of_them.rate(waiting, at)

    all_of_them.hear(1, at, None)
    heard, _ = all_of_them.rate(waiting, at)
    all_of_them.hear(1, at, at + 3 * DAY)
    known, _ = all_of_them.rate(waiting, at)

    assert before > heard > known == WINTER.people.asks


def test_an_earlier_date_than_the_promise_changes_nothing() -> None:
    waiting = customer()
    crowd(waiting).hear(1, PLACED, PLACED + DAY)

    assert PROMISED == waiting.expects_by


def test_who_has_just_asked_waits_for_the_answer() -> None:
    waiting = customer()
    asking = crowd(waiting)
    late = PROMISED + 10 * DAY
    waiting.asked.append(Asked(late, "late"))

    assert 0 == asking.rate(waiting, late + DAY)[0]
    assert 0 < asking.rate(waiting, late + 3 * DAY)[0]


def test_time_that_has_gone_by_is_not_lived_again() -> None:
    """However often and in whatever steps somebody looks, the same is asked."""
    end = PROMISED + 20 * DAY
    at_once, in_steps = customer(), customer()
    crowd(at_once).pass_until(end)
    stepping, now = crowd(in_steps), PLACED
    while now < end:
        now = min(now + timedelta(hours=5), end)
        stepping.pass_until(now)
        stepping.pass_until(now)

    assert at_once.asked
    assert at_once.asked == in_steps.asked


def test_nobody_asks_for_what_they_have() -> None:
    journey = Journey((Step(0, "label"),), PLACED, arrives_at=PLACED + DAY)
    has_it, settled = customer(1, journey=journey), customer(2, settled_at=PLACED)
    crowd(has_it, settled).pass_until(PROMISED + 30 * DAY)

    assert [] == [asked for asked in has_it.asked if asked.at >= PLACED + DAY]
    assert [] == settled.asked


@pytest.mark.parametrize(("days", "given"), [(4.9, 0), (5.1, 1)])
def test_whoever_asks_late_enough_gets_amends_by_hand_once(days: float, given: int) -> None:
    """`late_days` is 5 past the promise, by the time of the answer."""
    waiting = customer()
    answering = crowd(waiting)
    asked = PROMISED + days * DAY - timedelta(hours=WINTER.agents.answer_h)
    journey = Journey((Step(0, "label"), Step(140, "arrived")), PLACED)
    waiting.journey, waiting.handed_over_at = journey, PLACED

    answering._answer(waiting, asked)
    answering._answer(waiting, asked)

    assert given == len(waiting.amends)
    assert bool(given) == (waiting.settled_at is not None)


def test_what_a_carrier_gave_up_is_made_good_when_the_list_is_read() -> None:
    journey = Journey((Step(0, "label"), Step(24, "lost")), PLACED, gone_at=PLACED)
    waiting = customer(journey=journey, handed_over_at=PLACED)
    reading = crowd(waiting)

    reading.read_lists(WINTER.starts + 6 * DAY)
    assert [] == waiting.amends
    reading.read_lists(WINTER.starts + 8 * DAY)

    assert [(WINTER.starts + 7 * DAY, "list")] == [tuple(each) for each in waiting.amends]


def test_the_promise_is_the_end_of_the_sixth_day_where_they_live() -> None:
    late_evening = datetime(2026, 1, 6, 3, 30, tzinfo=UTC)  # still the 5th in Boston

    assert datetime(2026, 1, 12, 5, 0, tzinfo=UTC) == promised(WINTER, WINTER.places[0], late_evening)


def test_a_seed_gives_the_same_customers_and_everybody_a_mailbox_of_their_own() -> None:
    one, again = (customers(WINTER, 4, 30, None) for _ in range(2))

    assert one == again
    assert sorted(one, key=lambda each: each.placed_at) == one
    numbers = [number_of({"email": checkout(each)["customer"]["email"]}) for each in one]
    assert [each.number for each in one] == numbers
    assert number_of({"email": "somebody@example.com"}) is number_of({}) is None


def test_real_histories_bring_their_times_and_each_region_is_one_town() -> None:
    real = [
        History(f"{n}", PLACED + n * DAY, PLACED + n * DAY, PROMISED, None, (), region)
        for n, region in enumerate(("R1", "R2", "R1"))
    ]

    one, _, other = customers(WINTER, 9, 3, real)

    assert one.place == other.place
    assert (PLACED, PROMISED, real[0]) == (one.placed_at, one.promised_at, one.history)


def test_an_offer_is_decided_alike_whenever_it_is_asked() -> None:
    asking = crowd(customer())

    assert asking.decide(1, "refund", PROMISED) == asking.decide(1, "refund", PROMISED)
    with pytest.raises(KeyError):
        asking.decide(1, "flowers", PROMISED)


def test_nobody_is_made_good_twice() -> None:
    """Who was offered the money asks for it by no other way, and who has it takes no offer."""
    offered, settled = customer(1), customer(2, settled_at=PLACED)
    asking = crowd(offered, settled)
    asking.decide(1, "credit", PROMISED)
    before = offered.offered
    asking.decide(1, "refund", PROMISED)

    asking._answer(offered, PROMISED + 20 * DAY)

    assert (False, True, []) == (before, offered.offered, offered.amends)
    assert [] == [at for at in (asking.decide(2, kind, PROMISED) for kind in OFFERS) if at is not None]
