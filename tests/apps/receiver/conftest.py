from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from config.wiring import Wiring
from tests.apps.receiver.support import calling
from tests.support.databases import Sqlite, make_wiring


@pytest.fixture
def file_wiring(sqlite: Sqlite) -> Iterator[Wiring]:
    """A wiring on SQLite: for what does not depend on the kind of database."""
    with sqlite.database() as url:
        made = make_wiring(url)
        yield made
        made.engine.dispose()


@pytest.fixture
async def client(file_wiring: Wiring) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a started receiver on `file_wiring`."""
    async with calling(file_wiring) as caller:
        yield caller
