"""The fake Twilio in-process."""

from collections.abc import AsyncIterator

import pytest

from sandbox.twilio import build
from tests.sandbox.twilio.support import Phone
from tests.support.fake_vendors import in_process


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    sandbox, client = in_process(build)
    async with client:
        yield Phone(sandbox, client)
        await sandbox.world.webhooks.close()
