"""Parcels under way for the benchmark of the sweep: trackers at the vendor, and a ledger that follows them."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from ledger.rows import Row, insert_rows, update_listed
from ledger.session import reading, writing
from ledger.tables import Order, OrderLine, Shipment, ShipmentLine, TrackingEventRow
from ledger.tables.base import table_of

SOURCE = "easypost/main"
AT_A_TIME = 1_000  # rows of a statement
MAKERS = 16
_shipment, _scan = table_of(Shipment), table_of(TrackingEventRow)


async def make_trackers(url: str, headers: dict[str, str], count: int) -> list[str]:
    """The vendor follows so many parcels; returns its ids of them."""
    made: dict[int, str] = {}
    left = iter(range(count))

    async def maker(http: aiohttp.ClientSession) -> None:
        for number in left:
            body = {"tracker": {"tracking_code": f"SWEEP{number:07}", "carrier": "USPS"}}
            async with http.post(f"{url}/v2/trackers", json=body) as answer:
                answer.raise_for_status()
                made[number] = (await answer.json())["id"]

    async with aiohttp.ClientSession(headers=headers) as http:
        await asyncio.gather(*(maker(http) for _ in range(MAKERS)))
    return [made[number] for number in range(count)]


def fill(engine: Engine, trackers: Sequence[str], open_parcels: int) -> None:
    """So many parcels under way, each of an order of its own; the first have these trackers, none is due."""
    now = datetime.now(UTC)
    for start in range(0, open_parcels, AT_A_TIME):
        numbers = range(start, min(start + AT_A_TIME, open_parcels))
        with writing(engine) as session, session.begin():
            for model, rows in _rows(numbers, trackers, now):
                insert_rows(session, model, rows)
    with engine.begin() as connection:
        connection.execute(sa.text("ANALYZE"))


def _rows(numbers: range, trackers: Sequence[str], now: datetime) -> Iterator[tuple[type[SQLModel], list[Row]]]:
    yield Order, [_order(number, now) for number in numbers]
    yield OrderLine, [_line(number) for number in numbers]
    yield Shipment, [_parcel(number, trackers, now) for number in numbers]
    yield (
        ShipmentLine,
        [
            {"shipment_id": f"shp_{n}", "order_line_id": f"lin_{n}", "sku": "MUG-ENA-WHT", "quantity": 1}
            for n in numbers
        ],
    )


def _order(number: int, now: datetime) -> Row:
    return {
        "id": f"ord_{number}", "source": "shopify", "account": "alpha", "external_id": str(number),
        "name": f"#{number}", "customer_id": f"cus_{number}", "contact_id": "", "state": "in_fulfilment",
        "placed_at": now, "source_updated_at": now, "captured_at": now, "currency": "USD", "total_minor": 2_000,
        "tax_minor": 0, "shipping_minor": 0, "discount_minor": 0, "taxes_included": False, "locale": "en",
        "country": "US", "region": "NY", "shipping_code": "standard", "risk_level": "none", "risk_recommendation": "",
        "release_at": now, "cancel_reason": "", "test": False, "fence_token": "", "fenced_by": "", "version": 1,
    }  # fmt: skip


def _line(number: int) -> Row:
    return {
        "id": f"lin_{number}", "order_id": f"ord_{number}", "external_id": str(number), "sku": "MUG-ENA-WHT",
        "title": "Enamel Mug", "unit_price_minor": 2_000, "discount_minor": 0, "tax_minor": 0,
        "requires_shipping": True, "ordered": 1, "reserved": 1, "backordered": 0, "released": 1, "shipped": 1,
        "delivered": 0, "cancelled": 0,
    }  # fmt: skip


def _parcel(number: int, trackers: Sequence[str], now: datetime) -> Row:
    known = number < len(trackers)
    return {
        "id": f"shp_{number}", "order_id": f"ord_{number}", "fulfilment_order_id": f"ful_{number}",
        "external_id": str(number), "state": "label_created", "tracking_number": f"SWEEP{number:07}",
        "tracking_url": "", "carrier": "USPS", "service": "", "label_document_id": "", "quote_external_id": "",
        "label_cost_minor": 0, "label_currency": "",
        "tracker_external_id": trackers[number] if known else f"trk_{number}", "followed_by": SOURCE, "polling": True,
        "shop_fulfilment_external_id": "", "created_at": now, "shipped_at": now,
        "due_at": now + timedelta(hours=1 + number % 24), "attempts": 0, "lease_token": 0, "error": "",
    }  # fmt: skip


def make_due(engine: Engine, count: int) -> None:
    """The first so many parcels are due, whenever they were looked at; nobody has claimed anything yet."""
    past = datetime.now(UTC) - timedelta(hours=1)
    ids = [f"shp_{number}" for number in range(count)]
    with writing(engine) as session, session.begin():
        for start in range(0, count, AT_A_TIME):
            update_listed(session, Shipment, ids[start : start + AT_A_TIME], due_at=past, lease_token=0)


def touched(engine: Engine) -> int:
    """Parcels that somebody has claimed since."""
    return _count(engine, sa.select(sa.func.count()).select_from(_shipment).where(_shipment.c.lease_token > 0))


def scans(engine: Engine) -> int:
    return _count(engine, sa.select(sa.func.count()).select_from(_scan))


def _count(engine: Engine, statement: sa.Select[Any]) -> int:
    with reading(engine) as session:
        return int(session.execute(statement).scalar_one())
