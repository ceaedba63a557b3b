"""What comes back, for agents and the product team."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from apps.desk.order_view import View
from apps.desk.pages import Pages
from apps.desk.plots import NARROW, WIDE, plot
from apps.desk.sitting import Sitting
from config.wiring import Wiring
from domain.returns.analysis import Dimension, Finding, Rate
from tasks.return_report import (
    DAYS,
    METHOD,
    TITLES,
    ReturnReport,
    analysed,
    claim,
    cost_text,
    evidence,
    headline,
    listed,
    share_text,
)

PATH = "/desk/figures/returns"
PERIODS = {28: "4 weeks", DAYS: "12 weeks", 364: "A year"}


class Figures:
    """Routes under `/desk/figures`. Reads only; findings become cases by the weekly report."""

    def __init__(self, wiring: Wiring, pages: Pages) -> None:
        self._wiring, self._pages = wiring, pages

    async def returns(self, request: Request, sitting: Sitting) -> Response:
        asked = request.query_params.get("days", "")
        days = int(asked) if asked in {str(period) for period in PERIODS} else DAYS
        report = await asyncio.to_thread(analysed, self._wiring, days)
        return self._pages.show(
            "figures", sitting=sitting, now=sitting.now, path=PATH, periods=PERIODS, days=days,
            since=report.since, until=report.until, headline=headline(report), method=METHOD,
            findings=[_finding(report, one) for one in report.findings],
            parts=[_part(report, dimension, title) for dimension, title in TITLES.items() if report.rates[dimension]],
        )  # fmt: skip


def _finding(report: ReturnReport, one: Finding) -> View:
    return {
        "title": claim(report, one),
        "text": evidence(one),
        "case_id": report.cases.get(one.key, ""),
    }


def _part(report: ReturnReport, dimension: Dimension, title: str) -> View:
    named = [(report.name(dimension, rate.subject), rate) for rate in listed(report.rates[dimension])]
    return {
        "id": str(dimension),
        "title": title,
        "plots": {"wide": plot(named, report.whole.share, WIDE), "narrow": plot(named, report.whole.share, NARROW)},
        "rows": [_row(name, rate) for name, rate in named],
        "more": len(report.rates[dimension]) - len(named),
        "of_reasons": dimension is Dimension.REASON,
    }


def _row(name: str, rate: Rate) -> View:
    costs = [cost_text(cost, currency) for currency, cost in rate.costs.items() if cost.total_minor]
    return {
        "name": name, "lines": rate.lines, "returned": rate.returned, "share": share_text(rate),
        "costs": ", ".join(costs) or "–", "judged": rate.judged,
    }  # fmt: skip
