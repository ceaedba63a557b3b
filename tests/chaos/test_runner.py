"""What a run forgives a shop, and when the silence of its checks proves nothing."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.chaos.generator import generate
from tests.chaos.plan import Buy, Cancel, Plan
from tests.chaos.runner import ORDINARY, Result, Run
from tests.support.sandbox import SandboxProcess
from tests.support.world import checkout


@pytest.fixture
def run(sandbox: SandboxProcess) -> Run:
    stage: Any = SimpleNamespace(sandbox=sandbox)
    return Run(stage, Plan(1, (), ()), lambda _: None)


def test_a_shop_may_say_that_it_is_too_late_to_cancel(run: Run) -> None:
    run._buy([Buy(0, 1, "alpha", "plain", checkout())])

    run._cancel(Cancel(0, 1))
    run._cancel(Cancel(1, 1))

    assert run.cancelled == 1


def test_any_other_answer_to_a_cancellation_is_an_error(run: Run) -> None:
    run._bought[1] = ("alpha", "77")

    with pytest.raises(AssertionError, match="no such order"):
        run._cancel(Cancel(0, 1))


def test_a_check_that_compares_nothing_counts_only_in_a_story_of_ordinary_size() -> None:
    compared = {"labels have parcels": 0, "money agrees": 7}

    assert ["labels have parcels"] == Result(generate(5, orders=ORDINARY, kills=0), compared=compared).idle
    assert [] == Result(generate(5, orders=ORDINARY - 1, kills=0), compared=compared).idle
