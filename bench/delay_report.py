"""The tables that `bench.delays` prints."""

from typing import Any

from rich.console import Console
from rich.table import Table

MOMENTS = ("hand-over", "half of the window gone", "two days before the promise")
PRECISIONS = ("0.8", "0.5")
VERDICTS = {"ahead": "[green]ahead[/]", "behind": "[red]behind[/]", "tie": "[yellow]tie[/]"}


def show(console: Console, found: dict[str, Any]) -> None:
    orders = found["orders"]
    console.print(
        f"{found['file']}: learned from {orders['known_at_the_cut']:,} shipments handed over before"
        f" {found['train_before']} ({orders['of_them_still_under_way']:,} of them still under way), judged on"
        f" {orders['judged']:,} later ones whose promise passed by {found['until']}; {orders['late']:,} were late"
        f" ({orders['late_share']:.1%}; {orders['late_share_for_thresholds']:.1%} where thresholds were chosen)."
    )
    for reason, count in found["left_out"].items():
        console.print(f"Left out: {count:,} rows, {reason}.")
    for name, reason in found["ignored_columns"].items():
        console.print(f"Not used: column {name}, {reason}.")
    console.print(_ranking(found["predictors"]))
    console.print(_warning(found["predictors"]))
    console.print(_leads(found["leads"]))
    console.print(
        "A lead's interval is from 300 draws of whole hand-over days; a lead whose interval holds 0 is a tie."
        f" The whole took {found['took_s']:.0f} s."
    )


def _table(title: str, first: str, *names: str) -> Table:
    table = Table(title=title)
    table.add_column(first)
    for name in names:
        table.add_column(name, justify="right")
    return table


def _ranking(rows: list[dict[str, Any]]) -> Table:
    table = _table(
        "Who will be late? AUC and calibration error at hand-over, half-way and two days before the promise",
        "predictor", "AUC", "half", "2 days", "AP", "P at R 0.5", "ECE", "half", "2 days", "ETA error d",
        "in the 80 %", "width d",
    )  # fmt: skip
    for row in rows:
        eta = row.get("eta", {})
        table.add_row(
            row["name"],
            *(_number(row["auc"].get(moment), 3) for moment in MOMENTS),
            _number(row["average_precision"], 3),
            _number(row["precision_at_recall_0.5"], 3),
            *(_number(row["ece"].get(moment), 3) for moment in MOMENTS),
            _number(eta.get("median_error_days"), 2),
            _number(eta.get("coverage_of_80"), 2),
            _number(eta.get("width_days"), 1),
        )
    return table


def _warning(rows: list[dict[str, Any]]) -> Table:
    names = [f"{what} at {precision}" for precision in PRECISIONS for what in ("lead days", "precision", "recall")]
    table = _table("How early? Days of warning per late order, thresholds from the training side", "predictor", *names)
    for row in rows:
        cells: list[str] = []
        for precision in PRECISIONS:
            alerts = row["alerts"][precision]
            cells.append(_number(row["lead_days_per_late_order"][precision], 2))
            cells += [_number(alerts["precision"], 2), _number(alerts["recall"], 2)]
        table.add_row(row["name"], *cells)
    return table


def _leads(rows: list[dict[str, Any]]) -> Table:
    table = _table("aftercart's lead", "over", "AUC at hand-over", *(f"lead days at {each}" for each in PRECISIONS))
    for row in rows:
        cells = []
        for name in ("auc", "lead_days_at_0.8", "lead_days_at_0.5"):
            lead = row[name]
            low, high = lead["interval"]
            cells.append(f"{lead['ahead_by']:+.3f} ({low:+.3f} to {high:+.3f}) {VERDICTS[lead['verdict']]}")
        table.add_row(row["over"], *cells)
    return table


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
