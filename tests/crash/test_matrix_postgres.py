"""One point of every kind of effect of an order, and of some stories of an edit, on PostgreSQL; all are played by
`make crash-matrix`."""

from pathlib import Path

import pytest

from tests.crash.cell import Play
from tests.crash.programs import Launcher
from tests.crash.promises import POINTS
from tests.crash.result import AS_PROMISED, Cell
from tests.crash.scenarios import ORDERS
from tests.crash.test_edits import ON_POSTGRES
from tests.crash.test_matrix import LEASE_S
from tests.support.world import World

# acted, before-record, after-record, before-intent, after-intent, and so on: every point has its turn
CELLS = [(kind, POINTS[number % len(POINTS)]) for number, kind in enumerate([*ORDERS, *ON_POSTGRES], 2)]


@pytest.mark.row("TRU-1")
@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize(("effect", "point"), CELLS)
async def test_a_kill_loses_nothing_and_doubles_nothing(
    effect: str, point: str, world: World, launcher: Launcher, tmp_path: Path
) -> None:
    result = await Play(Cell(effect, point, "postgres"), world, launcher, tmp_path, lease_s=LEASE_S).run()
    assert result.outcome == AS_PROMISED
