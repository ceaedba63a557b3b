"""A seller with four nodes, real orders in a real ledger, and an edit request over one of them.

`north` and `south` are 3PLs, `work` is the own warehouse, `far` sends to Canada only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from config.wiring import Wiring
from domain.catalogue import NodeStock
from domain.ids import new_id
from domain.order import Address, IncomingLine, IncomingOrder, ShopFulfilmentLine, ShopFulfilmentOrder
from domain.parcels import Label
from domain.policy import NodePolicy, Policies
from ledger import effects, inbox, label_effects, picking, scans
from ledger.capture import capture_orders
from ledger.effects import Verdict
from ledger.fulfilment import plan_release, record_acceptance
from ledger.invariants import check_all
from ledger.orders import advance_orders, lock_orders
from ledger.routing import route_orders
from ledger.rows import insert_rows, select_by
from ledger.stock import record_reading
from ledger.tables import (
    EditRequest,
    FulfilmentOrder,
    FulfilmentOrderLine,
    InboxEvent,
    InventoryLevel,
    Order,
    OrderLine,
    PickList,
    Product,
    ProductVariant,
    Reservation,
)
from ledger.tables.base import table_of
from tasks.warehouse_sweep import store_locations
from tests.ledger.support import rows_of

SKUS = ("CUP", "POT", "LID", "SET", "GAS")
KIT = {"SET": [["POT", 1], ["LID", 2]]}
HOME = Address(name="Ada", line1="1 Main St", city="Boston", region="MA", postal_code="02110", country="US")
WINDOW = timedelta(minutes=30)


def nodes(like: NodePolicy) -> tuple[NodePolicy, ...]:
    plain = replace(like, safety_stock=0, hazmat=False, ships_itself=True, serves=(), system="shipbob")
    return (
        replace(plain, id="north", parcel_base_minor=300, hazmat=True),
        replace(plain, id="south", parcel_base_minor=400),
        replace(plain, id="work", parcel_base_minor=500, system="own", account="work", ships_itself=False),
        replace(plain, id="far", parcel_base_minor=100, serves=("CA",)),
    )


class Stall:
    """`stock`: units by (node, SKU); they lie there, free, before anybody buys."""

    def __init__(self, wiring: Wiring, stock: Mapping[tuple[str, str], int], *, max_nodes: int = 3) -> None:
        self.wiring, self.units = wiring, dict(stock)
        policies = wiring.policies
        self.policies: Policies = replace(
            policies, nodes=nodes(policies.nodes[0]), routing=replace(policies.routing, max_nodes=max_nodes)
        )
        wiring.ledger(self._open)

    @property
    def now(self) -> datetime:
        return self.wiring.now()

    def _open(self, session: Session) -> None:
        store_locations(session, self.policies)
        product = {
            "system": "shopify", "account": "alpha", "handle": "", "status": "active", "updated_at": self.now,
        }  # fmt: skip
        variant = {"system": "shopify", "account": "alpha", "currency": "USD", "price_minor": 1000, "options": {}}
        for sku in SKUS:
            insert_rows(session, Product, [
                {**product, "id": f"prd_{sku}", "external_id": sku, "title": sku, "hazmat": sku == "GAS"}
            ])  # fmt: skip
            insert_rows(session, ProductVariant, [
                {**variant, "id": f"var_{sku}", "product_id": f"prd_{sku}", "external_id": sku, "sku": sku,
                 "title": sku, "kit_parts": KIT.get(sku, [])}
            ])  # fmt: skip
        for node in self.policies.nodes:
            said = [NodeStock(sku, units, units) for (at, sku), units in self.units.items() if at == node.id]
            at = self.now - timedelta(days=1)
            record_reading(session, node.id, said, read_at=at, safety_stock=0, now=self.now)

    # orders

    def statement(self, lines: Mapping[str, int], **changes: Any) -> IncomingOrder:
        """As the shop says it: a line for each SKU, under its own fulfilment order."""
        external_id = changes.pop("external_id", None) or new_id("ext")
        at = self.now - timedelta(hours=1)
        order = IncomingOrder(
            external_id=external_id, name=f"#{external_id[-6:]}", created_at=at, updated_at=at, currency="USD",
            lines=tuple(IncomingLine(f"line-{sku}", sku, sku, units, 1000) for sku, units in lines.items()),
            total_minor=sum(lines.values()) * 1000, email="ada@example.com", shipping_address=HOME,
            shipping_code="standard",
            fulfilment_orders=(
                ShopFulfilmentOrder("gid/1", "open", tuple(
                    ShopFulfilmentLine(f"fol-{sku}", f"line-{sku}", units) for sku, units in lines.items()
                )),
            ),
        )  # fmt: skip
        return replace(order, **changes)

    def capture(self, said: IncomingOrder) -> str:
        captured = self.wiring.ledger(
            capture_orders, [said], source="shopify", account="alpha", policies=self.policies, now=self.now
        )
        return captured.order_ids[said.external_id]

    def buy(self, lines: Mapping[str, int], **changes: Any) -> str:
        """A routed order."""
        order_id = self.capture(self.statement(lines, **changes))
        self.accept_order(order_id)
        self.wiring.ledger(route_orders, [order_id], self.policies, self.now)
        return order_id

    def accept_order(self, order_id: str) -> None:
        for state in ("validating", "accepted"):
            self.act(order_id, lambda s, order, to=state: advance_orders(s, [(order, to, "test")], self.now))

    def tell(self, order_id: str) -> list[str]:
        """The edit window is over, and the shop's hold gone: the nodes are about to be told. Returns the effects."""

        def release(session: Session, order: Mapping[str, Any]) -> list[str]:
            session.execute(sa.text("UPDATE shop_fulfilment SET hold_state = 'released'"))
            outcome, drafts = plan_release(session, {order_id: order}, order["release_at"])
            effects.plan(session, drafts, self.now)
            return [outcome[order_id], *(draft.kind for draft in drafts)]

        return self.act(order_id, release)

    def told(self, *order_ids: str) -> None:
        """The 3PLs have accepted; the own warehouse's labels are bought and its sheets published."""

        def accepted(session: Session, _: Mapping[str, Any]) -> None:
            session.execute(
                sa.text(
                    "UPDATE effect SET state = 'done', attempts = 1 WHERE state = 'planned'"
                    " AND kind IN ('node.create_order', 'label.quote')"
                )
            )
            for row in select_by(session, FulfilmentOrder, "order_id", order_ids):
                if row["location_id"] == "work":
                    self.label(session, row["id"])
                else:
                    record_acceptance(session, [(row["id"], f"node-{row['id']}")], self.now)

        for order_id in order_ids:
            self.tell(order_id)
        self.act(order_ids[0], accepted)
        self.wiring.ledger(picking.publish_pick_lists, self.policies, self.now)

    def label(self, session: Session, fulfilment_order_id: str) -> list[effects.EffectDraft]:
        """As `label.buy` ends; returns the effects wanted."""
        number = new_id("9400")
        bought = Label(f"quote-{number}", number, "USPS", "Ground", 500, "USD", "http://labels/1.pdf")
        verdict = Verdict("done", private={"label": bought, "pdf": number.encode()})
        [row] = select_by(session, FulfilmentOrder, "id", [fulfilment_order_id])
        effect = {"subject_id": fulfilment_order_id, "order_id": row["order_id"]}
        keep = timedelta(days=30)
        return label_effects.label_bought(session, [(effect, verdict)], self.now, keep=keep, policies=self.policies)

    # edits

    def request(self, order_id: str, state: str = "quoted", **changes: Any) -> str:
        row = {
            "id": new_id("edr"), "order_id": order_id, "origin": "portal", "state": state, "base_version": 1,
            "quote": {}, "plan": {}, "reasons": [], "received_at": self.now, "created_at": self.now,
            "due_at": self.now, "expires_at": self.now + WINDOW,
        }  # fmt: skip
        self.wiring.ledger(insert_rows, EditRequest, [row | changes])
        return str(row["id"])

    def set_state(self, request_id: str, state: str) -> None:
        table = table_of(EditRequest)
        self.wiring.ledger(
            lambda session: session.execute(sa.update(table).where(table.c.id == request_id).values(state=state))
        )

    def act(self, order_id: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """A transaction that holds the order's lock."""

        def locked(session: Session) -> Any:
            return function(session, lock_orders(session, [order_id])[order_id], *args, **kwargs)

        return self.wiring.ledger(locked)

    def want(self, session: Session, order_id: str, wanted: Mapping[str, int]) -> None:
        """As an edit that the shop has committed leaves the order's lines: units by SKU."""
        lines = select_by(session, OrderLine, "order_id", [order_id], order_by="id")
        known = {row["sku"]: row for row in lines}
        table = table_of(OrderLine)
        for sku, units in wanted.items():
            if sku in known:
                session.execute(sa.update(table).where(table.c.id == known[sku]["id"]).values(ordered=units))
                continue
            known[sku] = {
                **lines[0], "id": f"{order_id}:{len(known) + 1:03d}", "sku": sku, "external_id": f"line-{sku}",
                "ordered": units, "requires_shipping": True,
                **dict.fromkeys(("reserved", "backordered", "released", "shipped", "delivered", "cancelled"), 0),
            }  # fmt: skip
            insert_rows(session, OrderLine, [known[sku]])

    # what stands

    def order(self, order_id: str) -> Mapping[str, Any]:
        [row] = rows_of(self.wiring, Order, id=order_id)
        return row

    def line(self, order_id: str, sku: str) -> Mapping[str, Any]:
        [row] = rows_of(self.wiring, OrderLine, order_id=order_id, sku=sku)
        return row

    def live(self, order_id: str) -> dict[str, Mapping[str, Any]]:
        """Fulfilment orders that have not ended, by node."""
        rows = rows_of(self.wiring, FulfilmentOrder, order_id=order_id)
        return {row["location_id"]: row for row in rows if row["state"] not in ("cancelled", "closed")}

    def planned(self, order_id: str) -> dict[tuple[str, str], int]:
        """Stocked units that nodes are to ship, by (node, SKU)."""
        return {
            (node, part["sku"]): part["quantity"]
            for node, row in self.live(order_id).items()
            for part in rows_of(self.wiring, FulfilmentOrderLine, fulfilment_order_id=row["id"])
        }

    def promised(self, *holders: str, **equal: Any) -> dict[tuple[str, str], int]:
        """Promised units by (node, SKU)."""
        units: dict[tuple[str, str], int] = {}
        for row in rows_of(self.wiring, Reservation, **equal):
            if row["holder"] in (holders or ("ours", "at_node")):
                key = (row["location_id"], row["sku"])
                units[key] = units.get(key, 0) + row["quantity"]
        return units

    def free(self, node: str, sku: str) -> int:
        [row] = rows_of(self.wiring, InventoryLevel, location_id=node, sku=sku)
        return int(row["node_free"] - row["reserved_ours"])

    def scan(self, fulfilment_order_id: str, event: str, sheet: Mapping[str, Any] | None = None) -> str:
        """A handheld's scan of the whole order, on a sheet as it was when somebody printed it."""
        [row] = rows_of(self.wiring, FulfilmentOrder, id=fulfilment_order_id)
        paper = sheet or rows_of(self.wiring, PickList, id=row["pick_list_id"])[0]
        scan = scans.Scan(
            new_id("scan"), paper["id"], paper["version"], fulfilment_order_id, "", event, (), self.now, "floor-1"
        )
        return str(self.wiring.ledger(scans.take_scan, "work", scan, self.now))

    def carry_out_scans(self) -> None:
        rows = [row for row in rows_of(self.wiring, InboxEvent, source=scans.SOURCE) if row["handled_at"] is None]

        def carry_out(session: Session) -> None:
            outcomes, wanted = scans.apply_scans(session, rows, self.now)
            effects.plan(session, wanted, self.now)
            inbox.handled(session, outcomes, 0, self.now)

        self.wiring.ledger(carry_out)

    def broken(self) -> dict[str, list[str]]:
        found = self.wiring.ledger(check_all, real_now=self.wiring.real_now())
        return {name: ids for name, ids in found.items() if ids}

    def sound(self, *but: str) -> None:
        """All invariants hold, and no unit was made or lost."""
        broken = {name: ids for name, ids in self.broken().items() if name not in but}
        assert not broken, broken
        kept = self.promised("ours", "at_node", "consumed")
        for (node, sku), units in self.units.items():
            here = kept.get((node, sku), 0)
            assert self.free(node, sku) + here == units, (node, sku)


def total(units: Mapping[tuple[str, str], int], skus: Sequence[str] = SKUS) -> dict[str, int]:
    """Units by SKU, wherever they are."""
    return {sku: count for sku in skus if (count := sum(n for (_, s), n in units.items() if s == sku))}
