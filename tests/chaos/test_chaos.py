"""Hundreds of orders, every kind of trouble, SIGKILL at counted calls: nothing lost, nothing twice, nobody unowned."""

import argparse
from pathlib import Path

import pytest

from tests.chaos.__main__ import Arena, replay, shortest, summary
from tests.chaos.generator import generate
from tests.support.sandbox import SandboxProcess

SHRINK_S = 240.0


@pytest.mark.row("TRU-1")
@pytest.mark.row("TRU-5")
@pytest.mark.parametrize(
    ("database", "seed", "orders", "kills"),
    [
        pytest.param("sqlite", 11, 300, 10, id="sqlite"),
        pytest.param("postgres", 12, 80, 4, id="postgres", marks=pytest.mark.postgres),
    ],
)
def test_orders_survive_every_trouble(
    database: str, seed: int, orders: int, kills: int, sandbox: SandboxProcess, tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    plan = generate(seed, orders=orders, kills=kills)
    stage = Arena(request.getfixturevalue(database), sandbox, tmp_path)
    result = stage.play(plan)
    print(summary(result, database))
    if not result.ok:
        shorter = shortest(stage, plan, seconds=SHRINK_S)
        again = replay(shorter, plan, argparse.Namespace(orders=orders, kills=kills, database=database))
        pytest.fail("\n".join([*result.broken, *shorter.story(), again]))

    assert sum(result.ends.values()) == orders
    assert result.kills >= kills
    assert result.at_call >= kills / 2, "most are killed at a call, not at rest"
    assert [] == result.idle, "checks with nothing to compare"
