"""The fake Stripe in-process."""

from collections.abc import AsyncIterator

import pytest

from sandbox.stripe import build
from tests.sandbox.stripe.support import Bank
from tests.support.fake_vendors import in_process


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    sandbox, client = in_process(build)
    async with client:
        yield Bank(sandbox, client)
        await sandbox.world.webhooks.close()
