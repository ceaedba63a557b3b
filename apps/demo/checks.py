"""The demo's reckoning: what the sandbox's vendors counted against what our ledger says, and the ledger against
itself. The comparisons themselves are in `apps.demo.reckoning`."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from apps.demo import reckoning
from apps.demo.asking import Asking
from apps.demo.delay_checks import DelayReckoning
from apps.demo.endings import ESCAPED, MISSING, UNEXPLAINED, Ending
from apps.demo.return_checks import ReturnReckoning
from apps.demo.returning import Taking
from apps.demo.sides import SHOWN, Check, Sides, compared, mail_rows, rows
from apps.demo.stage import Stage
from apps.demo.story import SHOPS
from apps.demo.straying import Strayed
from domain.message_catalogue import ClaimKind
from ledger import books, invariants
from ledger.stock import free_units
from ledger.tables import (
    FulfilmentOrder,
    InventoryLevel,
    Order,
    OrderLine,
    Payment,
    ProductVariant,
    ReturnLine,
    Shipment,
)
from ledger.tables.base import table_of

_order, _line, _parcel, _fo = (table_of(m) for m in (Order, OrderLine, Shipment, FulfilmentOrder))
_pay, _level, _variant = (table_of(m) for m in (Payment, InventoryLevel, ProductVariant))
_return_line = table_of(ReturnLine)
Step = Callable[[], Awaitable[Check]]
_ENDED = (ClaimKind.EDIT_APPLIED, ClaimKind.EDIT_REFUSED)  # one of them tells how a change ended


class Reckoning(Sides):
    """Both sides of every comparison."""

    def __init__(self, stage: Stage, ends: Sequence[Ending], asked: Sequence[Asking] = ()) -> None:
        super().__init__(stage)
        self.ends, self.asked = ends, asked

    async def accounted(self) -> Check:
        """Every order of the shops is named with its end, and we know of no other."""
        lost = [f"{e.shop} {e.name} {e.end}" for e in self.ends if e.end in (MISSING, UNEXPLAINED)]
        ours = self.wiring.read(lambda s: s.execute(sa.select(sa.func.count()).select_from(_order)).scalar_one())
        if ours != len(self.ends):
            lost.append(f"the ledger has {ours}")
        return compared("every order is accounted for", lost, f"{len(self.ends)} orders made in the shops")

    async def shipped_once(self) -> Check:
        """What vendors sent off is in the shop's fulfilments with the same units, exactly once; and nothing else."""
        orders, packed = await self.controls.look("shipbob/orders"), await self.controls.look("floor/packed")
        sent = {code: reckoning.units_of(lines, {}) for _, code, lines in reckoning.sent_off(orders, packed)}
        escaped = self.wiring.read(
            _codes_of, [e.order_id for e in self.ends if e.end == ESCAPED]
        )  # its shop has closed it
        kits = self.wiring.read(_kits)
        wrong = reckoning.parcels(sent, await self.shop_orders(), kits, escaped)
        units = sum(units.total() for units in sent.values())
        return compared("each parcel is in its shop once", wrong, f"{len(sent)} parcels, {units} units")

    async def packed_as_shown(self) -> Check:
        """What left for each order is what its shop shows now, edits and all."""
        orders, packed = await self.controls.look("shipbob/orders"), await self.controls.look("floor/packed")
        order_of = self.wiring.read(_orders_of_parts)
        sent: dict[tuple[str, str], Counter[str]] = {}
        for part, _, lines in reckoning.sent_off(orders, packed):
            units = sent.setdefault(order_of.get(part, ("", part)), Counter())
            units.update(reckoning.units_of(lines, {}))
        shops, kits = await self.shop_orders(), self.wiring.read(_kits)
        escaped = {(e.shop, e.external_id) for e in self.ends if e.end == ESCAPED}
        found = list(reckoning.contents(sent, shops, kits, escaped))
        return compared("what was packed is what the shop shows", found, f"{len(found)} orders, line by line")

    async def went_where_shown(self) -> Check:
        """Parcels went to the address that the shop shows now."""
        orders, packed = await self.controls.look("shipbob/orders"), await self.controls.look("floor/packed")
        order_of = self.wiring.read(_orders_of_parts)
        sent = reckoning.addressed(orders, packed, await self.controls.look("easypost/labels"))
        told = ((order_of.get(part, ("", part)), code, to) for part, code, to in sent)
        found = list(reckoning.addresses(told, await self.shop_orders()))
        return compared("parcels went where the shop shows", found, f"{len(found)} parcels")

    async def settled(self) -> Check:
        """Without orders of returns: `ReturnReckoning` knows what is due for each."""
        returned = self.wiring.read(_of_returns)
        found = list(reckoning.settled(await self.shop_orders(), returned))
        return compared("money kept is the order's total", found, f"{len(found)} orders that were paid")

    async def edited(self) -> Check:
        """Every change that was asked for ended as it should."""
        expected = [
            (f"{a.purchase.name} ({a.purchase.story})", a.purchase.change.end, a.purchase.change.code, a.row)
            for a in self.asked
            if a.purchase.change is not None
        ]
        return compared("every edit ended as it should", reckoning.edits(expected), f"{len(expected)} requests")

    async def told_of_edits(self) -> Check:
        """Customers know how their changes ended, and so does the helpdesk."""
        mailed = {subject for kind, subject in await self.mailed() if kind in _ENDED}
        expected = [(f"{a.purchase.name} ({a.purchase.story})", a.row.get("id", "")) for a in self.asked]
        found = list(reckoning.told(expected, mailed, await self.controls.look("zendesk/tickets")))
        return compared("customers and helpdesk know of each edit", found, f"{len(expected)} requests")

    async def money(self) -> Check:
        """Captured and refunded money of the shops is that of our payments, order by order."""
        orders = await self.shop_orders()
        wrong = reckoning.money(orders, self.wiring.read(_money))
        return compared("captured and refunded money agrees", wrong, f"{len(orders)} orders compared")

    async def told_once(self) -> Check:
        """ShipBob took each reference once, and exactly those that we hold for accepted."""
        took = (await self.controls.look("counters"))["accepted"].get("shipbob", {})
        created: dict[str, int] = next((keys for operation, keys in took.items() if operation.endswith("/order")), {})
        wrong = [f"{key} accepted {count} times" for key, count in created.items() if count != 1]
        there = [order["reference_id"] for order in await self.controls.look("shipbob/orders")]
        elsewhere = [node.id for node in self.wiring.policies.nodes if node.ships_itself]
        ours = self.wiring.read(_references, elsewhere)
        wrong += reckoning.requests(there, ours, ours)
        return compared("each request reached ShipBob once", wrong, f"{len(there)} requests")

    async def mails(self) -> Check:
        """The mailbox holds one mail for each message that we call sent."""
        found = (await self.controls.get("/mail/api/messages", limit=100_000))["messages"]
        effects, messages, owned = self.wiring.read(mail_rows)
        wrong = list(reckoning.mails((mail["message_id"] for mail in found), effects, messages, owned))
        sent = sum(message["state"] == "sent" for message in messages)
        if sent != len(found) and not any(wrong):
            wrong = [f"{sent} called sent, {len(found)} in the mailbox"]
        return compared("each message is one mail", wrong, f"{len(found)} mails in the mailbox")

    async def stock(self) -> Check:
        """Shops show what the pool has free. Left out is what waits for a person before it is promised."""
        free, busy = self.wiring.read(_stock)
        places = {
            (target.partition("/")[2], place): node.id
            for node in self.wiring.policies.nodes
            for target, place in node.shop_locations.items()
        }
        shown = [
            (shop, row["location"], row["sku"], row["available"])
            for shop in SHOPS
            for row in (await self.controls.look(f"shopify/{shop}/inventory"))["inventory"]
        ]
        found = list(reckoning.stock(shown, places, free, busy))
        return compared(
            "shops show what the pool has", found, f"{len(found)} levels, {len(busy)} with unpromised orders"
        )

    async def labels(self) -> Check:
        """Labels bought at EasyPost for the way to customers are our own warehouse's parcels, one each."""
        bought = [label for label in await self.controls.look("easypost/labels") if not label["is_return"]]
        found = list(reckoning.labels(bought, self.wiring.read(_parcels)))
        return compared("each label belongs to a parcel", found, f"{len(found)} labels")

    async def webhooks(self) -> Check:
        told = await self.controls.look("webhooks")
        wrong = [f"{told[word]} {word}" for word in ("queued", "failed") if told[word]]
        return compared(
            "all webhooks were taken", wrong, f"{told['delivered']} delivered, {told['dropped']} lost on purpose"
        )

    async def balance(self) -> Check:
        balance, entries = self.wiring.read(books.trial_balance), self.wiring.read(books.unbalanced_entries)
        found = list(reckoning.books(balance, entries))
        return compared("the books balance", found, f"{len(found)} currencies")

    async def invariants(self) -> Check:
        found = self.broken()
        total = len(invariants.CHECKS)
        return compared(
            "all invariants hold", [f"{k}: {', '.join(v[:SHOWN])}" for k, v in found.items()], f"{total} checked"
        )

    def broken(self) -> dict[str, list[str]]:
        found = self.wiring.read(invariants.check_all, real_now=self.wiring.real_now())
        return {name: ids for name, ids in found.items() if ids}


async def check_all(
    stage: Stage,
    ends: Sequence[Ending],
    asked: Sequence[Asking] = (),
    taken: Sequence[Taking] = (),
    strayed: Sequence[Strayed] = (),
) -> list[Check]:
    """All comparisons with the sandbox and within the ledger. `asked`: changes that customers wanted; `taken`: what
    they sent back; `strayed`: parcels that met trouble."""
    r = Reckoning(stage, ends, asked)
    goods: list[Step] = [r.accounted, r.shipped_once, r.packed_as_shown, r.went_where_shown, r.edited, r.told_of_edits]
    rest: list[Step] = [
        r.money, r.settled, r.told_once, r.mails, r.stock, r.labels, r.webhooks, r.balance, r.invariants
    ]  # fmt: skip
    returned = await ReturnReckoning(stage, taken).checks()
    delayed = await DelayReckoning(stage, strayed).checks()
    return [*[await step() for step in goods], *returned, *delayed, *[await step() for step in rest]]


def _kits(session: Session) -> dict[str, Sequence[Any]]:
    rows = session.execute(sa.select(_variant.c.sku, _variant.c.kit_parts)).all()
    return {sku: parts for sku, parts in rows if parts}


def _orders_of_parts(session: Session) -> dict[str, tuple[str, str]]:
    """Fulfilment order -> shop and its order."""
    rows = session.execute(
        sa.select(_fo.c.id, _order.c.account, _order.c.external_id).join(_order, _order.c.id == _fo.c.order_id)
    )
    return {part: (account, external_id) for part, account, external_id in rows}


def _money(session: Session) -> dict[tuple[str, str], tuple[int, int]]:
    rows = session.execute(
        sa.select(
            _order.c.account,
            _order.c.external_id,
            sa.func.coalesce(sa.func.sum(_pay.c.captured_minor), 0),
            sa.func.coalesce(sa.func.sum(_pay.c.refunded_minor), 0),
        )
        .join(_pay, _pay.c.order_id == _order.c.id, isouter=True)
        .group_by(_order.c.account, _order.c.external_id)
    )
    return {(account, external_id): (int(captured), int(refunded)) for account, external_id, captured, refunded in rows}


def _of_returns(session: Session) -> set[tuple[str, str]]:
    rows = session.execute(
        sa.select(_order.c.account, _order.c.external_id)
        .join(_return_line, _return_line.c.order_id == _order.c.id)
        .distinct()
    )
    return {(account, external_id) for account, external_id in rows}


def _references(session: Session, locations: Sequence[str]) -> set[str]:
    """Of the requests that were accepted there."""
    rows = session.execute(
        sa.select(_fo.c.id, _fo.c.attempt).where(_fo.c.location_id.in_(locations), _fo.c.accepted_at.is_not(None))
    )
    return {f"{fulfilment_order_id}.{attempt}" for fulfilment_order_id, attempt in rows}


def _codes_of(session: Session, order_ids: Sequence[str]) -> set[str]:
    return set(session.execute(sa.select(_parcel.c.tracking_number).where(_parcel.c.order_id.in_(order_ids))).scalars())


def _parcels(session: Session) -> list[reckoning.Row]:
    return rows(session, sa.select(_parcel.c.tracking_number, _parcel.c.state, _parcel.c.label_document_id))


def _stock(session: Session) -> tuple[dict[tuple[str, str], int], set[tuple[str, str]]]:
    levels = {(row["location_id"], row["sku"]): row for row in rows(session, sa.select(_level))}
    orders = rows(session, sa.select(_order.c.id, _order.c.account, _order.c.state))
    lines = sa.select(_line.c.order_id, _line.c.sku, _line.c.ordered, _line.c.cancelled, _line.c.reserved)
    return free_units(levels), reckoning.unpromised(orders, rows(session, lines))
