"""Real shipments that drive the parcels of a world: a file with the columns of `bench.delays`.

A history keeps its days and hours; it is moved by whole weeks, so that a Sunday stays one. What carriers said in
between is seldom in such a file. Its own scans (columns that end in `_at`) are reported; the others come at the usual
pace until it is used up, then the carrier is silent, whatever happened to the parcel: scans that were spread over the
true journey would tell how long it takes.
"""

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.core.clock import parse_time
from sandbox.parcels.model import Place, Step
from sandbox.simulation.journeys import CICERO, Journey, in_hours

TIMES = ("ordered_at", "shipped_at", "promised_at", "delivered_at")
WORDS = ("shipment_id", "carrier", "service", "origin_region", "destination_region", "distance_km")
GIVEN_UP = timedelta(days=30)  # past the promise without delivery when the file ends: it never came
_USUAL_SCANS = 3
_LAST_MILE = timedelta(hours=5)
_WEEK = timedelta(days=7)


class HistoryError(Exception):
    """What is wrong with a file of shipments."""


@dataclass(frozen=True, slots=True)
class History:
    """One real shipment. `scans` by the name of their column. Without `delivered` it never came."""

    id: str
    ordered: datetime
    shipped: datetime
    promised: datetime
    delivered: datetime | None
    scans: tuple[tuple[str, datetime], ...]
    region: str

    def moved(self, by: timedelta) -> "History":
        """The same shipment that much later."""
        return History(
            self.id,
            self.ordered + by,
            self.shipped + by,
            self.promised + by,
            None if self.delivered is None else self.delivered + by,
            tuple((name, at + by) for name, at in self.scans),
            self.region,
        )


def read(path: Path) -> list[History]:
    """All shipments whose end is known, oldest first. Raises: HistoryError."""
    rows = list(_rows(path))
    if not rows:
        raise HistoryError(f"{path.name} has no rows")
    if missing := [name for name in (*WORDS, *TIMES) if name not in rows[0]]:
        raise HistoryError(f"{path.name} has no column {', '.join(missing)}")
    found = [_history(path.name, number, row) for number, row in enumerate(rows, start=2)]
    usable = [each for each in found if each is not None]
    until = max((max(each.shipped, each.delivered or each.shipped) for each in usable), default=None)
    ended = [each for each in usable if each.delivered is not None or (until and until - each.promised > GIVEN_UP)]
    if not ended:
        raise HistoryError(f"{path.name} has no shipment whose end is known")
    return sorted(ended, key=lambda each: (each.ordered, each.id))


def _rows(path: Path) -> Iterable[Mapping[str, Any]]:
    if path.suffix.lower() in (".parquet", ".pq"):
        try:
            from pyarrow import parquet
        except ImportError:
            raise HistoryError("Parquet needs pyarrow (pip install -e '.[bench]'); or write a CSV file") from None
        try:
            rows: list[Mapping[str, Any]] = parquet.read_table(path).to_pylist()
        except (OSError, ValueError) as error:
            raise HistoryError(f"{path.name} is no readable Parquet file: {error}") from None
        return rows
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise HistoryError(f"{path} cannot be read as CSV: {error}") from None


def _history(file: str, number: int, row: Mapping[str, Any]) -> History | None:
    """None for a row without hand-over or promise, as `bench.delays` leaves it out too."""
    known = {name: _time(file, number, name, row[name]) for name in TIMES}
    shipped, promised, delivered = known["shipped_at"], known["promised_at"], known["delivered_at"]
    if shipped is None or promised is None or (delivered is not None and delivered < shipped):
        return None
    if len(str(row["promised_at"]).strip()) == 10:  # only a date: until that day is over
        promised += timedelta(days=1)
    more = [name for name in row if name and name.endswith("_at") and name not in TIMES]
    scans = ((name.removesuffix("_at"), _time(file, number, name, row[name])) for name in more)
    told = tuple((name, at) for name, at in scans if at is not None)
    ordered = min(known["ordered_at"] or shipped, shipped)
    region = str(row["destination_region"] or "")
    return History(str(row["shipment_id"]), ordered, shipped, promised, delivered, told, region)


def _time(file: str, number: int, name: str, value: Any) -> datetime | None:
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    try:
        return parse_time(text)
    except ValueError:
        raise HistoryError(f"{file}, line {number}: {name} is {text!r}; write 2026-03-01T14:30:00Z") from None


def chosen(histories: Sequence[History], count: int, seed: int, starts: datetime, within: timedelta) -> list[History]:
    """So many shipments ordered within so long, from a place in the file that the seed chooses, moved to the world's
    time. Fewer when the file has no more there. `starts` is a Monday."""
    first, last = histories[0].ordered, histories[-1].ordered
    rng = random.Random(f"{seed}:histories")
    weeks = max(int((last - first - within) / _WEEK), 0)
    begins = _monday(first) + rng.randrange(weeks + 1) * _WEEK
    there = [each for each in histories if begins <= each.ordered < begins + within]
    taken = there if len(there) <= count else rng.sample(there, count)
    return sorted((each.moved(starts - begins) for each in taken), key=lambda each: (each.ordered, each.id))


def _monday(moment: datetime) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def journey(history: History, usual: timedelta, there: Place, made_at: datetime) -> Journey:
    """As it was. A label that is made late does not make the parcel late: what would lie before it is told at once."""
    scans: list[tuple[datetime, Step]] = [(history.shipped, Step(0, "accepted", place=CICERO))]
    ends = history.delivered
    for name, at in history.scans:
        scans.append((at, Step(0, "arrived", text=name.replace("_", " ").capitalize(), place=there)))
    if not history.scans:
        for part in range(1, _USUAL_SCANS + 1):
            at = history.shipped + usual * part / (_USUAL_SCANS + 1)
            if ends is None or at < ends - _LAST_MILE:
                scans.append((at, Step(0, "arrived", place=there)))
    if ends is not None:
        out = max(ends - _LAST_MILE, history.shipped)
        scans.append((out, Step(0, "out", place=there)))
        scans.append((ends, Step(0, "delivered", place=there)))
    base = made_at.replace(microsecond=0)
    in_days = [((at - base).total_seconds() / 86_400, step) for at, step in scans if ends is None or at <= ends]
    steps = in_hours(0.0, in_days)
    last = base + timedelta(hours=steps[-1].hours)
    return Journey(
        steps=steps,
        estimate=history.shipped + usual,
        arrives_at=None if ends is None else max(ends, last),
        gone_at=max(scans[-1][0], made_at) if ends is None else None,
    )
