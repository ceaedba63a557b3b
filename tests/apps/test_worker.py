"""The worker without an engine, as the program that it is."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.support.shared import ROOT
from tests.support.world import World, checkout


async def test_it_carries_an_order_to_the_edit_window_and_ends(world: World) -> None:
    world.buy(checkout())
    await world.delivered()
    ended = await asyncio.to_thread(_work, world.environment, "--until-idle")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert world.sandbox.accepted("shopify")["fulfillmentOrderHold"]
    assert world.row("SELECT state FROM orders")["state"] == "routing"
    assert not world.broken()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_its_log_lines_name_vendor_and_operation(world: World) -> None:
    world.sandbox.fault("easypost", "POST /v2/addresses", kind="error", status=500, times=10)
    world.buy(checkout())
    await world.delivered()
    ended = await asyncio.to_thread(_work, world.environment, "--until-idle")
    assert ended.returncode == 0
    assert b" WARNING vendor call vendor=easypost operation=" in ended.stderr
    assert b" status=500 " in ended.stderr


def test_it_says_which_database_is_away() -> None:
    ended = _work({"AFTERCART_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nothing"})
    assert ended.returncode == 3
    assert b"nobody@127.0.0.1:1/nothing went away" in ended.stderr
    assert b"Traceback" not in ended.stderr


def _work(environment: Mapping[str, str], *options: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "apps.worker", *options],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, timeout=240, check=False,
    )  # fmt: skip
