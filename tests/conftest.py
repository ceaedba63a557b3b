"""Fixtures that every test may use. Servers start lazily, once per test process."""

from pathlib import Path

import pytest

from tests.support.shared import SHARED, missing_reason


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of vendors' contracts and fixtures; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(missing_reason())
    return SHARED
