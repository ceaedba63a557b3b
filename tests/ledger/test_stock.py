"""Stock and promises: never more promised than the node offers, every unit accounted for."""

import threading

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from config.wiring import Wiring
from domain.catalogue import NodeStock
from domain.ids import new_id
from domain.routing import Allocation
from ledger import stock
from ledger.stock import ShortStock
from ledger.tables import InventoryLevel, Reservation, ReviewCase, StockMovement
from tests.ledger.support import NOW, later, race, row_of, rows_of

SKU, NODE = "TENT-2", "cicero"


def read_stock(wiring: Wiring, on_hand: int, free: int, *, at: float = 0, sku: str = SKU, safety: int = 0) -> list[str]:
    said = [NodeStock(sku=sku, on_hand=on_hand, free=free)]
    return wiring.ledger(stock.record_reading, NODE, said, read_at=later(at), safety_stock=safety, now=later(at))


def promise(session: Session, fulfilment_order: str, quantity: int, sku: str = SKU) -> None:
    free = stock.free_units(stock.lock_levels(session, [sku]))
    part = Allocation(NODE, f"{fulfilment_order}-line", sku, quantity)
    stock.reserve(session, [("ord_1", fulfilment_order, part)], free, NOW)


def counters(wiring: Wiring, sku: str = SKU) -> tuple[int, int, int]:
    row = row_of(wiring, InventoryLevel, sku=sku)
    return row["on_hand"], row["node_free"], row["reserved_ours"]


def free(wiring: Wiring, sku: str = SKU) -> int:
    return stock.free_units(wiring.ledger(stock.lock_levels, [sku]))[NODE, sku]


def test_promise_goes_from_us_to_the_node_and_out_of_the_door(wiring: Wiring) -> None:
    read_stock(wiring, 10, 10, safety=2)
    wiring.ledger(promise, "fo", 3)
    assert (counters(wiring), free(wiring)) == ((10, 10, 3), 5)

    wiring.ledger(stock.take_over, ["fo"], later(1))
    assert (counters(wiring), free(wiring)) == ((10, 7, 0), 5)  # what is free does not jump

    wiring.ledger(stock.consume, [stock.Consumed("fo", {("fo-line", SKU): 2}, "shp_1")], later(2))
    assert (counters(wiring), free(wiring)) == ((8, 7, 0), 5)
    held = {(row["holder"], row["quantity"]) for row in rows_of(wiring, Reservation)}
    assert held == {("consumed", 2), ("at_node", 1)}

    wiring.ledger(stock.release, ["fo"], later(3))
    assert (counters(wiring), free(wiring)) == ((8, 8, 0), 6)
    moved = [(row["kind"], row["delta"], row["ref"]) for row in rows_of(wiring, StockMovement)]
    assert moved == [("opening", 10, ""), ("shipped", -2, "shp_1")]


def test_parcel_that_left_before_its_acceptance_was_heard_of(wiring: Wiring) -> None:
    read_stock(wiring, 5, 5)
    wiring.ledger(promise, "fo", 2)

    wiring.ledger(stock.consume, [stock.Consumed("fo", {("fo-line", SKU): 2}, "shp_1")], later(1))

    assert counters(wiring) == (3, 3, 0)


def test_a_reading_between_the_nodes_acceptance_and_our_hearing_of_it(wiring: Wiring) -> None:
    """The node counts the units as its own already: nothing falls below nothing, and the alarm ends by itself."""
    read_stock(wiring, 5, 5)
    wiring.ledger(promise, "fo", 4)

    read_stock(wiring, 5, 1, at=10)
    assert [row["kind"] for row in rows_of(wiring, ReviewCase, state="open")] == ["promised_stock_gone"]
    wiring.ledger(stock.take_over, ["fo"], later(20))

    assert (counters(wiring), free(wiring)) == ((5, 0, 0), 0)
    read_stock(wiring, 5, 1, at=30)
    assert counters(wiring) == (5, 1, 0)
    assert row_of(wiring, ReviewCase)["resolution"] == "stock_is_there"


@pytest.mark.parametrize("again", ["take_over", "release"])
def test_repeats_change_nothing(wiring: Wiring, again: str) -> None:
    read_stock(wiring, 5, 5)
    wiring.ledger(promise, "fo", 2)
    wiring.ledger(getattr(stock, again), ["fo"], later(1))
    before = counters(wiring)

    wiring.ledger(getattr(stock, again), ["fo"], later(2))

    assert counters(wiring) == before


def test_promise_beyond_the_safety_stock_is_refused_whole(wiring: Wiring) -> None:
    read_stock(wiring, 3, 3, safety=1)

    with pytest.raises(ShortStock):
        wiring.ledger(promise, "fo", 3)

    assert (counters(wiring), rows_of(wiring, Reservation)) == ((3, 3, 0), [])


@pytest.mark.parametrize("asked_at", [pytest.param(9, id="older"), pytest.param(10, id="same instant")])
def test_reading_not_newer_than_a_taken_over_promise_is_not_applied(wiring: Wiring, asked_at: int) -> None:
    read_stock(wiring, 5, 5)
    wiring.ledger(promise, "fo", 2)
    wiring.ledger(stock.take_over, ["fo"], later(10))

    assert read_stock(wiring, 5, 5, at=asked_at) == []

    assert counters(wiring) == (5, 3, 0)
    read_stock(wiring, 9, 7, at=11)
    assert counters(wiring) == (9, 7, 0)


def test_readings_that_overtake_each_other_leave_the_newest(wiring: Wiring) -> None:
    read_stock(wiring, 5, 5, at=1)
    read_stock(wiring, 8, 8, at=3)

    assert read_stock(wiring, 6, 6, at=2) == []

    assert counters(wiring) == (8, 8, 0)


def test_reading_names_what_has_risen(wiring: Wiring) -> None:
    assert read_stock(wiring, 5, 5, at=1) == [SKU]
    assert read_stock(wiring, 4, 4, at=2) == []
    assert read_stock(wiring, 4, 4, at=3) == []
    assert read_stock(wiring, 4, 6, at=4) == [SKU]


def test_last_unit_goes_to_exactly_one_of_two_rivals(wiring: Wiring) -> None:
    read_stock(wiring, 1, 1)

    outcomes = race(*(lambda fo=fo: wiring.ledger(promise, fo, 1) for fo in ("fo_1", "fo_2")))

    assert sorted(type(outcome) for outcome in outcomes if outcome) == [ShortStock]
    assert counters(wiring) == (1, 1, 1)
    assert [row["quantity"] for row in rows_of(wiring, Reservation)] == [1]


def test_rivals_over_many_skus_neither_deadlock_nor_oversell(wiring: Wiring) -> None:
    skus = ["A", "B", "C"]
    for sku in skus:
        read_stock(wiring, 6, 6, sku=sku)
    taken: list[str] = []
    lock = threading.Lock()

    def shop(order: list[str]) -> None:
        for number in range(4):

            def both(session: Session, number: int = number) -> None:
                levels = stock.free_units(stock.lock_levels(session, order))
                parts = [(f"o{number}", new_id("fo"), Allocation(NODE, "l", sku, 1)) for sku in order]
                stock.reserve(session, parts, levels, NOW)

            try:
                wiring.ledger(both)
            except ShortStock:
                continue
            with lock:
                taken.extend(order)

    assert race(lambda: shop(["A", "B", "C"]), lambda: shop(["C", "B", "A"])) == [None, None]
    for sku in skus:
        assert taken.count(sku) == counters(wiring, sku)[2] == 6


class Warehouse:
    """A node as it really is, and our ledger beside it. Every act takes a second."""

    def __init__(self, wiring: Wiring, safety: int) -> None:
        self.wiring, self.safety = wiring, safety
        self.sku = new_id("SKU")
        self.on_hand, self.committed, self.second = 12, 0, 0
        self.orders: dict[str, tuple[str, int]] = {}  # fulfilment order -> (holder, open units)
        self.seen = (0, 12, 12)  # a reading that is still under way: when it was asked, and what it says
        self.read()

    def act(self, name: str, number: int) -> None:
        self.second += 1
        getattr(self, name)(number)

    def _pick(self, number: int, *holders: str) -> str | None:
        able = [order for order, (holder, units) in self.orders.items() if holder in holders and units]
        return able[number % len(able)] if able else None

    def receive(self, number: int) -> None:
        self.on_hand += number

    def look(self, _: int = 0) -> None:
        """The node answers; the answer is recorded now or much later."""
        self.seen = (self.second, self.on_hand, self.on_hand - self.committed)

    def record(self, _: int = 0) -> None:
        at, on_hand, free_there = self.seen
        read_stock(self.wiring, on_hand, free_there, at=at, sku=self.sku, safety=self.safety)

    def read(self, _: int = 0) -> None:
        self.look()
        self.record()

    def reserve(self, number: int) -> None:
        order = new_id("fo")
        before = free(self.wiring, self.sku)
        try:
            self.wiring.ledger(promise, order, number, self.sku)
        except ShortStock:
            assert number > before
        else:
            assert number <= before
            self.orders[order] = ("ours", number)

    def accept(self, number: int) -> None:
        if order := self._pick(number, "ours"):
            before = free(self.wiring, self.sku)
            units = self.orders[order][1]
            self.committed += units
            self.wiring.ledger(stock.take_over, [order], later(self.second))
            self.orders[order] = ("at_node", units)
            assert free(self.wiring, self.sku) == before

    def ship(self, number: int) -> None:
        if order := self._pick(number, "at_node"):
            units = min(number, self.orders[order][1])
            self.on_hand -= units
            self.committed -= units
            parcel = {(f"{order}-line", self.sku): units}
            self.wiring.ledger(stock.consume, [stock.Consumed(order, parcel, "shp")], later(self.second))
            self.orders[order] = ("at_node", self.orders[order][1] - units)

    def cancel(self, number: int) -> None:
        if order := self._pick(number, "ours", "at_node"):
            holder, units = self.orders.pop(order)
            self.committed -= units if holder == "at_node" else 0
            self.wiring.ledger(stock.release, [order], later(self.second))

    def check(self) -> None:
        row = row_of(self.wiring, InventoryLevel, sku=self.sku)
        kept = rows_of(self.wiring, Reservation, sku=self.sku)
        promised = {holder: 0 for holder in ("ours", "at_node", "consumed", "released")}
        for reservation in kept:
            assert reservation["quantity"] > 0
            promised[reservation["holder"]] += reservation["quantity"]
        moved = sum(m["delta"] for m in rows_of(self.wiring, StockMovement, sku=self.sku))
        assert row["reserved_ours"] == promised["ours"]
        assert promised["at_node"] == self.committed
        assert row["on_hand"] == moved <= self.on_hand
        assert 0 <= row["node_free"] <= self.on_hand - self.committed  # less while a receipt is not read yet
        assert promised["ours"] + promised["at_node"] <= self.on_hand

    def settle(self) -> None:
        self.second += 1
        self.read()
        on_hand, free_there, _ = counters(self.wiring, self.sku)
        assert (on_hand, free_there) == (self.on_hand, self.on_hand - self.committed)


ACTS = ["receive", "look", "record", "read", "reserve", "reserve", "accept", "accept", "ship", "cancel"]


def test_counters_are_true_whatever_happens_in_whatever_order(wiring: Wiring) -> None:
    @settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(
        safety=st.integers(0, 2),
        acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 6)), max_size=14),
    )
    @example(0, [("reserve", 5), ("look", 1), ("accept", 1), ("record", 1), ("ship", 2), ("record", 1), ("cancel", 1)])
    def work(safety: int, acts: list[tuple[str, int]]) -> None:
        warehouse = Warehouse(wiring, safety)
        for name, number in acts:
            warehouse.act(name, number)
            warehouse.check()
        warehouse.settle()

    work()
