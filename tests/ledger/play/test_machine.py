"""Stories of a few orders, played through the real transactions with crashes, repetitions and late writers.

Hypothesis draws who acts next: shop, nodes, carrier, customer, operator, or a worker, whose process may die at any
commit and come back late. After each step money and stock are conserved, states follow their tables, nothing was
done twice and every open promise has an owner; at the end everything comes to rest and whatever can end has ended.
"""

import os
from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from config.wiring import Wiring
from domain.nodes import NodeOrder
from domain.parcels import TERMINAL, ParcelState
from ledger.scans import Scan
from tests.ledger.play.checks import Watcher
from tests.ledger.play.house import House
from tests.ledger.play.outside import Outside, ShopOrder

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
UNITS = {("cicero", "GAS"): 6, ("cicero", "MUG"): 4, ("brooklyn", "MUG"): 5}
FATES = st.sampled_from(["fine", "fine", "fine", "twice", "dies", "late"])
CALLS = st.sampled_from(["ok", "ok", "ok", "lost", "cut", "slow", "busy", "dies_after", "dies_before", "refused"])
SCANS = ("in_transit", "out_for_delivery", "attempted", "exception", "delivered", "lost", "returned")
STAGES = ("validate", "route", "fulfil", "reconcile")
NUMBERS = st.integers(0, 7)


class Story(RuleBasedStateMachine):
    """`wiring` is set by the test: one ledger for all stories, emptied before each."""

    wiring: ClassVar[Wiring]

    @initialize(orders=st.integers(1, 3), hours=st.integers(0, 4))
    def begin(self, orders: int, hours: int) -> None:
        """A shop with stock and a few orders, some hours after they came."""
        self.outside = Outside()
        self.house = House(self.wiring, self.outside)
        self.watcher = Watcher(self.house, UNITS)
        self.older: list[NodeOrder] = []
        self.decided: set[str] = set()  # orders about which a person chose, not only let something be tried again
        for node in ("cicero", "brooklyn"):
            self.house.count_stock(node, self.shown(node), self.house.now, "fine")
        for number in range(orders):
            self.buy_now({"GAS": 1, "MUG": 1 + number}, ("paid", "authorised", "paid")[number], "low", "ok")
        for _ in range(hours):
            self.quiet_hour("ok")

    def buy_now(self, units: dict[str, int], payment: str, risk: str, call: str) -> None:
        order = ShopOrder(len(self.outside.orders) + 1, self.house.now, units, payment, risk)
        self.outside.orders[order.id] = order
        self.house.told([order.statement()], "fine", call)

    def quiet_hour(self, call: str) -> None:
        """Everybody does their work, from the order's validation to its parcel's hand-over."""
        self.house.now += timedelta(hours=1)
        for stage in STAGES:
            self.house.work(stage, "fine", call)
        self.house.publish("fine")
        self.house.leftovers(call)

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

    # the shop

    @precondition(lambda self: len(self.outside.orders) < 4)
    @rule(
        gas=st.integers(0, 3),
        mugs=st.integers(1, 4),
        payment=st.sampled_from(["paid", "paid", "authorised", "pending"]),
        risk=st.sampled_from(["low", "low", "low", "high"]),
        call=CALLS,
    )
    def buy(self, gas: int, mugs: int, payment: str, risk: str, call: str) -> None:
        units = {sku: count for sku, count in (("GAS", gas), ("MUG", mugs)) if count}
        self.buy_now(units, payment, risk, call)
        self.watcher.look()

    @precondition(lambda self: self.outside.orders)
    @rule(
        number=NUMBERS,
        act=st.sampled_from(["cancel", "pay", "refund", "move", "fewer", "clear", "nothing"]),
        fate=FATES,
        call=CALLS,
        stale=st.booleans(),
    )
    def shop_says(self, number: int, act: str, fate: str, call: str, stale: bool) -> None:
        """Something happens in the shop, or nothing; its statement comes, perhaps with the one from before after it."""
        order = self.pick(self.outside.orders.values(), number)
        before = order.statement()
        if act != "nothing":
            order.act(act, self.house.now)
        self.house.told([order.statement()], fate, call)
        if stale:
            self.house.told([before], "fine", call)
        self.watcher.look()

    # workers

    @rule(stage=st.sampled_from(STAGES), fate=FATES, call=CALLS)
    def work(self, stage: str, fate: str, call: str) -> None:
        self.house.work(stage, fate, call)
        self.watcher.look()

    @rule(call=CALLS)
    def an_hour(self, call: str) -> None:
        self.quiet_hour(call)
        self.watcher.look()

    @rule(fate=FATES, call=CALLS)
    def leftovers(self, fate: str, call: str) -> None:
        self.house.leftovers(call, fate)
        self.watcher.look()

    @rule(call=CALLS)
    def late(self, call: str) -> None:
        self.house.late_writer()
        self.house.late_answer(call)
        self.watcher.look()

    @rule(everybody=st.booleans())
    def crash(self, everybody: bool) -> None:
        if everybody:
            self.house.all_die()
        else:
            self.house.expire()
        self.watcher.look()

    @rule(minutes=st.sampled_from([1, 20, 60, 60, 600]), fate=FATES, call=CALLS)
    def time_goes_by(self, minutes: int, fate: str, call: str) -> None:
        self.house.now += timedelta(minutes=minutes)
        self.house.watch(fate, call)
        self.watcher.look()

    # the 3PL

    @precondition(lambda self: self.outside.at_node)
    @rule(
        number=NUMBERS,
        act=st.sampled_from(["ship", "ship", "one", "unnumbered", "cancel", "nothing"]),
        old=st.booleans(),
        fate=FATES,
        call=CALLS,
    )
    def node(self, number: int, act: str, old: bool, fate: str, call: str) -> None:
        """The node works, and what it says arrives; perhaps an older word after it."""
        order = self.pick(self.outside.at_node.values(), number)
        self.older.append(order.snapshot())
        if act == "cancel":
            order.cancelled = order.cancelled or not order.parcels
        elif act != "nothing":
            order.ship(self.house.now, whole=act != "one", numbered=act != "unnumbered")
        self.house.node_says([order.snapshot()], fate, call)
        if old:
            self.house.node_says([self.pick(self.older, number)], "fine", call)
        self.watcher.look()

    @rule(fate=FATES, delay=st.sampled_from([0, 0, 60]))
    def stock_is_read(self, fate: str, delay: int) -> None:
        """Asked at one moment, recorded at another."""
        said, at = self.shown("cicero"), self.house.now
        self.house.now += timedelta(seconds=delay)
        self.house.count_stock("cicero", said, at, fate)
        self.watcher.look()

    # the own warehouse

    @rule(number=NUMBERS, event=st.sampled_from(["picked", "handed_over", "handed_over", "short"]), fate=FATES)
    def floor(self, number: int, event: str, fate: str) -> None:
        self.house.publish("fine")
        self.scan_one(number, event)
        self.house.carry_out_scans(fate)
        self.watcher.look()

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

    # the carrier

    @rule(number=NUMBERS, word=st.sampled_from(SCANS), early=st.booleans(), seen=st.integers(0, 3), fate=FATES)
    def carrier(self, number: int, word: str, early: bool, seen: int, fate: str) -> None:
        tracker = self.pick(self.trackers(), number)
        if tracker is None:
            return
        at = self.house.now - timedelta(hours=5 if early else 0)
        self.outside.scan(tracker, ParcelState(word), at)
        answers = [self.outside.tracker(tracker), self.outside.tracker(tracker, seen=seen)]
        for answer in answers if number % 2 else reversed(answers):
            self.house.carrier_says([answer], fate)
        self.watcher.look()

    def trackers(self) -> list[str]:
        rows = self.house.rows(
            "SELECT tracker_external_id AS t FROM shipment WHERE tracker_external_id <> '' AND shipped_at IS NOT NULL"
            " ORDER BY tracker_external_id"
        )
        return [row["t"] for row in rows]

    # people

    @rule(number=NUMBERS, choice=NUMBERS, call=CALLS)
    def person(self, number: int, choice: int, call: str) -> None:
        case = self.pick(self.house.open_cases(), number)
        if case is None:
            return
        if case["kind"] == "effect_parked":  # nobody gives up, and nobody says what is not so
            there = "mark_done" in case["choices"] and self.house.was_done(case["subject_id"])
            self.house.person(case, "mark_done" if there else "retry")
        elif case["kind"] == "effect_rejected":
            self.house.person(case, "retry")
        else:
            chosen = self.pick(case["choices"], choice)
            self.house.person(case, chosen)
            if chosen != "retry" or case["kind"] == "parcel_not_tracked":  # of which there is nothing to try again
                self.decided.add(case["order_id"])
        self.watcher.look()

    # the end

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


def _without_waiting(connection: Any, _record: Any) -> None:
    """The machine stays on: nothing has to reach the disk."""
    connection.execute("PRAGMA synchronous=OFF")


@pytest.mark.row("TRU-1")
@pytest.mark.row("TRU-5")
def test_every_story_conserves_money_and_stock_and_comes_to_an_end(wiring: Wiring) -> None:
    on_sqlite = wiring.engine.dialect.name == "sqlite"
    if on_sqlite:
        sa.event.listen(wiring.engine, "connect", _without_waiting)
    examples = (400 if DEEP else 12) if on_sqlite else (60 if DEEP else 3)
    Story.wiring = wiring
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=examples,
            stateful_step_count=60 if DEEP else 35,
            deadline=None,
            derandomize=not DEEP,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
