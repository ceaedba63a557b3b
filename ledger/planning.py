"""Plans in the SKUs that nodes stock: what the catalogue says of a SKU, and kits taken apart."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.policy import NodePolicy, Policies
from domain.routing import Allocation, Demand, DemandLine, Plan, plan_order, serves
from ledger.orders import OrderRow
from ledger.rows import mappings
from ledger.tables import Product, ProductVariant
from ledger.tables.base import table_of

_variant, _product = table_of(ProductVariant), table_of(Product)
Facts = Mapping[str, Mapping[str, Any]]  # by SKU: weight, hazmat, kit parts
Free = Mapping[tuple[str, str], int]  # (node id, stocked SKU) -> units
Part = tuple[Allocation, int]  # of a stocked SKU, with its units per ordered unit


def variant_facts(session: Session, skus: Iterable[str]) -> Facts:
    """Weight, hazmat and kit parts by SKU, from any shop's catalogue (the first that says so)."""
    statement = (
        sa.select(_variant.c.sku, _variant.c.weight_g, _variant.c.kit_parts, _product.c.hazmat)
        .join(_product, _product.c.id == _variant.c.product_id)
        .where(_variant.c.sku.in_(set(skus)))
        .order_by(_variant.c.id)
    )
    facts: dict[str, Mapping[str, Any]] = {}
    for row in mappings(session, statement):
        facts.setdefault(row["sku"], row)
    return facts


def parts_of(facts: Facts, sku: str) -> list[tuple[str, int]]:
    """What a unit is made of: (stocked SKU, units); a SKU that is no kit is its own part."""
    return [(part, per) for part, per in facts.get(sku, {}).get("kit_parts") or [(sku, 1)]]


def stocked(facts: Facts, skus: Iterable[str]) -> set[str]:
    """The SKUs whose stock decides about these."""
    return {part for sku in skus for part, _ in parts_of(facts, sku)}


def whole_units(facts: Facts, sku: str, units: Mapping[str, int]) -> int:
    """How many of a SKU these units of its parts make up."""
    return min(units.get(part, 0) // per for part, per in parts_of(facts, sku))


def free_whole(facts: Facts, sku: str, node_id: str, free: Free) -> int:
    """How many of a SKU a node can promise."""
    return whole_units(facts, sku, {part: free.get((node_id, part), 0) for part, _ in parts_of(facts, sku)})


def demand_of(order: OrderRow, wanted: Sequence[tuple[str, str, int]], facts: Facts, policies: Policies) -> Demand:
    """What an order asks of its nodes: (line id, SKU, units), those without units left out."""
    shipping = policies.shipping
    lines = []
    for line_id, sku, units in wanted:
        if units > 0:
            fact = facts.get(sku, {})
            weight = fact.get("weight_g") or shipping.default_weight_g
            lines.append(DemandLine(line_id, sku, units, weight, bool(fact.get("hazmat"))))
    days = shipping.max_days.get(order["shipping_code"], shipping.default_max_days)
    return Demand(order["id"], order["country"], days, tuple(lines))


def plan_stocked(
    demand: Demand, nodes: Sequence[NodePolicy], free: Free, facts: Facts, policies: Policies
) -> tuple[Plan, list[Part]]:
    """The cheapest plan and its promises in stocked SKUs."""
    stock = dict(free)
    for line in demand.lines:
        if facts.get(line.sku, {}).get("kit_parts"):
            for node in nodes:
                stock[(node.id, line.sku)] = free_whole(facts, line.sku, node.id, free)
    plan = plan_order(demand, nodes, stock, policies.routing)
    parts = taken_apart(plan.allocations, facts)
    left = dict(free)
    for part, _ in parts:
        left[(part.node_id, part.sku)] -= part.quantity
        if left[(part.node_id, part.sku)] < 0:  # a kit and its own part compete in one order: parts first
            kits = [line for line in demand.lines if facts.get(line.sku, {}).get("kit_parts")]
            rest = replace(demand, lines=tuple(line for line in demand.lines if line not in kits))
            less, parts = plan_stocked(rest, nodes, free, facts, policies)
            missing = {line.line_id: line.quantity for line in kits}
            return replace(less, backordered={**less.backordered, **missing}, reason="partly_out_of_stock"), parts
    return plan, parts


def taken_apart(allocations: Sequence[Allocation], facts: Facts) -> list[Part]:
    """Allocations of ordered SKUs as those of their parts."""
    return [
        (replace(a, sku=sku, quantity=a.quantity * per), per)
        for a in allocations
        for sku, per in parts_of(facts, a.sku)
    ]


def plan_kept(
    demand: Demand, nodes: Sequence[NodePolicy], free: Free, promised: Sequence[Allocation], facts: Facts
) -> Plan:
    """Units left where they were promised: a line's own first, then what was promised without a line.

    `promised` is in stocked SKUs and free again. It goes past the router's limit of nodes and asks no price: a promise
    that was made is worth more. What a node has lost since, or may not send to the order's country, is not kept.
    """
    pool: dict[tuple[str, str], int] = {}
    own: dict[tuple[str, str], dict[str, int]] = {}
    for part in promised:
        pool[(part.node_id, part.sku)] = pool.get((part.node_id, part.sku), 0) + part.quantity
        mine = own.setdefault((part.line_id, part.node_id), {})
        mine[part.sku] = mine.get(part.sku, 0) + part.quantity
    pool = {key: min(units, free.get(key, 0)) for key, units in pool.items()}
    left = {line.line_id: line.quantity for line in demand.lines}
    taken: dict[tuple[str, str], int] = {}
    # whoever needs most parts chooses first: a loose part may lie elsewhere, a kit is whole at one node
    by_parts = sorted(demand.lines, key=lambda line: (-len(parts_of(facts, line.sku)), line.line_id))
    for owned in (True, False):
        for line in by_parts:
            for node in nodes:
                if not serves(node, demand.country) or (line.hazmat and not node.hazmat):
                    continue
                there = free_whole(facts, line.sku, node.id, pool)
                if owned:
                    there = min(there, whole_units(facts, line.sku, own.get((line.line_id, node.id), {})))
                units = min(there, left[line.line_id])
                if units > 0:
                    left[line.line_id] -= units
                    taken[(node.id, line.line_id)] = taken.get((node.id, line.line_id), 0) + units
                    for part_sku, per in parts_of(facts, line.sku):
                        pool[(node.id, part_sku)] -= units * per
    skus = {line.line_id: line.sku for line in demand.lines}
    allocations = tuple(Allocation(node, line, skus[line], units) for (node, line), units in taken.items())
    missing = {line: units for line, units in left.items() if units}
    return Plan(allocations, missing, 0, "kept", reason="kept_where_promised")
