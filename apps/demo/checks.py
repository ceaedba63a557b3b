"""The demo's reckoning: what the sandbox's vendors counted against what our ledger says, and the ledger against
itself. The comparisons themselves are in `apps.demo.reckoning`."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from apps.demo import reckoning
from apps.demo.endings import ESCAPED, MISSING, UNEXPLAINED, Ending
from apps.demo.stage import Stage
from apps.demo.story import SHOPS
from domain.states import CaseState
from ledger import books, invariants
from ledger.stock import free_units
from ledger.tables import (
    Effect,
    FulfilmentOrder,
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

_order, _line, _parcel, _fo = (table_of(m) for m in (Order, OrderLine, Shipment, FulfilmentOrder))
_pay, _message, _level, _variant = (table_of(m) for m in (Payment, Message, InventoryLevel, ProductVariant))
_effect, _case = table_of(Effect), table_of(ReviewCase)
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison; `detail` says what was compared or what is wrong."""

    name: str
    ok: bool
    detail: str


class Reckoning:
    """Both sides of every comparison."""

    def __init__(self, stage: Stage, ends: Sequence[Ending]) -> None:
        self.stage, self.ends = stage, ends
        self.controls, self.wiring = stage.controls, stage.wiring

    async def accounted(self) -> Check:
        """Every order of the shops is named with its end, and we know of no other."""
        lost = [f"{e.shop} {e.name} {e.end}" for e in self.ends if e.end in (MISSING, UNEXPLAINED)]
        ours = self.wiring.read(lambda s: s.execute(sa.select(sa.func.count()).select_from(_order)).scalar_one())
        if ours != len(self.ends):
            lost.append(f"the ledger has {ours}")
        return _check("every order is accounted for", lost, f"{len(self.ends)} orders made in the shops")

    async def shipped_once(self) -> Check:
        """What vendors sent off is in the shop's fulfilments with the same units, exactly once; and nothing else."""
        orders, packed = await self.controls.look("shipbob/orders"), await self.controls.look("floor/packed")
        sent = {code: reckoning.units_of(lines, {}) for _, code, lines in reckoning.sent_off(orders, packed)}
        escaped = self.wiring.read(
            _codes_of, [e.order_id for e in self.ends if e.end == ESCAPED]
        )  # its shop has closed it
        kits = self.wiring.read(_kits)
        wrong = reckoning.parcels(sent, await self._shop_orders(), kits, escaped)
        units = sum(units.total() for units in sent.values())
        return _check("each parcel is in its shop once", wrong, f"{len(sent)} parcels, {units} units")

    async def money(self) -> Check:
        """Captured and refunded money of the shops is that of our payments, order by order."""
        orders = await self._shop_orders()
        wrong = reckoning.money(orders, self.wiring.read(_money))
        return _check("captured and refunded money agrees", wrong, f"{len(orders)} orders compared")

    async def told_once(self) -> Check:
        """ShipBob took each reference once, and exactly those that we hold for accepted."""
        took = (await self.controls.look("counters"))["accepted"].get("shipbob", {})
        created: dict[str, int] = next((keys for operation, keys in took.items() if operation.endswith("/order")), {})
        wrong = [f"{key} accepted {count} times" for key, count in created.items() if count != 1]
        there = [order["reference_id"] for order in await self.controls.look("shipbob/orders")]
        elsewhere = [node.id for node in self.wiring.policies.nodes if node.ships_itself]
        ours = self.wiring.read(_references, elsewhere)
        wrong += reckoning.requests(there, ours, ours)
        return _check("each request reached ShipBob once", wrong, f"{len(there)} requests")

    async def mails(self) -> Check:
        """The mailbox holds one mail for each message that we call sent."""
        found = (await self.controls.get("/mail/api/messages", limit=100_000))["messages"]
        effects, messages, owned = self.wiring.read(_mails)
        wrong = list(reckoning.mails((mail["message_id"] for mail in found), effects, messages, owned))
        sent = sum(message["state"] == "sent" for message in messages)
        if sent != len(found) and not wrong:
            wrong = [f"{sent} called sent, {len(found)} in the mailbox"]
        return _check("each message is one mail", wrong, f"{len(found)} mails in the mailbox")

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
        return _check("shops show what the pool has", found, f"{len(found)} levels, {len(busy)} with unpromised orders")

    async def labels(self) -> Check:
        """Labels bought at EasyPost are our own warehouse's parcels, one each."""
        bought = await self.controls.look("easypost/labels")
        found = list(reckoning.labels(bought, self.wiring.read(_parcels)))
        return _check("each label belongs to a parcel", found, f"{len(found)} labels")

    async def webhooks(self) -> Check:
        told = await self.controls.look("webhooks")
        wrong = [f"{told[word]} {word}" for word in ("queued", "failed") if told[word]]
        return _check(
            "all webhooks were taken", wrong, f"{told['delivered']} delivered, {told['dropped']} lost on purpose"
        )

    async def balance(self) -> Check:
        balance, entries = self.wiring.read(books.trial_balance), self.wiring.read(books.unbalanced_entries)
        found = list(reckoning.books(balance, entries))
        return _check("the books balance", found, f"{len(found)} currencies")

    async def invariants(self) -> Check:
        found = self.broken()
        total = len(invariants.CHECKS)
        return _check(
            "all invariants hold", [f"{k}: {', '.join(v[:_SHOWN])}" for k, v in found.items()], f"{total} checked"
        )

    def broken(self) -> dict[str, list[str]]:
        found = self.wiring.read(invariants.check_all, real_now=self.wiring.real_now())
        return {name: ids for name, ids in found.items() if ids}

    async def _shop_orders(self) -> list[reckoning.ShopOrder]:
        return [(shop, order) for shop in SHOPS for order in await self.controls.orders(shop)]


async def check_all(stage: Stage, ends: Sequence[Ending]) -> list[Check]:
    """All comparisons with the sandbox and within the ledger."""
    r = Reckoning(stage, ends)
    steps: list[Callable[[], Awaitable[Check]]] = [
        r.accounted, r.shipped_once, r.money, r.told_once, r.mails, r.stock, r.labels, r.webhooks, r.balance,
        r.invariants,
    ]  # fmt: skip
    return [await step() for step in steps]


def _check(name: str, sentences: Iterable[str], fine: str) -> Check:
    """Empty sentences are comparisons that came out well."""
    wrong = [sentence for sentence in sentences if sentence]
    more = f" … and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    return Check(name, not wrong, "; ".join(wrong[:_SHOWN]) + more if wrong else fine)


def _kits(session: Session) -> dict[str, Sequence[Any]]:
    rows = session.execute(sa.select(_variant.c.sku, _variant.c.kit_parts)).all()
    return {sku: parts for sku, parts in rows if parts}


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


def _references(session: Session, locations: Sequence[str]) -> set[str]:
    """Of the requests that were accepted there."""
    rows = session.execute(
        sa.select(_fo.c.id, _fo.c.attempt).where(_fo.c.location_id.in_(locations), _fo.c.accepted_at.is_not(None))
    )
    return {f"{fulfilment_order_id}.{attempt}" for fulfilment_order_id, attempt in rows}


def _codes_of(session: Session, order_ids: Sequence[str]) -> set[str]:
    return set(session.execute(sa.select(_parcel.c.tracking_number).where(_parcel.c.order_id.in_(order_ids))).scalars())


def _mails(session: Session) -> tuple[list[reckoning.Row], list[reckoning.Row], set[str]]:
    """Effects of mails, messages, and the effects that a person looks after."""
    effects = sa.select(_effect.c.id, _effect.c.subject_id, _effect.c.state).where(_effect.c.kind == "mail.send")
    messages = sa.select(_message.c.id, _message.c.kind, _message.c.subject_id, _message.c.state)
    owned = sa.select(_case.c.subject_id).where(_case.c.kind.startswith("effect_"), _case.c.state != CaseState.RESOLVED)
    return _rows(session, effects), _rows(session, messages), set(session.execute(owned).scalars())


def _parcels(session: Session) -> list[reckoning.Row]:
    return _rows(session, sa.select(_parcel.c.tracking_number, _parcel.c.state, _parcel.c.label_document_id))


def _stock(session: Session) -> tuple[dict[tuple[str, str], int], set[tuple[str, str]]]:
    levels = {(row["location_id"], row["sku"]): row for row in _rows(session, sa.select(_level))}
    orders = _rows(session, sa.select(_order.c.id, _order.c.account, _order.c.state))
    lines = sa.select(_line.c.order_id, _line.c.sku, _line.c.ordered, _line.c.cancelled, _line.c.reserved)
    return free_units(levels), reckoning.unpromised(orders, _rows(session, lines))


def _rows(session: Session, statement: sa.Select[Any]) -> list[reckoning.Row]:
    return [dict(row) for row in session.execute(statement).mappings()]
