"""The few calls to Prefect's HTTP API that the supervisor, doctor and demo need.

Plain HTTP, because importing Prefect costs seconds and a hundred megabytes in a process that only asks a question.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx

POOL = "aftercart"
PAGE = 200
HEALTH_S, HEALTH_TRIES = 5.0, 3
BUSY_S = (0.5, 1, 2, 4, 8)  # its database is locked, or it has no time for us: ask again after so long


class PrefectUnreachable(Exception):
    """The Prefect server does not answer; the message names its address and the mend."""


class PrefectApi:
    """`url` is the server's address, without `/api`."""

    def __init__(self, url: str, *, timeout_s: float = 10) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.AsyncClient(base_url=f"{self.url}/api", timeout=timeout_s)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def answers(self) -> bool:
        """Whether the server is there and has time for us, asked once."""
        try:
            return (await self._client.get("/health", timeout=HEALTH_S)).is_success
        except httpx.HTTPError:
            return False

    async def be_there(self) -> None:
        """Raises: PrefectUnreachable, within a quarter of a minute for a server that hangs."""
        for _ in range(HEALTH_TRIES):
            if await self.answers():
                return
        raise PrefectUnreachable(f"no Prefect server answers at {self.url}; start it with `aftercart up`")

    async def deployment_id(self, name: str) -> str | None:
        """By "flow/deployment"; none when there is no such deployment."""
        found = await self._call("GET", f"/deployments/name/{name}")
        return None if found is None else str(found["id"])

    async def deployments(self) -> set[str]:
        """Names of all deployments."""
        return {row["name"] for row in await self._call("POST", "/deployments/filter", {}) or []}

    async def automations(self) -> set[str]:
        """Names of all automations that are switched on."""
        return {row["name"] for row in await self._call("POST", "/automations/filter", {}) or [] if row["enabled"]}

    async def start_run(self, deployment_id: str) -> str:
        """Ask for a run at once; returns its id."""
        body = {"state": {"type": "SCHEDULED"}, "idempotency_key": uuid4().hex}  # asked twice, it is one run
        run = await self._call("POST", f"/deployments/{deployment_id}/create_flow_run", body)
        if run is None:
            raise PrefectUnreachable(f"Prefect at {self.url} does not know deployment {deployment_id}; deploy again")
        return str(run["id"])

    async def coming_runs(self, deployment_id: str, *, before: datetime, pending_since: datetime) -> int:
        """Runs that have not begun yet and are to begin before a time. Not those that a worker took up before
        `pending_since`: it died with them, and nothing in Prefect ends their state."""
        runs = await self._call("POST", "/flow_runs/filter", {
            "flow_runs": {
                "deployment_id": {"any_": [deployment_id]},
                "state": {"type": {"any_": ["SCHEDULED", "PENDING"]}},
                "expected_start_time": {"before_": before.isoformat()},
            },
            "sort": "EXPECTED_START_TIME_DESC",
            "limit": PAGE,
        }) or []  # fmt: skip
        states = (run["state"] for run in runs)
        return sum(
            state["type"] != "PENDING" or datetime.fromisoformat(state["timestamp"]) >= pending_since
            for state in states
        )

    async def state_of(self, run: str) -> tuple[str, str]:
        """The type of a flow run's state, such as COMPLETED, and what Prefect says of it."""
        found = await self._call("GET", f"/flow_runs/{run}") or {}
        return str(found.get("state_type") or ""), str((found.get("state") or {}).get("message") or "")

    async def task_runs(self, flow: str) -> Sequence[Mapping[str, Any]]:
        """Every task run of a flow, in pages."""
        found: list[Mapping[str, Any]] = []
        while True:
            body = {"flows": {"name": {"any_": [flow]}}, "limit": PAGE, "offset": len(found)}
            page = await self._call("POST", "/task_runs/filter", body) or []
            found += page
            if len(page) < PAGE:
                return found

    async def count_runs(self, states: Sequence[str]) -> int:
        """Flow runs in states of these types."""
        body = {"flow_runs": {"state": {"type": {"any_": list(states)}}}}
        return int(await self._call("POST", "/flow_runs/count", body) or 0)

    async def crash_lost_runs(self) -> int:
        """Mark runs as crashed that the server believes alive; only when no worker lives. Returns how many."""
        lost = await self._call("POST", "/flow_runs/filter", {
            "flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}},
            "work_pools": {"name": {"any_": [POOL]}},
        }) or []  # fmt: skip
        for run in lost:
            state = {"type": "CRASHED", "name": "Crashed", "message": "its process ended with an earlier start"}
            await self._call("POST", f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
        return len(lost)

    async def pool_exists(self) -> bool:
        return await self._call("GET", f"/work_pools/{POOL}") is not None

    async def workers_online(self) -> int:
        rows = await self._call("POST", f"/work_pools/{POOL}/workers/filter", {})
        return sum(row["status"] == "ONLINE" for row in rows or [])

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self._patiently(method, path, body)
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            raise PrefectUnreachable(f"Prefect at {self.url} answered {answer.status_code} to {method} {path}")
        return answer.json()

    async def _patiently(self, method: str, path: str, body: Any) -> httpx.Response:
        """Ask again while the server is there but busy: every call here may be made twice.

        Raises: PrefectUnreachable, at once when nobody listens.
        """
        for pause in (*BUSY_S, None):
            try:
                answer = await self._client.request(method, path, json=body)
                if answer.status_code != 503 or pause is None:
                    return answer
            except httpx.ReadTimeout as error:
                if pause is None:
                    raise self._unreachable(error) from None
            except httpx.HTTPError as error:
                raise self._unreachable(error) from None
            await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _unreachable(self, error: httpx.HTTPError) -> PrefectUnreachable:
        return PrefectUnreachable(
            f"no Prefect server at {self.url} ({type(error).__name__}); start it with `aftercart up`"
        )
