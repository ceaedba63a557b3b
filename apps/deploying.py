"""Create the work pool, every deployment of prefect.yaml and the automations: `python -m apps.deploying`.

The deployments are as `prefect deploy --all` makes them, but for how a run begins (`BEGUN`), in one process that
imports the flows while the server is still starting. An upsert of a deployment also drops its scheduled runs, so those
missed while nothing ran are not all made up for.
"""

import asyncio
import logging
import shlex
import sys
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import yaml
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectAlreadyExists
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from prefect.workers.process import ProcessWorker

from apps import automations
from apps.processes import python
from config.settings import ROOT

PATIENCE_S = 90.0
SET_FOLDER = "prefect.deployments.steps.set_working_directory"  # prefect.yaml says why
# With a command and a folder of its own a run is one start of Python. Without, a first process makes a workspace ready
# and becomes the run, and another one looks for hooks after a crash: two to four seconds of CPU each.
BEGUN = {"command": shlex.join(python("-m", "apps.flow_run")), "working_dir": str(ROOT)}
logger = logging.getLogger(__name__)


def wanted() -> list[dict[str, Any]]:
    """The deployments of prefect.yaml, as written."""
    data: Mapping[str, Any] = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    return list(data["deployments"])


async def deploy_all() -> None:
    """Raises: TimeoutError when the server does not answer in time."""
    flows: dict[str, Flow[..., Any]] = {
        entry["name"]: load_flow_from_entrypoint(entry["entrypoint"]) for entry in wanted()
    }
    async with get_client() as client:
        async with asyncio.timeout(PATIENCE_S):
            while await client.api_healthcheck() is not None:  # noqa: ASYNC110 - another process starts it
                await asyncio.sleep(0.2)
        await _create_pool(client, wanted()[0]["work_pool"]["name"])
        ids = {entry["name"]: await _deploy(client, entry, flows[entry["name"]]) for entry in wanted()}
        await automations.ensure(client, automations.automations(ids))


async def _create_pool(client: PrefectClient, name: str) -> None:
    template = ProcessWorker.get_default_base_job_template()
    try:
        await client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))
    except ObjectAlreadyExists:
        return


async def _deploy(client: PrefectClient, entry: Mapping[str, Any], flow: Flow[..., Any]) -> UUID:
    return await client.create_deployment(
        flow_id=await client.create_flow(flow),
        name=entry["name"],
        entrypoint=entry["entrypoint"],
        description=entry["description"],
        tags=entry["tags"],
        schedules=[
            DeploymentScheduleCreate(schedule=CronSchedule(cron=line["cron"], timezone=line["timezone"]), active=True)
            for line in entry["schedules"]
        ],
        work_pool_name=entry["work_pool"]["name"],
        pull_steps=[{SET_FOLDER: {"directory": str(ROOT)}}],
        job_variables=BEGUN,
        parameter_openapi_schema=parameter_schema(flow).model_dump_for_openapi(),
        enforce_parameter_schema=True,
    )


if __name__ == "__main__":
    try:
        asyncio.run(deploy_all())
    except TimeoutError:
        sys.exit("the Prefect server did not answer in time; see var/log/prefect-server.log")
