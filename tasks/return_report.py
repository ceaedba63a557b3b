"""The report about what comes back: read, analysed, raised as cases, in words. Products, places and numbers; nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.wiring import Wiring
from domain.decisions import in_words
from domain.money import to_decimal_text
from domain.returns.analysis import (
    AnalysisPolicy,
    Cost,
    Dimension,
    Finding,
    FindingKind,
    Rate,
    findings,
    overall,
    rates,
)
from ledger.returning.figures import sent_and_returned
from ledger.returning.findings import cases_of, tell, what_is_new

DAYS, RIPE_DAYS = 84, 28
MOST_ROWS = 15  # of one table
BAR = 24  # signs of the longest bar
POLICY = AnalysisPolicy()
TITLES: Mapping[Dimension, str] = {
    Dimension.PRODUCT: "By product",
    Dimension.VARIANT: "By variant",
    Dimension.REASON: "By reason",
    Dimension.LOCATION: "By the place that sent it",
    Dimension.CARRIER: "By carrier",
    Dimension.CUSTOMERS: "By customers",
}
_WORDS = {"": "unknown", "several": "several", "new": "their first order", "returning": "ordered before"}


@dataclass(frozen=True, slots=True)
class ReturnReport:
    """Of lines sent within [since, until), with `ripe` to come back. `cases`: by a finding's key, where one is."""

    since: datetime
    until: datetime
    ripe: timedelta
    whole: Rate
    rates: Mapping[Dimension, list[Rate]]
    findings: list[Finding]
    names: Mapping[str, str]
    cases: Mapping[str, str]

    def name(self, dimension: Dimension, subject: str) -> str:
        """A subject for people."""
        if dimension is Dimension.REASON:
            return in_words(subject)
        known = self.names.get(subject) or (None if dimension in _OF_GOODS else _WORDS.get(subject))
        return known or subject or _WORDS[""]


_OF_GOODS = (Dimension.PRODUCT, Dimension.VARIANT)


def analysed(wired: Wiring, days: int = DAYS, ripe_days: int = RIPE_DAYS) -> ReturnReport:
    """Lines sent within `days` that ended `ripe_days` ago, so that each has had that time to come back. Reads only."""
    ripe = timedelta(days=ripe_days)
    until = wired.now() - ripe
    since = until - timedelta(days=days)
    sent = wired.read(sent_and_returned, since, until, ripe)
    found = findings(sent.cells, POLICY)
    places = {node.id: node.name for node in wired.policies.nodes}
    return ReturnReport(
        since=since,
        until=until,
        ripe=ripe,
        whole=overall(sent.cells, POLICY),
        rates={dimension: rates(sent.cells, dimension, POLICY) for dimension in Dimension},
        findings=found,
        names=places | dict(sent.names),
        cases=wired.read(cases_of, found),
    )


def raise_cases(wired: Wiring, report: ReturnReport) -> int:
    """A case for each finding that is news; returns how many. Safe to repeat."""
    news = wired.read(
        what_is_new, report.findings, report.names, POLICY, since=report.since, until=report.until, ripe=report.ripe
    )
    return wired.ledger(tell, news, wired.now()) if news.fresh or news.known else 0


def as_markdown(report: ReturnReport) -> str:
    """The report as a page with bars of text: the full part is the share, the light part how far it may reach."""
    lines = [
        f"# What comes back: sent {report.since:%Y-%m-%d} to {report.until:%Y-%m-%d}",
        "",
        f"{headline(report)} A line has come back when that was asked for within {report.ripe.days} days of sending.",
        "",
        "## Findings",
        "",
        *([f"- {sentence(report, one)}" for one in report.findings] or ["Nothing that chance does not explain."]),
        "",
    ]
    for dimension, title in TITLES.items():
        shown = listed(report.rates[dimension])
        lines += [f"## {title}", "", *(_table(report, dimension, shown) if shown else ["none"]), ""]
        if (more := len(report.rates[dimension]) - len(shown)) > 0:
            lines += [f"{more} more, of which less is known or comes back.", ""]
    return "\n".join([*lines, METHOD, ""])


METHOD = (
    "Intervals hold the true share in 95 of 100 cases (Wilson). A finding is told when its share is at least "
    f"{POLICY.least_ratio:g} times that of the others, of {POLICY.least_hits} lines or more, and so sure that at most "
    f"{100 * POLICY.false_share:g} % of all that is told here is expected to be chance (Benjamini and Yekutieli). "
    "Costs are what was given back less fees, and labels for the way back, of each line that was sent."
)


def headline(report: ReturnReport) -> str:
    """The whole in one sentence."""
    whole = report.whole
    if not whole.lines:
        return "Nothing was sent in this time."
    costs = "; ".join(f"{cost_text(cost, currency)} a line" for currency, cost in whole.costs.items())
    return f"{whole.returned} of {whole.lines} lines came back: {share_text(whole)}. It costs {costs}."


def sentence(report: ReturnReport, one: Finding) -> str:
    """A finding for people."""
    return f"{claim(report, one)}: {evidence(one)}."


def claim(report: ReturnReport, one: Finding) -> str:
    """Who or what it is about, and what is the matter."""
    name = report.name(one.dimension, one.subject)
    what = {
        FindingKind.RUNS_SMALL: "runs small",
        FindingKind.RUNS_LARGE: "runs large",
        FindingKind.DAMAGED: "arrives damaged",
        FindingKind.DESCRIPTION: "is not what is described",
    }[one.kind]
    if one.kind is FindingKind.DAMAGED and one.dimension not in _OF_GOODS:
        what = "sends what arrives damaged" if one.dimension is Dimension.LOCATION else "delivers damaged"
    return f"{name} {what}"


def evidence(one: Finding) -> str:
    """Its numbers."""
    against = "say the opposite" if one.of_direction else "would be usual"
    return (
        f"{one.hits} of {one.lines} lines, {percent(one.share)} ({percent(one.low)} to {percent(one.high)}); "
        f"{percent(one.others_share)} {against}"
    )


def listed(found: Sequence[Rate]) -> list[Rate]:
    """What one table shows."""
    return list(found[:MOST_ROWS])


def share_text(rate: Rate) -> str:
    return f"{percent(rate.share)} ({percent(rate.low)} to {percent(rate.high)})"


def cost_text(cost: Cost, currency: str) -> str:
    """The mean and, where there are enough, its interval."""
    mean = f"{_decimal(cost.mean_minor, currency)} {currency}"
    if cost.low_minor is None or cost.high_minor is None:
        return mean
    return f"{mean} ({_decimal(cost.low_minor, currency)} to {_decimal(cost.high_minor, currency)})"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _decimal(minor: float, currency: str) -> str:
    return to_decimal_text(round(minor), currency)


def _table(report: ReturnReport, dimension: Dimension, shown: Sequence[Rate]) -> list[str]:
    top = max((rate.high for rate in shown if rate.judged), default=1.0)
    rows = ["| | lines | back | share | | cost of a line |", "| --- | ---: | ---: | ---: | --- | ---: |"]
    for rate in shown:
        costs = ", ".join(cost_text(cost, currency) for currency, cost in rate.costs.items() if cost.total_minor)
        few = "" if rate.judged else " (few)"
        name = report.name(dimension, rate.subject).replace("|", "/")
        cells = (f"{name}{few}", rate.lines, rate.returned, share_text(rate), bar(rate, top), costs or "–")
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return rows


def bar(rate: Rate, top: float) -> str:
    """`top`: the share of the longest one; what reaches further is cut off."""
    full = min(round(BAR * rate.share / top), BAR) if top else 0
    reach = min(round(BAR * rate.high / top), BAR) if top else 0
    return "█" * full + "░" * (reach - full)
