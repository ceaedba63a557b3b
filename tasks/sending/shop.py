"""Effects at shops: hold, release, parcel, capture, cancel, stock."""

from collections.abc import Awaitable, Sequence

from config import wiring
from connectors.errors import ConnectorError
from connectors.outcomes import Outcome
from connectors.shops.base import (
    CancelRequest,
    CaptureRequest,
    FulfilRequest,
    HoldRequest,
    ReleaseRequest,
    Shop,
)
from domain.catalogue import StockWrite
from domain.order import IncomingOrder, TransactionKind, TransactionStatus
from ledger import cancelling, shop_effects, shop_stock
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.shop_effects import parcels_for_shop
from tasks.effects import EffectKind, attempt, verdict
from tasks.runtime import in_ledger

HOLD_NOTE = "Aftercart: open for changes"


def _shop(rows: Sequence[EffectRow]) -> Shop:
    return wiring.current().shops()[rows[0]["target"]]


HOLD = Handlers(shop_effects.held, shop_effects.hold_refused, shop_effects.guard_hold, keyed=True)
RELEASE = Handlers(shop_effects.released, shop_effects.release_refused, shop_effects.guard_release, keyed=True)
FULFIL = Handlers(shop_effects.fulfilled, shop_effects.fulfil_refused, can_look_up=True)
CAPTURE = Handlers(shop_effects.captured, shop_effects.capture_refused, can_look_up=True)
CANCEL = Handlers(cancelling.cancelled_in_shop, None, can_look_up=True)
STOCK = Handlers(shop_effects.nothing_follows, shop_stock.write_refused, keyed=True)


async def send_holds(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Safe to repeat: the handle is unique per fulfilment order, a standing hold counts as sent."""
    wanted = [HoldRequest(r["request"]["fulfilment_order"], r["request"]["handle"], HOLD_NOTE) for r in rows]
    return [verdict(outcome, HOLD) for outcome in await _batch(_shop(rows).hold(wanted), len(rows))]


async def send_releases(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Release exactly our holds. Safe to repeat: one that is gone counts as released. Where the shop refused our
    hold in the first place there is nothing to release."""
    ids = await in_ledger(shop_stock.hold_ids, [row["subject_id"] for row in rows])
    held = [row for row in rows if ids[row["subject_id"]]]
    wanted = [ReleaseRequest(row["request"]["fulfilment_order"], (ids[row["subject_id"]],)) for row in held]
    outcomes = await _batch(_shop(rows).release(wanted), len(held)) if held else []
    found = {row["id"]: verdict(outcome, RELEASE) for row, outcome in zip(held, outcomes, strict=True)}
    return [found.get(row["id"], Verdict("done", code="nothing_held")) for row in rows]


async def send_parcels(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Write tracking back. The shop has no key for this: doubt is settled by its list of fulfilments."""
    facts = await in_ledger(parcels_for_shop, [row["subject_id"] for row in rows])
    wanted = [
        FulfilRequest(
            order=fact["order"],
            lines=tuple(tuple(line) for line in fact["lines"]),
            tracking_number=fact["tracking_number"],
            carrier=fact["carrier"],
            tracking_url=fact["tracking_url"],
        )
        for fact in (facts[row["subject_id"]] for row in rows)
    ]
    outcomes = await _batch(_shop(rows).fulfil(wanted), len(rows))
    return [verdict(outcome, FULFIL) for outcome in outcomes]


async def find_parcels(rows: Sequence[EffectRow]) -> list[Verdict]:
    facts = await in_ledger(parcels_for_shop, [row["subject_id"] for row in rows])
    orders = await _orders(rows, [facts[row["subject_id"]]["order"] for row in rows])
    if isinstance(orders, Verdict):
        return [orders] * len(rows)
    found = []
    for row in rows:
        fact = facts[row["subject_id"]]
        match = (
            [f.external_id for f in orders[fact["order"]].fulfilments if fact["tracking_number"] in f.tracking_numbers]
            if fact["order"] in orders
            else []
        )
        found.append(Verdict("done", external_id=match[0]) if match else Verdict("absent", code="looked_up"))
    return found


async def send_captures(rows: Sequence[EffectRow]) -> list[Verdict]:
    ids = await in_ledger(shop_stock.external_order_ids, [row["order_id"] for row in rows])
    return [
        await attempt(
            _shop(rows).capture(
                CaptureRequest(
                    ids[row["order_id"]],
                    row["request"]["authorization"],
                    row["request"]["amount_minor"],
                    row["request"]["currency"],
                )
            ),
            CAPTURE,
        )
        for row in rows
    ]


async def find_captures(rows: Sequence[EffectRow]) -> list[Verdict]:
    """A capture of this authorisation and amount in the shop's own list is ours."""
    ids = await in_ledger(shop_stock.external_order_ids, [row["order_id"] for row in rows])
    orders = await _orders(rows, list(ids.values()))
    if isinstance(orders, Verdict):
        return [orders] * len(rows)
    found = []
    for row in rows:
        match = (
            [
                t.external_id
                for t in orders[ids[row["order_id"]]].transactions
                if t.kind is TransactionKind.CAPTURE
                and t.status is TransactionStatus.SUCCESS
                and t.parent_external_id == row["request"]["authorization"]
                and t.amount_minor == row["request"]["amount_minor"]
            ]
            if ids[row["order_id"]] in orders
            else []
        )
        found.append(Verdict("done", external_id=match[0]) if match else Verdict("absent", code="looked_up"))
    return found


async def send_cancels(rows: Sequence[EffectRow]) -> list[Verdict]:
    ids = await in_ledger(shop_stock.external_order_ids, [row["order_id"] for row in rows])
    return [
        await attempt(
            _shop(rows).cancel_order(
                CancelRequest(
                    ids[row["order_id"]], refund=True, restock=True, reason=row["request"]["reason"], note="Aftercart"
                )
            ),
            CANCEL,
        )
        for row in rows
    ]


async def find_cancels(rows: Sequence[EffectRow]) -> list[Verdict]:
    ids = await in_ledger(shop_stock.external_order_ids, [row["order_id"] for row in rows])
    orders = await _orders(rows, list(ids.values()))
    if isinstance(orders, Verdict):
        return [orders] * len(rows)
    return [
        Verdict("done")
        if ids[row["order_id"]] in orders and orders[ids[row["order_id"]]].cancelled_at
        else Verdict("absent", code="looked_up")
        for row in rows
    ]


async def send_stock(rows: Sequence[EffectRow]) -> list[Verdict]:
    writes = [
        StockWrite(
            key=row["key"],
            inventory_external_id=row["request"]["item"],
            location_external_id=row["request"]["location"],
            expected=row["request"]["expected"],
            available=row["request"]["available"],
        )
        for row in rows
    ]
    return [verdict(outcome, STOCK) for outcome in await _batch(_shop(rows).set_available(writes), len(rows))]


async def _batch(call: Awaitable[list[Outcome]], count: int) -> list[Outcome]:
    """A batch that failed as one failed for each of its items."""
    try:
        return await call
    except ConnectorError as error:
        return [error] * count


async def _orders(rows: Sequence[EffectRow], external_ids: Sequence[str]) -> dict[str, IncomingOrder] | Verdict:
    try:
        found = await _shop(rows).fetch_orders(sorted(set(external_ids)))
    except ConnectorError as error:
        return Verdict("retry", code=error.code, detail=error.detail)
    return {order.external_id: order for order in found}


KINDS = {
    "shop.hold": EffectKind(HOLD, send_holds),
    "shop.release_hold": EffectKind(RELEASE, send_releases),
    "shop.fulfil": EffectKind(FULFIL, send_parcels, find_parcels),
    "shop.capture": EffectKind(CAPTURE, send_captures, find_captures, batch=5),
    "shop.cancel": EffectKind(CANCEL, send_cancels, find_cancels, batch=5),
    "shop.set_available": EffectKind(STOCK, send_stock),
}
