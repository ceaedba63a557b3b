"""Bulk work leaves a share of the bucket to interactive calls."""

import pytest

from connectors.shops.shopify_budget import CostBudget, Throttled, interactive


class Time:
    def __init__(self) -> None:
        self.now = 100.0
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


def budget(time: Time, available: float) -> CostBudget:
    made = CostBudget(clock=time, sleep=time.sleep)
    status = {"maximumAvailable": 1000.0, "currentlyAvailable": available, "restoreRate": 50.0}
    made.learn("doc", {"requestedQueryCost": 100, "throttleStatus": status})
    return made


async def test_nothing_is_waited_for_before_the_vendor_has_spoken() -> None:
    time = Time()
    await CostBudget(clock=time, sleep=time.sleep).acquire("op", "doc", 5000)
    assert time.naps == []


async def test_bulk_stops_at_the_reserve_and_interactive_goes_on() -> None:
    time = Time()
    shared = budget(time, available=250)
    with interactive():
        await shared.acquire("op", "doc", 1)
    assert time.naps == []
    await shared.acquire("op", "doc", 1)  # 100 + 200 reserved + 100 in flight, of 250
    assert sum(time.naps) == pytest.approx(3.0)


async def test_what_comes_back_is_free_again() -> None:
    time = Time()
    shared = budget(time, available=400)
    for _ in range(5):
        shared.release(await shared.acquire("op", "doc", 1))
    assert time.naps == []


async def test_a_document_larger_than_what_bulk_may_have_still_gets_its_turn() -> None:
    time = Time()
    shared = budget(time, available=900)
    await shared.acquire("op", "large", 950)
    assert sum(time.naps) == pytest.approx(2.0)  # the whole bucket, not more


async def test_a_long_wait_is_left_to_the_row() -> None:
    time = Time()
    with pytest.raises(Throttled) as caught:
        await budget(time, available=-700).acquire("op", "doc", 1)
    assert caught.value.after_s == pytest.approx(20.0)
    assert time.naps == []
