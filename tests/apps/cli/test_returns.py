"""`aftercart returns report`: on a terminal and as JSON (RET-7)."""

import json
from datetime import timedelta

import pytest

from apps.cli import run
from config.wiring import Wiring
from ledger.tables import ReviewCase
from tests.ledger.support import rows_of
from tests.support.returned import shirts_that_run_small

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(["returns", "report", *arguments])
    return int(ended.value.code or 0)


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.cli.use_sandbox_settings", lambda *_: None)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.row("RET-7")
def test_the_report_is_shown_and_opens_no_case(wiring: Wiring, capsys: pytest.CaptureFixture[str]) -> None:
    shirts_that_run_small(wiring, at=wiring.now() - timedelta(weeks=6))

    assert 0 == call()

    shown = capsys.readouterr().out
    assert "28 of 220 lines came back" in shown
    assert "! Linen shirt M (SHIRT-M) runs small: 20 of 60 lines" in shown
    assert "By carrier" in shown
    assert [] == rows_of(wiring, ReviewCase)


@pytest.mark.row("RET-7")
def test_as_json(wiring: Wiring, capsys: pytest.CaptureFixture[str]) -> None:
    shirts_that_run_small(wiring, at=wiring.now() - timedelta(weeks=6))

    assert 0 == call("--json", "--days", "60")

    told = json.loads(capsys.readouterr().out)
    assert {"product", "variant", "reason", "location", "carrier", "customers"} == {
        rate["dimension"] for rate in told["rates"]
    }
    [finding] = [one for one in told["findings"] if one["dimension"] == "variant"]
    assert ("runs_small", "SHIRT-M", 20, 60) == tuple(finding[name] for name in ("kind", "subject", "hits", "lines"))
    assert (220, 28) == (told["whole"]["lines"], told["whole"]["returned"])


@pytest.mark.row("RET-7", bad_input=True)
def test_a_time_that_nothing_was_sent_in_and_one_that_is_none(
    wiring: Wiring, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == call("--days", "1")
    assert "Nothing was sent in this time." in capsys.readouterr().out
    assert 2 == call("--days", "0")
