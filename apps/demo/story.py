"""The day: what customers, vendors, an operator and the clock do, act by act. The orders' way is production code."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import sqlalchemy as sa
from sqlmodel import Session

from apps.cli.output import as_person
from apps.demo.asking import Customers
from apps.demo.changes import AT_NODES, EARLY, GONE
from apps.demo.people import address
from apps.demo.purchases import LAST_WAVE, SCARCE, SOLD_OUT, SPLIT_ONLY, Purchase
from apps.demo.returning import Returners
from apps.demo.stage import Stage
from apps.demo.straying import Strays
from ledger import operator
from ledger.scans import have_left
from ledger.tables import FulfilmentOrder, Order, ReviewCase
from ledger.tables.base import table_of

FLOOR_TOKEN, FLOOR = "sandbox-floor-token", "brooklyn"
SHOPS = ("alpha", "nord")
_order, _case, _fo = table_of(Order), table_of(ReviewCase), table_of(FulfilmentOrder)


@dataclass(frozen=True, slots=True)
class Act:
    """One part of the day. `title` is what the terminal shows."""

    title: str
    play: Callable[[], Awaitable[None]]


class Story:
    """Plays `acts` in order; `notes` collects what a person did, for the summary."""

    def __init__(self, stage: Stage, purchases: Sequence[Purchase]) -> None:
        self.stage, self.controls, self.purchases = stage, stage.controls, purchases
        self.customers, self.returners = Customers(stage, purchases), Returners(stage, purchases, FLOOR)
        self.strays = Strays(stage, purchases)
        self.notes: list[str] = []
        self.acts = [
            Act("Shops open: subscriptions, catalogue, stock", self._open),
            Act(f"{self._count(0)} orders, webhooks doubled and out of order", self._rush),
            Act(f"{self._asking(EARLY)} customers change their orders; some pay more, an agent decides", self._edits),
            Act(f"{self._count(1)} more; changed minds, a clerk clears a risky one", self._minds),
            Act(f"{self._count(2)} more while ShipBob and EasyPost are down", self._outage),
            Act("Both are back; a sweep finds orders without webhook", self._recovery),
            Act(f"{self._asking(AT_NODES)} change what is at the warehouses already", self._edits_at_nodes),
            Act(f"{self._count(3) + self._count(4)} more; picking; a cancellation comes too late", self._noon),
            Act("Labels; stock arrives, backorders go on", self._labels),
            Act("Parcels leave ShipBob and the own warehouse", self._parcels_leave),
            Act("Unpaid orders reach their deadline", self._night),
            Act("Parcels travel, a few go astray", self._travel),
            Act("Most parcels are delivered", self._delivery),
            Act(
                f"{len(self.returners)} want to return goods; one keeps them, one is paid at once",
                self._returns,
            ),
            Act("What was sent back arrives: opened, graded, refunded", self._parcels_back),
            Act("A storm, a stuck parcel, doors that stay shut: seen before anybody asks", self._trouble),
            Act("Weeks pass: reminders; labels that nobody used run out", self._never_sent),
            Act("Stock compared, books reconciled, invariants checked", self._close),
        ]

    def _count(self, wave: int) -> int:
        return sum(purchase.wave == wave for purchase in self.purchases)

    def _asking(self, when: str) -> int:
        return len(self.customers.at(when))

    def told(self, story: str) -> list[Purchase]:
        """The purchases of one story."""
        return [purchase for purchase in self.purchases if purchase.story == story]

    async def _open(self) -> None:
        turn = self.controls.turn
        await turn("floor/settings", {
            "base_url": self.stage.wiring.settings.public_url, "token": FLOOR_TOKEN, "locations": [FLOOR],
            "enabled": True,
        })  # fmt: skip
        await turn("stripe/endpoints", {"url": f"{self.stage.wiring.settings.public_url}/hooks/stripe/main"})
        levels = {SOLD_OUT: 0, SPLIT_ONLY: 0, SCARCE: 9}  # one unit of each is safety stock
        await turn("shipbob/inventory", {"levels": [{"sku": sku, "on_hand": n} for sku, n in levels.items()]})
        for sku in (SOLD_OUT, SCARCE):
            await turn("shopify/alpha/inventory", {"sku": sku, "location": "Brooklyn Store", "available": 0})
        await self.stage.run("sweep-shops", "sweep-warehouses")
        await self.stage.settle()
        for vendor in ("shopify", "shipbob", "easypost"):
            await turn("webhooks", {"vendor": vendor, "duplicate": 0.15, "reorder": 0.1})

    async def _rush(self) -> None:
        await self._buy(0)
        await self.stage.settle()

    async def _edits(self) -> None:
        await self.customers.ask(EARLY)
        self.customers.approve()
        await self.stage.settle()

    async def _minds(self) -> None:
        await self.stage.advance(timedelta(minutes=15))
        await self._buy(1)
        await self.stage.settle()
        for purchase in self.told("cancelled early"):
            await self._act(purchase, "cancel", {"reason": "CUSTOMER"})
        for purchase in self.told("risk pending"):
            await self._act(purchase, "risk", {"risk": "low"})
        [wrong, *_] = self.told("misspelt")
        await self._act(wrong, "edit", {"shipping_address": address(41, "US")})
        self.notes.append(f"{wrong.name}: the customer corrected the misspelt address in the shop")
        await self.stage.settle()
        self._release_risky(self.told("risky")[0])
        await self.stage.advance(timedelta(minutes=5))

    async def _outage(self) -> None:
        await self.controls.fail("shipbob", 503)
        await self.controls.fail("easypost", 503)
        await self._buy(2)
        await self.stage.advance(timedelta(minutes=28), doubts=False)

    async def _recovery(self) -> None:
        await self.controls.mend()
        await self.stage.run("sweep-shops")
        await self.stage.advance(timedelta(minutes=10))
        await self.stage.breathe()

    async def _edits_at_nodes(self) -> None:
        await self.customers.ask(AT_NODES)

    async def _noon(self) -> None:
        await self.controls.turn("floor/settings", {"short": 1, "repeat": 2})
        await self._buy(3)
        await self.stage.advance(timedelta(minutes=50))
        await self.stage.breathe()
        await self.stage.advance(timedelta(minutes=70))
        [late] = self.told("cancelled late")
        await self._act(late, "cancel", {"reason": "CUSTOMER"})
        self.notes.append(f"{late.name}: cancelled by the customer after ShipBob had picked it")
        await self._buy(4)
        await self.stage.settle()

    async def _labels(self) -> None:
        await self.controls.turn("shipbob/inventory", {"levels": [{"sku": SCARCE, "on_hand": 60}]})
        runs = await self.stage.start("sweep-warehouses")
        await self.stage.advance(timedelta(minutes=70))
        await self._send_astray()
        await self.stage.finish(runs)
        await self.stage.settle()
        await self.stage.breathe()

    async def _parcels_leave(self) -> None:
        await self.stage.advance(timedelta(hours=2, minutes=30))
        await self.stage.breathe()
        await self.stage.advance(timedelta(hours=3))
        self._decide_short_pick()
        await self.stage.advance(timedelta(hours=3))
        await self.stage.breathe()
        await self.customers.ask(GONE)

    async def _night(self) -> None:
        await self.stage.advance(timedelta(hours=10))
        await self.stage.run("watch-deadlines")
        await self.stage.settle()

    async def _travel(self) -> None:
        await self.controls.turn("webhooks", {"vendor": "easypost", "drop": 0.2})
        await self.stage.advance(timedelta(hours=14))
        await self._buy(LAST_WAVE)
        await self.strays.go_astray()
        await self.controls.turn("webhooks", {"vendor": "easypost", "drop": 0})
        await self.stage.run("track-parcels")
        await self.stage.advance(timedelta(hours=14))

    async def _delivery(self) -> None:
        for hours in (4, 5, 6, 12):
            await self.stage.advance(timedelta(hours=hours))
        await self.stage.breathe()

    async def _returns(self) -> None:
        await self.returners.ask()

    async def _parcels_back(self) -> None:
        await self.stage.advance(timedelta(hours=52))
        await self.returners.unpack()

    async def _trouble(self) -> None:
        """Working days pass, however many of these are none."""
        await self.stage.advance(timedelta(days=4))
        await self.strays.find()

    async def _never_sent(self) -> None:
        """Reminders come 10 and 21 days after a label, its end after 27; money that went ahead is missed after 21."""
        for days in (4, 11):
            await self.stage.advance(timedelta(days=days, hours=1))
            await self.stage.run("handle-delays")  # what has arrived is over, then its incident
        self.returners.get_back()
        await self.stage.advance(timedelta(days=6))

    async def _close(self) -> None:
        for vendor in ("shopify", "shipbob", "easypost"):
            await self.controls.turn("webhooks", {"vendor": vendor, "duplicate": 0, "reorder": 0})
        await self.stage.run("sweep-warehouses", "reconcile-books", "check-invariants")
        await self.stage.settle()
        self.notes += [*self.customers.notes(), *self.returners.notes, *self.strays.notes]

    async def _buy(self, wave: int) -> None:
        """Customers check out in both shops, each when the one before is done."""
        mine = [purchase for purchase in self.purchases if purchase.wave == wave]
        for shop in SHOPS:
            bought = [purchase for purchase in mine if purchase.shop == shop]
            if not bought:
                continue
            answer = await self.controls.turn(f"shopify/{shop}/orders", {"orders": [p.body for p in bought]})
            for purchase, made in zip(bought, answer["orders"], strict=True):
                purchase.order_id, purchase.legacy_id, purchase.name = made["id"], made["legacy_id"], made["name"]

    async def _act(self, purchase: Purchase, act: str, body: dict[str, Any]) -> None:
        with suppress(httpx.HTTPStatusError):  # the shop may say that it is too late
            await self.controls.turn(f"shopify/{purchase.shop}/orders/{purchase.legacy_id}/{act}", body)

    async def _send_astray(self) -> None:
        """Some parcels of today will meet trouble on their way; neither those whose goods are to come back nor those
        that meet their own."""
        told = [purchase for purchase in self.purchases if purchase.back or purchase.mishap]
        spared = {purchase.body["shipping_address"]["address1"] for purchase in told}
        codes = [
            shipment["tracking_number"]
            for order in await self.controls.look("shipbob/orders")
            for shipment in order["shipments"]
            if shipment["tracking_number"] and shipment["recipient"]["address"]["address1"] not in spared
        ]
        plans = ["exception", "attempted", "lost", "returned", "stuck", "attempted", "exception"]
        for code, plan in zip(codes[3::7], plans, strict=False):
            await self.controls.turn(f"easypost/parcels/{code}", {"plan": plan})

    def _release_risky(self, purchase: Purchase) -> None:
        """A clerk has looked at a risky order: the same function as `aftercart orders release`."""
        as_person()
        wiring = self.stage.wiring

        def act(session: Session) -> str:
            order = operator.find_order(session, purchase.name, account=f"shopify/{purchase.shop}")
            return operator.release(session, order, "fraud", wiring.now())

        wiring.ledger(act)
        self.notes.append(f"{purchase.name}: a clerk released the fraud hold")

    def _decide_short_pick(self) -> None:
        """A clerk decides what was missing at the shelf: the same function as `aftercart cases resolve`."""
        as_person()
        wiring = self.stage.wiring

        def act(session: Session) -> str:
            case = session.execute(
                sa.select(_case.c.id, _case.c.order_id, _order.c.name)
                .join(_order, _order.c.id == _case.c.order_id)
                .where(_case.c.kind == "short_pick", _case.c.state != "resolved")
            ).first()
            if case is None or have_left(session, _parts(session, case.order_id)):
                return ""  # what has left in part cannot be cancelled: the case stays open
            operator.resolve_case(session, case.id, "cancel", wiring.now())
            return str(case.name)

        if name := wiring.ledger(act):
            self.notes.append(f"{name}: a unit was missing at the shelf; a clerk chose to cancel")


def _parts(session: Session, order_id: str) -> list[str]:
    return list(session.execute(sa.select(_fo.c.id).where(_fo.c.order_id == order_id)).scalars())
