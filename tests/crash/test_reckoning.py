"""What a run of the matrix comes to: a part is no whole, slowness breaks no promise, a bad cell takes no other."""

import json
from collections.abc import Awaitable
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.crash.__main__ import finish, incomplete, planned
from tests.crash.cell import NOBODY_LEFT_S, Play
from tests.crash.programs import Executing
from tests.crash.report import CONTROL, MATRIX, NOBODY_LEFT, Reckoning
from tests.crash.result import AS_PROMISED, BROKEN, KEPT, UNPROVEN, Cell, Result, played

CELLS = len([run for run, _ in planned() if run == CONTROL])
CELL = Cell("shop.hold", "acted", "sqlite")


def row(run: str, cell: Cell, verdict: str = KEPT, **more: Any) -> dict[str, Any]:
    outcome = AS_PROMISED if verdict == KEPT else "accepted 2"
    result = Result(cell.effect, cell.point, cell.database, 1, "1", False, outcome, 1.0, verdict)
    return {"run": run, **asdict(result), **more}


def whole() -> list[dict[str, Any]]:
    """Everything kept, and the control broken."""
    return [row(run, cell, BROKEN if run == CONTROL else KEPT) for run, cell in planned()]


def ended(results: list[dict[str, Any]], folder: Path, codes: tuple[int, ...] = (0, 0)) -> tuple[int, str]:
    page = folder / "page.md"
    code = finish(results, codes, folder, took_s=60.0, target=page)
    return code, page.read_text("utf-8") if page.exists() else ""


def test_a_whole_run_writes_a_page_that_says_so(tmp_path: Path) -> None:
    code, text = ended(whole(), tmp_path)
    assert code == 0
    assert "**Every promise was kept, and every target was met.**" in text
    assert "at most 45 s" in text
    assert "at most 60 s" in text
    assert len(json.loads((tmp_path / "crash-matrix.json").read_text("utf-8"))) == len(
        [run for run, _ in planned() if run == MATRIX]
    )


def test_a_share_that_was_killed_writes_nothing(tmp_path: Path) -> None:
    assert ended(whole(), tmp_path, (0, -9)) == (1, "")
    assert list(tmp_path.iterdir()) == []


def test_cells_that_are_missing_or_twice_there_write_nothing(tmp_path: Path) -> None:
    assert ended([], tmp_path) == (1, "")
    assert ended(whole()[1:], tmp_path) == (1, "")
    assert ended([*whole(), whole()[0]], tmp_path) == (1, "")
    assert incomplete(planned("no such kind"), [], [0]) != []


def test_a_missed_target_is_on_the_page_and_in_the_exit_code(tmp_path: Path) -> None:
    late = [{**each, "recovery_s": NOBODY_LEFT_S + 1 if each["run"] == NOBODY_LEFT else 1.0} for each in whole()]
    code, text = ended(late, tmp_path)
    assert code == 1
    assert "**Not everything is as promised:**" in text
    assert "recovered after 61.0 s, the target is 60 s" in text
    assert "0 of 4" in text


def test_a_cell_that_was_not_seen_to_its_end_fails_the_matrix(tmp_path: Path) -> None:
    slow = [{**each, "verdict": UNPROVEN} if each["run"] == MATRIX else each for each in whole()]
    assert ended(slow, tmp_path)[0] == 1


@pytest.mark.parametrize(("broken", "enough"), [((CELLS + 1) // 2, True), ((CELLS - 1) // 2, False)])
def test_the_control_needs_half_of_its_cells_broken_and_slowness_is_none(broken: int, enough: bool) -> None:
    cells = [cell for run, cell in planned() if run == CONTROL]
    rows = [row(CONTROL, cell, BROKEN if number < broken else UNPROVEN) for number, cell in enumerate(cells)]
    assert (Reckoning(rows).wrong(whole=True) == []) is enough
    assert Reckoning(rows).wrong(whole=False) == []


@pytest.mark.parametrize("failure", [AssertionError(), OSError("no such process"), TimeoutError("in vain")])
async def test_a_cell_that_cannot_be_played_is_a_result(failure: Exception) -> None:
    async def playing() -> Result:
        raise failure

    result = await played(CELL, playing())
    assert (result.verdict, result.accepted) == (UNPROVEN, 0)
    assert result.outcome.startswith("not played: ")


async def test_a_worker_that_ended_otherwise_is_not_ended_again(tmp_path: Path) -> None:
    launcher, world = Executing(), SimpleNamespace(environment={})
    play = Play(CELL, world, launcher, tmp_path)  # type: ignore[arg-type]
    play.start("tests.crash.no_such_program", {})
    stopping: Awaitable[None] = play.stop()
    with pytest.raises(AssertionError):
        await stopping
    play.end_all()
    launcher.close()
