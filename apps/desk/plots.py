"""Shares with their intervals as an SVG, computed here so that the page needs neither script nor style of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from domain.returns.analysis import Rate

TOP, FOOT = 8, 24
_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Shape:
    """Units of a picture. `left` and `right` are kept for names and shares, `above` the mark for a name that stands
    over it; `longest` are the signs of a name that fit."""

    width: int
    row: int
    left: int
    right: int
    above: int
    longest: int


WIDE = Shape(width=720, row=26, left=250, right=70, above=0, longest=34)
NARROW = Shape(width=330, row=44, left=12, right=62, above=18, longest=42)  # a telephone


@dataclass(frozen=True, slots=True)
class Mark:
    """One row: a line from `low` to `high` with a point at `share`, by their places in the picture."""

    name: str
    share_text: str
    y: float
    name_y: float
    low: float
    high: float
    share: float
    judged: bool
    cut: bool  # its interval reaches beyond the picture


@dataclass(frozen=True, slots=True)
class Plot:
    """`usual` is the place of the share of everything; `ticks`: place and text."""

    width: int
    height: int
    left: int
    right: int
    marks: Sequence[Mark]
    ticks: Sequence[tuple[float, str]]
    usual: float


def plot(named: Sequence[tuple[str, Rate]], usual: float, shape: Shape = WIDE) -> Plot:
    """`usual`: the share of everything, from 0 to 1. The scale is that of the rows which have enough lines."""
    top = _round_up(max([usual * 1.5, *(rate.high for _, rate in named if rate.judged)], default=1.0))
    right = shape.width - shape.right

    def place(share: float) -> float:
        return round(shape.left + (right - shape.left) * min(share / top, 1.0), 1)

    marks = []
    for number, (name, rate) in enumerate(named):
        y = TOP + shape.row * number + (shape.row + shape.above) / 2
        marks.append(
            Mark(
                name=name if len(name) <= shape.longest else f"{name[: shape.longest - 1]}…",
                share_text=f"{100 * rate.share:.1f} %",
                y=y,
                name_y=y - shape.above,
                low=place(rate.low),
                high=place(rate.high),
                share=place(rate.share),
                judged=rate.judged,
                cut=rate.high > top,
            )
        )
    parts = 5 if f"{top:e}".startswith("5") else 4
    ticks = [(place(top * part / parts), f"{100 * top * part / parts:g} %") for part in range(parts + 1)]
    return Plot(shape.width, TOP + shape.row * len(marks) + FOOT, shape.left, right, marks, ticks, place(usual))


def _round_up(share: float) -> float:
    """The next of 1, 2, 5 times a power of ten, at most all."""
    if share <= 0:
        return 0.01
    power = 10.0 ** floor(log10(share))
    return min(next(step * power for step in _STEPS if step * power >= share * 0.9999), 1.0)
