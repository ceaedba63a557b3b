"""`python -m bench.delays FILE`: the delay model and its baselines on real shipments, split strictly in time.

FILE is CSV or Parquet with shipment_id, carrier, service, origin_region, destination_region, distance_km, ordered_at,
shipped_at, promised_at, delivered_at (empty when it never came) and any further columns that were known at hand-over;
a further column whose name ends in _at is a scan, known from that moment on.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from rich.console import Console

from bench.baselines import baselines
from bench.delay_figures import Figures, figures
from bench.delay_file import BadFile, Shipments, read
from bench.delay_product import Aftercart
from bench.delay_report import show
from bench.delay_trial import Answers, BadSplit, split, trial

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WIDTH = 150  # of the tables in a file
DEFAULT_CUT = 0.7  # share of the shipments that were handed over before it


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.delays", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--train-before", type=_moment, help="2026-03-01; default: the day at 70 %% of the shipments")
    parser.add_argument("--json", type=Path, help="write all figures to this file too")
    options = parser.parse_args(arguments)
    console = Console() if Console().is_terminal else Console(width=WIDTH)
    try:
        found = _judge(options.file, options.train_before, console)
    except (BadFile, BadSplit) as error:
        print(f"bench.delays: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    show(console, found)


def _judge(path: Path, cut: float | None, console: Console) -> Figures:
    """Raises: BadFile, BadSplit."""
    started = time.perf_counter()
    shipments = read(path)
    if cut is None:
        cut = float(np.floor(np.quantile(shipments.orders.shipped, DEFAULT_CUT)))
    try:
        sides = split(shipments.orders, cut, shipments.until)
    except BadSplit as error:
        raise BadSplit(f"{error} ({_span(shipments)})") from None
    answers: list[Answers] = []
    with console.status("start") as status:
        for predictor in [Aftercart(), *baselines()]:
            status.update(predictor.name)
            answers.append(trial(predictor, sides))
    return {
        "file": path.name,
        "train_before": _date(cut),
        "until": _date(shipments.until),
        "left_out": shipments.left_out,
        "ignored_columns": shipments.ignored,
        **figures(sides, answers),
        "took_s": round(time.perf_counter() - started, 1),
    }


def _span(shipments: Shipments) -> str:
    shipped = shipments.orders.shipped
    first, last = _date(float(shipped.min())), _date(float(shipped.max()))
    return f"shipped_at runs from {first} to {last}, the last sign of life is of {_date(shipments.until)}"


def _date(days: float) -> str:
    return (EPOCH + timedelta(days=days)).date().isoformat()


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("write a date such as 2026-03-01") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - EPOCH) / timedelta(days=1)


if __name__ == "__main__":
    main()
