"""What of a shop's statement at the end of an edit is this edit's own.

Somebody may have changed more in the shop's admin meanwhile. No node knows of that: it is compared again once the fence
is gone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.order import IncomingLine, IncomingOrder


def only_ours(
    said: IncomingOrder, order: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], plan: Mapping[str, Any]
) -> IncomingOrder:
    """The statement with lines and shipping method as the plan leaves them: another's change of a line is put aside
    with its amounts. Totals stay the shop's. `order` and `lines` as they stood before the edit."""
    edit = plan.get("lines", {})
    units: dict[str, int] = {row["external_id"]: row["ordered"] for row in lines}
    units |= plan["stated"] if "stated" in plan else edit.get("quantities", {})
    free = Counter(edit.get("added", {}))
    known = {row["external_id"]: row for row in lines}
    kept = []
    for line in said.lines:
        row = known.get(line.external_id)
        if row is not None:
            kept.append(_as_planned(line, row, units[line.external_id]))
        elif "stated" in plan:
            kept += [replace(line, quantity=n)] if (n := units.get(line.external_id, 0)) else []
        elif 0 < line.quantity <= free[line.variant_external_id]:
            free[line.variant_external_id] -= line.quantity
            kept.append(line)
    stated = {line.external_id for line in said.lines}
    kept += [_from_row(row, units[i]) for i, row in known.items() if i not in stated and units[i]]
    return replace(said, lines=tuple(kept), shipping_code=_shipping(said, order, plan))


def _as_planned(line: IncomingLine, row: Mapping[str, Any], units: int) -> IncomingLine:
    if line.quantity == units:
        return line
    return replace(line, quantity=units, discount_minor=row["discount_minor"], tax_minor=row["tax_minor"])


def _from_row(row: Mapping[str, Any], units: int) -> IncomingLine:
    return IncomingLine(
        external_id=row["external_id"],
        sku=row["sku"],
        title=row["title"],
        quantity=units,
        unit_price_minor=row["unit_price_minor"],
        discount_minor=row["discount_minor"],
        tax_minor=row["tax_minor"],
        requires_shipping=row["requires_shipping"],
    )


def _shipping(said: IncomingOrder, order: Mapping[str, Any], plan: Mapping[str, Any]) -> str:
    if "stated" in plan:
        return str(plan["stated_shipping"])
    return said.shipping_code if plan.get("lines", {}).get("shipping") else str(order["shipping_code"])
