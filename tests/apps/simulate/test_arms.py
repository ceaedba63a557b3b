"""Arms: what each does, what its customers hear, and a build that lacks the workflow says so."""

from dataclasses import replace
from datetime import timedelta

import pytest

from apps.simulate import arms
from apps.simulate.arms import OURS, Arm, Part, Step
from apps.simulate.errors import NotInThisBuild
from config.policies import load_policies
from tests.apps.simulate.support import DAY, PLACED
from tests.support.shared import ROOT


def test_without_the_workflow_nothing_is_done() -> None:
    assert () == arms.steps(Arm.WITHOUT, engine=False) == arms.steps(Arm.WITHOUT, engine=True)


@pytest.mark.parametrize("arm", [Arm.WITH, Arm.PLACEBO])
def test_a_part_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, arm: Arm) -> None:
    gone = Part("tasks.never_written", "do_it", True, "flows.never_written.never_written")
    monkeypatch.setattr(arms, "PARTS", (gone,))

    with pytest.raises(NotInThisBuild, match=r"tasks\.never_written"):
        arms.steps(arm, engine=False)
    assert "tasks.never_written" in arms.missing()


def test_a_task_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arms, "PARTS", (Part("tasks.tracking", "never_written", True, "flows.track_parcels.other"),))
    monkeypatch.setattr(arms, "ACCEPT", ("tasks.tracking", "never_written"))

    for engine in (False, True):
        with pytest.raises(NotInThisBuild, match=r"never_written|other"):
            arms.steps(Arm.WITH, engine=engine)


def test_a_shop_whose_workflow_says_nothing_passes_on_every_excuse_of_a_carrier() -> None:
    policies = load_policies(ROOT / "config" / "policies")

    assert policies.messages.kept_in_time
    assert policies is arms.policies_of(Arm.WITH, policies)
    without, placebo = arms.policies_of(Arm.WITHOUT, policies), arms.policies_of(Arm.PLACEBO, policies)
    assert frozenset() == without.messages.kept_in_time == placebo.messages.kept_in_time
    assert (frozenset(), OURS) == (without.messages.off, placebo.messages.off)
    assert policies == replace(without, messages=policies.messages), "nothing else differs"
    assert without == replace(placebo, messages=without.messages)


async def test_what_is_seldom_done_waits_and_the_rest_is_done_at_each_look() -> None:
    done: list[str] = []

    async def weekly() -> None:
        done.append("weekly")

    async def always() -> None:
        done.append("always")

    steps = [Step(weekly, 7 * DAY), Step(always, timedelta(0))]
    for days in (0, 1, 7, 8):
        for step in steps:
            await step.look(PLACED + days * DAY)

    assert ["weekly", "always", "always", "weekly", "always", "always"] == done
