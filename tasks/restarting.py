"""Start dead runs again: work that a schedule would bring back late, or, for a run by hand, never."""

from datetime import datetime, timedelta
from uuid import UUID

from prefect import get_client, task
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound

from config import wiring
from ledger.restarts import BEGINS_WITHIN, take_restart
from tasks.runtime import in_ledger

SOON = timedelta(seconds=20)  # a run that comes by itself within this is as good as a restart
ALIVE = ["SCHEDULED", "PENDING", "RUNNING"]


@task(name="restart dead run")
async def restart_dead_run(run_id: str) -> str:
    """Start a crashed run's deployment again, unless another run does its work. Safe to repeat: a dead run is
    followed by one run. Returns what was done, in a word."""
    async with get_client() as client:
        try:
            dead = await client.read_flow_run(UUID(run_id))
        except (ObjectNotFound, ValueError):
            return "unknown"
        if dead.state_type is not StateType.CRASHED or dead.deployment_id is None:
            return "not_dead"
        if await _another_works(client, dead):
            return "replaced"
        name = (await client.read_deployment(dead.deployment_id)).name
        wired = wiring.current()
        if not await in_ledger(take_restart, name, now=wired.now(), real_now=wired.real_now()):
            return "too_often"
        await client.create_flow_run_from_deployment(
            dead.deployment_id, parameters=dead.parameters, idempotency_key=f"restart:{dead.id}"
        )
        return "restarted"


async def _another_works(client: PrefectClient, dead: FlowRun) -> bool:
    """Whether a run of the same deployment and parameters is under way, comes soon or has begun after the dead one."""
    now = wiring.current().real_now()
    others = {"deployment_id": {"any_": [dead.deployment_id]}, "id": {"not_any_": [dead.id]}}
    alive = {"state": {"type": {"any_": ALIVE}}, "expected_start_time": {"before_": now + SOON}}
    later = {"state": {"type": {"any_": ["COMPLETED"]}}, "expected_start_time": {"after_": dead.expected_start_time}}
    for wanted in (alive, later):
        runs = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate({**others, **wanted}),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        )
        if any(run.parameters == dead.parameters and not _is_stuck(run, now) for run in runs):
            return True
    return False


def _is_stuck(run: FlowRun, now: datetime) -> bool:
    """Its worker took it up and died before it began: nothing in Prefect ends its state."""
    return run.state is not None and run.state.is_pending() and run.state.timestamp < now - BEGINS_WITHIN
