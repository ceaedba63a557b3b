"""The fake Zendesk in-process."""

from collections.abc import AsyncIterator

import pytest

from sandbox.zendesk import build
from tests.sandbox.zendesk.support import Desk
from tests.support.fake_vendors import in_process


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    sandbox, client = in_process(build)
    async with client:
        yield Desk(sandbox, client)
        await sandbox.world.webhooks.close()
