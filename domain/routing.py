"""Which node ships what: least cost by exact enumeration of small node sets, greedily beyond.

Costs are minor units of one planning currency and serve to compare plans only. The planner sees live stock
(`available` already has promises and safety stock taken off) and never promises more than that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from domain.policy import NodePolicy, RoutingPolicy

EXACT_NODES = 3  # subsets up to this size are enumerated
EXACT_CANDIDATES = 12


@dataclass(frozen=True, slots=True)
class DemandLine:
    """Units of a SKU to ship for one order line. `weight_g` per unit."""

    line_id: str
    sku: str
    quantity: int
    weight_g: int
    hazmat: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    order_id: str
    country: str
    max_days: int
    lines: tuple[DemandLine, ...]


@dataclass(frozen=True, slots=True)
class Allocation:
    node_id: str
    line_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`backordered`: line id -> units that no node has."""

    allocations: tuple[Allocation, ...]
    backordered: Mapping[str, int]
    cost_minor: int
    solver: str
    candidates: tuple[dict[str, Any], ...] = field(default=())
    reason: str = "cheapest_plan"

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(a.node_id for a in self.allocations))


Stock = Mapping[tuple[str, str], int]  # (node id, sku) -> units free to promise


def plan_order(demand: Demand, nodes: Sequence[NodePolicy], stock: Stock, policy: RoutingPolicy) -> Plan:
    """The cheapest plan. More units shipped always beat fewer (by the backorder penalty's size)."""
    usable = [node for node in nodes if serves(node, demand.country) and _has_any(node, demand, stock)]
    if not usable:
        served = any(serves(node, demand.country) for node in nodes)
        missing = {line.line_id: line.quantity for line in demand.lines}
        return Plan((), missing, 0, "none", reason="out_of_stock" if served else "no_node_serves")
    exact = len(usable) <= EXACT_CANDIDATES
    size = min(EXACT_NODES if exact else 1, policy.max_nodes, len(usable))
    plans = [
        _fill(demand, subset, stock, policy, "exact" if exact else "greedy")
        for count in range(1, size + 1)
        for subset in combinations(usable, count)
    ]
    if not exact:
        by_cost = sorted(usable, key=lambda node: (_parcel_cost(node, demand, demand.lines), node.id))
        plans.append(_fill(demand, by_cost[: policy.max_nodes], stock, policy, "greedy"))
    plans.sort(key=lambda plan: (plan.cost_minor, plan.nodes))
    best = plans[0]
    distinct: dict[tuple[str, ...], Plan] = {}  # a larger set that leaves a node unused is the smaller set's plan
    for plan in plans:
        distinct.setdefault(plan.nodes, plan)
    seen = tuple(
        {"nodes": list(p.nodes), "cost_minor": p.cost_minor, "backordered": sum(p.backordered.values())}
        for p in list(distinct.values())[:5]
    )
    reason = "partly_out_of_stock" if best.backordered else "cheapest_plan"
    return Plan(best.allocations, best.backordered, best.cost_minor, best.solver, seen, reason)


def serves(node: NodePolicy, country: str) -> bool:
    """Whether the node sends parcels there."""
    return not node.serves or country in node.serves


def _has_any(node: NodePolicy, demand: Demand, stock: Stock) -> bool:
    return any(stock.get((node.id, line.sku), 0) > 0 and (node.hazmat or not line.hazmat) for line in demand.lines)


def _fill(demand: Demand, nodes: Sequence[NodePolicy], stock: Stock, policy: RoutingPolicy, solver: str) -> Plan:
    """Fill lines from these nodes, whole lines from one node before splitting a line."""
    left = {(node.id, line.sku): stock.get((node.id, line.sku), 0) for node in nodes for line in demand.lines}
    allocations: list[Allocation] = []
    backordered: dict[str, int] = {}
    scarcity = 0
    for line in demand.lines:
        able = [node for node in nodes if node.hazmat or not line.hazmat]
        able.sort(key=lambda node: (left[(node.id, line.sku)] < line.quantity, _unit_cost(node, demand, line), node.id))
        wanted = line.quantity
        for node in able:
            take = min(wanted, left[(node.id, line.sku)])
            if take <= 0:
                continue
            scarcity += take * policy.scarcity_minor // max(left[(node.id, line.sku)], 1)
            left[(node.id, line.sku)] -= take
            allocations.append(Allocation(node.id, line.line_id, line.sku, take))
            wanted -= take
            if wanted == 0:
                break
        if wanted:
            backordered[line.line_id] = wanted
    cost = scarcity + sum(backordered.values()) * policy.backorder_penalty_minor
    used = [node for node in nodes if any(a.node_id == node.id for a in allocations)]
    weights = {line.line_id: line.weight_g for line in demand.lines}
    for node in used:
        grams = sum(weights[a.line_id] * a.quantity for a in allocations if a.node_id == node.id)
        cost += _parcel_minor(node, demand, grams) + _lateness(node, demand, policy)
    cost += policy.split_penalty_minor * max(len(used) - 1, 0)
    return Plan(tuple(allocations), backordered, cost, solver)


def _unit_cost(node: NodePolicy, demand: Demand, line: DemandLine) -> int:
    return _parcel_minor(node, demand, line.weight_g * line.quantity)


def _parcel_cost(node: NodePolicy, demand: Demand, lines: Sequence[DemandLine]) -> int:
    return _parcel_minor(node, demand, sum(line.weight_g * line.quantity for line in lines))


def _parcel_minor(node: NodePolicy, demand: Demand, grams: int) -> int:
    abroad = node.abroad_extra_minor if node.country != demand.country else 0
    return node.parcel_base_minor + abroad + node.parcel_per_kg_minor * grams // 1000


def _lateness(node: NodePolicy, demand: Demand, policy: RoutingPolicy) -> int:
    days = node.ship_days_domestic if node.country == demand.country else node.ship_days_abroad
    return max(days - demand.max_days, 0) * policy.lateness_minor_per_day
