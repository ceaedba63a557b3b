"""Worlds are files of numbers, each with its source, and a file that is wrong says where."""

from pathlib import Path

import pytest

from sandbox.simulation.parameters import WORLDS, ParameterError, load, names


def text(name: str = "calm") -> str:
    return (WORLDS / f"{name}.toml").read_text(encoding="utf-8")


def test_there_are_three_worlds_and_one_has_no_storms() -> None:
    worlds = {name: load(name) for name in names()}

    assert 3 <= len(worlds)
    assert (0, 0) == (worlds["calm"].weather.storms, worlds["calm"].weather.strikes)
    assert worlds["calm"].mishaps.lost < worlds["rough"].mishaps.lost
    assert 0 < worlds["winter"].weather.storms < worlds["rough"].weather.storms
    assert {0} == {world.starts.weekday() for world in worlds.values()}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('source = "no season"', 'source = " "', "weather.busy must be { value"),
        ("pickup_days = { value = 0.3", "pickup_days = { value = -1", "not negative"),
        ("stalled = { value = 0.015", "stalled = { value = 1.5", "at most 1"),
        ("starts = 2026-01-05", "starts = 2026-01-06", "Monday"),
        ("[network]", "[networks]", "unknown section networks"),
        ("hub_days", "hubs", "[network] must have just"),
        ('region = "west"', 'area = "west"', "a place has"),
        ("[orders]", "[orders", "calm.toml"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "calm.toml"
    assert old in text()
    path.write_text(text().replace(old, new, 1), encoding="utf-8")

    with pytest.raises(ParameterError) as wrong:
        load(str(path))

    assert says in str(wrong.value)


def test_a_world_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ParameterError, match="calm, rough, winter"):
        load("sunny")
