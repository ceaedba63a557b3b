"""`aftercart kpis`: how edits and returns went, against the time before, the baseline and the targets."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from apps.cli.output import UserError, console, moment, say, show_json, table
from domain.decisions import in_words
from tasks.figures import BAR, Report, Section, held, measured, shown, verdict

COLUMNS = ("group", "name", "unit", "value", "before", "baseline", "target")


def kpis(
    days: Annotated[int, typer.Option(min=1, max=3660, help="The last so many times 24 hours.")] = 7,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write the figures to this file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show the key figures of customers' edits and returns."""
    report = measured(days)
    if csv_file is not None:
        _write(csv_file, report)
    if as_json:
        show_json({"since": report.since, "until": report.until, "figures": [dict(row) for row in rows(report)]})
        return
    for section in report.sections:
        _show(report, section)
    if csv_file is not None:
        console.print(f"Written to {csv_file}", soft_wrap=True)


def _show(report: Report, section: Section) -> None:
    styles = {"met": "green", "missed": "bold red", "": ""}
    figures = [
        (
            in_words(figure.measure),
            *(shown(value, figure.unit) for value in held(figure)),
            Text(verdict(figure), style=styles[verdict(figure)]),
        )
        for figure in section.figures
    ]
    columns = ("figure", "now", "before", "baseline", "target", "")
    title = f"{section.title}, {moment(report.since)} to {moment(report.until)} (UTC)"
    table(title, columns, figures, right=columns[1:5])
    for heading, counts in section.tallies.items():
        most = max(counts.values(), default=1)
        lines = [(in_words(word), n, "█" * max(round(BAR * n / most), 1)) for word, n in counts.items()]
        table(heading, ("", "", ""), lines)
    for line in section.money_lines:
        say(line)


def rows(report: Report) -> Iterator[dict[str, Any]]:
    """Every figure as a row of COLUMNS. Money is in minor units."""
    for section in report.sections:
        for figure in section.figures:
            numbers = zip(COLUMNS[3:], held(figure), strict=True)
            yield {"group": section.name, "name": figure.measure, "unit": str(figure.unit), **dict(numbers)}
        for groups, unit in ((section.found.counts, "count"), (section.found.money, "minor units")):
            for group, counts in groups.items():
                for name, count in counts.items():
                    yield dict.fromkeys(COLUMNS) | {"group": group, "name": name, "unit": unit, "value": count}


def _write(path: Path, report: Report) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows(report))
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from None
