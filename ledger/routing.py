"""Decide and promise in one transaction, over stock rows locked in a fixed order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.decisions import Reason
from domain.ids import new_id
from domain.policy import Policies
from domain.routing import Allocation, Demand, DemandLine, Plan, plan_order
from domain.states import FulfilmentOrderState, OrderState, RequestState
from domain.validation import WantedHold
from ledger import audit, queue
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.decisions import record_decisions
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
from ledger.rows import Row, insert_rows, mappings
from ledger.stock import free_units, lock_levels, reserve
from ledger.tables import FulfilmentOrder, FulfilmentOrderLine, Product, ProductVariant
from ledger.tables.base import table_of

_variant, _product = table_of(ProductVariant), table_of(Product)
_ROUTABLE = (OrderState.ACCEPTED, OrderState.ROUTING, OrderState.IN_FULFILMENT)


def route_orders(session: Session, order_ids: Sequence[str], policies: Policies, now: datetime) -> dict[str, Reason]:
    """Plan and promise what is not promised yet; returns the outcome of each order."""
    orders = lock_orders(session, order_ids)
    holds = open_holds(session, order_ids)
    outcome: dict[str, Reason] = {}
    todo: list[OrderRow] = []
    for order_id, order in orders.items():
        if order["fence_token"]:
            outcome[order_id] = Reason("fenced")
        elif order["state"] not in _ROUTABLE or order["cancelled_at"] is not None:
            outcome[order_id] = Reason("not_routable", {"state": order["state"]})
        elif any(hold["name"] != EDIT_WINDOW for hold in holds.get(order_id, [])):
            outcome[order_id] = Reason("held")
        else:
            todo.append(order)
    lines = lines_of(session, [order["id"] for order in todo])
    facts = _variant_facts(session, {line["sku"] for rows in lines.values() for line in rows})
    skus = {part for sku, fact in facts.items() for part in ([p[0] for p in fact["kit_parts"]] or [sku])}
    free = free_units(lock_levels(session, skus | {line["sku"] for rows in lines.values() for line in rows}))
    batch = _Batch(session, policies, facts, free, now)
    for order in todo:
        outcome[order["id"]] = batch.route(order, lines[order["id"]])
    batch.write()
    return outcome


class _Batch:
    """Rows of one chunk, written together."""

    def __init__(
        self,
        session: Session,
        policies: Policies,
        facts: Mapping[str, Mapping[str, Any]],
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

    def route(self, order: OrderRow, lines: Sequence[Mapping[str, Any]]) -> Reason:
        wanted = {
            line["id"]: line["ordered"] - line["cancelled"] - line["reserved"]
            for line in lines
            if line["requires_shipping"]
        }
        demand = self._demand(order, lines, wanted)
        if not demand.lines:
            if order["state"] == OrderState.ACCEPTED:
                self.moves.append((order, OrderState.ROUTING, "nothing_to_ship"))
                self.work.append(queue.work_row("fulfil", order["id"], order["release_at"]))
            return Reason("nothing_to_ship")
        plan, parts = self._plan(demand)
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
            open_cases(
                self.session,
                [
                    CaseDraft(
                        key=f"backorder:{order['id']}",
                        kind="backorder",
                        severity="low",
                        order_id=order["id"],
                        subject_id=order["id"],
                        owner="merchandising",
                        facts={"units": sum(backordered.values()), "lines": sorted(backordered)},
                        choices=["wait", "remove_in_shop"],
                    )
                ],
                self.now,
            )
        elif order["state"] != OrderState.ACCEPTED:
            resolve_by_key(self.session, f"backorder:{order['id']}", cause="stock_arrived", now=self.now)
        return reason

    def _demand(self, order: OrderRow, lines: Sequence[Mapping[str, Any]], wanted: Mapping[str, int]) -> Demand:
        shipping = self.policies.shipping
        parts = []
        for line in lines:
            if wanted.get(line["id"], 0) <= 0:
                continue
            fact = self.facts.get(line["sku"], {})
            parts.append(
                DemandLine(
                    line["id"],
                    line["sku"],
                    wanted[line["id"]],
                    fact.get("weight_g") or shipping.default_weight_g,
                    bool(fact.get("hazmat")),
                )
            )
        days = shipping.max_days.get(order["shipping_code"], shipping.default_max_days)
        return Demand(order["id"], order["country"], days, tuple(parts))

    def _plan(self, demand: Demand) -> tuple[Plan, list[tuple[Allocation, int]]]:
        """A plan and its promises in stocked SKUs (kits taken apart), each with its units per ordered unit."""
        stock = dict(self.free_after)
        for line in demand.lines:
            kit = self.facts.get(line.sku, {}).get("kit_parts")
            if kit:
                for node in self.policies.nodes:
                    stock[(node.id, line.sku)] = min(self.free_after.get((node.id, s), 0) // q for s, q in kit)
        plan = plan_order(demand, self.policies.nodes, stock, self.policies.routing)
        parts = [
            (replace(a, sku=sku, quantity=a.quantity * per), per)
            for a in plan.allocations
            for sku, per in (self.facts.get(a.sku, {}).get("kit_parts") or [(a.sku, 1)])
        ]
        taken = dict(self.free_after)
        for part, _ in parts:
            taken[(part.node_id, part.sku)] -= part.quantity
            if taken[(part.node_id, part.sku)] < 0:  # a kit and its own part compete in one order: parts first
                kits = [line for line in demand.lines if self.facts.get(line.sku, {}).get("kit_parts")]
                rest = replace(demand, lines=tuple(line for line in demand.lines if line not in kits))
                less, parts = self._plan(rest)
                missing = {line.line_id: line.quantity for line in kits}
                return replace(less, backordered={**less.backordered, **missing}, reason="partly_out_of_stock"), parts
        self.free_after = taken
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


def _variant_facts(session: Session, skus: set[str]) -> dict[str, Mapping[str, Any]]:
    """Weight, hazmat and kit parts by SKU, from any shop's catalogue (the first that says so)."""
    statement = (
        sa.select(_variant.c.sku, _variant.c.weight_g, _variant.c.kit_parts, _product.c.hazmat)
        .join(_product, _product.c.id == _variant.c.product_id)
        .where(_variant.c.sku.in_(skus))
        .order_by(_variant.c.id)
    )
    facts: dict[str, Mapping[str, Any]] = {}
    for row in mappings(session, statement):
        facts.setdefault(row["sku"], row)
    return facts
