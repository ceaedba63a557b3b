"""The fake EasyPost in-process."""

from collections.abc import AsyncIterator

import pytest

from sandbox.easypost import build
from tests.sandbox.easypost.support import Post
from tests.support.fake_vendors import in_process


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    sandbox, client = in_process(build)
    async with client:
        yield Post(sandbox, client)
        await sandbox.world.webhooks.close()
