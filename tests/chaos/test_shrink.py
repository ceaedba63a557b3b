"""The generator, and the way from a long story that fails to a short one."""

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos import planted
from tests.chaos.__main__ import Arena, replay, shortest
from tests.chaos.generator import generate
from tests.chaos.plan import Buy, Cancel, Event, Kill, Plan
from tests.chaos.shrink import shrink
from tests.support.databases import Sqlite
from tests.support.sandbox import SandboxProcess

PATIENCE_S = 600.0  # two short plays, on whatever machine


def test_a_seed_is_a_plan_and_another_seed_is_another() -> None:
    plan = generate(5, orders=120, kills=9)

    assert generate(5, orders=120, kills=9) == plan
    assert generate(6, orders=120, kills=9).story() != plan.story()
    assert [sum(isinstance(event, kind) for event in plan.events) for kind in (Buy, Kill)] == [120, 9]
    assert len(plan.story()) == 1 + len(plan.events)


def test_a_shorter_story_has_no_cancellation_without_its_purchase_and_no_empty_steps() -> None:
    plan = generate(5, orders=120, kills=9)
    cancelled = next(event for event in plan.events if isinstance(event, Cancel))
    kill = next(event for event in plan.events if isinstance(event, Kill) and event.step)

    short = plan.kept([cancelled, kill])

    assert short.events == (kill,)
    assert short.compact().minutes == (sum(plan.minutes[: kill.step + 1]),)
    assert plan.only(short.numbers_in(plan)) == short


def fails_of(*needed: Callable[[Event], bool]) -> Callable[[Plan], bool]:
    return lambda plan: all(any(need(event) for event in plan.events) for need in needed)


def test_only_what_is_needed_to_fail_is_left() -> None:
    plan = generate(7, orders=200, kills=12)
    [one, other] = [event for event in plan.events if isinstance(event, Buy)][40:42]
    kill = [event for event in plan.events if isinstance(event, Kill)][3]

    short = shrink(plan, fails_of(lambda e: e is one, lambda e: e is other, lambda e: e is kill), seconds=60)

    assert set(map(str, short.events)) == {str(one), str(other), str(kill)}


def test_it_stops_when_its_time_is_over() -> None:
    plan, now, tried = generate(7, orders=200, kills=12), [0.0], []

    def fails(shorter: Plan) -> bool:
        now[0] += 10
        tried.append(shorter)
        return False

    assert shrink(plan, fails, seconds=35, clock=lambda: now[0]) == plan
    assert len(tried) == 4


@pytest.mark.row("TRU-1", bad_input=True)
def test_a_bug_planted_in_the_worker_is_seen_and_told_in_a_few_lines(
    sqlite: Sqlite, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    whole = generate(3, orders=80, kills=2)
    gift = next(event for event in whole.events if isinstance(event, Buy) and "GIFT" in str(event))
    plain = next(event for event in whole.events if isinstance(event, Buy) and event.special == "plain")
    seen: list[str] = []

    stage = Arena(sqlite, sandbox, tmp_path, planted.COMMAND)
    short = shortest(stage, whole.kept([gift, plain]), seconds=PATIENCE_S, note=seen.extend)

    assert [gift] == list(short.events)
    assert any("is nobody's" in sentence for sentence in seen), seen
    options = argparse.Namespace(orders=80, kills=2, database="sqlite")
    number = whole.events.index(gift)
    assert replay(short, whole, options) == f"make chaos SEED=3 ORDERS=80 KILLS=2 DATABASE=sqlite KEEP={number}"
    assert len(short.story()) == 2
