"""The Prefect server is there but slow: it is asked again, and being asked twice starts one run."""

import json
from uuid import UUID

import pytest

from apps.prefect_api import PrefectApi, PrefectUnreachable
from tests.support.fake_vendors import free_port
from tests.support.raw_server import HANG, raw_server, reply


async def test_a_busy_server_is_asked_again_for_the_same_run() -> None:
    async with raw_server(HANG, reply(503), reply(201, '{"id": "run-1"}')) as server:
        api = PrefectApi(server.url, timeout_s=1.0)
        assert await api.start_run("deployment-1") == "run-1"
        await api.aclose()
    keys = {json.loads(body)["idempotency_key"] for body in (seen.partition(b"\r\n\r\n")[2] for seen in server.seen)}
    assert len(server.seen) == 3
    assert len(keys) == 1
    assert UUID(keys.pop())


async def test_a_server_that_is_not_there_is_named_at_once() -> None:
    api = PrefectApi(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(PrefectUnreachable, match="start it with `aftercart up`"):
        await api.deployments()
    await api.aclose()
