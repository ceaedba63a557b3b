"""One order's real story, told again in any order and more than once, ends in the same state.

A run against the sandbox is recorded: what shop, 3PL and carrier stated each time that a delivery made us ask. Fresh
ledgers then hear the statements permuted and doubled, with workers at work in between, then a sweep, then late
echoes. What rightly depends on the order is left out of the comparison, see decision 0031.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from config import wiring as wiring_module
from config.wiring import Wiring
from domain.nodes import NodeOrder
from domain.order import IncomingOrder, TransactionKind
from domain.parcels import Tracker
from ledger.effects import EffectRow, Verdict
from ledger.rows import Row, insert_rows
from ledger.tables import InventoryLevel, Product, ProductVariant, StockMovement
from ledger.tables.base import table_of
from tests.ledger.play.house import House
from tests.ledger.play.outside import Outside
from tests.support.databases import make_wiring
from tests.support.world import ADDRESS, World
from tests.tasks.shops import act
from tests.tasks.steps import at_shipbob, later

STOCK = (Product, ProductVariant, InventoryLevel, StockMovement)
STAGES = ("validate", "route", "fulfil", "reconcile")


@dataclass
class Recording:
    """What others stated, in the order in which we asked, without repetitions."""

    statements: list[IncomingOrder] = field(default_factory=list)
    at_node: list[NodeOrder] = field(default_factory=list)
    trackers: list[Tracker] = field(default_factory=list)
    stock: dict[type, list[Row]] = field(default_factory=dict)
    early: int = 0  # so many statements came before the order was handed to its node

    def listen(self, vendor: Any, method: str, kept: list[Any]) -> None:
        """Keep what a connector's method answers."""
        ask: Callable[..., Any] = getattr(vendor, method)

        async def asked(*args: Any) -> Any:
            answer = await ask(*args)
            for one in answer if isinstance(answer, list | tuple) else [answer]:
                if one is not None and one not in kept:
                    kept.append(one)
            return answer

        setattr(vendor, method, asked)


class Agreeable(Outside):
    """Vendors that do what they are asked; the recording knows the ids that they gave."""

    def __init__(self, said: Recording) -> None:
        super().__init__()
        self._last = said.statements[-1]
        self._trackers = {tracker.tracking_number: tracker.external_id for tracker in said.trackers}

    def call(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        self.accepted[row["kind"], row["key"]] += 1
        if row["kind"] == "shop.capture":
            [taken] = [t for t in self._last.transactions if t.kind is TransactionKind.CAPTURE]
            return Verdict("done", external_id=taken.external_id)
        if row["kind"] == "tracker.create":
            return Verdict("done", external_id=self._trackers[facts["tracking_number"]])
        return Verdict("done", external_id=f"{row['kind']}/{row['order_id']}")


async def record(world: World) -> Recording:
    """Authorised, moved to another address, shipped, captured, refunded, delivered."""
    said = Recording()
    with world.wiring.engine.connect() as connection:
        for model in STOCK:
            said.stock[model] = [dict(row) for row in connection.execute(sa.select(table_of(model))).mappings()]
    [shop] = [s for target, s in world.wiring.shops().items() if target.endswith("/alpha")]
    [warehouse] = world.wiring.warehouses().values()
    said.listen(shop, "fetch_orders", said.statements)
    said.listen(warehouse, "fetch_order", said.at_node)
    said.listen(world.wiring.parcels(), "fetch_trackers", said.trackers)

    [order] = world.buy(at_shipbob(payment="authorized", lines=[{"sku": "GAS-230", "quantity": 3}]))
    await world.settle()
    await world.advance(0.01)  # the shop's clock has seconds only
    act(world, order, "edit", {"shipping_address": {**ADDRESS, "address1": "44 Oak Street"}})
    await world.settle()
    said.early = len(said.statements)
    await world.advance(0.9)
    await later(world, 4)
    await later(world, 4)
    act(world, order, "refund")
    await world.settle()
    for hours in (10, 20, 20, 20):
        await later(world, hours)
    assert "completed" == world.row("SELECT state FROM orders")["state"]
    return said


class Replay:
    """The story in a fresh ledger."""

    def __init__(self, wiring: Wiring, said: Recording, seed: int) -> None:
        self.said, self.draw = said, Random(seed)
        self.house = House(wiring, Agreeable(said))
        for model, rows in said.stock.items():
            wiring.ledger(insert_rows, model, rows)
        self.house.now = said.statements[0].created_at + timedelta(seconds=1)

    def play(self) -> None:
        self.hear(
            self.said.statements[: self.said.early], busy=False
        )  # heard after routing, an edit plans the order anew
        for _ in range(3):  # the edit window ends, the node takes the order over
            self.work(hours=1)
        everything = [*self.said.statements, *self.said.at_node, *self.said.trackers]
        self.hear(everything)
        self.hear([self.said.statements[-1], self.said.at_node[-1]])  # the sweeps: what is true now
        self.work(hours=1)
        self.hear([self.said.trackers[-1]])
        self.hear(self.draw.sample(everything, 4))  # echoes of long ago
        for _ in range(4):
            self.work(hours=1)

    def hear(self, statements: Sequence[Any], *, busy: bool = True) -> None:
        """In any order, each once or twice, with workers passing by when they are busy."""
        told = [one for one in statements for _ in range(self.draw.choice([1, 1, 2]))]
        self.draw.shuffle(told)
        for one in told:
            if isinstance(one, IncomingOrder):
                self.house.told([one], self.draw.choice(["fine", "twice"]), "ok")
            elif isinstance(one, NodeOrder):
                [row] = self.house.rows("SELECT id FROM fulfilment_order")
                self.house.node_says([replace(one, reference=f"{row['id']}.1")], "fine", "ok")
            else:
                self.house.carrier_says([one], "fine")
            if busy and self.draw.random() < 0.3:
                self.work(hours=0)

    def work(self, *, hours: int) -> None:
        self.house.now += timedelta(hours=hours, seconds=1)
        for stage in STAGES:
            self.house.work(stage, "fine", "ok")
        self.house.leftovers("ok")

    def end(self) -> dict[str, Any]:
        """The end state, without our own ids and times."""
        read = self.house.rows
        tables = {
            "order": "SELECT name, state, source_updated_at, currency, total_minor, tax_minor, shipping_minor,"
            " discount_minor, country, region, risk_level, cancelled_at FROM orders",
            "address": "SELECT c.line1, c.city, c.postal_code FROM order_contact c"
            " JOIN orders o ON o.contact_id = c.id",
            "lines": "SELECT sku, ordered, reserved, backordered, released, shipped, delivered, cancelled"
            " FROM order_line",
            "money": "SELECT gateway, authorised_minor, captured_minor, refunded_minor FROM payment",
            "transactions": "SELECT external_id, kind, status, amount_minor FROM money_transaction"
            " ORDER BY external_id",
            "books": "SELECT account, sum(amount_minor) AS minor FROM journal_line GROUP BY account ORDER BY account",
            "requests": "SELECT location_id, state, request_state, attempt FROM fulfilment_order",
            "promises": "SELECT location_id, sku, holder, sum(quantity) AS units FROM reservation"
            " GROUP BY location_id, sku, holder ORDER BY sku, holder",
            "stock": "SELECT location_id, sku, on_hand, node_free, reserved_ours FROM inventory_level"
            " ORDER BY location_id, sku",
            "parcels": "SELECT state, tracking_number, carrier, polling, tracker_external_id FROM shipment",
            "scans": "SELECT state, raw_code FROM tracking_event ORDER BY occurred_at, state, raw_code",
            "holds": "SELECT name FROM hold WHERE released_at IS NULL",
            "cases": "SELECT kind, state FROM review_case ORDER BY kind, state",
            "effects": "SELECT kind, state, count(*) AS n FROM effect"
            " WHERE kind NOT IN ('mail.send', 'shop.capture', 'shop.hold')"
            " GROUP BY kind, state ORDER BY kind, state",
            "said": "SELECT kind, count(*) AS n FROM message WHERE state = 'sent'"
            " AND kind IN ('order_confirmed', 'parcel_delivered') GROUP BY kind ORDER BY kind",
            "waiting": "SELECT stage FROM work ORDER BY stage",
        }
        return {name: [dict(row) for row in read(statement)] for name, statement in tables.items()}


@contextmanager
def fresh(url: str, back: Wiring) -> Any:
    """The process works on another ledger meanwhile."""
    made = make_wiring(url)
    wiring_module.replace(made)
    try:
        yield made
    finally:
        wiring_module.replace(back)
        made.engine.dispose()


@pytest.mark.row("CAP-1")
@pytest.mark.row("TRU-1")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("server", "seeds"), [("sqlite", 8), pytest.param("postgres", 3, marks=pytest.mark.postgres)])
async def test_any_order_and_repetition_of_a_story_ends_in_the_same_state(
    world: World, request: pytest.FixtureRequest, server: str, seeds: int
) -> None:
    said = await record(world)
    topics = {row["topic"] for row in world.rows("SELECT DISTINCT topic FROM inbox_event")}
    assert {"orders/create", "orders/updated", "tracker.updated"} <= topics
    assert len(said.statements) >= 5
    assert len(said.at_node) >= 2
    assert len(said.trackers) >= 3

    ends = {}
    for seed in range(seeds):
        with request.getfixturevalue(server).database() as url, fresh(url, world.wiring) as wiring:
            replay = Replay(wiring, said, seed)
            replay.play()
            ends[seed] = replay.end()
            assert {} == {deed: n for deed, n in replay.house.outside.accepted.items() if n > 1}

    first = ends[0]
    assert "completed" == first["order"][0]["state"]
    assert "44 Oak Street" == first["address"][0]["line1"]
    for seed, end in ends.items():
        assert first == end, seed
