"""Delays as runs: an incident is an event once, and the day has a page (PEO-2, DLY-3)."""

import pytest

from flows.handle_delays import handle_delays
from flows.report_delays import report_delays
from tests.flows.conftest import ENGINE, Server
from tests.ledger.parcels import in_trouble
from tests.support.world import World

pytestmark = ENGINE


@pytest.mark.row("PEO-2")
@pytest.mark.row("DLY-3")
async def test_an_incident_is_an_event_once_and_stands_on_the_days_page(world: World, server: Server) -> None:
    in_trouble(world.wiring, range(5), world.wiring.now())

    assert {"incidents": 1} == await handle_delays()
    assert {"incidents": 0} == await handle_delays()
    assert {"stuck": 5} == await report_delays()

    [event] = await server.events("aftercart.incident.opened")
    assert "5 parcels delayed: USPS at Chicago, US" == event["resource"]["prefect.resource.name"]
    page = await server.artifact("delays")
    assert "- 5 parcels delayed: USPS at Chicago, US, since " in page
    assert "| does not move | 5 | 5 |" in page
    for flow in ("handle-delays", "report-delays"):
        [run, *_] = await server.runs(flow)
        assert "COMPLETED" == run["state"]["type"], run["state"]["message"]
