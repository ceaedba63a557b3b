"""How often carriers are asked is data: the shipped file parses, and a wrong value is refused with its place."""

import shutil
from pathlib import Path

import pytest

from config.accounts import ConfigError
from config.policies import load_policies
from tests.support.shared import ROOT

SHIPPED = ROOT / "config" / "policies"


def test_the_shipped_times_are_right() -> None:
    polling = load_policies(SHIPPED).polling

    assert polling.shortest < polling.last_mile < polling.expected < polling.moving < polling.longest
    assert polling.silence * polling.last_mile_ends > polling.last_mile, "silence ends the hourly looks"
    assert 0 < polling.reserved < 1


@pytest.mark.row("TRK-1", bad_input=True)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('moving = "3 h"', 'moving = "3 hours"', "polling.moving: write a duration"),
        ('moving = "3 h"', 'moving = "0 h"', "polling.moving: write a duration above 0"),
        ('moving = "3 h"', 'moving = "90 min"', "polling.moving: write at least as long as expected"),
        ('longest = "24 h"', 'longest = "2 h"', "polling.longest: write at least as long as moving"),
        ('expected = "2 h"', 'expected = "30 min"', "polling.expected: write at least as long as last_mile"),
        ("silence = 0.25", "silence = 0", "polling.silence: write a number above 0"),
        ("spread = 0.1", "spread = 1.0", "polling.spread: write a share between 0 and 1"),
        ("reserved = 0.25", 'reserved = "a quarter"', "polling.reserved: write a number above 0"),
        ("reserved = 0.25", "", "polling.reserved is missing"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "policies")
    path = folder / "polling.toml"
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new), encoding="utf-8")

    with pytest.raises(ConfigError, match=f"polling.toml: {said}"):
        load_policies(folder)
