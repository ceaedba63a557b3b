"""Fixtures that every test may use. Servers start lazily, once per test process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sandbox import SandboxProcess
from tests.support.shared import SHARED, missing_reason


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of vendors' contracts and fixtures; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(missing_reason())
    return SHARED


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    process = SandboxProcess()
    yield process
    process.stop()


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    """The fake vendors in their seeded state."""
    sandbox_process.reset()
    return sandbox_process
