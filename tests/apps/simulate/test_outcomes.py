"""What came of a trial: each measure at its boundary, each contradiction caught."""

from datetime import timedelta

import pytest

from apps.simulate.outcomes import Said, Trial, contradictions, duplicates, measures
from tests.apps.simulate.support import DAY, ENDS, PLACED, PROMISED, late, lost, offer, said, trial, truth

DELAYED = "parcel_delayed"


def measure(name: str, of: Trial) -> float | None:
    return measures(of)[name]


def test_questions_are_counted_per_hundred_orders() -> None:
    asked = trial(truth(1, asked=(PLACED, PROMISED)), truth(2), truth(3), truth(4))

    assert 50 == measure("wismo_per_100_orders", asked)


@pytest.mark.row("DLY-3")
@pytest.mark.parametrize(
    ("at", "share"),
    [
        pytest.param(PROMISED - timedelta(seconds=1), 100, id="just before"),
        pytest.param(PROMISED, 0, id="with the promise"),
        pytest.param(PROMISED + DAY, 0, id="after it"),
    ],
)
def test_late_parcels_are_told_first_only_before_the_promise_has_passed(at: object, share: float) -> None:
    assert share == measure("late_told_first_percent", trial(late(), said=[said(DELAYED, at)]))


def test_what_came_as_its_promise_ended_is_not_late() -> None:
    on_time = trial(truth(arrives_at=PROMISED))

    assert (None, 0) == (measure("late_told_first_percent", on_time), measure("late_percent", on_time))
    assert 100 == measure("late_percent", trial(late(arrives_at=PROMISED + timedelta(seconds=1))))
    assert 100 == measure("late_percent", trial(lost()))


def test_a_promise_beyond_the_end_is_nothing_yet() -> None:
    assert measure("late_told_first_percent", trial(late(), ends=PROMISED - DAY)) is None


def test_false_alarms_are_parcels_that_came_in_time_counted_once() -> None:
    twice = [said(DELAYED), said("parcel_stuck", PLACED + 3 * DAY), said(DELAYED, number=2)]

    assert 50 == measure("false_alarms_per_100_parcels", trial(truth(1), late(2), said=twice))


@pytest.mark.parametrize(("code", "alarms"), [("attempted", 0), ("customs", 0), ("exception", 100), ("lost", 100)])
def test_an_attempt_says_nothing_of_lateness(code: str, alarms: float) -> None:
    told = trial(truth(), said=[said("parcel_exception", detail=code)])

    assert alarms == measure("false_alarms_per_100_parcels", told)


@pytest.mark.row("DLY-4")
@pytest.mark.parametrize("name", ["lost_to_offer_days", "gone_to_offer_days"])
def test_days_from_lost_to_the_first_offer_of_either_side(name: str) -> None:
    since = lost().lost_at if name == "lost_to_offer_days" else lost().gone_at
    assert since is not None
    by_hand = lost(amends=(since + 9 * DAY,))

    assert 9 == measure(name, trial(by_hand))
    assert 2 == measure(name, trial(by_hand, offered=[offer("refund", since + 2 * DAY)]))
    assert 9 == measure(name, trial(by_hand, offered=[offer("credit", since + DAY)]))
    assert 0 == measure(name, trial(by_hand, offered=[offer("refund", since - DAY)]))
    assert (ENDS - since) / DAY == measure(name, trial(lost()))
    assert measure(name, trial(truth())) is None
    assert measure(name, trial(lost(), ends=since - DAY)) is None


def test_cost_is_of_asking_telling_and_making_good() -> None:
    """8 for a question, 0.01 for a mail, half of 30 for what was given, 5 for a credit; what nobody took is free."""
    assert 8.01 == pytest.approx(measure("cost_per_order", trial(truth(asked=(PLACED,)), said=[said(DELAYED)])))
    assert 15 == measure("cost_per_order", trial(lost(amends=(PROMISED,))))
    assert 15 == measure("cost_per_order", trial(lost(), offered=[offer("replacement", PROMISED, taken=True)]))
    assert 5 == measure("cost_per_order", trial(late(), offered=[offer("credit", PROMISED, taken=True)]))
    assert 0 == measure("cost_per_order", trial(late(), offered=[offer("refund", PROMISED)]))


@pytest.mark.row("COM-2", bad_input=True)
@pytest.mark.parametrize(
    ("messages", "wrong"),
    [
        pytest.param([said("parcel_delivered"), said(DELAYED, PROMISED)], "after it was delivered", id="delivered"),
        pytest.param([said("parcel_lost"), said("parcel_out_for_delivery", PROMISED)], "after it was lost", id="lost"),
        pytest.param([said(DELAYED, until=PLACED + DAY)], "a window that is over", id="past"),
        pytest.param([said(DELAYED, until=PLACED + 2 * DAY)], "a window that is over", id="ends as it is said"),
    ],
)
def test_contradictions_are_seen(messages: list[Said], wrong: str) -> None:
    [sentence] = contradictions(messages)

    assert wrong in sentence
    assert 1 == measure("contradictions", trial(truth(), said=messages))


def test_what_goes_together_is_no_contradiction() -> None:
    found_again = ["parcel_lost", "parcel_recovered", "parcel_out_for_delivery", "parcel_delivered"]
    story = [said(kind, PLACED + n * DAY) for n, kind in enumerate(found_again)]
    other = [said("parcel_delivered", number=2), said(DELAYED, PLACED + DAY / 2, until=PROMISED)]

    assert [] == list(contradictions([*story, *other]))


def test_the_same_thing_twice_is_seen_unless_it_goes_another_way() -> None:
    once, again = said(DELAYED, digest="a"), said(DELAYED, PROMISED, digest="a")

    assert 1 == len(list(duplicates([once, again])))
    assert [] == list(duplicates([once, said(DELAYED, PROMISED, digest="b"), said(DELAYED, digest="a", channel="sms")]))


@pytest.mark.row("TRU-4")
def test_clocks_that_nobody_kept_and_orders_that_nobody_sent_are_breaches() -> None:
    unsent = truth(handed_over_at=None, arrives_at=None)

    assert 3 == measure("legal_breaches", trial(truth(), overdue={"ship_promise": 2, "claim_window": 1}))
    assert 1 == measure("legal_breaches", trial(unsent))
    assert 0 == measure("legal_breaches", trial(unsent, offered=[offer("refund", PROMISED, taken=True)]))
    assert 0 == measure("legal_breaches", trial(unsent, ends=PLACED + 29 * DAY))


def test_a_trial_without_orders_counts_nothing() -> None:
    found = measures(trial())

    assert found["wismo_per_100_orders"] is found["cost_per_order"] is None
