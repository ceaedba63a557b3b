"""The database is lost in the middle of a day and comes back from a backup: nothing twice, nothing lost."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from domain.states import CaseState
from ledger import backup, restoring
from ledger.backup import Seal
from ledger.cases import move_case
from ledger.gap import Gap
from ledger.rows import Row
from tasks import restored, sweeping, warehouse_sweep
from tests.support.world import World, checkout

OWN, THREEPL = "MUG-ENA-WHT", "GAS-230"


def order(customer: str, sku: str) -> dict[str, Any]:
    return checkout(lines=[{"sku": sku, "quantity": 1}], customer={"email": f"{customer}@example.com"})


def releases(world: World) -> int:
    """Orders that some node was told of: a 3PL's orders, and labels of the own warehouse."""
    return len(world.sandbox.accepted("shipbob")["POST /2026-01/order"]) + len(
        world.sandbox.accepted("easypost")["POST /v2/shipments/{id}/buy"]
    )


def lose(world: World) -> None:
    """Everything that was in the database is gone."""
    engine = world.wiring.engine
    engine.dispose()
    if engine.dialect.name == "sqlite":
        file = Path(str(engine.url.database))
        for end in ("", "-wal", "-shm"):
            file.with_name(file.name + end).unlink(missing_ok=True)
        return
    with engine.begin() as connection:
        for name in sa.inspect(connection).get_table_names():
            if name not in ("alembic_version", "clock", "claim_counter"):
                connection.execute(sa.text(f"TRUNCATE {name}"))


async def catch_up(world: World) -> None:
    for target in await sweeping.targets():
        await sweeping.sweep_orders.fn(target)
    await restored.settle_restored.fn()
    for target in await warehouse_sweep.targets():
        await warehouse_sweep.sweep_node_orders.fn(target)
    await world.settle()


def cases(world: World, kind: str) -> list[Row]:
    return [dict(row) for row in world.rows("SELECT * FROM review_case WHERE kind = :kind ORDER BY id", kind=kind)]


@pytest.mark.row("TRU-1")
async def test_nothing_is_done_twice_and_nothing_is_lost(world: World, tmp_path: Path) -> None:
    wired, file = world.wiring, tmp_path / "ledger.backup"
    world.buy(order("a", OWN), order("b", THREEPL))
    await world.settle()
    await world.advance(2)
    world.buy(order("c", OWN), order("d", THREEPL))
    await world.settle()
    backup.take(wired.engine, file, taken_at=wired.real_now(), product_time=wired.now())
    # the gap: two orders are released, a third is captured, mails go out
    await world.advance(2)
    world.buy(order("e", OWN))
    await world.settle()
    lost = wired.now()
    await world.advance(0.1)
    await world.stop_receiver()
    world.buy(order("f", THREEPL))
    assert releases(world) == 4
    lose(world)

    def make_safe(session: object, seal: Seal) -> restored.Safety:
        return restored.make_safe(session, Gap(seal.product_time, lost))  # type: ignore[arg-type]

    _, safety = await asyncio.to_thread(restoring.restore, wired.engine, file, make_safe, force=True)
    offset = lost - wired.real_now() + timedelta(hours=0.2)
    with wired.engine.begin() as connection:  # as in a real day: time has gone on
        connection.execute(sa.text("UPDATE clock SET offset_s = :s"), {"s": offset.total_seconds()})
    wired.clock.forget()
    await world.start_receiver()
    await catch_up(world)

    # The 3PL can be asked about its order. Of the own warehouse's only a person knows, and finds the label there.
    assert safety.held == 1
    [case] = cases(world, "restored_in_doubt")
    assert "#1003" in str(case["facts"])
    wired.ledger(move_case, case["id"], CaseState.RESOLVED, cause="at_node", now=wired.now())
    for hours in (1, 2, 2):
        await world.advance(hours)

    assert releases(world) == 6
    for vendor in ("shopify", "shipbob", "easypost"):
        twice = {key for keys in world.sandbox.accepted(vendor).values() for key, n in keys.items() if n > 1}
        assert not twice, vendor
    told = Counter((mail["subject"], tuple(mail["to"])) for mail in world.mails())
    assert not [what for what, n in told.items() if n > 1]
    confirmed = {order["name"] for order in world.orders() if any(order["name"] in subject for subject, _ in told)}
    assert confirmed == {order["name"] for order in world.orders()}
    assert {row["name"] for row in world.rows("SELECT name FROM orders")} == {o["name"] for o in world.orders()}
    assert cases(world, "restored")
    assert all("restored" in str(case["facts"]) for case in cases(world, "effect_parked"))
    assert not world.broken()
