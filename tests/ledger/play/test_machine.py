"""Stories of a few orders, played through the real transactions with crashes, repetitions and late writers.

Hypothesis draws who acts next: shop, nodes, carrier, customer, operator, or a worker, whose process may die at any
commit and come back late. After each step money and stock are conserved, states follow their tables, nothing was
done twice and every open promise has an owner; at the end everything comes to rest and whatever can end has ended.
"""

import os
from datetime import timedelta
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from config.wiring import Wiring
from domain.nodes import NodeOrder
from domain.parcels import ParcelState
from tests.ledger.play.checks import Watcher
from tests.ledger.play.ending import STAGES, UNITS, Ending
from tests.ledger.play.house import House
from tests.ledger.play.outside import Outside
from tests.ledger.play.places import ShopOrder
from tests.ledger.play.runner import Runner

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
FATES = st.sampled_from(["fine", "fine", "fine", "twice", "dies", "late"])
CALLS = st.sampled_from(["ok", "ok", "ok", "lost", "cut", "slow", "busy", "dies_after", "dies_before", "refused"])
SCANS = ("in_transit", "out_for_delivery", "attempted", "exception", "delivered", "lost", "returned")
NUMBERS = st.integers(0, 7)


class Story(Ending, RuleBasedStateMachine):
    """`wiring` is set by the test: one ledger for all stories, emptied before each."""

    wiring: ClassVar[Wiring]

    @initialize(orders=st.integers(1, 3), hours=st.integers(0, 4))
    def begin(self, orders: int, hours: int) -> None:
        """A shop with stock and a few orders, some hours after they came."""
        self.outside = Outside()
        self.house = House(self.wiring, self.outside)
        self.runner = Runner(self.house)
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
        self.runner.work("fine", call)
        self.house.asked_again("fine", call)
        self.house.publish("fine")
        self.house.leftovers(call)

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
        act=st.sampled_from(["cancel", "pay", "refund", "move", "fewer", "more", "clear", "nothing"]),
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

    @rule(fate=FATES, call=CALLS)
    def edits(self, fate: str, call: str) -> None:
        self.runner.work(fate, call)
        self.house.asked_again(fate, call)
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
            decided = self.house.person(case, chosen)
            again = chosen == "retry" and case["kind"] != "parcel_not_tracked"  # of that there is nothing to try again
            if decided and not again:
                self.decided.add(case["order_id"])
        self.watcher.look()


def without_waiting(connection: Any, _record: Any) -> None:
    """The machine stays on: nothing has to reach the disk."""
    connection.execute("PRAGMA synchronous=OFF")


@pytest.mark.row("TRU-1")
@pytest.mark.row("TRU-5")
def test_every_story_conserves_money_and_stock_and_comes_to_an_end(wiring: Wiring) -> None:
    on_sqlite = wiring.engine.dialect.name == "sqlite"
    if on_sqlite:
        sa.event.listen(wiring.engine, "connect", without_waiting)
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
