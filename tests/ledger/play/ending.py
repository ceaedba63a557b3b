"""How a story comes to rest and ends well, and what it can see of itself."""

from collections import Counter
from datetime import timedelta
from typing import Any

from domain.parcels import TERMINAL, ParcelState
from ledger.scans import Scan
from tests.ledger.play.checks import Watcher
from tests.ledger.play.house import House
from tests.ledger.play.outside import Outside
from tests.ledger.play.runner import Runner

UNITS = {("cicero", "GAS"): 6, ("cicero", "MUG"): 4, ("brooklyn", "MUG"): 5}
STAGES = ("validate", "route", "fulfil", "reconcile")


class Ending:
    """`decided`: orders about which a person chose, not only let something be tried again."""

    outside: Outside
    house: House
    runner: Runner
    watcher: Watcher
    decided: set[str]

    def shown(self, node: str) -> dict[str, tuple[int, int]]:
        """What a node says of itself: on hand and free."""
        left: Counter[str] = Counter()
        busy: Counter[str] = Counter()
        if node == "cicero":
            for order in self.outside.at_node.values():
                left.update({sku: count - order.left().get(sku, 0) for sku, count in order.lines.items()})
                if order.cancelled:
                    left.subtract({sku: count - order.left().get(sku, 0) for sku, count in order.lines.items()})
                else:
                    busy.update(order.left())
        return {
            sku: (units - left[sku], units - left[sku] - busy[sku])
            for (place, sku), units in UNITS.items()
            if place == node
        }

    def pick(self, items: Any, number: int) -> Any:
        found = list(items)
        return found[number % len(found)] if found else None

    def scan_one(self, number: int, event: str) -> bool:
        found = self.house.rows(
            "SELECT f.id, f.pick_list_id, l.version FROM fulfilment_order f JOIN pick_list l ON l.id = f.pick_list_id"
            " WHERE f.state = 'in_progress' ORDER BY f.id"
        )
        row = self.pick(found, number)
        if row is None:
            return False
        scan = Scan(
            f"{row['id']}.{event}", row["pick_list_id"], row["version"], row["id"], "", event, (), self.house.now
        )
        self.house.scan("brooklyn", scan)
        return True

    def trackers(self) -> list[str]:
        rows = self.house.rows(
            "SELECT tracker_external_id AS t FROM shipment WHERE tracker_external_id <> '' AND shipped_at IS NOT NULL"
            " ORDER BY tracker_external_id"
        )
        return [row["t"] for row in rows]

    def teardown(self) -> None:
        if hasattr(self, "watcher"):
            self.come_to_rest()
            self.watcher.look()
            self.end_well()
            self.watcher.look()

    def come_to_rest(self) -> None:
        """Quiet days: every process lives and every vendor answers, until nothing is left to do."""
        self.house.all_die()
        for _ in range(40):
            self.house.now += timedelta(hours=1)
            self.house.real_now += timedelta(minutes=1)
            done = self.house.watch("fine", "ok") + self.house.leftovers("ok")
            done += sum(self.house.work(stage, "fine", "ok") for stage in STAGES)
            done += self.runner.work("fine", "ok") + self.house.asked_again("fine", "ok")
            self.house.publish("fine")
            done += self.house.carry_out_scans("fine")
            if not done and not self.house.rows("SELECT id FROM work WHERE stage <> 'reconcile'"):
                return
        raise AssertionError(f"no rest: {self.house.rows('SELECT * FROM work')}")

    def end_well(self) -> None:
        """Shop and nodes say how things are, nodes ship, parcels arrive: orders end, or a person has them."""
        self.house.told([order.statement() for order in self.outside.orders.values()], "fine", "ok")
        self.come_to_rest()
        for order in self.outside.at_node.values():
            order.ship(self.house.now, whole=True)
        self.house.node_says([order.snapshot() for order in self.outside.at_node.values()], "fine", "ok")
        while self.scan_one(0, "handed_over"):
            self.house.carry_out_scans("fine")
        self.come_to_rest()
        for tracker in self.trackers():
            if not any(event.state in TERMINAL for event in self.outside.scans.get(tracker, [])):
                self.outside.scan(tracker, ParcelState.DELIVERED, self.house.now)
            self.house.carrier_says([self.outside.tracker(tracker)], "fine")
        self.come_to_rest()
        self.house.count_stock("cicero", self.shown("cicero"), self.house.now, "fine")
        # what we have had the shop do meanwhile (an unpaid order is cancelled) it states like anything else
        self.house.told([order.statement() for order in self.outside.orders.values()], "fine", "ok")
        self.come_to_rest()
        self.ended()

    def ended(self) -> None:
        asked = {case["order_id"] for case in self.house.open_cases()}
        held = {row["order_id"] for row in self.house.rows("SELECT order_id FROM hold WHERE released_at IS NULL")}
        for row in self.house.rows("SELECT id, external_id, state FROM orders"):
            shop = self.outside.orders[row["external_id"]]
            if shop.cancelled_at is not None:
                assert row["state"] == "cancelled" or row["id"] in asked | self.decided, row
            else:
                assert row["state"] == "completed" or row["id"] in asked | held | self.decided, row
        paid = self.house.rows(
            "SELECT o.external_id, p.captured_minor, p.refunded_minor FROM payment p JOIN orders o ON o.id = p.order_id"
        )
        for row in paid:
            shop = self.outside.orders[row["external_id"]]
            assert (row["captured_minor"], row["refunded_minor"]) == (shop.captured_minor, shop.refunded_minor)
