"""One Prefect server for all flows of a test run, and eyes to look into it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.events.worker import EventsWorker
from prefect.settings import PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from tests.support.waiting import PATIENCE_S, until

ENGINE = [
    pytest.mark.engine,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    """A real Prefect server in a process of its own, with a database of its own."""
    quickly = {PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL: 0.2}
    with temporary_settings(updates=quickly), prefect_test_harness(server_startup_timeout=int(PATIENCE_S)):
        yield


class Server:
    """What an operator sees in the UI, by the API that the UI uses."""

    def __init__(self, client: PrefectClient) -> None:
        self._client = client

    async def runs(self, flow: str) -> list[dict[str, Any]]:
        """Newest first."""
        return await self._ask(
            "/flow_runs/filter", {"flows": {"name": {"any_": [flow]}}, "sort": "START_TIME_DESC", "limit": 20}
        )

    async def tasks(self, run: str, *, at_least: int) -> list[str]:
        """Names of a run's tasks as they began, without the number that each has; waits until there are so many."""
        wanted = {"flow_runs": {"id": {"any_": [run]}}, "sort": "ID_DESC", "limit": 50}

        async def enough() -> list[dict[str, Any]]:
            found = await self._ask("/task_runs/filter", wanted)
            began = [row for row in found if row["start_time"]]
            return began if len(began) >= at_least else []

        found = await until(enough, f"{at_least} tasks")
        return [row["name"].rpartition("-")[0] for row in sorted(found, key=lambda row: str(row["start_time"]))]

    async def artifact(self, key: str) -> Any:
        """The newest of a key: rows of a table, text of a page."""
        found = await self._newest(key)
        assert found, f"no artifact {key}"
        data = found[0]["data"]
        return orjson.loads(data) if found[0]["type"] == "table" else data

    async def lines(self, key: str) -> list[dict[str, str]]:
        """Rows of the newest table of a key, none when there is no such table yet."""
        return [line for each in await self._newest(key) for line in orjson.loads(each["data"])]

    async def _newest(self, key: str) -> list[dict[str, Any]]:
        return await self._ask(
            "/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC", "limit": 1}
        )

    async def events(self, name: str, *, at_least: int = 1) -> list[dict[str, Any]]:
        """Events of a name; waits until there are so many."""
        drained = EventsWorker.drain_all()
        if drained is not None:
            await drained

        async def enough() -> list[dict[str, Any]]:
            answer = await self._client._client.post("/events/filter", json={"filter": {"event": {"name": [name]}}})
            seen: list[dict[str, Any]] = answer.json()["events"]
            return seen if len(seen) >= at_least else []

        found: list[dict[str, Any]] = await until(enough, f"the event {name}")
        return found

    async def _ask(self, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self._client._client.post(path, json=body)
        assert answer.is_success, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found


@pytest.fixture
async def server(engine: None) -> AsyncIterator[Server]:
    async with get_client() as client:
        yield Server(client)
