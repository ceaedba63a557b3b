"""The worker without an engine, as the program that it is."""

import os
import subprocess
import sys

from tests.support.shared import ROOT
from tests.support.world import World, checkout


async def test_it_carries_an_order_to_the_edit_window_and_ends(world: World) -> None:
    world.buy(checkout())
    await world.until(lambda: not world.sandbox.control("webhooks")["queued"], what="the webhook is delivered")
    ended = subprocess.run(
        [sys.executable, "-m", "apps.worker", "--until-idle"],
        cwd=ROOT, env={**os.environ, **world.environment}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert world.sandbox.accepted("shopify")["fulfillmentOrderHold"]
    assert world.row('SELECT state FROM orders')["state"] == "routing"
    assert not world.broken()


def test_it_says_which_database_is_away() -> None:
    nowhere = {**os.environ, "AFTERCART_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nothing"}
    ended = subprocess.run(
        [sys.executable, "-m", "apps.worker"], cwd=ROOT, env=nowhere, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 3
    assert "nobody@127.0.0.1:1/nothing went away" in ended.stderr
    assert "Traceback" not in ended.stderr
