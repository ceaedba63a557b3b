"""Order files in CSV: one row per order line, the rows of an order adjacent."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TextIO

from connectors.errors import VendorRejected
from connectors.shops.file_columns import (
    COLUMNS,
    MOST_LINES,
    ORDER_COLUMNS,
    REQUIRED_COLUMNS,
    CellError,
    Cells,
    OrderHead,
    assemble,
    parse_head,
    parse_line,
)
from connectors.shops.file_rows import Bad, FileRow, Good, PhysicalLines, text_problem
from domain.order import IncomingLine

_LONGEST_LINE = 64 * 1024  # below csv's own field limit, which is global and not ours to change


def refused(account: str, reason: str, detail: str) -> VendorRejected:
    """The error for a whole file."""
    return VendorRejected(f"file:{account}", "read_orders", detail, reason=reason)


@dataclass(slots=True)
class _Open:
    """The order whose rows are being read."""

    order_id: str
    line_no: int
    cells: Cells
    head: OrderHead | None = None
    lines: list[IncomingLine] = field(default_factory=list)
    bad: bool = False
    beside_unreadable: bool = False


class _CsvOrders:
    """Joins adjacent rows of one order."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._open: _Open | None = None
        self._after_unreadable = False

    def unreadable(self, line_no: int) -> Bad:
        """A row that could belong to the order before it or after it: neither is taken."""
        if self._open:
            self._open.beside_unreadable = True
        self._after_unreadable = True
        return Bad(line_no, "open_quote", "row")

    def add(self, line_no: int, cells: Cells, problem: CellError | None) -> Iterator[FileRow]:
        order_id = cells.get("order_id", "")
        if not order_id:
            if self._open and not cells.get("created_at"):
                self._open.bad = True  # a continuation row: without it the order would be incomplete
            yield Bad(line_no, *((problem.code, problem.where) if problem else ("missing", "order_id")))
            return
        if self._open is None or self._open.order_id != order_id:
            yield from self.finish()
            self._open = _Open(order_id, line_no, cells, beside_unreadable=self._after_unreadable)
        self._after_unreadable = False
        try:
            if problem:
                raise problem
            self._take(self._open, cells)
        except CellError as exc:
            self._open.bad = True
            yield Bad(line_no, exc.code, exc.where, _printable(order_id))

    def _take(self, group: _Open, cells: Cells) -> None:
        if group.head is None:
            if group.order_id in self._seen:
                raise CellError("order_id_repeated", "order_id")
            group.head = parse_head(cells)
            group.cells = cells
        else:
            _check_same(group.cells, cells)
        if len(group.lines) >= MOST_LINES:
            raise CellError("too_many_lines", "order_id")
        number, currency = len(group.lines) + 1, group.head.currency
        group.lines.append(parse_line(cells, order_id=group.order_id, number=number, currency=currency))

    def finish(self) -> Iterator[FileRow]:
        """Hand over the order read so far."""
        group, self._open = self._open, None
        if group is None:
            return
        self._seen.add(group.order_id)
        if group.beside_unreadable:
            yield Bad(group.line_no, "beside_unreadable_row", "row", _printable(group.order_id))
        elif group.head is not None and not group.bad:
            try:
                yield Good(group.line_no, assemble(group.head, group.cells, group.lines))
            except CellError as exc:
                yield Bad(group.line_no, exc.code, exc.where, group.order_id)


def _check_same(first: Cells, cells: Cells) -> None:
    """Later rows of an order repeat its values or leave them empty."""
    for column in ORDER_COLUMNS:
        value = cells.get(column)
        if value and value != first.get(column):
            raise CellError("differs_from_first_row", column)


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:100]


def read_csv(stream: TextIO, account: str, first_line: str) -> Iterator[FileRow]:
    """Read a stream with a header. Raises: VendorRejected when the header names no usable columns."""
    delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
    lines = PhysicalLines(stream, _LONGEST_LINE)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    orders = _CsvOrders()
    while True:
        lines.start_record()
        line_no = lines.number + 1
        try:
            row = next(reader, None)
        except csv.Error:  # a quote that is never closed, or text after a closing one
            first = lines.back_to_second_line()
            yield from _broken_row(orders, line_no, first, header, delimiter)
            continue
        if row is None:
            break
        if not any(row):
            continue
        if header is None:
            header = _header(row, account)
            continue
        problem = _row_problem(row, header, lines.cut, line_no)
        cells = dict(zip(header, map(str.strip, row), strict=False))
        yield from orders.add(line_no, cells, problem)
    if header is None:
        raise refused(account, "missing_column", f"no header could be read; columns are {', '.join(COLUMNS)}")
    yield from orders.finish()


def _broken_row(
    orders: _CsvOrders, line_no: int, text: str, header: list[str] | None, delimiter: str
) -> Iterator[FileRow]:
    """Find out whose row it is: the cells before the first quote are sure."""
    sure = text[: text.index('"')].split(delimiter)[:-1] if '"' in text else []
    cells = dict(zip(header or (), map(str.strip, sure), strict=False))
    if cells.get("order_id"):
        yield from orders.add(line_no, cells, CellError("open_quote", "row"))
    else:
        yield orders.unreadable(line_no)


def _header(row: list[str], account: str) -> list[str]:
    names = [name.strip().lower() for name in row]
    for column in REQUIRED_COLUMNS:
        if column not in names:
            detail = f"column {column} is missing; columns are {', '.join(COLUMNS)}"
            raise refused(account, "missing_column", detail)
    for column in COLUMNS:
        if names.count(column) > 1:
            raise refused(account, "repeated_column", f"column {column} appears twice")
    return names


def _row_problem(row: list[str], header: list[str], cut: set[int], line_no: int) -> CellError | None:
    if cut and line_no in cut:
        return CellError("line_too_long", "row")
    if len(row) != len(header):
        return CellError("wrong_number_of_cells", "row")
    return text_problem(header, row)
