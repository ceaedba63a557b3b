"""The weekly report about returns in words and bars (RET-7)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from config.wiring import Wiring
from domain.returns.analysis import Dimension, Rate
from ledger.tables import ReviewCase
from tasks.return_report import BAR, analysed, as_markdown, bar, raise_cases
from tests.ledger.support import rows_of
from tests.support.returned import shirts_that_run_small

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.row("RET-7")
@on_sqlite
def test_the_page_tells_findings_shares_and_costs(wiring: Wiring) -> None:
    shirts_that_run_small(wiring, at=wiring.now() - timedelta(weeks=6))
    page = as_markdown(analysed(wiring))
    assert "28 of 220 lines came back: 12.7 % (9.0 % to 17.8 %)." in page
    assert "- Linen shirt M (SHIRT-M) runs small: 20 of 60 lines, 33.3 % (22.7 % to 45.9 %); 1.7 % would" in page
    assert "- Linen shirt runs small: 22 of 180 lines, 12.2 % (8.2 % to 17.8 %); 1.7 % say the opposite." in page
    assert "| Linen shirt M (SHIRT-M) | 60 | 21 | 35.0 % (24.2 % to 47.6 %) | " in page
    assert "| too small | 220 | 22 |" in page
    assert "| usps | 180 | 26 |" in page
    assert "| their first order | 220 |" in page
    assert "USD" in page


@on_sqlite
def test_a_page_without_anything_says_so(wiring: Wiring) -> None:
    page = as_markdown(analysed(wiring))
    assert "Nothing was sent in this time." in page
    assert "Nothing that chance does not explain." in page
    assert len(Dimension) == page.splitlines().count("none")


@pytest.mark.row("RET-7")
@on_sqlite
def test_a_second_report_opens_no_second_case(wiring: Wiring) -> None:
    shirts_that_run_small(wiring, at=wiring.now() - timedelta(weeks=6))
    report = analysed(wiring)
    assert not report.cases
    assert 2 == raise_cases(wiring, report)
    assert 0 == raise_cases(wiring, analysed(wiring))
    assert {row["id"] for row in rows_of(wiring, ReviewCase)} == set(analysed(wiring).cases.values())


def test_bars_reach_as_far_as_the_share_may() -> None:
    rate = Rate("a", 100, 25, 0.25, 0.2, 0.5, judged=True)
    assert "█" * (BAR // 2) + "░" * (BAR // 2) == bar(rate, 0.5)
    assert BAR == len(bar(replace(rate, share=0.9, high=1.0), 0.5))
    assert "" == bar(replace(rate, share=0.0, high=0.0), 0.0)
