"""What the readers of order files share: rows as they come out, physical lines, text checks."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from connectors.shops.file_columns import LARGEST_CELL, CellError
from domain.order import IncomingOrder

_LONGEST_RECORD = 50  # physical lines; a quote still open after that was never meant


@dataclass(frozen=True, slots=True)
class Good:
    """An order; `line_no` is its first line in the file, counted from 1."""

    line_no: int
    order: IncomingOrder


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that was not taken. `where` is a column, `order_id` empty where it could not be read."""

    line_no: int
    code: str
    where: str
    order_id: str = ""


FileRow = Good | Bad


@dataclass(slots=True)
class PhysicalLines:
    """Lines of a text stream, none longer than `limit`. Remembers which were cut and what was read since
    `start_record`, so that a record that went wrong can be read again from its second line."""

    stream: TextIO
    limit: int
    number: int = 0
    cut: set[int] = field(default_factory=set)
    record: list[str] = field(default_factory=list)
    _again: deque[str] = field(default_factory=deque)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """Raises: csv.Error in the middle of a record that does not end."""
        if len(self.record) >= _LONGEST_RECORD:
            raise csv.Error("record does not end")
        line = self._again.popleft() if self._again else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        self.record.append(line)
        return line

    def start_record(self) -> None:
        self.record.clear()

    def back_to_second_line(self) -> str:
        """Give back all lines of the record but the first, which is returned."""
        first, *rest = self.record
        self._again.extendleft(reversed(rest))
        self.number -= len(rest)
        return first

    def _read(self) -> str:
        line = self.stream.readline(self.limit)
        if len(line) == self.limit and line[-1] not in "\r\n":
            self.cut.add(self.number + 1)
            while (rest := self.stream.readline(self.limit)) and rest[-1] not in "\r\n":
                pass
            line += '"' if line.count('"') % 2 else ""  # an open quote would swallow the following rows
        return line


def text_problem(names: Sequence[str], values: Sequence[str]) -> CellError | None:
    """A cell that is too long, or bytes that were no UTF-8 (read as lone surrogates)."""
    joined = "".join(values)
    if len(joined) > LARGEST_CELL:
        for name, value in zip(names, values, strict=True):
            if len(value) > LARGEST_CELL:
                return CellError("cell_too_long", name)
    if not joined.isascii():
        for name, value in zip(names, values, strict=True):
            if any("\ud800" <= char <= "\udfff" for char in value):
                return CellError("not_utf8", name)
    return None
