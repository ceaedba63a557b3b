"""A share of the cells of edits: one point for each story. `make crash-matrix` plays all of them."""

from pathlib import Path

import pytest

from tests.crash.cell import Play
from tests.crash.edit_scenarios import EDITS
from tests.crash.programs import Launcher
from tests.crash.promises import POINTS
from tests.crash.result import AS_PROMISED, Cell
from tests.crash.steps import POINTS as STEP_POINTS
from tests.crash.steps import StepPlay
from tests.crash.test_matrix import LEASE_S
from tests.support.world import World

ON_POSTGRES = ("node.change_lines", "shop.edit", "payment.refund", "shop.edit_address undone")
CELLS = [(name, POINTS[number % len(POINTS)]) for number, name in enumerate(EDITS, 1)]
# the fence, the recalled sheet, the way back and the park: what no effect of its own stands for
SHORT = ("edit.at_node", "edit.committing (own warehouse)", "edit.undone", "edit.parked", "edit.applied")
STEP_CELLS = [(name, STEP_POINTS[number % len(STEP_POINTS)]) for number, name in enumerate(SHORT)]


@pytest.mark.row("EDT-3")
@pytest.mark.row("TRU-1")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("effect", "point"), CELLS)
async def test_a_kill_leaves_no_edit_half_done(
    effect: str, point: str, world: World, launcher: Launcher, tmp_path: Path
) -> None:
    result = await Play(Cell(effect, point, "sqlite"), world, launcher, tmp_path, lease_s=LEASE_S).run()
    assert result.outcome == AS_PROMISED


@pytest.mark.row("EDT-3")
@pytest.mark.row("TRU-1")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("step", "point"), STEP_CELLS)
async def test_a_kill_between_two_steps_is_gone_on_from(
    step: str, point: str, world: World, launcher: Launcher, tmp_path: Path
) -> None:
    result = await StepPlay(Cell(step, point, "sqlite"), world, launcher, tmp_path, lease_s=LEASE_S).run()
    assert result.outcome == AS_PROMISED
