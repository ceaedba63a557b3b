"""A shop's weeks as rows: lines that were sent, and what of them came back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import SQLModel

from config.wiring import Wiring
from domain.ids import new_id
from ledger.rows import Row
from ledger.tables import (
    FulfilmentOrder,
    Order,
    OrderLine,
    Product,
    ProductVariant,
    ReturnLine,
    ReturnParcel,
    ReturnRequest,
    Shipment,
    ShipmentLine,
)
from tests.ledger.support import NOW, line_row, order_row, put

WEEKS_AGO = NOW - timedelta(weeks=6)


class Past:
    """Collects rows and stores them at once."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._rows: dict[type[SQLModel], list[Row]] = {}

    def store(self) -> None:
        for model, rows in self._rows.items():
            put(self._wiring, model, *rows)
        self._rows = {}

    def sent(
        self,
        sku: str,
        *reasons: str,
        many: int = 1,
        at: datetime = WEEKS_AGO,
        location: str = "brooklyn",
        carrier: str = "usps",
        customer: str = "",
        order: Mapping[str, Any] | None = None,
        asked: Mapping[str, Any] | None = None,
    ) -> None:
        """So many orders of one line each; the first ones came back, each for one of the reasons. `asked`: changes to
        what is stored of that."""
        for number in range(many):
            head = order_row(
                external_id=new_id("x"), customer_id=customer or new_id("cus"), placed_at=at, state="completed",
                **(order or {}),
            )  # fmt: skip
            line = line_row(head["id"], sku=sku, shipped=1, delivered=1)
            self._add(Order, head)
            self._add(OrderLine, line)
            self.parcel(head["id"], line["id"], sku, at, location, carrier)
            if number < len(reasons):
                self.asked(head["id"], line["id"], sku, reasons[number], at + timedelta(days=9), **(asked or {}))

    def parcel(self, order_id: str, line_id: str, sku: str, at: datetime, location: str, carrier: str) -> None:
        part = FulfilmentOrder(
            id=new_id("ful"), order_id=order_id, location_id=location, state="closed", request_state="accepted",
            release_at=at, created_at=at,
        )  # fmt: skip
        parcel = Shipment(
            id=new_id("shp"), order_id=order_id, fulfilment_order_id=part.id, state="delivered", carrier=carrier,
            created_at=at, shipped_at=at, delivered_at=at, due_at=at,
        )  # fmt: skip
        self._add(FulfilmentOrder, part.model_dump())
        self._add(Shipment, parcel.model_dump())
        self._add(ShipmentLine, {"shipment_id": parcel.id, "order_line_id": line_id, "sku": sku, "quantity": 1})

    def asked(
        self,
        order_id: str,
        line_id: str,
        sku: str,
        reason: str,
        at: datetime,
        *,
        state: str = "closed",
        gross_minor: int = 5000,
        fee_minor: int = 0,
        label_minor: int = 0,
    ) -> None:
        request_id = new_id("ret")
        request = ReturnRequest(
            id=request_id, rma=request_id, customer_id="cus_1", order_id=order_id, origin="portal", state=state,
            received_at=at, created_at=at, due_at=at,
        )  # fmt: skip
        part = ReturnLine(
            id=f"{request_id}:1", request_id=request_id, order_id=order_id, order_line_id=line_id, sku=sku,
            kind="return" if reason else "withdrawal", reason=reason, resolution="refund", asked=1,
            state=state if state in ("declined", "cancelled") else "resolved",
            gross_minor=gross_minor, fee_minor=fee_minor,
        )  # fmt: skip
        self._add(ReturnRequest, request.model_dump())
        self._add(ReturnLine, part.model_dump())
        if label_minor:
            parcel = ReturnParcel(
                id=new_id("rpa"), request_id=request_id, order_id=order_id, location_id="brooklyn",
                label_cost_minor=label_minor, label_currency="USD", created_at=at, due_at=at,
            )  # fmt: skip
            self._add(ReturnParcel, parcel.model_dump())

    def product(self, title: str, *skus: str) -> str:
        """Returns its id."""
        product = Product(
            id=new_id("prod"), system="shopify", account="alpha", external_id=new_id("x"), title=title, handle=title,
            status="active", updated_at=NOW,
        )  # fmt: skip
        self._add(Product, product.model_dump())
        for sku in skus:
            variant = ProductVariant(
                id=new_id("var"), product_id=product.id, system="shopify", account="alpha", external_id=new_id("x"),
                sku=sku, title=sku[-1], price_minor=5000, currency="USD",
            )  # fmt: skip
            self._add(ProductVariant, variant.model_dump())
        return product.id

    def _add(self, model: type[SQLModel], row: Row) -> None:
        self._rows.setdefault(model, []).append(row)


def shirts_that_run_small(wiring: Wiring, *, at: datetime = WEEKS_AGO) -> str:
    """Three sizes of which the middle one comes back as too small, sent `at`; returns its product's id."""
    past = Past(wiring)
    shirt = past.product("Linen shirt", "SHIRT-S", "SHIRT-M", "SHIRT-L")
    costs = {"fee_minor": 500, "label_minor": 700}
    past.sent("SHIRT-S", "too_small", "style", many=60, at=at)
    past.sent("SHIRT-M", *["too_small"] * 20, "too_large", many=60, at=at, asked=costs)
    past.sent("SHIRT-L", "too_small", "too_large", "too_large", many=60, at=at)
    past.sent("MUG", "damaged", "", many=40, at=at, location="reno", carrier="ups")
    past.store()
    return shirt
