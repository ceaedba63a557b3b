"""Bulk stays below a vendor's limits and leaves a share of them to others (TRK-1)."""

import asyncio

import pytest

from connectors.pacing import Pace
from tests.support.waiting import until


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def turns(pace: Pace, time: Time, count: int) -> list[float]:
    """When each of so many calls, one after another, was made."""
    made = []
    for _ in range(count):
        async with pace.turn():
            made.append(round(time.now, 3))
    return made


@pytest.mark.row("TRK-1")
async def test_turns_are_spread_evenly_over_a_second() -> None:
    time = Time()

    made = await turns(Pace(at_once=8, per_second=4, clock=time, sleep=time.sleep), time, 5)

    assert [100.0, 100.25, 100.5, 100.75, 101.0] == made


async def test_a_turn_of_many_calls_counts_as_many() -> None:
    time = Time()
    pace = Pace(at_once=8, per_second=4, clock=time, sleep=time.sleep)
    async with pace.turn(20):
        pass

    assert [105.0] == await turns(pace, time, 1)


async def test_a_pause_is_not_made_up_for_by_a_burst() -> None:
    time = Time()
    pace = Pace(at_once=8, per_second=4, clock=time, sleep=time.sleep)
    await turns(pace, time, 1)
    time.now += 60

    made = await turns(pace, time, 2)

    assert [160.0, 160.25] == made


async def test_without_a_rate_nobody_waits() -> None:
    time = Time()

    assert {100.0} == set(await turns(Pace(at_once=1, clock=time, sleep=time.sleep), time, 50))


@pytest.mark.row("TRK-1")
async def test_a_share_of_both_limits_is_left_to_others() -> None:
    pace = Pace.leaving(0.25, at_once=8)
    under_way, most = 0, 0
    go_on = asyncio.Event()

    async def call() -> None:
        nonlocal under_way, most
        async with pace.turn():
            under_way += 1
            most = max(most, under_way)
            await go_on.wait()
            under_way -= 1

    calls = [asyncio.create_task(call()) for _ in range(20)]
    await until(lambda: under_way == 6, "the gate is full")
    go_on.set()
    await asyncio.gather(*calls)

    assert 6 == most == pace.at_once
    assert 1 == Pace.leaving(0.9, at_once=2).at_once
    assert 2 == Pace.leaving(0.25, at_once=8, in_a_turn=3).at_once


async def test_the_reserved_share_slows_the_rate() -> None:
    time = Time()
    pace = Pace.leaving(0.5, at_once=8, per_second=4)
    pace._clock, pace._sleep = time, time.sleep

    assert [100.0, 100.5, 101.0] == await turns(pace, time, 3)


async def test_a_call_that_fails_gives_its_place_back() -> None:
    pace = Pace(at_once=1)
    with pytest.raises(ZeroDivisionError):
        async with pace.turn():
            raise ZeroDivisionError

    async with asyncio.timeout(60), pace.turn():
        pass
