"""What is believed before there is history is data: the shipped file parses, a wrong value is refused."""

import shutil
from pathlib import Path

import pytest

from config.accounts import ConfigError
from config.policies import load_policies
from tests.support.shared import ROOT

SHIPPED = ROOT / "config" / "policies"


def test_the_shipped_cold_start_is_right() -> None:
    delays = load_policies(SHIPPED).delays

    assert delays.cold_start.days["Express"] < delays.cold_start.other
    assert 0.5 < delays.window_share < 1
    assert delays.forecasts.renew_near < delays.forecasts.renew_every < delays.forecasts.history


@pytest.mark.row("DLY-2", bad_input=True)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Express = 1.5", "Express = 0", "cold_start.days: write a number above 0"),
        ("other_days = 4.0", 'other_days = "4"', "cold_start.other_days: write a number above 0"),
        ("spread = 0.45", "spread = true", "cold_start.spread: write a number above 0"),
        ("parcels = 40.0", "parcels = inf", "cold_start.parcels: write a number above 0"),
        ("window_share = 0.8", "window_share = 1.0", "messages.window_share: write a share between 0 and 1"),
        ("window_share = 0.8", "", "messages.window_share is missing"),
        ('history = "540 d"', 'history = "0 d"', "forecasts.history: write a duration above 0"),
        ("least_parcels = 200", "least_parcels = 0", "forecasts.least_parcels: write a whole number above 0"),
        ('renew_every = "24 h"', 'renew_every = "daily"', "forecasts.renew_every: write a duration such as"),
        ("worst_ece = 0.08", "worst_ece = 2", "forecasts.worst_ece: write a share between 0 and 1"),
        ("keep_models = 12", "", "forecasts.keep_models is missing"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "policies")
    path = folder / "delays.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    with pytest.raises(ConfigError, match=said):
        load_policies(folder)
