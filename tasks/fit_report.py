"""A fitted model's report as a page: numbers, days and codes; nobody's name."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.decisions import in_words
from domain.delays.report import FitReport, Moment, Windows

DAY_S = 86_400
PER = 100_000  # parcels that the cost of a fit is told for


def as_markdown(row: Mapping[str, Any], report: FitReport) -> str:
    """`row` as it is stored."""
    lines = [
        f"# Delay model {row['id']}",
        "",
        f"Learned from {row['parcels']:,} parcels ({row['delivered']:,} delivered) that left from "
        f"{row['trained_from']:%Y-%m-%d} to {row['trained_until']:%Y-%m-%d %H:%M} UTC, "
        f"policies {row['policy_version']}, format {row['format']}.",
        "",
        _cost(row),
        "",
    ]
    if row["left_out"]:
        counts = ", ".join(f"{count:,} {in_words(reason)}" for reason, count in sorted(row["left_out"].items()))
        lines += [f"Left out: {counts}.", ""]
    if row["cold"]:
        lines += ["Too few deliveries: the policy's usual days are the model.", ""]
    return "\n".join(lines + _judged(report))


def _cost(row: Mapping[str, Any]) -> str:
    seconds = row["fit_cpu_ms"] / 1000
    each = f", {seconds * PER / row['parcels']:.1f} s per {PER:,} parcels" if row["parcels"] and not row["cold"] else ""
    return f"The fit took {seconds:.1f} s of CPU{each}."


def _judged(report: FitReport) -> list[str]:
    if report.from_day is None:
        return ["Too few outcomes are known to judge it."]
    since = datetime.fromtimestamp(report.from_day * DAY_S, UTC)
    lines = [f"Judged on parcels that left after {since:%Y-%m-%d}, by a fit to what was known before.", ""]
    for title, moment in (("At hand-over", report.at_start), ("Half way to the promise", report.half_way)):
        lines += [f"## {title}", "", *(_table(moment) if moment else ["Too few parcels to judge."]), ""]
    return lines + (_windows(report.windows) if report.windows else [])


def _table(moment: Moment) -> list[str]:
    auc = "–" if moment.auc is None else f"{moment.auc:.3f}"
    return [
        f"{moment.parcels:,} parcels, {moment.late_share:.1%} late; expected calibration error {moment.ece:.3f}, "
        f"Brier score {moment.brier:.3f}, AUC {auc}.",
        "",
        "| predicted | late | parcels |",
        "| ---: | ---: | ---: |",
        *(f"| {each.predicted:.1%} | {each.late:.1%} | {each.parcels:,} |" for each in moment.bins),
    ]


def _windows(found: Windows) -> list[str]:
    return [
        "## Windows told at hand-over",
        "",
        f"{found.inside:.1%} of parcels arrived within them ({found.asked:.0%} were asked for); median width "
        f"{found.width_days:.1f} days, the middle missed by {found.miss_days:.1f}.",
    ]
