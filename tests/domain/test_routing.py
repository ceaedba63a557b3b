"""The planner: never more than the stock, never dearer than the greedy way, reasons in words."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.policy import NodePolicy, RoutingPolicy
from domain.routing import Demand, DemandLine, Plan, plan_order

POLICY = RoutingPolicy(split_penalty_minor=350, lateness_minor_per_day=200, scarcity_minor=120,
                       backorder_penalty_minor=2500, max_nodes=3)  # fmt: skip


def node(node_id: str, **changes: object) -> NodePolicy:
    values = {
        "id": node_id, "name": node_id, "system": "own", "account": node_id, "node_location": node_id,
        "country": "US", "region": "", "postal_code": "", "city": "", "line1": "", "phone": "", "time_zone": "UTC",
        "parcel_base_minor": 400, "parcel_per_kg_minor": 100, "abroad_extra_minor": 1000, "ship_days_domestic": 3,
        "ship_days_abroad": 8, "ships_itself": True, "serves": (), "hazmat": True, "safety_stock": 0,
        "shop_locations": {}, "zones": {},
    } | changes  # fmt: skip
    return NodePolicy(**values)  # type: ignore[arg-type]


def line(sku: str = "TENT", quantity: int = 1, **changes: object) -> DemandLine:
    values = {"line_id": f"line-{sku}", "sku": sku, "quantity": quantity, "weight_g": 500} | changes
    return DemandLine(**values)  # type: ignore[arg-type]


def demand(*lines: DemandLine, country: str = "US", max_days: int = 6) -> Demand:
    return Demand("ord_1", country, max_days, lines or (line(),))


def units(plan: Plan) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for part in plan.allocations:
        found[part.node_id, part.sku] = found.get((part.node_id, part.sku), 0) + part.quantity
    return found


SKUS = ["A", "B", "C"]


@st.composite
def cases(draw: st.DrawFn, most_nodes: int = 5) -> tuple[Demand, list[NodePolicy], dict[tuple[str, str], int]]:
    nodes = [
        node(f"n{number}", parcel_base_minor=draw(st.integers(100, 900)), hazmat=draw(st.booleans()),
             country=draw(st.sampled_from(["US", "DE"])), serves=draw(st.sampled_from([(), ("US",), ("DE",)])))
        for number in range(draw(st.integers(1, most_nodes)))
    ]  # fmt: skip
    lines = [
        line(sku, draw(st.integers(1, 4)), line_id=f"line-{index}", hazmat=draw(st.booleans()))
        for index, sku in enumerate(draw(st.lists(st.sampled_from(SKUS), min_size=1, max_size=4)))
    ]
    stock = {(n.id, sku): draw(st.integers(0, 5)) for n in nodes for sku in SKUS}
    return demand(*lines, country=draw(st.sampled_from(["US", "DE"]))), nodes, stock


@given(cases(most_nodes=14))
def test_plan_never_promises_more_than_stock_and_accounts_for_every_unit(
    case: tuple[Demand, list[NodePolicy], dict[tuple[str, str], int]],
) -> None:
    order, nodes, stock = case
    by_id = {n.id: n for n in nodes}

    plan = plan_order(order, nodes, stock, POLICY)

    for key, count in units(plan).items():
        assert count <= stock[key]
    for wanted in order.lines:
        parts = [part for part in plan.allocations if part.line_id == wanted.line_id]
        assert sum(part.quantity for part in parts) + plan.backordered.get(wanted.line_id, 0) == wanted.quantity
        for part in parts:
            assert part.quantity > 0
            assert by_id[part.node_id].hazmat or not wanted.hazmat
            assert not by_id[part.node_id].serves or order.country in by_id[part.node_id].serves
    assert len(plan.nodes) <= POLICY.max_nodes


@given(cases())
def test_exact_plan_beats_or_equals_the_greedy_one(
    case: tuple[Demand, list[NodePolicy], dict[tuple[str, str], int]],
) -> None:
    order, nodes, stock = case
    exact = plan_order(order, nodes, stock, POLICY)
    dearest = [node(f"z{number}", parcel_base_minor=10**6) for number in range(13)]
    crowd = {(n.id, sku): 1 for n in dearest for sku in SKUS} | stock

    alone = min((plan_order(order, [n], stock, POLICY).cost_minor for n in nodes if _can(n, order, stock)), default=0)
    if exact.allocations:
        assert exact.solver == "exact"
        assert exact.cost_minor <= alone
        greedy = plan_order(order, [*nodes, *dearest], crowd, POLICY)
        if all(part.node_id.startswith("n") for part in greedy.allocations):
            assert exact.cost_minor <= greedy.cost_minor


def _can(n: NodePolicy, order: Demand, stock: Mapping[tuple[str, str], int]) -> bool:
    return bool(plan_order(order, [n], stock, POLICY).allocations)


def test_one_parcel_beats_two_unless_the_second_saves_more_than_it_costs() -> None:
    near, far = node("near"), node("far", parcel_base_minor=700)
    order = demand(line("A"), line("B"))
    stock = {("near", "A"): 9, ("far", "A"): 9, ("far", "B"): 9}

    assert plan_order(order, [near, far], stock, POLICY).nodes == ("far",)

    near_only_a = {**stock, ("far", "A"): 0}
    assert set(plan_order(order, [near, far], near_only_a, POLICY).nodes) == {"near", "far"}


def test_cheaper_node_wins_and_the_candidates_are_kept() -> None:
    plan = plan_order(demand(), [node("dear", parcel_base_minor=900), node("cheap")],
                      {("dear", "TENT"): 9, ("cheap", "TENT"): 9}, POLICY)  # fmt: skip

    assert (plan.nodes, plan.reason, plan.solver) == (("cheap",), "cheapest_plan", "exact")
    assert [candidate["nodes"] for candidate in plan.candidates][:2] == [["cheap"], ["dear"]]


def test_last_unit_is_spared_for_a_little_more_money() -> None:
    nodes = [node("a"), node("b", parcel_base_minor=450)]

    assert plan_order(demand(), nodes, {("a", "TENT"): 1, ("b", "TENT"): 100}, POLICY).nodes == ("b",)


def test_late_node_is_worth_its_delay() -> None:
    nodes = [node("slow", ship_days_domestic=5), node("fast", parcel_base_minor=900, ship_days_domestic=1)]
    stock = {("slow", "TENT"): 9, ("fast", "TENT"): 9}

    assert plan_order(demand(max_days=6), nodes, stock, POLICY).nodes == ("slow",)
    assert plan_order(demand(max_days=1), nodes, stock, POLICY).nodes == ("fast",)


@pytest.mark.parametrize(
    ("nodes", "stock", "reason", "backordered"),
    [
        pytest.param([node("n")], {}, "out_of_stock", 3, id="no stock"),
        pytest.param([node("n", serves=("DE",))], {("n", "TENT"): 9}, "no_node_serves", 3, id="nobody ships there"),
        pytest.param([], {}, "no_node_serves", 3, id="no nodes"),
        pytest.param([node("n")], {("n", "TENT"): 2}, "partly_out_of_stock", 1, id="one short"),
    ],
)
def test_shortage(nodes: list[NodePolicy], stock: dict[tuple[str, str], int], reason: str, backordered: int) -> None:
    plan = plan_order(demand(line(quantity=3)), nodes, stock, POLICY)

    assert (plan.reason, sum(plan.backordered.values())) == (reason, backordered)


def test_dangerous_goods_go_only_where_they_may() -> None:
    nodes = [node("cheap", hazmat=False, parcel_base_minor=1), node("able")]
    stock = {("cheap", "GAS"): 9, ("able", "GAS"): 9}

    assert plan_order(demand(line("GAS", hazmat=True)), nodes, stock, POLICY).nodes == ("able",)
    assert plan_order(demand(line("GAS", hazmat=True)), nodes[:1], stock, POLICY).allocations == ()


def test_two_lines_of_one_sku_share_its_stock() -> None:
    order = demand(line("A", 2, line_id="l1"), line("A", 2, line_id="l2"))

    plan = plan_order(order, [node("n")], {("n", "A"): 3}, POLICY)

    assert units(plan) == {("n", "A"): 3}
    assert plan.backordered == {"l2": 1}


def test_plan_does_not_depend_on_the_order_of_nodes() -> None:
    nodes = [node("a"), node("b")]
    stock = {("a", "TENT"): 5, ("b", "TENT"): 5}

    assert plan_order(demand(), nodes, stock, POLICY) == plan_order(demand(), nodes[::-1], stock, POLICY)
