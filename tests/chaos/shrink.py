"""From a story that fails to the shortest one found that still does (delta debugging with a limit of time)."""

import time
from collections.abc import Callable, Sequence

from tests.chaos.plan import Buy, Event, Kill, Plan

Fails = Callable[[Plan], bool]


def shrink(plan: Plan, fails: Fails, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> Plan:
    """`fails` plays a plan and says whether it still goes wrong. It is played on real programs, so a story that
    fails only now and then may come back longer than it need be, but one that is returned has failed."""
    ends = clock() + seconds
    tried: dict[frozenset[int], bool] = {frozenset(): False}  # where nothing happens nothing goes wrong

    def still_fails(shorter: Plan) -> bool:
        events = frozenset(id(event) for event in shorter.events)
        if events not in tried:
            tried[events] = fails(shorter)
        return tried[events]

    kinds: tuple[Callable[[Event], bool], ...] = (
        lambda event: not isinstance(event, Buy | Kill),
        lambda event: isinstance(event, Kill),
        lambda event: isinstance(event, Buy),
        lambda event: True,
    )
    for among in kinds:  # many small things first: they cost least to leave out
        plan = _fewer(plan, among, still_fails, lambda: clock() < ends)
    return plan


def _fewer(plan: Plan, among: Callable[[Event], bool], fails: Fails, in_time: Callable[[], bool]) -> Plan:
    """Leave out parts of these events, halves first, then ever smaller ones."""
    parts = 1  # first all of them at once
    while in_time():
        mine = [event for event in plan.events if among(event)]
        if not mine:
            return plan
        size = -(-len(mine) // parts)
        for start in range(0, len(mine), size):
            if not in_time():
                return plan
            shorter = _without(plan, mine[start : start + size])
            if fails(shorter):
                plan, parts = shorter, max(parts - 1, 1)
                break
        else:
            if size == 1:
                return plan
            parts = min(parts * 2, len(mine))
    return plan


def _without(plan: Plan, events: Sequence[Event]) -> Plan:
    left_out = {id(event) for event in events}
    return plan.kept(event for event in plan.events if id(event) not in left_out)
