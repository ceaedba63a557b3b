"""`aftercart returns`: what comes back, and why."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from apps.cli.output import say, show_json, table
from config import wiring
from domain.returns.analysis import Finding, Rate
from tasks.return_report import (
    DAYS,
    METHOD,
    RIPE_DAYS,
    TITLES,
    ReturnReport,
    analysed,
    bar,
    cost_text,
    headline,
    listed,
    percent,
    sentence,
)

returns = typer.Typer(help="What customers send back.", no_args_is_help=True)
COLUMNS = ("", "lines", "back", "share", "from", "to", "", "cost of a line")


@returns.callback()
def of_returns() -> None:
    """What customers send back."""


@returns.command("report")
def report(
    days: Annotated[int, typer.Option(min=1, max=3660, help="What was sent within so many times 24 hours,")] = DAYS,
    ripe_days: Annotated[
        int, typer.Option(min=0, max=365, help="which ended so many days ago: each line had so long to come back.")
    ] = RIPE_DAYS,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show rates and costs of returns with their intervals, and what is worth a look. Opens no case."""
    found = analysed(wiring.current(), days, ripe_days)
    if as_json:
        show_json(
            {
                "since": found.since,
                "until": found.until,
                "whole": _plain(found.whole, ""),
                "rates": list(_rates(found)),
                "findings": [_finding(one, found.cases) for one in found.findings],
            }
        )
        return
    say(f"Sent {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}. {headline(found)}")
    for dimension, title in TITLES.items():
        shown = listed(found.rates[dimension])
        top = max((rate.high for rate in shown if rate.judged), default=1.0)
        rows = [
            (
                found.name(dimension, rate.subject) + ("" if rate.judged else " (few)"),
                rate.lines, rate.returned, percent(rate.share), percent(rate.low), percent(rate.high), bar(rate, top),
                ", ".join(cost_text(cost, currency) for currency, cost in rate.costs.items() if cost.total_minor),
            )
            for rate in shown
        ]  # fmt: skip
        table(title, COLUMNS, rows)
    for one in found.findings:
        say(f"! {sentence(found, one)}")
    say(METHOD if found.findings else f"Nothing stands out. {METHOD}")


def _rates(found: ReturnReport) -> Iterator[dict[str, Any]]:
    for dimension, each in found.rates.items():
        for rate in each:
            yield {"dimension": dimension, **_plain(rate, found.name(dimension, rate.subject))}


def _plain(rate: Rate, name: str) -> dict[str, Any]:
    """Shares from 0 to 1, amounts in minor units."""
    costs = {
        currency: {"total": cost.total_minor, "mean": cost.mean_minor, "low": cost.low_minor, "high": cost.high_minor}
        for currency, cost in rate.costs.items()
    }
    return {
        "subject": rate.subject, "name": name, "lines": rate.lines, "returned": rate.returned, "share": rate.share,
        "low": rate.low, "high": rate.high, "judged": rate.judged, "costs": costs,
    }  # fmt: skip


def _finding(one: Finding, cases: Mapping[str, str]) -> dict[str, Any]:
    return {
        "kind": one.kind, "dimension": one.dimension, "subject": one.subject, "lines": one.lines, "hits": one.hits,
        "share": one.share, "low": one.low, "high": one.high, "others_share": one.others_share, "chance": one.chance,
        "case": cases.get(one.key, ""),
    }  # fmt: skip
