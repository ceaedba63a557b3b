"""A pass outlasts a database that is away for a moment, and a Prefect that does not answer."""

import httpx
import pytest
import sqlalchemy as sa

from config.wiring import Wiring
from tasks import shift as shift_module
from tasks import stages, visibility
from tasks.runtime import Report
from tasks.shift import Shift

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> list[sa.exc.OperationalError]:
    """What the next passes fail with."""
    failures: list[sa.exc.OperationalError] = []

    async def one_pass(_shift: Shift, *, engine: bool) -> list[Report]:
        if failures:
            raise failures.pop()
        return [Report("capture")]

    monkeypatch.setattr(stages, "one_pass", one_pass)
    monkeypatch.setattr(shift_module, "AWAY_REST_S", 0.0)
    return failures


def gone() -> sa.exc.OperationalError:
    return sa.exc.OperationalError("SELECT 1", {}, OSError("server closed the connection"))


async def test_a_database_that_comes_back_ends_no_shift(
    wiring: Wiring, away: list[sa.exc.OperationalError], caplog: pytest.LogCaptureFixture
) -> None:
    away += [gone(), gone()]

    assert ["capture"] == [report.stage for report in await stages.patient_pass(Shift("test", 60))]

    told = [record.getMessage() for record in caplog.records]
    assert ["the database went away, waiting for it: server closed the connection", "the database is back"] == told


async def test_a_database_that_stays_away_ends_the_shift(
    wiring: Wiring, away: list[sa.exc.OperationalError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shift_module, "OUTAGE_S", 0.0)
    away += [gone(), gone()]

    with pytest.raises(sa.exc.OperationalError):
        await stages.patient_pass(Shift("test", 60))


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
