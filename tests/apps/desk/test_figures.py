"""What comes back, at the desk: plots without script, findings that lead to their cases (RET-7)."""

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from apps.desk.figures import PATH
from apps.desk.plots import NARROW, WIDE, Shape, plot
from config.wiring import Wiring
from domain.returns.analysis import Rate
from tasks.return_report import analysed, raise_cases
from tests.apps.desk.support import Browser, at_desk, make_agent
from tests.support.returned import Past, shirts_that_run_small

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture
async def browser(wiring: Wiring) -> AsyncIterator[Browser]:
    make_agent(wiring)
    async with at_desk(wiring) as opened:
        await opened.log_in()
        yield opened


def pictures(html: str) -> list[ET.Element]:
    return [ET.fromstring(f"<svg{part.partition('</svg>')[0]}</svg>") for part in html.split("<svg")[1:]]


@pytest.mark.row("RET-7")
@on_sqlite
async def test_the_page_shows_plots_numbers_and_findings_with_their_cases(wiring: Wiring, browser: Browser) -> None:
    shirts_that_run_small(wiring, at=wiring.now() - timedelta(weeks=6))
    before = (await browser.get(PATH)).text
    assert "It becomes a case with the next weekly report." in before

    raise_cases(wiring, analysed(wiring))
    answer = await browser.get(PATH)

    assert "script-src" not in answer.headers["content-security-policy"]
    assert "style=" not in answer.text
    assert "<script" not in answer.text
    assert "Linen shirt M (SHIRT-M) runs small</strong>" in answer.text
    assert "20 of 60 lines, 33.3 % (22.7 % to 45.9 %)" in answer.text
    [case_id] = {case for key, case in analysed(wiring).cases.items() if key == "runs_small:variant:SHIRT-M"}
    case = await browser.get(f"/desk/cases/{case_id}")
    assert f'href="/desk/cases/{case_id}"' in answer.text
    assert "It runs small" in case.text
    assert "20 of 60 lines" in case.text
    drawn = pictures(answer.text)
    assert 2 * 6 == len(drawn), "one for a desk, one for a telephone"
    assert [4, 4] == [len(each.findall("g")) for each in drawn[2:4]], "one row for each variant"


@on_sqlite
async def test_a_shop_that_sent_nothing_has_a_page_too(browser: Browser) -> None:
    answer = await browser.get(f"{PATH}?days=28")
    assert (200, True) == (answer.status_code, "Nothing was sent in this time." in answer.text)
    assert 200 == (await browser.get(f"{PATH}?days=1e9")).status_code


@pytest.mark.row("RET-7", bad_input=True)
@on_sqlite
async def test_hostile_names_stay_words(wiring: Wiring, browser: Browser) -> None:
    past = Past(wiring)
    past.product(HOSTILE, HOSTILE)
    past.sent(HOSTILE, HOSTILE, at=wiring.now() - timedelta(weeks=6))
    past.store()
    page = (await browser.get(PATH)).text
    assert "<img" not in page
    assert "&lt;img" in page
    assert pictures(page)


@pytest.mark.parametrize("shape", [WIDE, NARROW])
def test_marks_stand_where_their_shares_are(shape: Shape) -> None:
    rows = [("a", Rate("a", 100, 10, 0.1, 0.05, 0.2, judged=True)), ("b", Rate("b", 2, 1, 0.5, 0.1, 0.9, judged=False))]
    made = plot(rows, 0.1, shape)
    first, few = made.marks
    width = made.right - made.left
    assert (0.25, 0.5, 1.0) == tuple((x - made.left) / width for x in (first.low, first.share, first.high))
    assert (first.cut, few.cut, few.high) == (False, True, made.right)
    assert ["0 %", "5 %", "10 %", "15 %", "20 %"] == [text for _, text in made.ticks]
    assert made.usual == first.share


def test_the_scale_has_round_steps() -> None:
    made = plot([("a", Rate("a", 100, 35, 0.35, 0.26, 0.45, judged=True))], 0.1)
    assert ["0 %", "10 %", "20 %", "30 %", "40 %", "50 %"] == [text for _, text in made.ticks]
