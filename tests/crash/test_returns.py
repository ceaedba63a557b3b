"""The cells of returns that a run of the tests plays: one point for each story. `make crash-matrix` plays all."""

from pathlib import Path

import pytest

from tests.crash.cell import Play
from tests.crash.programs import Launcher
from tests.crash.promises import POINTS
from tests.crash.result import AS_PROMISED, Cell
from tests.crash.return_scenarios import RETURNS
from tests.crash.return_steps import RETURN_STEPS
from tests.crash.steps import POINTS as STEP_POINTS
from tests.crash.steps import StepPlay
from tests.crash.test_matrix import LEASE_S
from tests.support.world import World

CELLS = [(name, POINTS[(number + 1) % len(POINTS)]) for number, name in enumerate(RETURNS)]

STEP_CELLS = [(name, STEP_POINTS[number % len(STEP_POINTS)]) for number, name in enumerate(RETURN_STEPS)]


@pytest.mark.row("RET-5")
@pytest.mark.row("TRU-1")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("effect", "point"), CELLS)
async def test_a_kill_leaves_no_return_half_done(
    effect: str, point: str, world: World, launcher: Launcher, tmp_path: Path
) -> None:
    result = await Play(Cell(effect, point, "sqlite"), world, launcher, tmp_path, lease_s=LEASE_S).run()
    assert result.outcome == AS_PROMISED


@pytest.mark.row("RET-5")
@pytest.mark.row("TRU-1")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("step", "point"), STEP_CELLS)
async def test_a_kill_between_two_steps_is_gone_on_from(
    step: str, point: str, world: World, launcher: Launcher, tmp_path: Path
) -> None:
    result = await StepPlay(Cell(step, point, "sqlite"), world, launcher, tmp_path, lease_s=LEASE_S).run()
    assert result.outcome == AS_PROMISED
