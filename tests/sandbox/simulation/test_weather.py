"""Weather comes from the seed alone, and slows whom it meets."""

import pytest

from sandbox.simulation.parameters import load
from sandbox.simulation.weather import Weather, work

FRIDAY, SATURDAY, SUNDAY = 4.0, 5.0, 6.0


@pytest.mark.parametrize(
    ("moment", "days", "open_days", "ends"),
    [
        pytest.param(0.25, 1.0, 5, 1.25, id="within the week"),
        pytest.param(FRIDAY + 0.5, 1.0, 5, 7.5, id="over a weekend"),
        pytest.param(FRIDAY + 0.5, 1.0, 6, SATURDAY + 0.5, id="Saturday counts"),
        pytest.param(SUNDAY + 0.5, 0.0, 6, 7.0, id="a day off is gone over"),
        pytest.param(SATURDAY, 0.0, 6, SATURDAY, id="nothing to do"),
        pytest.param(SATURDAY, 0.0, 5, 7.0, id="nothing to do on a day off"),
        pytest.param(1.0, 10.0, 5, 15.0, id="two weeks"),
    ],
)
def test_work_rests_on_days_off(moment: float, days: float, open_days: float, ends: float) -> None:
    assert ends == pytest.approx(work(moment, days, open_days))


def test_a_seed_gives_the_same_weather_again() -> None:
    rough = load("rough")
    one, again, other = (Weather(rough, seed, 90) for seed in (3, 3, 4))

    assert (one.storms, one.strikes) == (again.storms, again.strikes)
    assert one.storms != other.storms
    assert one.factor("west", 12.5) == again.factor("west", 12.5)


def test_a_storm_slows_its_region_and_no_other() -> None:
    winter = load("winter")
    weather = Weather(winter, 1, 365)
    region, (begins, ends) = next((name, storms[0]) for name, storms in weather.storms.items() if storms)
    weather.storms = {region: [(begins, ends)]}
    day = (begins + ends) / 2
    slow = weather.factor(region, day)
    weather.storms = {}

    assert slow == pytest.approx(weather.factor(region, day) * winter.weather.storm_slower)
    assert not weather.stormy(region, day)


def test_the_calm_world_has_none() -> None:
    weather = Weather(load("calm"), 1, 90)

    assert not weather.strikes
    assert not any(weather.storms.values())
    assert 1 == pytest.approx(weather.factor("south", 30.0), abs=0.2)
