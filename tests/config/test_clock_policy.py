"""Clocks are data, within what the law allows: the shipped file parses, a wrong value is refused."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from config.accounts import ConfigError
from config.policies import load_policies
from tests.support.shared import ROOT

SHIPPED = ROOT / "config" / "policies"


@pytest.mark.row("TRU-4")
def test_the_shipped_clocks_keep_the_rule() -> None:
    clocks = load_policies(SHIPPED).clocks

    assert {"US"} == clocks.ship.countries
    assert timedelta(days=30) == clocks.time_to_ship("whatever")
    assert 7 == clocks.ship.refund_working_days


@pytest.mark.row("TRU-4", bad_input=True)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('unstated = "30 d"', 'unstated = "31 d"', "ship_promise.unstated: .* 30 days at most"),
        ("refund_working_days = 7", "refund_working_days = 8", "refund_working_days: the rule allows 7"),
        ("refund_working_days = 7", "refund_working_days = 0", "refund_working_days: the rule allows 7"),
        ('last_call = "2 h"', 'last_call = "48 h"', "ship_promise.last_call: it lies between"),
        ('last_call = "2 h"', 'last_call = "0 h"', "ship_promise.last_call: it lies between"),
        ('slip = "2 d"', 'slip = "1 h"', "ship_promise.slip: a revised date"),
        ('lead = "24 h"', "", "ship_promise.lead is missing"),
        ('handling = "20 h"', 'handling = "25 h"', "ship_promise.handling: longer than the lead"),
        ("[ship_promise.within]", '[ship_promise.within]\nexpress = "1 d"', "express: state a time that is longer"),
        ('severity = "high"', 'severity = "loud"', "cases.severity: write one of"),
        ('again = "24 h"', 'again = "0 h"', "cases.again: write a duration above 0"),
        ("[ship_promise.within]", '[ship_promise.within]\nexpress = "soon"', "ship_promise.within: write a duration"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "policies")
    path = folder / "clocks.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(ConfigError, match=said):
        load_policies(folder)
