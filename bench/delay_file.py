"""Read a file of shipments for `bench.delays`, and say what is wrong with it."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from bench.baselines.orders import Flags, Floats, Orders, Words

TIMES = ("ordered_at", "shipped_at", "promised_at", "delivered_at")
WORDS = {"carrier": "carrier", "service": "service", "origin_region": "origin", "destination_region": "destination"}
COLUMNS = ("shipment_id", *WORDS, "distance_km", *TIMES)
MOST_WORDS = 0.2  # of rows: a column with more different words is a name or a number of something, not a feature
DAY_S = 86_400.0


class BadFile(Exception):
    """What is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Shipments:
    """`left_out` and `ignored` say which rows and columns are not used, and why."""

    orders: Orders
    left_out: dict[str, int]
    ignored: dict[str, str]
    until: float


def read(path: Path) -> Shipments:
    """Raises: BadFile."""
    table = _table(path)
    if missing := [name for name in COLUMNS if name not in table.column_names]:
        raise BadFile(f"{path.name} has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    if not table.num_rows:
        raise BadFile(f"{path.name} has no rows below its header")
    times = {name: _days(table[name], name) for name in TIMES}
    promised = times["promised_at"] + _whole_days(table["promised_at"])
    scans, numbers, words, ignored = _features(table)
    seen = np.concatenate([times["ordered_at"], times["shipped_at"], times["delivered_at"], *scans.values()])
    if not np.isfinite(seen).any():
        raise BadFile(f"{path.name} has no dates in ordered_at, shipped_at and delivered_at")
    until = float(np.nanmax(seen))
    shipped, delivered = times["shipped_at"], times["delivered_at"]
    reasons: dict[str, Flags] = {
        "a shipment_id that came before": _repeated(table["shipment_id"]),
        "no shipped_at": np.isnan(shipped),
        "no promised_at": np.isnan(promised),
        "delivered before it was shipped": delivered < shipped,
    }
    kept, left_out = np.ones(table.num_rows, dtype=bool), Counter[str]()
    for reason, rows in reasons.items():
        if found := int((kept & rows).sum()):
            left_out[reason] = found
        kept &= ~rows
    if not kept.any():
        raise BadFile(f"no row of {path.name} can be used: {_told(left_out)}")
    ordered = np.where(np.isnan(times["ordered_at"]), shipped, times["ordered_at"])
    arrived = np.isfinite(delivered)
    seen_until = np.where(arrived, delivered, until)
    orders = Orders(ordered, shipped, promised, seen_until, arrived, words, numbers, scans)
    return Shipments(orders.take(kept), dict(left_out), ignored, until)


def _told(left_out: Counter[str]) -> str:
    return ", ".join(f"{count:,} with {reason}" for reason, count in left_out.items())


def _table(path: Path) -> pa.Table:
    if not path.exists():
        raise BadFile(f"there is no file {path}")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return parquet.read_table(path)
        as_text = {name: pa.string() for name in ("shipment_id", *WORDS, *TIMES)}
        nulls = csv.ConvertOptions(column_types=as_text, strings_can_be_null=True)
        return csv.read_csv(path, convert_options=nulls)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OSError) as error:
        raise BadFile(f"{path.name} is no readable CSV or Parquet file: {error}") from None


def _days(column: pa.ChunkedArray, name: str) -> Floats:
    """Days since 1970-01-01 UTC; a time without an offset is UTC."""
    if _is_text(column.type):
        column = _parsed(column, name)
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan)
    if not pa.types.is_temporal(column.type) or pa.types.is_time(column.type):
        raise BadFile(f"{name} holds {column.type}, not dates; write 2026-03-01 or 2026-03-01T14:30:00Z")
    micros = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    told = np.asarray(micros.is_valid(), dtype=bool)
    return np.where(told, micros.fill_null(0).to_numpy() / (1e6 * DAY_S), np.nan)


def _parsed(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)
    offset = pc.match_substring_regex(text, r"\d[^-]*(?:Z|[+-]\d\d:?\d\d)$")
    try:
        plain = pc.if_else(offset, pa.scalar(None, text.type), text).cast(pa.timestamp("us"))
        zoned = pc.if_else(offset, text, pa.scalar(None, text.type)).cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid as error:
        raise BadFile(f"{name} has a date that cannot be read ({error}); write 2026-03-01 14:30:00 or ...Z") from None
    return pc.coalesce(plain, zoned.cast(pa.timestamp("us")))


def _whole_days(column: pa.ChunkedArray) -> Floats:
    """1 where only a date is given: such a promise holds until that day is over."""
    if pa.types.is_date(column.type):
        return np.ones(len(column))
    if _is_text(column.type):
        short = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(column.cast(pa.string()))), 10)
        return np.asarray(short.fill_null(False), dtype=np.float64)
    return np.zeros(len(column))


def _features(table: pa.Table) -> tuple[dict[str, Floats], dict[str, Floats], dict[str, Words], dict[str, str]]:
    scans, numbers, ignored = {}, {}, {}
    words = {ours: _words(table[name]) for name, ours in WORDS.items()}
    for name in ["distance_km", *(name for name in table.column_names if name not in COLUMNS)]:
        column = table[name]
        if pa.types.is_null(column.type) or column.null_count == len(column):
            ignored[name] = "empty"
        elif name.endswith("_at"):
            scans[name.removesuffix("_at")] = _days(column, name)
        elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
            numbers[name] = _number(column)
        elif name == "distance_km":
            raise BadFile("distance_km has something that is no number; write kilometres, or leave it empty")
        elif _is_text(column.type) or pa.types.is_boolean(column.type) or pa.types.is_dictionary(column.type):
            found = _words(column)
            if len(found.names) > max(50, MOST_WORDS * len(column)):
                ignored[name] = "nearly every row has another word"
            else:
                words[f"feature {name}"] = found
        else:
            ignored[name] = f"holds {column.type}"
    return scans, numbers, words, ignored


def _number(column: pa.ChunkedArray) -> Floats:
    values = column.cast(pa.float64())
    told = np.asarray(values.is_valid(), dtype=bool)
    found = np.where(told, values.fill_null(0).to_numpy(), np.nan)
    return np.where(np.isfinite(found), found, np.nan)


def _words(column: pa.ChunkedArray) -> Words:
    coded = column.cast(pa.string()).fill_null("").combine_chunks().dictionary_encode()
    names = coded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return Words(place[coded.indices.to_numpy()], tuple(names[at] for at in order))


def _repeated(column: pa.ChunkedArray) -> Flags:
    text = column.cast(pa.string()).combine_chunks().dictionary_encode().indices
    _, first = np.unique(np.asarray(text.fill_null(-1)), return_index=True)
    seen = np.ones(len(column), dtype=bool)
    seen[first] = False
    return np.asarray(seen & np.asarray(column.is_valid()), dtype=bool)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
