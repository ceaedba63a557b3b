"""Orders from files: CSV (one row per order line) and JSON Lines (one object per order).

The format is ours, see docs/guides/order-files.md; nothing is authenticated, nothing is limited. A file is
read as a stream: besides the order at hand only the ids already seen are kept. A bad row never ends the file,
and an order with a bad row is left out as a whole, because shipping half an order is worse than asking.
"""

from collections.abc import Iterator
from pathlib import Path

from connectors.shops.file_csv import read_csv, refused
from connectors.shops.file_json import read_json
from connectors.shops.file_rows import Bad, FileRow, Good

__all__ = ["Bad", "FileRow", "Good", "read_orders", "total_rows_hint"]

_SAMPLE = 64 * 1024
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_orders(path: Path, *, account: str) -> Iterator[FileRow]:
    """Read a file of orders row by row. Format, delimiter and byte order mark are found out.

    Raises: VendorRejected at the first step, with reason `empty_file`, `not_utf8`, `json_array`,
    `missing_column` or `repeated_column`, when nothing in the file could be taken; OSError when it cannot be
    opened.
    """
    with path.open("rb") as raw:
        if raw.read(2) in _UTF16:
            raise refused(account, "not_utf8", "save the file as UTF-8")
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        start = stream.read(_SAMPLE).lstrip()
        stream.seek(0)
        if not start:
            raise refused(account, "empty_file", "no header and no orders")
        if start.startswith("["):
            raise refused(account, "json_array", "write one JSON object per line, without the brackets")
        if start.startswith("{"):
            yield from read_json(stream)
        else:
            yield from read_csv(stream, account, start.splitlines()[0])


def total_rows_hint(path: Path) -> int:
    """About how many lines the file has, judged by its size and its beginning; for a progress bar."""
    with path.open("rb") as raw:
        sample = raw.read(_SAMPLE)
    if not sample:
        return 0
    lines = sample.count(b"\n") or 1
    return max(1, round(path.stat().st_size * lines / len(sample)))
