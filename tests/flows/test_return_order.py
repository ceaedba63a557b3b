"""Returns as an operator sees them: a run each, driven by the runner or by hand (PEO-2)."""

import pytest

from flows.return_order import return_order
from tasks.returning.driver import RETURNS
from tests.flows.conftest import ENGINE, Server
from tests.support.returns import ask, delivered, line_of, request_row
from tests.support.world import World

pytestmark = ENGINE


@pytest.mark.row("PEO-2")
async def test_a_stuck_return_is_driven_by_hand(world: World, server: Server) -> None:
    [order_id] = await delivered(world)
    request_id = ask(world, order_id, [line_of(order_id)])
    await RETURNS.take_requests(20)  # and the runner is gone

    assert "label_issued" == await return_order(request_id)

    [run, *_] = await server.runs("return-order")
    assert f"#1001 {request_id}" == run["name"]
    assert {"request_id": request_id} == run["parameters"]
    steps = ["decide", "issue label", "await parcel"]
    assert steps == await server.tasks(run["id"], at_least=len(steps))
    assert not request_row(world, request_id)["run_missing"]
    assert "label_issued" == await return_order(request_id), "safe to repeat"


@pytest.mark.row("PEO-2", bad_input=True)
async def test_driving_a_return_that_does_not_exist_names_it(world: World, server: Server) -> None:
    with pytest.raises(Exception, match="there is no request ret_nowhere"):
        await return_order("ret_nowhere")
