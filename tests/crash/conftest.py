"""Workers to kill, forked from one host per test process."""

from collections.abc import Iterator

import pytest

from tests.crash.programs import Forking, Launcher


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    made = Forking()
    yield made
    made.close()
