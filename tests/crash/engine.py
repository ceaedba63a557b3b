"""The same kills under a real deployment run: a Prefect server, a process worker, a run that dies and the next one."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import httpx

from apps.deploying import BEGUN
from apps.prefect_api import BUSY_S
from apps.processes import MARK, end, marked, python
from ledger import failpoints
from tasks.workflows import WORKFLOWS
from tests.crash.cell import PATIENCE_S, Play
from tests.crash.programs import Executing
from tests.crash.result import Cell
from tests.support.driving import drive
from tests.support.shared import ROOT
from tests.support.world import World, free_port

POINT = failpoints.BEFORE_RECORD  # the vendor has acted and nobody has written it down
POOL = "crash"
_TIMEOUT_S = 150  # its database waits a minute for its turn before it says so
_LOOK_S = 0.6  # between two looks at a run, each of which is a query of Prefect's
# of Prefect's server, which no run here needs and which share the cores with it
_IDLE = ("SCHEDULER", "LATE_RUNS", "FOREMAN", "TRIGGERS", "EVENT_PERSISTER")
ENDED = ("COMPLETED", "CRASHED", "FAILED", "CANCELLED")
_DOUBTFUL = {"sending", "unknown"}
_ROUNDS = 5  # until what one workflow plans is done by the other
_MAIN = "process-orders"
_FLOWS = (_MAIN, "watch-deadlines", "sweep-warehouses", "handle-delays", *WORKFLOWS)


class Engine:
    """A server and a worker of one's own; a run's environment is the cell's."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._mark = folder, f"{folder}:crash"
        self._api = httpx.AsyncClient(base_url=f"http://127.0.0.1:{free_port()}/api", timeout=_TIMEOUT_S)
        self._deployments: dict[str, str] = {}
        self._children: list[subprocess.Popen[bytes]] = []

    async def open(self) -> None:
        """Serve, and know the deployments, without schedules."""
        host, port = "127.0.0.1", str(self._api.base_url.port)
        self._start("server", "start", "--host", host, "--port", port)
        await self._until("/health")
        self._start("worker", "start", "--pool", POOL, "--type", "process", "--name", POOL)
        await self._until(f"/work_pools/{POOL}")
        for name in _FLOWS:
            module = name.replace("-", "_")
            flow = await self._post("/flows/", {"name": name})
            deployment = {
                "name": name, "flow_id": flow["id"], "work_pool_name": POOL, "path": str(ROOT),
                "entrypoint": f"flows.{module}.{module}",
                "pull_steps": [{"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}],
            }  # fmt: skip
            self._deployments[name] = (await self._post("/deployments/", deployment))["id"]

    async def close(self) -> None:
        """End the server, the worker and whatever runs."""
        await self._api.aclose()
        await end(marked(self._mark), patience_s=20)
        for child in self._children:
            child.wait()

    async def run(self, name: str, env: Mapping[str, str], parameters: Mapping[str, Any]) -> tuple[str, str]:
        """Start a deployment and wait for its end: the type and message of its state."""
        body: dict[str, Any] = {
            "state": {"type": "SCHEDULED"},
            "parameters": dict(parameters),
            "job_variables": {"env": dict(env), **BEGUN},
        }
        body["idempotency_key"] = uuid4().hex
        run = await self._post(f"/deployments/{self._deployments[name]}/create_flow_run", body)
        ends = monotonic() + PATIENCE_S
        while True:
            found = (await self._api.get(f"/flow_runs/{run['id']}")).json()
            if found["state_type"] in ENDED:
                return found["state_type"], found["state"]["message"] or ""
            assert monotonic() < ends, f"the run of {name} does not end: {found['state']}"
            await asyncio.sleep(_LOOK_S)

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        for pause_s in BUSY_S:  # its database is locked while another run begins
            answer = await self._api.post(path, json=body)
            if answer.status_code != 503:
                break
            await asyncio.sleep(pause_s)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _start(self, *arguments: str) -> None:
        env = {
            "PREFECT_API_URL": str(self._api.base_url).rstrip("/"),
            "PREFECT_HOME": str(self._folder / "prefect"),
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "DO_NOT_TRACK": "1",
            MARK: self._mark,
            **{f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false" for service in _IDLE},
        }
        with (self._folder / f"{arguments[0]}.log").open("ab") as log:
            child = subprocess.Popen(
                python("-m", "prefect", *arguments),
                cwd=ROOT, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._children.append(child)

    async def _until(self, path: str) -> None:
        ends = monotonic() + PATIENCE_S
        while True:
            try:
                if (await self._api.get(path)).is_success:
                    return
            except httpx.TransportError:
                pass
            assert monotonic() < ends, f"Prefect does not answer {path}; see {self._folder}"
            await asyncio.sleep(0.2)


@asynccontextmanager
async def opened_engine(folder: Path) -> AsyncIterator[Engine]:
    engine = Engine(folder)
    try:
        await engine.open()
        yield engine
    finally:
        await engine.close()


class DeployedPlay(Play):
    """A cell whose worker is a run of a deployment."""

    def __init__(self, cell: Cell, world: World, engine: Engine, folder: Path) -> None:
        super().__init__(cell, world, Executing(), folder)
        self._engine = engine
        self._died = ""

    async def kill(self) -> float:
        log = self.folder / "failpoint"
        name = f"{self.cell.effect}:{self.cell.point}"
        armed = {**self._env, "AFTERCART_FAIL_POINT": name, "AFTERCART_FAIL_LOG": str(log)}
        for flow in self._flows():
            self._died = flow
            state, message = await self._engine.run(flow, armed, await self._parameters(flow))
            if state != "COMPLETED":
                break
        killed_at = monotonic()
        assert (state, "-9" in message) == ("CRASHED", True), f"the run of {flow} is {state}: {message}"
        assert log.read_text("ascii").startswith(f"{name} "), "it died elsewhere"
        return killed_at

    def _flows(self) -> tuple[str, ...]:
        """What another flow only plans, or that of a request is only told of, is the main flow's next."""
        flow = self.scenario.flow
        if flow in WORKFLOWS:
            return (flow, _MAIN) * 2
        return (flow,) if flow == _MAIN else (flow, _MAIN)

    async def _parameters(self, flow: str) -> dict[str, Any]:
        if flow not in WORKFLOWS:
            return {"until_idle": True} if flow == _MAIN else {}
        workflow = WORKFLOWS[flow]
        await workflow.take_requests(1)
        table = workflow.queue.kind.machine
        return {"request_id": self.world.row(f"SELECT id FROM {table}")["id"]}

    async def recovered(self) -> bool:
        """The next runs see to what the dead one left in doubt: of the flow that died, then of the others. What follows
        from it asks nothing of the engine."""
        for number, flow in enumerate((self._died, _MAIN, *self._flows())):
            if number and self._made() and not self.left() & _DOUBTFUL:
                break
            state, message = await self._engine.run(flow, self._env, await self._parameters(flow))
            assert state == "COMPLETED", message
        for _ in range(_ROUNDS):
            await self.world.settle()
            if self.at_rest():
                break
            for workflow in WORKFLOWS.values():
                await drive(self.world, workflow)
        return self._made() and self.at_rest()
