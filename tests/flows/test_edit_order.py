"""Requests as an operator sees them: a run each, or a line of the artifact; a stuck one is driven by hand (PEO-2)."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL

from flows.edit_order import edit_order
from tasks.editing.driver import EDITS
from tests.flows.conftest import ENGINE, Server
from tests.support.edits import MOVED, ask, order_ids, request_row
from tests.support.programs import Programs, programs_in
from tests.support.sandbox import _free_ports
from tests.support.waiting import until
from tests.support.world import World, checkout

pytestmark = ENGINE
ADDRESS = [{"kind": "address", "contact_version": "$proposed"}]
STEPS = ["quote", "fence", "commit in shop", "confirm"]


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    with programs_in(tmp_path) as made:
        yield made


async def asked_for(world: World) -> str:
    """A request that nobody has taken yet."""
    world.buy(checkout())
    await world.settle()
    [order_id] = order_ids(world)
    return ask(world, order_id, ADDRESS, contact=MOVED)


def api() -> str:
    return str(PREFECT_API_URL.value())


@pytest.mark.row("PEO-2")
async def test_a_request_is_a_run_named_after_its_order_with_a_task_for_each_step(
    world: World, server: Server, programs: Programs
) -> None:
    request_id = await asked_for(world)

    program = programs.requests(environment=world.environment | {"PREFECT_API_URL": api()})
    shown = "SELECT id FROM edit_request WHERE state = 'applied' AND NOT run_missing"
    await until(lambda: world.rows(shown), "it is applied and shown")
    program.send(signal.SIGTERM)
    await until(lambda: not program.alive, "the runner ends")

    assert 0 == program.code, program.output
    [run] = await server.runs("edit-order")
    assert f"#1001 {request_id}" == run["name"]
    assert {"request_id": request_id} == run["parameters"]
    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]
    assert STEPS == await server.tasks(run["id"], at_least=len(STEPS))
    assert "Lovelace" not in program.output
    assert MOVED["line1"] not in program.output


@pytest.mark.row("PEO-2", bad_input=True)
@pytest.mark.row("EDT-3")
async def test_without_an_engine_it_is_applied_all_the_same_and_listed_when_the_engine_is_back(
    world: World, server: Server, programs: Programs
) -> None:
    request_id = await asked_for(world)
    [nowhere] = _free_ports(1)
    away = world.environment | {"PREFECT_API_URL": f"http://127.0.0.1:{nowhere}/api"}

    alone = programs.requests("--until-idle", environment=away)
    await until(lambda: not alone.alive, "the runner ends")

    assert 0 == alone.code, alone.output
    row = request_row(world, request_id)
    assert ("applied", True) == (row["state"], row["run_missing"])
    world.move_clock(0.1)
    back = programs.requests(environment=world.environment | {"PREFECT_API_URL": api()})

    async def listed() -> list[dict[str, str]]:
        return [line for line in await server.lines("run-missing") if line["request"] == request_id]

    [line] = await until(listed, "it is listed")
    back.send(signal.SIGTERM)
    await until(lambda: not back.alive, "the runner ends")
    assert ("#1001", "applied") == (line["order"], line["state"])
    assert {"order", "request", "state", "came"} == set(line), "nothing personal"


@pytest.mark.row("PEO-2")
async def test_a_stuck_request_is_driven_by_hand(world: World, server: Server) -> None:
    request_id = await asked_for(world)
    await EDITS.take_requests(20)  # and the runner is gone

    assert "applied" == await edit_order(request_id)

    [run, *_] = await server.runs("edit-order")
    assert f"#1001 {request_id}" == run["name"]
    assert STEPS == await server.tasks(run["id"], at_least=len(STEPS))
    assert not request_row(world, request_id)["run_missing"]
    assert "applied" == await edit_order(request_id), "safe to repeat"


@pytest.mark.row("PEO-2", bad_input=True)
async def test_driving_a_request_that_does_not_exist_names_it(world: World, server: Server) -> None:
    with pytest.raises(Exception, match="there is no request edr_nowhere"):
        await edit_order("edr_nowhere")

    [run, *_] = await server.runs("edit-order")
    assert "FAILED" == run["state"]["type"]
