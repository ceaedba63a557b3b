"""Steps never wait for what shows them."""

import asyncio
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from apps import showing
from apps.showing import Showing
from tasks.driving import Done
from tests.support.waiting import until

STEP = Done("quote", "quoted", 0.1)
LOOP = "import sys,pathlib\nfor line in sys.stdin: pathlib.Path({path!r}).open('a').write(line)\n"
DEAF = "import time\ntime.sleep(600)\n"


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """Something else in the place of the process that shows runs."""
    (folder / "stand_in_shows.py").write_text(source, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setattr(showing, "MODULE", "stand_in_shows")


def children() -> list[psutil.Process]:
    found = []
    for each in psutil.Process().children():
        with suppress(psutil.Error):  # one that has just ended
            if "stand_in_shows" in each.cmdline():
                found.append(each)
    return found


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(showing, "END_S", 0.5)


async def test_it_is_told_of_each_step_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = tmp_path / "heard"
    program(tmp_path, monkeypatch, LOOP.format(path=str(heard)))
    shows = Showing("http://127.0.0.1:1/api")
    shows.start()
    await until(lambda: shows._process, "the process")
    with shows.of("edit-order", "edr_1") as seen:
        seen(STEP)
    monkeypatch.setattr(showing, "END_S", 60.0)
    await shows.finish()

    lines = heard.read_text("utf-8").splitlines()
    assert [
        '{"id":"edr_1","begins":"edit-order"}',
        '{"id":"edr_1","step":"quote","outcome":"quoted","seconds":0.1}',
        '{"id":"edr_1","over":true}',
    ] == lines


async def test_it_is_started_again_when_it_dies_and_nobody_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, DEAF)
    shows = Showing("http://127.0.0.1:1/api")
    with shows.of("edit-order", "edr_0") as seen:
        seen(STEP)  # before there is anybody
    shows.start()
    [first] = await until(children, "the process")
    first.kill()
    await until(lambda: any(each.pid != first.pid for each in children()), "another one")
    with shows.of("edit-order", "edr_1") as seen:
        seen(STEP)
    await shows.finish()
    assert [] == children()


async def test_one_that_does_not_read_is_ended_without_waiting_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, DEAF)
    monkeypatch.setattr(showing, "MOST_UNREAD", 100)
    shows = Showing("http://127.0.0.1:1/api")
    shows.start()
    [first] = await until(children, "the process")

    def told() -> bool:
        with shows.of("edit-order", "edr_1") as seen:
            for _ in range(100):
                seen(STEP)
        return not first.is_running() or first.status() == psutil.STATUS_ZOMBIE

    await until(told, "it is ended")
    await asyncio.wait_for(shows.finish(), 120)
