"""Fulfilment orders: what each node is to ship, and the way to it. `advance_fulfilment_orders` alone writes
`state` and `request_state`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.states import EffectState, FulfilmentOrderState, OrderState, RequestState, check
from ledger import audit, queue, stock
from ledger.effects import EffectDraft
from ledger.orders import EDIT_WINDOW, OrderRow, advance_orders, count_units, lines_of, open_holds, release_holds
from ledger.prepared import Prepared, listed
from ledger.rows import Row, group_by, select_by, update_by, update_listed
from ledger.tables import Effect, FulfilmentOrder, FulfilmentOrderLine, Location, Order, ShopFulfilment
from ledger.tables.base import table_of

_shop = table_of(ShopFulfilment)
_IN_SHOP = Prepared(
    sa.select(_shop.c.order_id).where(listed(_shop.c.order_id, "ids"), listed(_shop.c.hold_state, "states"))
)
FulfilmentRow = Mapping[str, Any]
_HAND_OVER = "node_order:{}"  # the key of the effect that gives a node an order, by our reference
UNDER_WAY = timedelta(seconds=30)  # until the fate of a call that ours comes after is asked for again


def fulfilment_orders_of(session: Session, order_ids: Sequence[str]) -> dict[str, list[FulfilmentRow]]:
    """By order, oldest first."""
    rows = select_by(session, FulfilmentOrder, "order_id", order_ids, order_by="id")
    return {order_id: [] for order_id in order_ids} | group_by(rows, "order_id")


def fulfilment_lines_of(session: Session, ids: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    rows = select_by(session, FulfilmentOrderLine, "fulfilment_order_id", ids, order_by="id")
    return {i: [] for i in ids} | group_by(rows, "fulfilment_order_id")


def advance_fulfilment_orders(
    session: Session,
    moves: Sequence[tuple[FulfilmentRow, Mapping[str, str]]],
    cause: str,
    now: datetime,
    *,
    values: Mapping[str, Any] | None = None,
) -> None:
    """Change `state` and/or `request_state`; further columns may be set with it. Raises: IllegalTransition."""
    entries: list[Row] = []
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for row, wanted in moves:
        changes = {name: to for name, to in wanted.items() if row[name] != to}
        for name, to in changes.items():
            machine = "fulfilment_order" if name == "state" else "request"
            check(machine, row[name], to)
            entries.append(audit.entry(machine, row["id"], row[name], to, cause, now))
        groups.setdefault(tuple(sorted(changes.items())), []).append(row["id"])
    for changed, ids in groups.items():
        new = {**dict(changed), **(values or {})}
        if new:
            update_listed(session, FulfilmentOrder, ids, **new)
    audit.append(session, entries)


def plan_release(
    session: Session, orders: Mapping[str, OrderRow], now: datetime
) -> tuple[dict[str, str], list[EffectDraft]]:
    """Begin the release of orders whose row lock the caller holds.

    Returns what became of each (order id -> released, fenced, held, not_yet, nothing_to_release) and the effects
    wanted: first the shop's hold goes, then the nodes are told (see `after_shop_release`).
    """
    outcome: dict[str, str] = {}
    holds = open_holds(session, list(orders))
    found = fulfilment_orders_of(session, list(orders))
    physical = _with_something_to_ship(session, found)
    ready: list[str] = []
    for order_id, order in orders.items():
        due = [fo for fo in found[order_id] if fo["state"] == FulfilmentOrderState.SCHEDULED]
        if order["fence_token"]:
            outcome[order_id] = "fenced"
        elif any(hold["name"] != EDIT_WINDOW for hold in holds.get(order_id, [])):
            outcome[order_id] = "held"
        elif order["state"] not in (OrderState.ROUTING, OrderState.IN_FULFILMENT) or order["cancelled_at"] is not None:
            outcome[order_id] = "nothing_to_release"
        elif order["release_at"] > now:
            outcome[order_id] = "not_yet"
        elif not due and order_id in physical:
            outcome[order_id] = "nothing_to_release"
        else:
            outcome[order_id] = "released"
            ready.append(order_id)
    release_holds(session, ready, [EDIT_WINDOW], by="system", cause="edit_window_over", now=now)
    mirrors = group_by(select_by(session, ShopFulfilment, "order_id", ready), "order_id")
    drafts: list[EffectDraft] = []
    direct: list[str] = []
    for order_id in ready:
        held = [m for m in mirrors.get(order_id, []) if m["hold_state"] in ("wanted", "held")]
        if not held:
            direct.append(order_id)
            continue
        order = orders[order_id]
        drafts += [
            EffectDraft(
                kind="shop.release_hold",
                key=f"release:{m['id']}",
                target=f"{order['source']}/{order['account']}",
                order_id=order_id,
                subject_id=m["id"],
                request={"fulfilment_order": m["external_id"]},
                # our hold is still on its way: the guard waits until its fate is known
                due_at=now + UNDER_WAY if m["hold_state"] == "wanted" else None,
            )
            for m in held
        ]
    drafts += submit_to_nodes(session, [orders[order_id] for order_id in direct], now)
    return outcome, drafts


def after_shop_release(session: Session, order_ids: Sequence[str], now: datetime) -> list[EffectDraft]:
    """The shop's holds are gone: tell the nodes of every order that has none left."""
    orders = {row["id"]: row for row in select_by(session, Order, "id", sorted(set(order_ids)), lock=True)}
    waiting = set(_IN_SHOP.scalars(session, ids=list(orders), states=("wanted", "held")))
    holds = open_holds(session, list(orders))
    free = [
        row
        for order_id, row in orders.items()
        if order_id not in waiting
        and not row["fence_token"]
        and not holds.get(order_id)
        and row["state"] in (OrderState.ROUTING, OrderState.IN_FULFILMENT)
        and row["cancelled_at"] is None
    ]
    return submit_to_nodes(session, free, now)


def submit_to_nodes(session: Session, orders: Sequence[OrderRow], now: datetime) -> list[EffectDraft]:
    """Open the scheduled fulfilment orders and write the request to each node. The caller holds the order locks."""
    by_id = {order["id"]: order for order in orders}
    found = fulfilment_orders_of(session, list(by_id))
    physical = _with_something_to_ship(session, found)
    _complete_digital(session, [row for i, row in by_id.items() if i not in physical], now)
    rows = [fo for fos in found.values() for fo in fos if fo["state"] == FulfilmentOrderState.SCHEDULED]
    if not rows:
        return []
    places = {place["id"]: place for place in select_by(session, Location, "id", {r["location_id"] for r in rows})}
    record_release(session, rows, "released", now, at=now)
    advance_orders(
        session,
        [
            (order, OrderState.IN_FULFILMENT, "released")
            for order in orders
            if any(r["order_id"] == order["id"] for r in rows)
        ],
        now,
    )
    return [node_effect(row, places[row["location_id"]]) for row in rows]


def _with_something_to_ship(session: Session, found: Mapping[str, Sequence[FulfilmentRow]]) -> set[str]:
    """Orders of which a node has, had or is to get something. An edit may leave only what is not shipped."""
    live = {i for i, rows in found.items() if any(row["state"] != FulfilmentOrderState.CANCELLED for row in rows)}
    lines = lines_of(session, [i for i in found if i not in live])
    wanted = {
        i
        for i, rows in lines.items()
        if any(row["requires_shipping"] and row["ordered"] > row["cancelled"] for row in rows)
    }
    return live | wanted


def record_release(session: Session, rows: Sequence[FulfilmentRow], cause: str, now: datetime, *, at: datetime) -> None:
    """Scheduled fulfilment orders are their nodes' business since `at`; the nodes are told by somebody else."""
    advance_fulfilment_orders(
        session,
        [(row, {"state": FulfilmentOrderState.OPEN, "request_state": RequestState.SUBMITTED}) for row in rows],
        cause,
        now,
        values={"released_at": at},
    )
    lines = fulfilment_lines_of(session, [row["id"] for row in rows])
    units = [pair for parts in lines.values() for pair in open_units(parts).items()]
    count_units(session, [(line_id, "released", count) for line_id, count in units])


def _complete_digital(session: Session, orders: Sequence[OrderRow], now: datetime) -> None:
    """Orders of which nothing is to be shipped end at their release."""
    for state in (OrderState.IN_FULFILMENT, OrderState.COMPLETED):
        advance_orders(session, [(order, state, "nothing_to_ship") for order in orders], now)
        orders = [{**order, "state": state} for order in orders]
    queue.enqueue(session, [queue.work_row("reconcile", order["id"], now) for order in orders])


def node_effect(row: FulfilmentRow, place: Mapping[str, Any]) -> EffectDraft:
    """The request to a node: a 3PL gets the order, for the own warehouse we first need rates for a label."""
    reference = f"{row['id']}.{row['attempt']}"
    own = not place["ships_itself"]
    return EffectDraft(
        kind="label.quote" if own else "node.create_order",
        key=f"label_quote:{reference}" if own else _HAND_OVER.format(reference),
        target="labels" if own else f"{place['system']}/{place['account']}",
        order_id=row["order_id"],
        subject_id=row["id"],
        request={"fulfilment_order_id": row["id"], "reference": reference},
    )


def handing_over(session: Session, references: Sequence[str]) -> set[str]:
    """Those of our references under which a node may get an order any moment: the call is made and its fate unknown."""
    keys = {_HAND_OVER.format(reference): reference for reference in references}
    rows = select_by(session, Effect, "key", list(keys))
    return {keys[row["key"]] for row in rows if row["state"] in (EffectState.SENDING, EffectState.UNKNOWN)}


def record_acceptance(session: Session, accepted: Sequence[tuple[str, str]], now: datetime) -> None:
    """Nodes have taken requests: (fulfilment order id, the node's own id). The promise is theirs from now on."""
    ids = dict(accepted)
    rows = [
        row
        for row in select_by(session, FulfilmentOrder, "id", list(ids), lock=True)
        if row["request_state"] == RequestState.SUBMITTED
    ]
    advance_fulfilment_orders(
        session,
        [
            (row, {"state": str(FulfilmentOrderState.IN_PROGRESS), "request_state": str(RequestState.ACCEPTED)})
            for row in rows
        ],
        "node_accepted",
        now,
        values={"accepted_at": now},
    )
    update_by(session, FulfilmentOrder, [{"id": row["id"], "node_external_id": ids[row["id"]]} for row in rows])
    stock.take_over(session, [row["id"] for row in rows], now)


def give_back_units(session: Session, row: FulfilmentRow) -> None:
    """Units of a withdrawn fulfilment order are neither reserved nor released any more."""
    released = row["request_state"] != RequestState.UNSUBMITTED
    units = open_units(fulfilment_lines_of(session, [row["id"]])[row["id"]])
    count_units(session, [(line_id, "reserved", -count) for line_id, count in units.items()])
    if released:
        count_units(session, [(line_id, "released", -count) for line_id, count in units.items()])


def open_units(parts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Ordered units of a fulfilment order's lines that have not left, by order line: a kit counts as one."""
    units: dict[str, int] = {}
    for part in parts:
        count = (part["quantity"] - part["shipped"]) // part["per_unit"]
        units[part["order_line_id"]] = max(units.get(part["order_line_id"], 0), count)
    return units


def withdrawn(session: Session, ids: Sequence[str]) -> set[str]:
    """Those of the fulfilment orders that were taken back."""
    rows = select_by(session, FulfilmentOrder, "id", set(ids))
    return {row["id"] for row in rows if row["state"] == FulfilmentOrderState.CANCELLED}
