"""Decide and promise in one transaction, over stock rows locked in a fixed order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.decisions import Reason
from domain.ids import new_id
from domain.policy import Policies
from domain.routing import Allocation, Demand, Plan
from domain.states import FulfilmentOrderState, OrderState, RequestState
from domain.validation import WantedHold
from ledger import audit, queue
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.decisions import record_decisions
from ledger.offers.handing import hand_over
from ledger.orders import (
    EDIT_WINDOW,
    OrderRow,
    advance_orders,
    count_units,
    lines_of,
    lock_orders,
    open_holds,
    place_holds,
)
from ledger.planning import (
    Facts,
    Part,
    demand_of,
    plan_kept,
    plan_stocked,
    stocked,
    taken_apart,
    variant_facts,
)
from ledger.rows import Row, insert_rows
from ledger.stock import free_units, lock_levels, reserve
from ledger.tables import FulfilmentOrder, FulfilmentOrderLine

ROUTABLE = (OrderState.ACCEPTED, OrderState.ROUTING, OrderState.IN_FULFILMENT)


def route_orders(session: Session, order_ids: Sequence[str], policies: Policies, now: datetime) -> dict[str, Reason]:
    """Plan and promise what is not promised yet; returns the outcome of each order."""
    orders = lock_orders(session, order_ids)
    holds = open_holds(session, order_ids)
    outcome: dict[str, Reason] = {}
    todo: list[OrderRow] = []
    for order_id, order in orders.items():
        if order["fence_token"]:
            outcome[order_id] = Reason("fenced")
        elif order["state"] not in ROUTABLE or order["cancelled_at"] is not None:
            outcome[order_id] = Reason("not_routable", {"state": order["state"]})
        elif any(hold["name"] != EDIT_WINDOW for hold in holds.get(order_id, [])):
            outcome[order_id] = Reason("held")
        else:
            todo.append(order)
    promised = hand_over(session, [order["id"] for order in todo], now)
    return outcome | route_locked(session, todo, policies, now, promised=promised)


def route_locked(
    session: Session,
    orders: Sequence[OrderRow],
    policies: Policies,
    now: datetime,
    *,
    promised: Mapping[str, Sequence[Allocation]] | None = None,
) -> dict[str, Reason]:
    """The same for orders that may be routed and whose row locks the caller holds, fenced or not.

    `promised`: by order, the stocked units that stood promised to it until this transaction gave them back. Where
    the cheapest plan would leave one of them out, they stay where they were.
    """
    lines = lines_of(session, [order["id"] for order in orders])
    skus = {line["sku"] for rows in lines.values() for line in rows}
    facts = variant_facts(session, skus)
    free = free_units(lock_levels(session, stocked(facts, skus)))
    batch = _Batch(session, policies, facts, free, now)
    outcome = {
        order["id"]: batch.route(order, lines[order["id"]], (promised or {}).get(order["id"], ())) for order in orders
    }
    batch.write()
    return outcome


def backorder_case(order: OrderRow, missing: Mapping[str, int]) -> CaseDraft:
    """Units that no node has, by line: somebody buys them, or takes them off the order."""
    return CaseDraft(
        key=f"backorder:{order['id']}",
        kind="backorder",
        severity="low",
        order_id=order["id"],
        subject_id=order["id"],
        owner="merchandising",
        facts={"units": sum(missing.values()), "lines": sorted(missing)},
        choices=["wait", "remove_in_shop"],
    )


class _Batch:
    """Rows of one chunk, written together."""

    def __init__(
        self,
        session: Session,
        policies: Policies,
        facts: Facts,
        free: dict[tuple[str, str], int],
        now: datetime,
    ) -> None:
        self.session, self.policies, self.facts, self.free, self.now = session, policies, facts, free, now
        self.fulfilment_orders: list[Row] = []
        self.fulfilment_lines: list[Row] = []
        self.promises: list[tuple[str, str, Allocation]] = []
        self.units: list[tuple[str, str, int]] = []
        self.moves: list[tuple[OrderRow, str, str]] = []
        self.work: list[Row] = []
        self.decisions: list[Row] = []
        self.holds: list[tuple[str, WantedHold]] = []
        self.free_after = dict(free)

    def route(self, order: OrderRow, lines: Sequence[Mapping[str, Any]], promised: Sequence[Allocation] = ()) -> Reason:
        wanted = {
            line["id"]: line["ordered"] - line["cancelled"] - line["reserved"]
            for line in lines
            if line["requires_shipping"]
        }
        asked = [(line["id"], line["sku"], wanted.get(line["id"], 0)) for line in lines]
        demand = demand_of(order, asked, self.facts, self.policies)
        if not demand.lines:
            if order["state"] == OrderState.ACCEPTED:
                self.moves.append((order, OrderState.ROUTING, "nothing_to_ship"))
                self.work.append(queue.work_row("fulfil", order["id"], order["release_at"]))
            return Reason("nothing_to_ship")
        plan, parts = self._plan(demand, promised)
        backordered = dict(plan.backordered)
        reason = Reason(plan.reason, {"nodes": list(plan.nodes), "backordered": sum(backordered.values())})
        self._decide(order, demand, plan, reason)
        self.units += [
            (line["id"], "backordered", backordered.get(line["id"], 0) - line["backordered"])
            for line in lines
            if line["id"] in wanted and backordered.get(line["id"], 0) != line["backordered"]
        ]
        if not plan.allocations:
            if order["state"] == OrderState.ACCEPTED:
                due = self.now + self.policies.validation.hold_due["stock"]
                owner = self.policies.validation.hold_owner["stock"]
                self.holds.append((order["id"], WantedHold("stock", owner, plan.reason, due)))
                self.moves.append((order, OrderState.HELD, plan.reason))
            return reason
        self._promise(order, plan, parts)
        if backordered:
            open_cases(self.session, [backorder_case(order, backordered)], self.now)
        elif order["state"] != OrderState.ACCEPTED:
            resolve_by_key(self.session, f"backorder:{order['id']}", cause="stock_arrived", now=self.now)
        return reason

    def _plan(self, demand: Demand, promised: Sequence[Allocation]) -> tuple[Plan, list[Part]]:
        """A plan and its promises in stocked SKUs, taken from what is free."""
        plan, parts = plan_stocked(demand, self.policies.nodes, self.free_after, self.facts, self.policies)
        if plan.backordered and promised:
            kept = plan_kept(demand, self.policies.nodes, self.free_after, promised, self.facts)
            if any(units > kept.backordered.get(line, 0) for line, units in plan.backordered.items()):
                plan, parts = kept, taken_apart(kept.allocations, self.facts)
        for part, _ in parts:
            self.free_after[(part.node_id, part.sku)] -= part.quantity
        return plan, parts

    def _promise(self, order: OrderRow, plan: Plan, parts: Sequence[tuple[Allocation, int]]) -> None:
        priority = self.policies.shipping.priority.get(order["shipping_code"], 5)
        due = max(order["release_at"], self.now)
        for node_id in plan.nodes:
            fulfilment_order_id = new_id("ful")
            self.fulfilment_orders.append(
                {
                    "id": fulfilment_order_id,
                    "order_id": order["id"],
                    "location_id": node_id,
                    "state": FulfilmentOrderState.SCHEDULED,
                    "request_state": RequestState.UNSUBMITTED,
                    "release_at": due,
                    "priority": priority,
                    "attempt": 1,
                    "node_external_id": "",
                    "pick_list_id": "",
                    "created_at": self.now,
                }
            )
            for part, per in parts:
                if part.node_id == node_id:
                    self.promises.append((order["id"], fulfilment_order_id, part))
                    self.fulfilment_lines.append(
                        {
                            "id": f"{fulfilment_order_id}:{len(self.fulfilment_lines):04d}",
                            "fulfilment_order_id": fulfilment_order_id,
                            "order_line_id": part.line_id,
                            "sku": part.sku,
                            "quantity": part.quantity,
                            "per_unit": per,
                            "shipped": 0,
                        }
                    )
        self.units += [(a.line_id, "reserved", a.quantity) for a in plan.allocations]
        if order["state"] == OrderState.ACCEPTED:
            self.moves.append((order, OrderState.ROUTING, plan.reason))
        self.work.append(queue.work_row("fulfil", order["id"], due, priority=priority))

    def _decide(self, order: OrderRow, demand: Demand, plan: Plan, reason: Reason) -> None:
        inputs = {
            "country": demand.country,
            "max_days": demand.max_days,
            "lines": [[line.line_id, line.sku, line.quantity, line.weight_g, line.hazmat] for line in demand.lines],
            "stock": [
                [node.id, line.sku, self.free_after.get((node.id, line.sku), 0)]
                for node in self.policies.nodes
                for line in demand.lines
            ],
        }
        choice = {
            "solver": plan.solver,
            "cost_minor": plan.cost_minor,
            "allocations": [[a.node_id, a.line_id, a.sku, a.quantity] for a in plan.allocations],
        }
        self.decisions.append(
            {
                "workflow": "route",
                "order_id": order["id"],
                "inputs": inputs,
                "candidates": list(plan.candidates),
                "choice": choice,
                "explanation": [reason.as_json()],
            }
        )

    def write(self) -> None:
        session, now = self.session, self.now
        insert_rows(session, FulfilmentOrder, self.fulfilment_orders)
        insert_rows(session, FulfilmentOrderLine, self.fulfilment_lines)
        audit.append(
            session,
            [
                audit.entry("fulfilment_order", row["id"], "", row["state"], "routed", now)
                for row in self.fulfilment_orders
            ],
        )
        reserve(session, self.promises, self.free, now)
        count_units(session, self.units)
        place_holds(session, self.holds, placed_by="route", now=now)
        advance_orders(session, self.moves, now)
        queue.enqueue(session, self.work)
        record_decisions(session, self.decisions, self.policies.version, now)
