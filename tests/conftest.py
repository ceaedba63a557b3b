"""Fixtures that every test may use. Servers start lazily, once per test process."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from config import wiring as wiring_module
from config.wiring import Wiring
from ledger import audit
from tests.support.databases import Postgres, Sqlite, make_wiring
from tests.support.sandbox import SandboxProcess
from tests.support.shared import SHARED, missing_reason
from tests.support.world import World, free_port, make_settings

pytest_plugins = ["tests.support.rows", "tests.support.finished_demo"]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests stay together on one worker, unless they belong to a group of several files."""
    items.sort(key=lambda item: item.path.name == "test_canary.py")  # it makes runs fail that others look at
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


os.environ["COLUMNS"] = "160"  # tables of the command line do not depend on the terminal that runs the tests


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    """Commands run in this process name a person as actor; the next test begins without one."""
    tokens = audit.actor.set("system"), audit.flow_run_id.set("")
    yield
    audit.actor.reset(tokens[0])
    audit.flow_run_id.reset(tokens[1])


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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    return Sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated, empty ledger of one's own, on each kind of database. `-m "not postgres"` leaves one out."""
    server: Postgres | Sqlite = request.getfixturevalue(request.param)
    with server.database() as url:
        yield url


@pytest.fixture
def wiring(database_url: str) -> Iterator[Wiring]:
    """The process's wiring on that ledger; vendors are the sandbox's accounts. `move_clock` moves its time."""
    made = make_wiring(database_url)
    wiring_module.replace(made)
    yield made
    wiring_module.replace(None)
    made.engine.dispose()


@pytest.fixture
async def world(
    database_url: str, sandbox: SandboxProcess, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    """Sandbox, receiver and ledger wired together over real HTTP, with catalogue and stock read. Whatever a test
    does with them, all invariants hold at its end, unless it is marked `breaks_invariants`."""
    port = free_port()
    settings = make_settings(database_url, sandbox, tmp_path, public_url=f"http://127.0.0.1:{port}")
    made = Wiring(settings)
    wiring_module.replace(made)
    opened = World(made, sandbox, port)
    await opened.open()
    yield opened
    try:
        await opened.close()
        if request.node.get_closest_marker("breaks_invariants") is None:
            assert not opened.broken(), "the test leaves broken invariants behind"
    finally:
        wiring_module.replace(None)
        made.engine.dispose()
