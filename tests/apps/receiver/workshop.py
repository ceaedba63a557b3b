"""An own warehouse with released, labelled orders, made by the ledger's own functions."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from config.wiring import Wiring
from domain.catalogue import NodeStock
from domain.ids import new_id
from domain.order import Address, IncomingLine, IncomingOrder
from domain.parcels import Label
from ledger import effects, label_effects, picking, scans
from ledger.capture import capture_orders
from ledger.effects import Verdict
from ledger.fulfilment import plan_release
from ledger.orders import advance_orders, lock_orders
from ledger.routing import route_orders
from ledger.rows import insert_new, select_by
from ledger.stock import record_reading
from ledger.tables import FulfilmentOrder, FulfilmentOrderLine, Location, PickList, Shipment
from tasks.picking import take_scans
from tasks.runtime import Report
from tests.ledger.support import row_of, rows_of

PLACE = "brooklyn"
SKUS = ("TENT-2P-GRN", "BAG-45-BLK", "SOCK-M", "SHELL-M-S", "MUG-ENA-BLU", "KNIFE-1")
Cart = Mapping[str, int]
_SENT_TO = Address(name="Ada Byron", line1="1 Main St", city="Brooklyn", region="NY", postal_code="11201", country="US")


class Workshop:
    """One ledger and its warehouse; units of every SKU stand in it alone."""

    def __init__(self, wiring: Wiring, units: int = 1000) -> None:
        self.wiring = wiring
        wiring.ledger(self._open, units)

    def _open(self, session: Session, units: int) -> None:
        node = self.wiring.policies.node(PLACE)
        insert_new(session, Location, [{
            "id": PLACE, "name": node.name, "system": node.system, "account": node.account, "country": "US",
            "region": "NY", "postal_code": "11201", "time_zone": node.time_zone, "ships_itself": False,
            "enabled": True, "node_location": PLACE,
        }])  # fmt: skip
        now = self.wiring.now()
        stock = [NodeStock(sku, units, units) for sku in SKUS]
        record_reading(session, PLACE, stock, read_at=now - timedelta(days=1), safety_stock=0, now=now)

    def release(self, *carts: Cart, code: str = "standard", label: bool = True) -> list[str]:
        """Orders whose request has reached the warehouse; returns their fulfilment orders."""
        return self.wiring.ledger(self._release, carts, code, label)

    def _release(self, session: Session, carts: Sequence[Cart], code: str, label: bool) -> list[str]:
        now = self.wiring.now()
        orders = [_incoming(cart, code, now - timedelta(days=1)) for cart in carts]
        captured = capture_orders(
            session, orders, source="file", account="t", policies=self.wiring.policies, now=now - timedelta(hours=20)
        )
        ids = [captured.order_ids[order.external_id] for order in orders]
        for state in ("validating", "accepted"):
            rows = lock_orders(session, ids).values()
            advance_orders(session, [(row, state, "test") for row in rows], now)
        route_orders(session, ids, self.wiring.policies, now)
        outcomes, drafts = plan_release(session, lock_orders(session, ids), now)
        assert set(outcomes.values()) == {"released"}, outcomes
        effects.plan(session, drafts, now)
        assert {draft.kind for draft in drafts} == {"label.quote"}
        found = [
            row["id"]
            for i in ids
            for row in select_by(session, FulfilmentOrder, "order_id", [i])
        ]  # fmt: skip
        for fulfilment_order_id in found if label else []:
            self.label(session, fulfilment_order_id)
        return found

    def label(self, session: Session, fulfilment_order_id: str) -> None:
        """As `label.buy` ends."""
        number = f"94{new_id('x')[-20:]}"
        bought = Label(f"quote-{number}", number, "USPS", "Ground", 500, "USD", "http://labels/1.pdf")
        verdict = Verdict("done", private={"label": bought, "pdf": b"%PDF-1.4 " + number.encode()})
        [row] = select_by(session, FulfilmentOrder, "id", [fulfilment_order_id])
        effect = {"subject_id": fulfilment_order_id, "order_id": row["order_id"]}
        label_effects.label_bought(
            session, [(effect, verdict)], self.wiring.now(),
            keep=timedelta(days=30), policies=self.wiring.policies,
        )  # fmt: skip

    def publish(self) -> int:
        return self.wiring.ledger(picking.publish_pick_lists, self.wiring.policies, self.wiring.now())

    def sheet_of(self, fulfilment_order_id: str) -> Mapping[str, Any]:
        return row_of(self.wiring, PickList, id=self.row(fulfilment_order_id)["pick_list_id"])

    def row(self, fulfilment_order_id: str) -> Mapping[str, Any]:
        return row_of(self.wiring, FulfilmentOrder, id=fulfilment_order_id)

    def lines(self, fulfilment_order_id: str) -> list[Mapping[str, Any]]:
        return rows_of(self.wiring, FulfilmentOrderLine, fulfilment_order_id=fulfilment_order_id)

    def parcel(self, fulfilment_order_id: str) -> Mapping[str, Any]:
        return row_of(self.wiring, Shipment, fulfilment_order_id=fulfilment_order_id)

    def scan(self, fulfilment_order_id: str, event: str, *, missing: int = 0, **changes: Any) -> scans.Scan:
        """A right scan of the whole order; `missing` units lack in its first line."""
        sheet = self.sheet_of(fulfilment_order_id)
        lines = [
            scans.ScanLine(line["id"], line["sku"], line["quantity"] - (missing if number == 0 else 0))
            for number, line in enumerate(self.lines(fulfilment_order_id))
        ]
        given = {
            "scan_id": new_id("scan"), "pick_list_id": sheet["id"], "version": sheet["version"],
            "fulfilment_order_id": fulfilment_order_id, "shipment_id": self.parcel(fulfilment_order_id)["id"],
            "event": event, "lines": tuple(lines), "scanned_at": self.wiring.now(), "device": "floor-1",
        }  # fmt: skip
        return scans.Scan(**{**given, **changes})

    def take(self, scan: scans.Scan) -> str:
        return self.wiring.ledger(scans.take_scan, PLACE, scan, self.wiring.now())


def _incoming(cart: Cart, code: str, at: Any) -> IncomingOrder:
    lines = tuple(
        IncomingLine(f"line-{number}", sku, sku.title(), units, 1000)
        for number, (sku, units) in enumerate(cart.items())
    )
    external_id = new_id("ext")
    return IncomingOrder(
        external_id=external_id, name=f"#{external_id[-6:]}", created_at=at, updated_at=at, currency="USD",
        lines=lines, total_minor=sum(line.quantity * 1000 for line in lines), email="ada@example.com",
        shipping_address=_SENT_TO, shipping_code=code,
    )  # fmt: skip


async def carry_out() -> dict[str, int]:
    report = Report("fulfil")
    await take_scans(report, 100)
    return dict(report.counts)
