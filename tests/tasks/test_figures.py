"""The page of the daily report (PEO-3): a table, bars, and nobody's name."""

from collections.abc import Sequence

import pytest

from config.policies import load_policies
from domain.kpis import EDIT_MEASURES, EditFacts, Unit, compare, edit_figures
from domain.return_kpis import RETURN_MEASURES, ReturnFacts, return_figures
from tasks.figures import Report, as_markdown, bars, edits_section, returns_section, shown
from tests.domain.test_kpis import APPLIED, PAID, REFUSED, REVIEWED
from tests.domain.test_return_kpis import DECLINED, LABELLED, SETTLED, UNTIL, WITH_PERSON
from tests.domain.test_return_kpis import NOW as SINCE
from tests.support.shared import ROOT

POLICY = load_policies(ROOT / "config" / "policies").kpis


def report(edits: Sequence[EditFacts] = (), returns: Sequence[ReturnFacts] = ()) -> Report:
    asked, back = edit_figures(edits), return_figures(returns, SINCE, UNTIL)
    nothing = return_figures([], SINCE, UNTIL)
    sections = [
        edits_section(asked, compare(asked, edit_figures([]), POLICY.edits, EDIT_MEASURES)),
        returns_section(back, compare(back, nothing, POLICY.returns, RETURN_MEASURES)),
    ]
    return Report(SINCE, UNTIL, POLICY.baseline_period, sections)


@pytest.mark.row("PEO-3")
def test_the_page_has_every_figure_beside_what_it_is_held_against() -> None:
    page = as_markdown(report([APPLIED, PAID, REVIEWED, REFUSED])).splitlines()

    assert "# Edits, 2026-03-01 12:00 to 2026-03-02 12:00 UTC" == page[0]
    assert "| applied share | 75.0 % | – | 55.0 % | 85.0 % | missed |" in page
    assert "| person wait p50 | 1:00:00 | – | 2:00:00 | 0:30:00 | missed |" in page
    assert "| touches | 0.25 | – | 1.60 | 0.20 | missed |" in page
    assert "| address | 4 | ████████████████████ |" in page
    assert "| quantity | 1 | █████ |" in page
    assert "- USD: 12.00 paid more, 5.00 given back" in page


@pytest.mark.row("PEO-3")
def test_returns_stand_below_edits() -> None:
    page = as_markdown(report(returns=[SETTLED, WITH_PERSON, DECLINED, LABELLED])).splitlines()

    below = page[page.index("# Returns, 2026-03-01 12:00 to 2026-03-02 12:00 UTC") :]
    assert "| settled share | 66.7 % | – | 80.0 % | 90.0 % | missed |" in below
    assert "| payout p95 | 4.00 s | – | 7 days, 0:00:00 | 0:05:00 | met |" in below
    assert "| too small | 3 | ████████████████████ |" in below
    assert "- USD: 25.00 given back, 6.90 kept as fees" in below


def test_a_page_without_anything_says_so() -> None:
    page = as_markdown(report())

    assert 11 == page.splitlines().count("none")
    assert "| requests | 0 | 0 | – | – |  |" in page
    assert "missed" not in page


def test_small_counts_have_a_bar_too() -> None:
    assert ["| much | 1000 | ████████████████████ |", "| little | 1 | █ |"] == bars({"much": 1000, "little": 1})[2:]


def test_values_have_their_units() -> None:
    assert ["–", "12", "1.50", "33.3 %", "0.25 s", "0:02:05"] == [
        shown(None, Unit.PERCENT), shown(12, Unit.COUNT), shown(1.5, Unit.PER_REQUEST), shown(33.333, Unit.PERCENT),
        shown(0.25, Unit.SECONDS), shown(125, Unit.SECONDS),
    ]  # fmt: skip
