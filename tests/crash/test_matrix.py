"""The crash matrix (TRU-1): a worker is killed at every point of every kind of effect, and a new one carries on."""

from pathlib import Path

import pytest

from tasks.effect_kinds import KINDS
from tests.crash.cell import Play
from tests.crash.offer_scenarios import OFFERS
from tests.crash.programs import Launcher
from tests.crash.promises import ACTED, POINTS
from tests.crash.result import AS_PROMISED, BROKEN, Cell
from tests.crash.scenarios import ORDERS, SCENARIOS
from tests.support.world import World

LEASE_S = 1.0  # a cell is mostly waiting for it


def test_every_kind_has_its_cells() -> None:
    """The points are the same for all; what makes a kind happen is one function in `scenarios`."""
    assert {each.kind for each in SCENARIOS.values()} == set(KINDS)


@pytest.mark.row("TRU-1")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("effect", [*ORDERS, *OFFERS])
async def test_a_kill_loses_nothing_and_doubles_nothing(
    effect: str, point: str, world: World, launcher: Launcher, tmp_path: Path
) -> None:
    result = await Play(Cell(effect, point, "sqlite"), world, launcher, tmp_path, lease_s=LEASE_S).run()
    assert result.outcome == AS_PROMISED


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("effect", ["shop.fulfil", "node.create_order", "shop.edit", "mail.send"])
async def test_without_the_protocol_the_same_kill_is_seen(
    effect: str, world: World, launcher: Launcher, tmp_path: Path
) -> None:
    """A matrix that cannot fail would prove nothing."""
    play = Play(Cell(effect, ACTED, "sqlite"), world, launcher, tmp_path, protected=False, lease_s=LEASE_S)
    result = await play.run()
    assert result.verdict == BROKEN
    assert result.outcome.startswith("accepted "), "by the vendor's own count"
