"""The fake ShipEngine in-process."""

from collections.abc import AsyncIterator

import pytest

from sandbox.shipengine import build
from tests.sandbox.shipengine.support import Engine
from tests.support.fake_vendors import in_process


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    sandbox, client = in_process(build)
    async with client:
        yield Engine(sandbox, client)
        await sandbox.world.webhooks.close()
