"""Prefect's automations for dead runs: found by their missing heartbeat, started again by `restart-runs`.

Narrowed to deployments of ours, never `restart-runs` itself: what restarts must not restart itself. They are made by
code at every deploy, so that one that somebody changed or removed is mended.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

FIND, RESTART = "aftercart: find dead runs", "aftercart: restart dead runs"
RESTARTER = "restart-runs"
BEAT = "prefect.flow-run.heartbeat"
CRASHED = "prefect.flow-run.Crashed"
ENDS = {CRASHED, "prefect.flow-run.Completed", "prefect.flow-run.Failed", "prefect.flow-run.Cancelled"}
DEAD_AFTER = timedelta(seconds=90)  # three missed heartbeats, of which Prefect allows no more than two a minute


def automations(deployments: Mapping[str, UUID], *, dead_after: timedelta = DEAD_AFTER) -> list[AutomationCore]:
    """What there should be; `deployments` are ids by name."""
    watched = sorted(str(each) for name, each in deployments.items() if name != RESTARTER)
    runs = ResourceSpecification.model_validate({"prefect.resource.id": "prefect.flow-run.*"})
    ours = ResourceSpecification.model_validate(
        {"prefect.resource.role": "deployment", "prefect.resource.id": [f"prefect.deployment.{i}" for i in watched]}
    )
    return [
        AutomationCore(
            name=FIND,
            description="A run of ours that gives no sign of life any more is marked as crashed.",
            trigger=EventTrigger(
                match=runs,
                match_related=ours,
                after={BEAT},
                expect={BEAT, *ENDS},
                for_each={"prefect.resource.id"},
                posture=Posture.Proactive,
                threshold=1,
                within=dead_after,
            ),
            actions=[
                ChangeFlowRunState(
                    name=None, state=StateType.CRASHED, message="no sign of life: its process has died", force=False
                )
            ],
        ),
        AutomationCore(
            name=RESTART,
            description="A crashed run of ours is started again; the ledger counts how often.",
            trigger=EventTrigger(
                match=runs,
                match_related=ours,
                expect={CRASHED},
                for_each={"prefect.resource.id"},
                posture=Posture.Reactive,
                threshold=1,
                within=timedelta(0),
            ),
            actions=[
                RunDeployment(
                    source="selected",
                    job_variables=None,
                    deployment_id=deployments[RESTARTER],
                    parameters={"run_id": {"__prefect_kind": "jinja", "template": "{{ flow_run.id }}"}},
                )
            ],
        ),
    ]


async def ensure(client: PrefectClient, wanted: list[AutomationCore]) -> int:
    """Create what is missing, mend what differs, remove doubles; returns how many were not as they should be."""
    mended = 0
    for each in wanted:
        standing = await client.read_automations_by_name(each.name)
        same = next((one for one in standing if _essence(one) == _essence(each)), None)
        extra = [one for one in standing if one is not same]
        if same is None:
            await client.create_automation(each)
        for one in extra:
            await client.delete_automation(one.id)
        mended += bool(extra or same is None)
    return mended


def _essence(automation: AutomationCore) -> AutomationCore:
    """Without what the server adds: ids, and defaults written out."""
    return AutomationCore.model_validate(automation.model_dump(mode="json"))
