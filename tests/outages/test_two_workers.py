"""Two workers race on one ledger: they share the work, and nothing is done twice."""

from pathlib import Path

import pytest

from tests.support.programs import Programs
from tests.support.world import World, checkout

ORDERS = 100
PATIENCE_S = 300.0
HOLD = "fulfillmentOrderHold"
# The worker as it is; its audit rows say which of the two it was.
NAMED = """
import sys
from apps import worker
from ledger import audit
audit.actor.set(sys.argv[1])
worker.main(["--ready", sys.argv[2]])
"""


@pytest.mark.row("TRU-1")
async def test_two_workers_share_a_hundred_orders(world: World, programs: Programs, tmp_path: Path) -> None:
    ready = {name: tmp_path / f"ready-{name}" for name in ("worker:a", "worker:b")}
    workers = [
        programs.start("-c", NAMED, name, str(path), environment=world.environment) for name, path in ready.items()
    ]
    await world.until(
        lambda: all(path.exists() for path in ready.values()), what="both are at work", deadline_s=PATIENCE_S
    )
    customers = ({"email": f"ada{number}@example.com", "phone": f"+1617555{number:04}"} for number in range(ORDERS))
    for customer in customers:
        world.buy(checkout(customer=customer))

    await world.until(lambda: at_rest(world), what="all orders are on hold", deadline_s=PATIENCE_S)

    assert all(worker.alive for worker in workers), [worker.output for worker in workers]
    for vendor in ("shopify", "easypost"):
        for operation, deeds in world.sandbox.accepted(vendor).items():
            assert {1} == set(deeds.values()), (vendor, operation, deeds)
    assert ORDERS == len(world.sandbox.accepted("shopify")[HOLD])
    assert set(ready) <= {row["actor"] for row in world.rows("SELECT DISTINCT actor FROM audit_event")}


def at_rest(world: World) -> bool:
    """All orders are known and looked at, and every call's outcome is recorded."""
    known = world.row("SELECT count(*) AS n FROM orders WHERE state NOT IN ('received', 'validating')")["n"]
    holds = world.row("SELECT count(*) AS n FROM effect WHERE kind = 'shop.hold' AND state = 'done'")["n"]
    open_ = world.row("SELECT count(*) AS n FROM effect WHERE state IN ('sending', 'unknown')")["n"]
    return (known, holds, open_) == (ORDERS, ORDERS, 0)
