"""`aftercart import`: orders from a CSV or JSON Lines file."""

import csv
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from apps.cli.output import PROBLEM, UserError, as_person, console, errors, table
from config import wiring
from connectors.errors import VendorRejected
from connectors.shops.files import Bad, total_rows_hint
from tasks.importing import Imported, import_file

SHOWN = 20


class BadRows:
    """Writes every bad row to a file, made with the first of them, and keeps the first few for the screen."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first: list[Bad] = []
        self._path_made = False

    def __call__(self, bad: Bad) -> None:
        if len(self.first) < SHOWN:
            self.first.append(bad)
        mode = "a" if self._path_made else "w"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open(mode, encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            if not self._path_made:
                writer.writerow(("line", "code", "column", "order_id"))
                self._path_made = True
            writer.writerow((bad.line_no, bad.code, bad.where, bad.order_id))


def import_orders(
    file: Annotated[
        Path, typer.Argument(help="CSV or JSON Lines; see docs/guides/order-files.md.", show_default=False)
    ],
    account: Annotated[str, typer.Option(help="Name of the channel that the file comes from.")] = "default",
    errors_file: Annotated[Path, typer.Option("--errors", help="Where bad rows are listed.")] = Path(
        "build/import-errors.csv"
    ),
) -> None:
    """Take orders from a file. Bad rows are named and left out; the same file again changes nothing."""
    if not file.is_file():
        raise UserError(f"there is no file {file}")
    as_person()
    bad = BadRows(errors_file)
    try:
        result, stopped = _import(file, account, bad)
    except VendorRejected as error:
        raise UserError(f"{file}: nothing could be taken: {error.reason} ({error.detail})") from None
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror})") from None
    _report(file, result, bad)
    if stopped:
        errors.print("Stopped. What is counted above is kept; import the file again to go on.")
        raise typer.Exit(130)
    if result.bad_rows:
        raise typer.Exit(PROBLEM)


def _import(file: Path, account: str, bad: BadRows) -> tuple[Imported, bool]:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    latest = Imported()
    with Progress(*columns, console=errors) as progress:
        bar = progress.add_task("rows", total=max(total_rows_hint(file), 1), rate="")

        def show(state: Imported) -> None:
            nonlocal latest
            latest = state
            speed = progress.tasks[0].finished_speed or progress.tasks[0].speed
            progress.update(bar, completed=state.last_line, rate=f"{speed:,.0f} rows/s" if speed else "")

        try:
            result = import_file(file, account=account, wiring=wiring.current(), on_bad=bad, on_progress=show)
        except KeyboardInterrupt:
            return latest, True
        progress.update(bar, completed=result.last_line, total=max(result.last_line, 1))
    return result, False


def _report(file: Path, result: Imported, bad: BadRows) -> None:
    rows = [(word, f"{count:,}") for word, count in sorted(result.orders.items())]
    table(f"Orders from {file.name} ({result.total:,})", ("orders", "count"), rows, right=("count",))
    if result.bad_rows:
        console.print()
        shown = [(b.line_no, b.code, b.where, b.order_id) for b in bad.first]
        title = f"Bad rows ({result.bad_rows:,}; all in {bad.path})"
        table(title, ("line", "why", "column", "order"), shown, right=("line",))
