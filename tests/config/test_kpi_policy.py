"""config/policies/kpis.toml: a wrong baseline or target is refused with file, key and reason."""

import shutil
from pathlib import Path

import pytest

from config.accounts import ConfigError
from config.policies import load_policies
from domain.kpis import EDIT_MEASURES
from domain.return_kpis import RETURN_MEASURES
from tests.support.shared import ROOT

SHIPPED = ROOT / "config" / "policies"


def test_every_measure_with_a_better_way_has_an_aim() -> None:
    kpis = load_policies(SHIPPED).kpis

    assert {name for name, (_, better) in EDIT_MEASURES.items() if better} == set(kpis.edits)
    assert {name for name, (_, better) in RETURN_MEASURES.items() if better} == set(kpis.returns)
    assert kpis.baseline_period
    assert 75 == kpis.edits["untouched_share"].target


@pytest.mark.row("PEO-3", bad_input=True)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("applied_share = {", "applied_shares = {", "kpis.edits.applied_share: is missing"),
        ("[kpis.edits]", "[kpis.edits]\nrequests = { baseline = 1, target = 2 }", "kpis.edits.requests: there is no"),
        ("target = 85", 'target = "85"', "kpis.edits.applied_share.target: write a number"),
        ("target = 85", "target = 850", "kpis.edits.applied_share.target: write per cent, at most 100"),
        ("target = 85", "target = -1", "kpis.edits.applied_share.target: write a number that is not negative"),
        ("target = 85", "target = inf", "kpis.edits.applied_share.target: write a number"),
        ("target = 85", "targets = 85", "kpis.edits.applied_share: write baseline and target"),
        ("baseline = 55, ", "", "kpis.edits.applied_share: write baseline and target"),
        ('"the quarter before Aftercart"', '" "', "kpis.baseline_period: say what"),
        ("label_p95 = {", "label_p90 = {", "kpis.returns.label_p90: there is no such measure"),
        ("[kpis]", "[kpi]", "kpis.baseline_period is missing"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "policies"))
    path = folder / "kpis.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))

    with pytest.raises(ConfigError) as error:
        load_policies(folder)

    assert str(error.value).startswith(f"kpis.toml: {said}"), error.value
