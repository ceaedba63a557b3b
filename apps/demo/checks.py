"""The reckoning: what the sandbox's vendors counted against what our ledger says, and the ledger against itself."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from apps.demo.endings import ESCAPED, MISSING, UNEXPLAINED, Ending
from apps.demo.stage import Stage
from apps.demo.story import SHOPS
from domain.money import to_minor
from ledger import books, invariants
from ledger.stock import free_units
from ledger.tables import (
    FulfilmentOrder,
    FulfilmentOrderLine,
    InventoryLevel,
    Message,
    Order,
    OrderLine,
    Payment,
    ProductVariant,
    Shipment,
    ShipmentLine,
)
from ledger.tables.base import table_of

_order, _line, _parcel, _content = (table_of(m) for m in (Order, OrderLine, Shipment, ShipmentLine))
_pay, _message, _level, _variant = (table_of(m) for m in (Payment, Message, InventoryLevel, ProductVariant))
_fo, _fo_line = table_of(FulfilmentOrder), table_of(FulfilmentOrderLine)
_SHOWN = 3
Units = Mapping[str, int]


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
        sent = await self._sent_off()
        kits = self.wiring.read(_kits)
        shown: dict[str, list[Counter[str]]] = {}
        for shop in SHOPS:
            for order in await self.controls.orders(shop):
                for part in order["fulfillments"]:
                    if part["tracking_number"] and part["status"] == "SUCCESS":
                        shown.setdefault(part["tracking_number"], []).append(_taken_apart(part["lines"], kits))
        escaped = self.wiring.read(
            _codes_of, [e.order_id for e in self.ends if e.end == ESCAPED]
        )  # its shop has closed it
        wrong = [
            f"{code}: {len(shown.get(code, []))} times"
            for code, units in sent.items()
            if shown.get(code, []) != ([] if code in escaped else [units])
        ]
        wrong += [f"{code} was never sent off" for code in shown if code not in sent]
        return _check("each parcel is in its shop once", wrong, f"{len(sent)} parcels, {_units(sent)} units")

    async def _sent_off(self) -> dict[str, Counter[str]]:
        sent: dict[str, Counter[str]] = {}
        for order in await self.controls.look("shipbob/orders"):
            for parcel in order["shipments"]:
                if parcel["stage"] in ("shipped", "delivered"):
                    sent[parcel["tracking_number"]] = _taken_apart(parcel["lines"], {})
        for parcel in await self.controls.look("floor/packed"):
            sent[parcel["tracking_number"]] = _taken_apart(parcel["lines"], {})
        return sent

    async def money(self) -> Check:
        """Captured and refunded money of the shops is that of our payments, order by order."""
        ours = self.wiring.read(_money)
        wrong, total = [], 0
        for shop in SHOPS:
            for order in await self.controls.orders(shop):
                said = tuple(to_minor(order[key], order["currency"]) for key in ("captured", "refunded"))
                total += 1
                if said != ours.get((shop, order["id"]), (0, 0)):
                    wrong.append(f"{shop} {order['name']}: {said} there, {ours.get((shop, order['id']))} here")
        return _check("captured and refunded money agrees", wrong, f"{total} orders compared")

    async def told_once(self) -> Check:
        """ShipBob took each reference once, and exactly those that we hold for accepted."""
        took = (await self.controls.look("counters"))["accepted"].get("shipbob", {})
        created: dict[str, int] = next((keys for operation, keys in took.items() if operation.endswith("/order")), {})
        wrong = [f"{key} accepted {count} times" for key, count in created.items() if count != 1]
        there = Counter(order["reference_id"] for order in await self.controls.look("shipbob/orders"))
        ours = self.wiring.read(_references)
        wrong += [f"{reference} only at ShipBob" for reference in there.keys() - ours]
        wrong += [f"{reference} unknown at ShipBob" for reference in ours - there.keys()]
        wrong += [f"{reference} twice at ShipBob" for reference, count in there.items() if count > 1]
        return _check("each request reached ShipBob once", wrong, f"{len(there)} requests")

    async def mails(self) -> Check:
        """The mailbox holds one mail for each message that we call sent."""
        found = (await self.controls.get("/mail/api/messages", limit=100_000))["messages"]
        ids = Counter(mail["message_id"] for mail in found)
        sent = self.wiring.read(_count_sent)
        wrong = [f"{key} {count} times" for key, count in ids.items() if count > 1]
        if sent != len(found):
            wrong.append(f"{sent} called sent, {len(found)} in the mailbox")
        return _check("each message is one mail", wrong, f"{len(found)} mails in the mailbox")

    async def stock(self) -> Check:
        """Shops show what the pool has free. Left out is what waits for a person before it is promised."""
        free, busy = self.wiring.read(_stock)
        wrong, compared = [], 0
        for node in self.wiring.policies.nodes:
            for target, place in node.shop_locations.items():
                shop = target.partition("/")[2]
                for row in (await self.controls.look(f"shopify/{shop}/inventory"))["inventory"]:
                    if row["location"] != place or (node.id, row["sku"]) not in free or (shop, row["sku"]) in busy:
                        continue
                    compared += 1
                    if row["available"] != free[node.id, row["sku"]]:
                        wrong.append(f"{shop} {row['sku']}: shows {row['available']}, free {free[node.id, row['sku']]}")
        return _check("shops show what the pool has", wrong, f"{compared} levels, {len(busy)} with unpromised orders")

    async def labels(self) -> Check:
        """Labels bought at EasyPost are our own warehouse's parcels, one each."""
        bought = {row["tracking_code"] for row in await self.controls.look("easypost/labels") if not row["refunded"]}
        ours = self.wiring.read(_labelled)
        wrong = [f"{code} is not ours" for code in bought - ours] + [f"{code} was not bought" for code in ours - bought]
        return _check("each label belongs to a parcel", wrong, f"{len(bought)} labels")

    async def webhooks(self) -> Check:
        told = await self.controls.look("webhooks")
        wrong = [f"{told[word]} {word}" for word in ("queued", "failed") if told[word]]
        return _check(
            "all webhooks were taken", wrong, f"{told['delivered']} delivered, {told['dropped']} lost on purpose"
        )

    async def balance(self) -> Check:
        wrong = [f"{c}: {s}" for c, s in self.wiring.read(_sums).items() if s]
        wrong += self.wiring.read(books.unbalanced_entries)
        entries = self.wiring.read(books.trial_balance)
        return _check("the books balance", wrong, f"{len({row['currency'] for row in entries})} currencies")

    async def invariants(self) -> Check:
        found = self.broken()
        total = len(invariants.CHECKS)
        return _check(
            "all invariants hold", [f"{k}: {', '.join(v[:_SHOWN])}" for k, v in found.items()], f"{total} checked"
        )

    def broken(self) -> dict[str, list[str]]:
        found = self.wiring.read(invariants.check_all, real_now=self.wiring.real_now())
        return {name: ids for name, ids in found.items() if ids}


async def check_all(stage: Stage, ends: Sequence[Ending]) -> list[Check]:
    """All comparisons with the sandbox and within the ledger."""
    r = Reckoning(stage, ends)
    steps: list[Callable[[], Awaitable[Check]]] = [
        r.accounted, r.shipped_once, r.money, r.told_once, r.mails, r.stock, r.labels, r.webhooks, r.balance,
        r.invariants,
    ]  # fmt: skip
    return [await step() for step in steps]


def _check(name: str, wrong: Sequence[str], fine: str) -> Check:
    more = f" … and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    return Check(name, not wrong, "; ".join(wrong[:_SHOWN]) + more if wrong else fine)


def _taken_apart(lines: Sequence[Mapping[str, Any]], kits: Mapping[str, Sequence[Any]]) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in lines:
        for sku, per in kits.get(line["sku"]) or [(line["sku"], 1)]:
            units[sku] += line["quantity"] * per
    return units


def _units(sent: Mapping[str, Counter[str]]) -> int:
    return sum(units.total() for units in sent.values())


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


def _references(session: Session) -> set[str]:
    rows = session.execute(
        sa.select(_fo.c.id, _fo.c.attempt).where(_fo.c.location_id == "cicero", _fo.c.accepted_at.is_not(None))
    )
    return {f"{fulfilment_order_id}.{attempt}" for fulfilment_order_id, attempt in rows}


def _codes_of(session: Session, order_ids: Sequence[str]) -> set[str]:
    return set(session.execute(sa.select(_parcel.c.tracking_number).where(_parcel.c.order_id.in_(order_ids))).scalars())


def _count_sent(session: Session) -> int:
    return int(session.execute(sa.select(sa.func.count()).where(_message.c.state == "sent")).scalar_one())


def _labelled(session: Session) -> set[str]:
    rows = session.execute(
        sa.select(_parcel.c.tracking_number).where(_parcel.c.label_document_id != "", _parcel.c.state != "cancelled")
    )
    return set(rows.scalars())


def _stock(session: Session) -> tuple[dict[tuple[str, str], int], set[tuple[str, str]]]:
    levels = {(row["location_id"], row["sku"]): dict(row) for row in session.execute(sa.select(_level)).mappings()}
    waiting = session.execute(
        sa.select(_order.c.account, _line.c.sku)
        .join(_line, _line.c.order_id == _order.c.id)
        .where(
            _order.c.state.in_(("received", "validating", "held", "accepted")),
            _line.c.reserved < _line.c.ordered - _line.c.cancelled,
        )
    )
    return free_units(levels), {(account, sku) for account, sku in waiting}


def _sums(session: Session) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in books.trial_balance(session):
        sums[row["currency"]] = sums.get(row["currency"], 0) + int(row["minor"])
    return sums
