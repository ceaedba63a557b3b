"""Programs of ours, ended whatever becomes of the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import Programs, programs_in


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    with programs_in(tmp_path) as made:
        yield made
