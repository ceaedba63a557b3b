"""The key figures of a period: read, held against the period before it, the baseline and the targets, in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from config import wiring
from domain.decisions import in_words
from domain.kpis import EDIT_MEASURES, Aim, Figure, Figures, Measures, Unit, compare, edit_figures
from domain.money import to_decimal_text
from domain.return_kpis import RETURN_MEASURES, return_figures
from ledger.kpis import edit_facts
from ledger.return_kpis import return_facts_of

BAR = 20  # signs of a full bar
_AGREE = timedelta(seconds=1)  # what reading two clocks after each other may differ by
_TITLES = {
    "kind": "Requests by kind",
    "origin": "Requests by origin",
    "not_made": "Not made, by reason",
    "error": "Errors",
    "return_kind": "Returns by kind",
    "return_reason": "Returns by the customer's reason",
    "return_origin": "Returns by origin",
    "return_not_made": "Returns that came to nothing, by reason",
    "return_error": "Errors of returns",
}
_OF_MONEY = {
    "paid_more": "paid more",
    "given_back": "given back",
    "return_given_back": "given back",
    "return_fees": "kept as fees",
}


@dataclass(frozen=True, slots=True)
class Section:
    """Figures of one kind of request; `name` as a code, `note` on how they are counted."""

    name: str
    title: str
    note: str
    found: Figures
    figures: list[Figure]

    @property
    def tallies(self) -> dict[str, Mapping[str, int]]:
        """What is counted by something, with its title."""
        return {_TITLES[name]: counts for name, counts in self.found.counts.items()}

    @property
    def money_lines(self) -> list[str]:
        money = self.found.money
        currencies = sorted({currency for amounts in money.values() for currency in amounts})
        return [f"{currency}: {', '.join(_amounts(money, currency))}" for currency in currencies]


def _amounts(money: Mapping[str, Mapping[str, int]], currency: str) -> list[str]:
    return [
        f"{to_decimal_text(amounts.get(currency, 0), currency)} {_OF_MONEY[name]}" for name, amounts in money.items()
    ]


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of [since, until)."""

    since: datetime
    until: datetime
    baseline_period: str
    sections: list[Section]

    @property
    def missed(self) -> list[str]:
        """Measures that miss their target, after the section that they stand in."""
        return [
            f"{section.name}.{figure.measure}"
            for section in self.sections
            for figure in section.figures
            if figure.met is False
        ]


def measured(days: int) -> Report:
    """The last `days` times 24 hours, beside as many before them. Reads only."""
    wired = wiring.current()
    until = wired.now()
    length = timedelta(days=days)
    agree = abs(until - wired.real_now()) < _AGREE
    policy = wired.policies.kpis

    def of_edits(since: datetime, end: datetime) -> Figures:
        return edit_figures(wired.read(edit_facts, since, end, clocks_agree=agree))

    def of_returns(since: datetime, end: datetime) -> Figures:
        return return_figures(wired.read(return_facts_of, since, end, clocks_agree=agree), since, end)

    def compared(
        read: Callable[[datetime, datetime], Figures], aims: Mapping[str, Aim], measures: Measures
    ) -> tuple[Figures, list[Figure]]:
        now, before = read(until - length, until), read(until - 2 * length, until - length)
        return now, compare(now, before, aims, measures)

    sections = [
        edits_section(*compared(of_edits, policy.edits, EDIT_MEASURES)),
        returns_section(*compared(of_returns, policy.returns, RETURN_MEASURES)),
    ]
    return Report(until - length, until, policy.baseline_period, sections)


def edits_section(found: Figures, figures: list[Figure]) -> Section:
    return Section("edits", "Edits", "Times are without the waits, which stand apart.", found, figures)


def returns_section(found: Figures, figures: list[Figure]) -> Section:
    note = "Shares are of the returns that came to an end in this time; times count when they ended."
    return Section("returns", "Returns", note, found, figures)


def as_markdown(report: Report) -> str:
    """The report as a page: numbers and codes, nobody's name."""
    lines = []
    for section in report.sections:
        lines += [
            f"# {section.title}, {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC",
            "",
            "| figure | now | before | baseline | target | |",
            "| --- | ---: | ---: | ---: | ---: | --- |",
        ]
        for figure in section.figures:
            cells = [in_words(figure.measure), *(shown(value, figure.unit) for value in held(figure)), verdict(figure)]
            lines.append(f"| {' | '.join(cells)} |")
        lines += ["", f"Baseline: {report.baseline_period}. {section.note}", ""]
        for title, counts in section.tallies.items():
            lines += [f"## {title}", "", *(bars(counts) if counts else ["none"]), ""]
        money = [f"- {line}" for line in section.money_lines] or ["none"]
        lines += [f"## Money of {section.name}", "", *money, ""]
    return "\n".join(lines)


def held(figure: Figure) -> tuple[float | None, ...]:
    """Its values in the order of the columns."""
    return figure.value, figure.before, figure.baseline, figure.target


def verdict(figure: Figure) -> str:
    return {True: "met", False: "missed", None: ""}[figure.met]


def shown(value: float | None, unit: Unit) -> str:
    """A value with its unit, for people; a dash where there was nothing to count."""
    if value is None:
        return "–"
    if unit is Unit.COUNT:
        return str(round(value))
    if unit is Unit.PERCENT:
        return f"{value:.1f} %"
    if unit is Unit.PER_REQUEST:
        return f"{value:.2f}"
    return f"{value:.2f} s" if value < 120 else str(timedelta(seconds=round(value)))


def bars(counts: Mapping[str, int]) -> list[str]:
    """A table with a bar of text for each count, the longest for the highest."""
    most = max(counts.values())
    rows = [
        f"| {in_words(word)} | {count} | {'█' * max(round(BAR * count / most), 1)} |" for word, count in counts.items()
    ]
    return ["| | | |", "| --- | ---: | --- |", *rows]
