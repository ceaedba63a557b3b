"""Shares of edited lines, rounded as the shop rounded them.

Shopify states discounts and taxes of a line for all its units ever ordered. The share of the units still wanted
is ours to work out, and a minor unit may fall elsewhere than in the shop's own sums, which decide.
"""

from collections.abc import Sequence
from dataclasses import replace

from domain.money import allocate
from domain.order import IncomingLine


def remaining_share(total: int, quantity: int, current: int) -> int:
    """The part of a line's amount, stated for all its units, that belongs to those still wanted."""
    if quantity <= current or quantity <= 0:
        return total
    return allocate(total, [max(current, 0), quantity - max(current, 0)])[0]


def settle(
    lines: Sequence[IncomingLine], edited: Sequence[int], *, subtotal: int | None, tax: int | None
) -> tuple[IncomingLine, ...]:
    """The lines with roundings moved among the `edited` (indexes) until they add up to the shop's sums.

    A difference larger than rounding explains is left as it is.
    """
    settled = list(lines)
    if subtotal is not None:
        net = sum(line.unit_price_minor * line.quantity - line.discount_minor for line in lines)
        _spread(settled, edited, "discount_minor", net - subtotal)
    if tax is not None:
        _spread(settled, edited, "tax_minor", tax - sum(line.tax_minor for line in lines))
    return tuple(settled)


def _spread(lines: list[IncomingLine], edited: Sequence[int], name: str, missing: int) -> None:
    step = 1 if missing > 0 else -1
    able = [index for index in edited if getattr(lines[index], name) + step >= 0]
    if abs(missing) > len(able):
        return
    for index in able[: abs(missing)]:
        lines[index] = replace(lines[index], **{name: getattr(lines[index], name) + step})
