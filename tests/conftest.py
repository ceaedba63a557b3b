"""Fixtures that every test may use. Servers start lazily, once per test process."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from config import wiring as wiring_module
from config.wiring import Wiring
from ledger import audit
from tests.support.databases import Postgres, Sqlite, make_wiring
from tests.support.sandbox import SandboxProcess
from tests.support.shared import SHARED, missing_reason
from tests.support.world import World, opened_world

pytest_plugins = ["tests.support.rows", "tests.support.spread", "tests.support.finished_demo"]


os.environ["COLUMNS"] = "160"  # tables of the command line do not depend on the terminal that runs the tests
os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for each other on busy cores burn ten times the work

# A slow machine fails no property, and of the same code the suite says the same each time; HYPOTHESIS_PROFILE=deep
# looks for examples that nobody has seen yet.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


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
    sound = request.node.get_closest_marker("breaks_invariants") is None
    async with opened_world(database_url, sandbox, tmp_path, sound=sound) as opened:
        yield opened
