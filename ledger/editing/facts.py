"""What an edit is judged by: the order as it stands with its money, and the same in the words of its shop."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.alternatives import Sellable, alternatives
from domain.edits import EditError, Wanted
from domain.placed import PlacedLine, PlacedOrder
from domain.policy import EditPolicy, Policies
from domain.states import EditState
from ledger.editing.promises import free_by_sku
from ledger.orders import OrderRow, contacts, lines_of
from ledger.refunds import given_for, tenders_of
from ledger.returning.exchange_rows import given_in_goods
from ledger.rows import mappings, select_by
from ledger.tables import EditRequest, Product, ProductVariant
from ledger.tables.base import table_of

_request, _variant, _product = table_of(EditRequest), table_of(ProductVariant), table_of(Product)
Variants = Mapping[str, Mapping[str, Any]]  # by SKU, as the order's own shop sells them


class UnknownSku(Exception):
    """The order's shop sells no such thing."""

    def __init__(self, sku: str) -> None:
        super().__init__(sku)
        self.sku = sku


def placed_order(session: Session, order: OrderRow) -> PlacedOrder:
    """The order before the edit. A line's units are those still wanted."""
    contact = contacts(session, [order["contact_id"]])[order["contact_id"]]
    lines = lines_of(session, [order["id"]])[order["id"]]
    return PlacedOrder(
        order_id=order["id"],
        currency=order["currency"],
        lines=tuple(
            PlacedLine(
                id=line["id"],
                sku=line["sku"],
                quantity=line["ordered"] - line["cancelled"],
                shipped=line["shipped"],
                unit_price_minor=line["unit_price_minor"],
                discount_minor=line["discount_minor"],
                tax_minor=line["tax_minor"],
            )
            for line in lines
        ),
        total_minor=order["total_minor"],
        shipping_minor=order["shipping_minor"],
        shipping_tax_minor=max(order["tax_minor"] - sum(line["tax_minor"] for line in lines), 0),
        shipping_code=order["shipping_code"],
        taxes_included=bool(order["taxes_included"]),
        contact_version=order["contact_id"],
        country=contact["country"],
        tenders=tenders_of(session, order["id"]),
        edits=_edits_before(session, order["id"]),
        returned_minor=given_for(session, order["id"], "return") + given_in_goods(session, order["id"]),
    )


def _edits_before(session: Session, order_id: str) -> int:
    statement = sa.select(sa.func.count()).where(_request.c.order_id == order_id, _request.c.state == EditState.APPLIED)
    return int(session.execute(statement).scalar_one())


def variants_of(session: Session, order: OrderRow, skus: Sequence[str]) -> Variants:
    """By SKU. Raises: UnknownSku."""
    rows = [
        row
        for row in select_by(session, ProductVariant, "sku", set(skus))
        if (row["system"], row["account"]) == (order["source"], order["account"])
    ]
    found = {row["sku"]: row for row in rows}
    for sku in skus:
        if sku not in found:
            raise UnknownSku(sku)
    return found


def shop_plan(
    session: Session, order: OrderRow, wanted: Wanted, variants: Variants, policy: EditPolicy
) -> dict[str, Any]:
    """What the shop is told, in its ids: the calls in their order, the change of lines and shipping, and (`lines_back`)
    what would undo it. Raises: EditError `no_price` for a shipping method that is not offered."""
    if wanted.cancelled:
        return {"shop": ["cancel"]}
    kinds = {str(kind) for kind in wanted.kinds}
    calls = [what for what in ("address", "contact") if what in kinds]
    lines = lines_of(session, [order["id"]])[order["id"]]
    quantities = {
        line["external_id"]: wanted.lines[line["id"]]
        for line in lines
        if wanted.lines[line["id"]] != line["ordered"] - line["cancelled"]
    }
    added: Counter[str] = Counter()
    for part in wanted.added:
        added[str(variants[part.sku]["external_id"])] += part.quantity
    if not (quantities or added or wanted.shipping_code):
        return {"shop": calls}
    # before the address: the price that was agreed to is that of the old one, whose taxes the shop reckons with
    edit = {
        "before": [line["external_id"] for line in lines],
        "quantities": quantities,
        "added": dict(added),
        "shipping": _shipping(order, wanted, policy),
    }
    back = {
        "before": edit["before"],
        "quantities": {
            line["external_id"]: line["ordered"] - line["cancelled"]
            for line in lines
            if line["external_id"] in quantities
        },
        "added": {},
        "without": dict(added),
    }
    # a shipping line that was replaced is gone for good: the shop's own words for it are not kept
    return {"shop": ["lines", *calls], "lines": edit, **({} if edit["shipping"] else {"lines_back": back})}


def _shipping(order: OrderRow, wanted: Wanted, policy: EditPolicy) -> dict[str, Any] | None:
    if not wanted.shipping_code:
        return None
    method = policy.shipping.get(wanted.shipping_code)
    if method is None or order["currency"] not in method.price_minor:
        raise EditError("no_price", "shipping_code")
    return {
        "title": method.title,
        "price_minor": method.price_minor[order["currency"]],
        "currency": order["currency"],
    }


def substitutes(
    session: Session, order: OrderRow, sku: str, units: int, policies: Policies, country: str
) -> list[dict[str, Any]]:
    """What the order's shop could sell instead of a SKU that is short, each with enough stock."""
    statement = (
        sa.select(
            _variant.c.sku, _variant.c.product_id, _variant.c.price_minor, _variant.c.currency, _variant.c.options,
            _product.c.title, _product.c.category, _product.c.tags,
        )
        .join(_product, _product.c.id == _variant.c.product_id)
        .where(
            _variant.c.system == order["source"], _variant.c.account == order["account"],
            _product.c.status == "active", _variant.c.sku != "",
        )
    )  # fmt: skip
    catalogue = [Sellable(**{**row, "tags": tuple(row["tags"])}) for row in mappings(session, statement)]
    stock = free_by_sku(session, [variant.sku for variant in catalogue], policies, country)
    found = alternatives(sku, catalogue, stock, policies.edits.alternatives, quantity=units)
    return [
        {"sku": one.sku, "title": one.title, "price_minor": one.price_minor, "available": one.available}
        for one in found
    ]
