"""What is to be seen after a run: the vendors' side from their counters and pages, our side from the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger import books, invariants
from ledger.orders import EDIT_WINDOW
from ledger.stock import free_units
from ledger.tables import (
    Effect,
    FulfilmentOrder,
    Hold,
    InventoryLevel,
    Message,
    Order,
    OrderLine,
    Payment,
    ProductVariant,
    ReviewCase,
    Shipment,
)
from ledger.tables.base import table_of
from tests.chaos.stage import SHOPS, Stage

Row = Mapping[str, Any]


@dataclass
class Evidence:
    """Plain values. Vendors' rows are the sandbox's own; ours are rows of tables."""

    # accepted deeds: vendor -> operation -> business key -> count
    accepted: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    shop_orders: Sequence[tuple[str, Row]] = ()
    node_orders: Sequence[Row] = ()
    packed: Sequence[Row] = ()
    labels: Sequence[Row] = ()
    mails: Sequence[str] = ()  # Message-IDs of the mails that the mail server took
    shown: Sequence[tuple[str, str, str, int]] = ()  # shop, its location, sku, units shown
    calls: int = 0

    orders: Sequence[Row] = ()
    lines: Sequence[Row] = ()
    holds: Sequence[Row] = ()  # open, the edit window aside
    cases: Sequence[Row] = ()  # not resolved
    payments: Sequence[Row] = ()
    parts: Sequence[Row] = ()  # fulfilment orders
    parcels: Sequence[Row] = ()
    effects: Sequence[Row] = ()
    messages: Sequence[Row] = ()
    kits: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    free: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (node, sku) -> units to be shown
    nodes: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (shop, its location) -> node
    own_nodes: frozenset[str] = frozenset()
    unbalanced: Sequence[str] = ()
    balance: Sequence[Row] = ()  # of the books: currency, account, minor units
    invariants: Mapping[str, Sequence[str]] = field(default_factory=dict)


def gather(stage: Stage) -> Evidence:
    """Look at both sides; nothing moves any more."""
    control = stage.sandbox.control
    counters = control("counters")
    shop_orders = [(shop, order) for shop in SHOPS for order in control(f"shopify/{shop}/orders")["orders"]]
    shown = [
        (shop, row["location"], row["sku"], row["available"])
        for shop in SHOPS
        for row in control(f"shopify/{shop}/inventory")["inventory"]
    ]
    taken = counters["accepted"].get("smtp", {}).get("DATA", {})
    evidence = Evidence(
        accepted=counters["accepted"],
        shop_orders=shop_orders,
        node_orders=control("shipbob/orders"),
        packed=control("floor/packed"),
        labels=control("easypost/labels"),
        mails=[message_id for message_id, count in taken.items() for _ in range(count)],
        shown=shown,
        calls=sum(sum(answers.values()) for vendor in counters["requests"].values() for answers in vendor.values()),
        nodes={
            (target.partition("/")[2], place): node.id
            for node in stage.wiring.policies.nodes
            for target, place in node.shop_locations.items()
        },
    )
    evidence.own_nodes = frozenset(node.id for node in stage.wiring.policies.nodes if not node.ships_itself)
    stage.wiring.read(_ours, evidence)
    wired = stage.wiring
    evidence.invariants = wired.read(invariants.check_all, real_now=wired.real_now())
    return evidence


def _ours(session: Session, evidence: Evidence) -> None:
    def rows(model: Any, *where: Any, without: Sequence[str] = ()) -> list[Row]:
        table = table_of(model)
        columns = [column for column in table.c if column.name not in without]
        return [dict(row) for row in session.execute(sa.select(*columns).where(*where)).mappings()]

    hold, case, variant = table_of(Hold), table_of(ReviewCase), table_of(ProductVariant)
    evidence.orders, evidence.lines = rows(Order), rows(OrderLine)
    evidence.holds = rows(Hold, hold.c.released_at.is_(None), hold.c.name != EDIT_WINDOW)
    evidence.cases = rows(ReviewCase, case.c.state != "resolved")
    evidence.payments, evidence.parts, evidence.parcels = rows(Payment), rows(FulfilmentOrder), rows(Shipment)
    evidence.effects = rows(Effect, without=("request", "response"))
    evidence.messages = rows(Message)
    kits = session.execute(sa.select(variant.c.sku, variant.c.kit_parts)).all()
    evidence.kits = {sku: [(part, count) for part, count in parts] for sku, parts in kits if parts}
    levels = {(row["location_id"], row["sku"]): row for row in rows(InventoryLevel)}
    evidence.free = free_units(levels)
    evidence.unbalanced, evidence.balance = books.unbalanced_entries(session), books.trial_balance(session)
