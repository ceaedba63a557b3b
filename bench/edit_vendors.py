"""The calls that an edit makes at its vendors."""

from typing import Any

import sqlalchemy as sa

from bench.calls import Calls
from bench.edit_kinds import RELEASED
from bench.vendors import MORE_SKUS
from bench.wishes import Bought
from config.wiring import Wiring
from connectors.shops.editing import AddedVariant, LineQuantity, LinesEdit
from domain.nodes import NodeLine
from domain.order import Address
from ledger.tables import FulfilmentOrder, Order, OrderLine, ProductVariant
from ledger.tables.base import table_of

NODE = "shipbob/main"
NEW = Address("Ada Lovelace", "", "77 Kent Avenue", "", "Brooklyn", "NY", "11249", "US", "+16175550123")


async def calls_of_edit(wiring: Wiring, order: Bought, calls: Calls) -> None:
    """Each call of an edit of this order, at the node where it has one."""
    facts = wiring.read(_facts, order)
    shop = wiring.editable_shops()[facts["target"]]
    mug, towel = facts["lines"][0], facts["variant"]
    edit = LinesEdit(order.external_id, tuple(facts["lines"]), (LineQuantity(mug, 1),), (AddedVariant(towel, 1),))
    await calls.timed("carrier: an address verified", wiring.parcels().verify(NEW))
    said = await calls.timed("shop: what lines would cost", shop.calculate(edit))
    if order.state == RELEASED:
        node, number = wiring.editable_warehouses()[NODE], facts["node_order"]
        await calls.timed("ShipBob: address changed", node.change_address(number, NEW, "ada@example.com"))
        lines = [NodeLine("MUG-ENA-WHT", 1), NodeLine(MORE_SKUS[0], 1)]
        await calls.timed("ShipBob: lines changed", node.change_lines(number, lines))
        await calls.timed("ShipBob: read back", wiring.warehouses()[NODE].fetch_order(number))
    committed = shop.commit(edit, expected_total_minor=said.total_minor, note="benchmark")
    await calls.timed("shop: lines committed", committed)
    await calls.timed("shop: address changed", shop.set_address(order.external_id, NEW))
    await calls.timed("shop: read back", wiring.shops()[facts["target"]].fetch_orders([order.external_id]))


def _facts(session: Any, order: Bought) -> dict[str, Any]:
    orders, lines = table_of(Order), table_of(OrderLine)
    variants, told = table_of(ProductVariant), table_of(FulfilmentOrder)
    [row] = session.execute(sa.select(orders.c.source, orders.c.account).where(orders.c.id == order.id)).all()
    of_order = sa.select(lines.c.external_id).where(lines.c.order_id == order.id).order_by(lines.c.id)
    variant = sa.select(variants.c.external_id).where(variants.c.sku == MORE_SKUS[0], variants.c.account == row.account)
    node = session.execute(sa.select(told.c.node_external_id).where(told.c.order_id == order.id)).scalars().first()
    return {
        "target": f"{row.source}/{row.account}",
        "lines": list(session.execute(of_order).scalars()),
        "variant": session.execute(variant).scalars().one(),
        "node_order": node,
    }
