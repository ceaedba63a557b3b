"""Runs whose process died: found and started again by automations that every deploy puts right."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.events import Event
from prefect.events.clients import get_events_client
from prefect.states import Completed, Crashed, Pending, Running

from apps import automations
from apps.automations import FIND, RESTART, ensure
from apps.prefect_api import PrefectApi
from config.wiring import Wiring
from flows.check_invariants import check_invariants
from flows.restart_runs import restart_runs
from ledger import operator
from ledger.restarts import MOST, take_restart
from ledger.tables import ReviewCase
from tasks import restarting
from tests.flows.conftest import ENGINE
from tests.ledger.support import row_of
from tests.support.waiting import until

pytestmark = ENGINE


@pytest.fixture
async def client(engine: None, wiring: Wiring) -> AsyncIterator[PrefectClient]:
    async with get_client() as made:
        yield made


@pytest.fixture
async def deployments(client: PrefectClient) -> dict[str, UUID]:
    """Two deployments that no worker serves."""
    return {
        name: await client.create_deployment(await client.create_flow(flow), f"{name}-{uuid4().hex[:8]}")
        for name, flow in (("check-invariants", check_invariants), ("restart-runs", restart_runs))
    }


async def begun(client: PrefectClient, deployment: UUID, parameters: dict[str, Any] | None = None) -> FlowRun:
    """A run that a process took up."""
    run = await client.create_flow_run_from_deployment(deployment, parameters=parameters)
    await client.set_flow_run_state(run.id, Running(), force=True)
    return run


async def follow_ups(client: PrefectClient, deployment: UUID) -> list[FlowRun]:
    runs = await client.read_flow_runs(limit=200)
    return [run for run in runs if run.deployment_id == deployment and run.state_type and run.state_type == "SCHEDULED"]


async def test_a_run_without_a_sign_of_life_is_marked_and_started_again(
    client: PrefectClient, deployments: dict[str, UUID], wiring: Wiring
) -> None:
    """Another's run, of which nobody told us, is left alone."""
    quickly = timedelta(seconds=10)
    await ensure(client, automations.automations(deployments, dead_after=quickly))
    stranger = await client.create_deployment(await client.create_flow(check_invariants), f"other-{uuid4().hex}")
    dead, theirs = await begun(client, deployments["check-invariants"]), await begun(client, stranger)
    # theirs is overdue first: were it looked for, it would be marked before ours, whose restart comes later still
    await sign_of_life(theirs, ago=timedelta(seconds=5))
    await sign_of_life(dead)

    asked = await until(lambda: follow_ups(client, deployments["restart-runs"]), "somebody asks for a restart")

    found = await client.read_flow_run(dead.id)
    assert found.state is not None
    assert ("CRASHED", "no sign of life: its process has died") == (found.state.type.value, found.state.message)
    assert (await client.read_flow_run(theirs.id)).state_type == "RUNNING"
    [asked_for] = asked
    assert {"run_id": str(dead.id)} == asked_for.parameters


async def test_every_deploy_puts_them_right(client: PrefectClient, deployments: dict[str, UUID]) -> None:
    wanted = automations.automations(deployments)
    await ensure(client, wanted)
    assert 0 == await ensure(client, wanted)  # nothing to do the second time

    [find] = await client.read_automations_by_name(FIND)
    [restart] = await client.read_automations_by_name(RESTART)
    await client.delete_automation(find.id)
    await client.pause_automation(restart.id)
    await client.create_automation(wanted[1])

    assert 2 == await ensure(client, wanted)
    for name in (FIND, RESTART):
        [standing] = await client.read_automations_by_name(name)
        assert standing.enabled


async def sign_of_life(run: FlowRun, *, ago: timedelta = timedelta(0)) -> None:
    """What Prefect's engine sends every half minute."""
    event = Event(
        occurred=datetime.now(UTC) - ago,
        event="prefect.flow-run.heartbeat",
        resource={"prefect.resource.id": f"prefect.flow-run.{run.id}"},
        related=[
            {"prefect.resource.id": f"prefect.deployment.{run.deployment_id}", "prefect.resource.role": "deployment"}
        ],
    )
    async with get_events_client() as events:
        await events.emit(event)


async def test_a_dead_run_is_followed_by_one_with_its_parameters(
    client: PrefectClient, deployments: dict[str, UUID]
) -> None:
    dead = await begun(client, deployments["check-invariants"], {"names": ["a"]})
    assert "not_dead" == await restart_runs(str(dead.id))
    await client.set_flow_run_state(dead.id, Crashed(), force=True)

    assert ["restarted", "replaced"] == [await restart_runs(str(dead.id)) for _ in range(2)]

    [again] = await follow_ups(client, deployments["check-invariants"])
    assert {"names": ["a"]} == again.parameters
    assert "unknown" == await restart_runs(str(uuid4()))


async def test_a_run_whose_work_a_later_one_has_done_is_left_dead(
    client: PrefectClient, deployments: dict[str, UUID], wiring: Wiring
) -> None:
    dead = await begun(client, deployments["check-invariants"])
    await client.set_flow_run_state(dead.id, Crashed(), force=True)
    later = await begun(client, deployments["check-invariants"])
    await client.set_flow_run_state(later.id, Completed(), force=True)

    assert "replaced" == await restart_runs(str(dead.id))


async def test_a_run_with_other_parameters_does_other_work(
    client: PrefectClient, deployments: dict[str, UUID], wiring: Wiring
) -> None:
    dead = await begun(client, deployments["check-invariants"], {"names": ["a"]})
    await client.set_flow_run_state(dead.id, Crashed(), force=True)
    await begun(client, deployments["check-invariants"], {"names": ["b"]})

    assert "restarted" == await restart_runs(str(dead.id))


async def test_a_run_that_never_began_does_nobodys_work(
    client: PrefectClient, deployments: dict[str, UUID], wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = await begun(client, deployments["check-invariants"])
    await client.set_flow_run_state(dead.id, Crashed(), force=True)
    taken_up = await client.create_flow_run_from_deployment(deployments["check-invariants"])
    await client.set_flow_run_state(taken_up.id, Pending(), force=True)
    assert "replaced" == await restart_runs(str(dead.id))

    api, now = PrefectApi(str(client.api_url).removesuffix("/").removesuffix("/api")), wiring.real_now()
    deployment = str(deployments["check-invariants"])
    assert [1, 0] == [
        await api.coming_runs(deployment, before=now, pending_since=since)
        for since in (now - restarting.BEGINS_WITHIN, now)
    ]
    await api.aclose()
    monkeypatch.setattr(restarting, "BEGINS_WITHIN", timedelta(0))
    assert "restarted" == await restart_runs(str(dead.id))


async def test_what_dies_again_and_again_is_given_to_a_person(
    client: PrefectClient, deployments: dict[str, UUID], wiring: Wiring
) -> None:
    name = (await client.read_deployment(deployments["check-invariants"])).name
    for _ in range(MOST):
        wiring.ledger(take_restart, name, now=wiring.now(), real_now=wiring.real_now())
    dead = await begun(client, deployments["check-invariants"])
    await client.set_flow_run_state(dead.id, Crashed(), force=True)

    assert ["too_often"] * 2 == [await restart_runs(str(dead.id)) for _ in range(2)]
    assert [] == await follow_ups(client, deployments["check-invariants"])
    case = row_of(wiring, ReviewCase)
    assert ("runs_dying", name) == (case["kind"], case["subject_id"])

    wiring.ledger(operator.resolve_case, case["id"], "start_again", wiring.now())
    assert "restarted" == await restart_runs(str(dead.id))
