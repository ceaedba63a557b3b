"""An abandoned lease with its true length, when no worker lived on; `make crash-matrix` measures more such stories."""

from pathlib import Path

import pytest

from tests.crash.cell import NOBODY_LEFT_S, TRUE_LEASE_S, Play
from tests.crash.programs import Executing
from tests.crash.promises import ACTED
from tests.crash.result import AS_PROMISED, Cell
from tests.support.world import World


@pytest.mark.row("TRU-1")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_the_only_worker_left_is_done_soon_after_the_restart(world: World, tmp_path: Path) -> None:
    """Killed in the middle of a call; the next one is started at once, as an operator starts it."""
    launcher = Executing()
    try:
        cell = Cell("shop.hold", ACTED, "sqlite")
        result = await Play(cell, world, launcher, tmp_path, lease_s=TRUE_LEASE_S).run()
    finally:
        launcher.close()
    assert result.outcome == AS_PROMISED
    assert result.recovery_s <= NOBODY_LEFT_S
