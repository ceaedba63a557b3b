"""Journeys: scans rise in time, ends are what they say, and nothing tells the end before it comes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.parcels.model import KINDS, Step
from sandbox.simulation.journeys import Journey, draw, lost_at
from sandbox.simulation.parameters import Parameters, load
from sandbox.simulation.weather import Weather

CALM = load("calm")
MADE = CALM.starts + timedelta(days=1, hours=15)
MINUTES = timedelta(minutes=5)


def fated(**mishaps: float) -> Parameters:
    return replace(CALM, mishaps=replace(CALM.mishaps, **mishaps))


def journeys(parameters: Parameters, count: int = 40) -> list[Journey]:
    weather = Weather(parameters, 1, 120)
    places = parameters.places
    return [draw(parameters, weather, f"1:{n}", places[n % len(places)], MADE) for n in range(count)]


def test_scans_rise_in_time_from_the_label_and_use_words_of_the_road() -> None:
    for journey in journeys(fated(missed=0.3)):
        hours = [step.hours for step in journey.steps]
        assert 0 == hours[0]
        assert hours == sorted(set(hours))
        assert "label" == journey.steps[0].kind
        assert {step.kind for step in journey.steps} <= set(KINDS)


def test_what_arrives_is_delivered_when_it_says_and_never_on_a_day_off() -> None:
    for journey, place in zip(journeys(fated(lost=0, damaged=0)), CALM.places * 5, strict=True):
        assert "delivered" == journey.steps[-1].kind
        assert journey.arrives_at is not None
        assert abs(MADE + timedelta(hours=journey.steps[-1].hours) - journey.arrives_at) < MINUTES
        assert 6 != (journey.arrives_at + timedelta(hours=place.utc_h)).weekday()


def test_what_is_lost_is_never_delivered_and_only_declared_when_the_carrier_does() -> None:
    for declared in (0.0, 1.0):
        for journey in journeys(fated(lost=1, declared=declared)):
            kinds = [step.kind for step in journey.steps]
            assert journey.arrives_at is None
            assert journey.gone_at is not None
            assert journey.gone_at >= MADE
            assert "delivered" not in kinds
            assert bool(declared) == ("lost" == kinds[-1])
            assert "lost" not in kinds[:-1]


def test_what_never_comes_is_lost_once_its_carrier_says_so_or_would_search() -> None:
    """A week of silence of six working days each: the seventh is over a week and a day after the last scan."""
    place = CALM.places[0]
    scans = (Step(0, "label"), Step(10, "accepted"))  # on Wednesday
    seen = MADE + timedelta(hours=10)
    gone = Journey(scans, MADE, gone_at=seen)

    assert CALM.agents.search_days == 7
    assert lost_at(CALM, gone, place, MADE) == seen + timedelta(days=8)
    for kind in ("lost", "damaged"):
        told = replace(gone, steps=(*scans, Step(100, kind)))
        assert lost_at(CALM, told, place, MADE) == MADE + timedelta(hours=100)
    late = replace(gone, steps=(*scans, Step(900, "lost")))
    assert lost_at(CALM, late, place, MADE) == seen + timedelta(days=8)
    assert lost_at(CALM, replace(gone, arrives_at=MADE, gone_at=None), place, MADE) is None


def test_damage_ends_a_journey() -> None:
    for journey in journeys(fated(lost=0, damaged=1)):
        assert ("damaged", None) == (journey.steps[-1].kind, journey.arrives_at)


def test_nothing_of_the_end_is_known_before_it() -> None:
    """Whatever will become of a parcel, its carrier names the same day, and scans it alike until then."""
    fine = fated(lost=0, damaged=0)
    every_scan = replace(fine, network=replace(fine.network, scans_missing=0))
    good, lost = journeys(every_scan), journeys(fated(lost=1, declared=0))

    for one, other in zip(good, lost, strict=True):
        assert one.estimate == other.estimate
        known = {(step.kind, round(step.hours, 6)) for step in one.steps}
        assert {(step.kind, round(step.hours, 6)) for step in other.steps} <= known


def test_a_journey_depends_on_its_parcel_and_not_on_who_was_drawn_before() -> None:
    weather = Weather(CALM, 1, 120)
    alone = draw(CALM, weather, "1:7", CALM.places[7], MADE)

    assert alone == journeys(CALM)[7]


@pytest.mark.parametrize(
    ("mishap", "least"), [({"stalled": 1.0}, 2.0), ({"left_behind": 1.0}, 1.0), ({"missed": 0.9}, 0.8)]
)
def test_mishaps_take_days(mishap: dict[str, float], least: float) -> None:
    def mean_days(parameters: Parameters) -> float:
        ends = [journey.arrives_at for journey in journeys(parameters)]
        return sum((end - MADE) / timedelta(days=1) for end in ends if end) / len(ends)

    nothing = {"lost": 0.0, "damaged": 0.0, "stalled": 0.0, "left_behind": 0.0, "missed": 0.0}

    assert mean_days(fated(**nothing)) + least < mean_days(fated(**(nothing | mishap)))
