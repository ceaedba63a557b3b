"""A pass outlasts a database that is away for a moment, and a Prefect that does not answer."""

import sqlite3
from collections.abc import Callable

import httpx
import pytest
import sqlalchemy as sa

from apps import worker
from config.wiring import Wiring
from tasks import shift as shift_module
from tasks import stages, visibility
from tasks.runtime import Report
from tasks.shift import Shift
from tasks.stages import Stage
from tests.support.waiting import until

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def gone(text: str = "server closed the connection") -> sa.exc.OperationalError:
    return sa.exc.OperationalError("SELECT 1", {}, OSError(text))


def no_space() -> sa.exc.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorname = "SQLITE_FULL"
    return sa.exc.OperationalError("INSERT", {}, error)


class Line:
    """Two stages for which something always waits; `troubles` are what their next runs fail with (None: nothing)."""

    def __init__(self) -> None:
        self.troubles: list[Exception | None] = []
        self.time = 1.0

    async def run(self, _limit: int) -> Report:
        self.time += 40.0
        if self.troubles and (trouble := self.troubles.pop(0)):
            raise trouble
        return Report("capture")


@pytest.fixture
def line(wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> Line:
    made = Line()

    async def waiting(_shift: Shift) -> set[str]:
        return {"work"}

    monkeypatch.setattr(stages, "STAGES", [Stage(name, made.run, made.run, lambda: {"work"}) for name in "ab"])
    monkeypatch.setattr(Shift, "waiting", waiting)
    monkeypatch.setattr(shift_module, "monotonic", lambda: made.time)
    monkeypatch.setattr(shift_module, "AWAY_REST_S", 0.0)
    return made


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        pytest.param(gone, "went away: server closed the connection", id="cut"),
        pytest.param(lambda: gone(""), "went away", id="without a word"),
        pytest.param(no_space, "has no room on its disk: free some space, work goes on by itself", id="full disk"),
    ],
)
async def test_a_database_that_comes_back_ends_no_shift(
    line: Line, caplog: pytest.LogCaptureFixture, trouble: Callable[[], Exception], said: str
) -> None:
    line.troubles += [trouble(), trouble()]

    await stages.patient_pass(Shift("test", 60), engine=False)

    assert [f"the database {said}", "the database is back"] == told(caplog)


async def test_a_database_that_was_there_in_between_ends_no_shift(line: Line) -> None:
    """Two short absences are not one long one: a stage in between has worked."""
    line.troubles += [gone(), None, gone(), None, gone()]

    await stages.patient_pass(Shift("test", 60), engine=False)

    assert line.time > 2 * shift_module.OUTAGE_S


async def test_a_sign_of_life_is_proof_that_the_database_is_there(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    shift = Shift("test", 60)
    await shift.outlast(gone())

    async with shift.alive():
        await until(lambda: "the database is back" in told(caplog))

    line.time += 2 * shift_module.OUTAGE_S
    await shift.outlast(gone())


async def test_a_database_that_stays_away_ends_the_shift(line: Line) -> None:
    line.troubles += [gone(), gone(), gone()]

    with pytest.raises(sa.exc.OperationalError):
        await stages.patient_pass(Shift("test", 60), engine=False)


async def test_a_duty_outlasts_it_too(line: Line) -> None:
    line.troubles += [gone()]
    acted = []

    async def act() -> None:
        await line.run(1)
        acted.append(line.time)

    shift, duty = Shift("test", 60), worker.Duty(act, lambda: 3600.0)
    await duty.when_due(shift)
    assert [] == acted
    await duty.when_due(shift)
    await duty.when_due(shift)

    assert 1 == len(acted)


async def test_what_prefect_cannot_show_keeps_no_order_waiting(wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once; for a while after that it is left alone."""
    asked = []

    async def refuse(**_table: object) -> None:
        asked.append(1)
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(visibility, "acreate_table_artifact", refuse)
    monkeypatch.setattr(visibility, "_quiet_until", 0.0)
    report = Report("capture")
    report.add("#1001", "ord_1", "created")

    await visibility.show_batch("process-orders", [report])
    await visibility.show_batch("process-orders", [report])

    assert [1] == asked
