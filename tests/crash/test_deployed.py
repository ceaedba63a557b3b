"""A kill under a real deployment run. All kinds are played by `make crash-matrix`, which has the time for it."""

from pathlib import Path

import pytest

from tests.crash.engine import POINT, DeployedPlay, opened_engine
from tests.crash.result import AS_PROMISED, Cell
from tests.support.world import World


@pytest.mark.engine
@pytest.mark.row("TRU-1")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_run_that_is_killed_is_followed_by_one_that_finishes(world: World, tmp_path: Path) -> None:
    async with opened_engine(tmp_path) as engine:
        result = await DeployedPlay(Cell("label.buy", POINT, "sqlite"), world, engine, tmp_path).run()
    assert result.outcome == AS_PROMISED
