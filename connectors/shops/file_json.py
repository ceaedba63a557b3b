"""Order files in JSON Lines: one object per order, its lines inside."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from connectors.shops.file_columns import (
    COLUMNS,
    MOST_LINES,
    CellError,
    Cells,
    assemble,
    parse_head,
    parse_line,
)
from connectors.shops.file_rows import Bad, FileRow, Good, PhysicalLines, text_problem
from domain.order import IncomingOrder

_LONGEST_LINE = 1024 * 1024
_ADDRESS = ("ship_name", "ship_line1", "ship_city", "ship_country")


def read_json(stream: TextIO) -> Iterator[FileRow]:
    """Read a stream whose every line is an order."""
    lines = PhysicalLines(stream, _LONGEST_LINE)
    seen: set[str] = set()
    for text in lines:
        lines.start_record()
        if not text.strip():
            continue
        order_id = ""
        try:
            if lines.number in lines.cut:
                raise CellError("line_too_long", "row")
            record = _json_object(text)
            cells = _cells(record)
            order_id = cells.get("order_id", "")
            order = _json_order(record, cells)
            if order_id in seen:
                raise CellError("order_id_repeated", "order_id")
            seen.add(order_id)
            yield Good(lines.number, order)
        except CellError as exc:
            yield Bad(lines.number, exc.code, exc.where, order_id)


def _json_object(text: str) -> dict[str, Any]:
    try:  # numbers stay the text they were written as: a float would round money
        record = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as exc:
        raise CellError("not_json", "row") from exc
    if not isinstance(record, dict):
        raise CellError("not_an_object", "row")
    return record


def _json_order(record: dict[str, Any], cells: Cells) -> IncomingOrder:
    head = parse_head(cells)
    for column in _ADDRESS:
        if column not in record:
            raise CellError("missing", column)
    items = record.get("lines")
    if not isinstance(items, list) or not items:
        raise CellError("missing", "lines")
    if len(items) > MOST_LINES:
        raise CellError("too_many_lines", "lines")
    lines = []
    for number, item in enumerate(items, start=1):
        try:
            if not isinstance(item, dict):
                raise CellError("not_an_object", "line")
            lines.append(parse_line(_cells(item), order_id=head.order_id, number=number, currency=head.currency))
        except CellError as exc:
            raise CellError(exc.code, f"lines[{number}].{exc.where}") from exc
    return assemble(head, cells, lines)


def _cells(record: dict[str, Any]) -> dict[str, str]:
    cells = {name: _cell(name, record[name]) for name in COLUMNS if name in record}
    problem = text_problem(list(cells), list(cells.values()))
    if problem:
        raise problem
    return cells


def _cell(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    raise CellError("not_text", name)
