"""The weekly report of returns as a run: its page, its cases, and that a second one adds nothing (PEO-2, RET-7)."""

from datetime import timedelta

import pytest

from flows.report_returns import report_returns
from ledger.tables import ReviewCase
from tests.flows.conftest import ENGINE, Server
from tests.ledger.support import rows_of
from tests.support.returned import shirts_that_run_small
from tests.support.world import World

pytestmark = ENGINE


@pytest.mark.row("PEO-2")
@pytest.mark.row("RET-7")
@pytest.mark.breaks_invariants  # parcels that nothing has led to
async def test_report_returns_writes_a_page_and_opens_each_case_once(world: World, server: Server) -> None:
    shirts_that_run_small(world.wiring, at=world.wiring.now() - timedelta(weeks=6))

    assert 2 == await report_returns()

    page = await server.artifact("returns")
    assert "Linen shirt M (SHIRT-M) runs small: 20 of 60 lines" in page
    assert {"product"} == {row["owner"] for row in rows_of(world.wiring, ReviewCase)}
    [run, *_] = await server.runs("report-returns")
    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]

    assert 0 == await report_returns()
    assert 2 == len(rows_of(world.wiring, ReviewCase))
