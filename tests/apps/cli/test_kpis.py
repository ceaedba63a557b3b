"""`aftercart kpis`: the figures on a terminal, as JSON and as CSV."""

import csv
import json
from pathlib import Path

import pytest

from apps.cli import run
from config.wiring import Wiring
from domain.edits import EditKind
from domain.states import EditState
from tests.ledger.test_kpis import NOW, ask, move
from tests.support.databases import move_clock

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(["kpis", *arguments])
    return int(ended.value.code or 0)


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.cli.use_sandbox_settings", lambda *_: None)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def at_noon(wiring: Wiring) -> None:
    """Two requests of the last hour."""
    move_clock(wiring, NOW - wiring.real_now())
    ask(wiring, "refused", EditKind.CANCEL, at=-3600, refused="window_closed")
    ask(wiring, "applied", EditKind.ADDRESS, at=-1800)
    steps = (EditState.QUOTED, EditState.FENCING, EditState.COMMITTING, EditState.CONFIRMING, EditState.APPLIED)
    move(wiring, "applied", *((state, -1797.0) for state in steps), quote={"to_refund_minor": 1250})


@pytest.mark.row("PEO-3")
@pytest.mark.usefixtures("at_noon")
def test_the_figures_are_shown_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "kpis.csv"

    assert 0 == call("--days", "2", "--csv", str(file))

    shown = capsys.readouterr().out
    assert "50.0 %" in shown
    assert "the time for this change is over" in shown, "codes have words"
    assert "EUR: 0.00 paid more, 12.50 given back" in shown
    with file.open(newline="") as lines:
        rows = {(row["group"], row["name"]): row for row in csv.DictReader(lines)}
    assert ("50.0", "55.0", "85.0", "") == tuple(
        rows["edits", "applied_share"][name] for name in ("value", "baseline", "target", "before")
    )
    assert "1250" == rows["given_back", "EUR"]["value"]
    assert "1" == rows["not_made", "window_closed"]["value"]
    assert ("0", "0.3") == (rows["returns", "requests"]["value"], rows["returns", "touches"]["target"])
    assert 0 == call("--json")
    figures = {(row["group"], row["name"]): row["value"] for row in json.loads(capsys.readouterr().out)["figures"]}
    assert (2, 3.0) == (figures["edits", "requests"], figures["edits", "time_p50"])


@pytest.mark.row("PEO-3", bad_input=True)
def test_a_period_without_edits_and_a_file_that_cannot_be_written(
    wiring: Wiring, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == call()
    assert 2 == call("--days", "0")

    assert 2 == call("--csv", str(tmp_path / "nowhere" / "kpis.csv"))

    assert "cannot be written" in capsys.readouterr().err
