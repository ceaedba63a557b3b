"""The database is lost in the middle of a day, and a backup of it comes back."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from ledger import backup, restoring
from ledger.backup import Seal
from ledger.gap import Gap
from ledger.rows import Row
from tasks import restored, sweeping, warehouse_sweep
from tests.support.world import World


def back_up(world: World, folder: Path) -> Path:
    wired, file = world.wiring, folder / "ledger.backup"
    backup.take(wired.engine, file, taken_at=wired.real_now(), product_time=wired.now())
    return file


async def lose(world: World) -> datetime:
    """Everything that was in the database is gone, and so is the receiver; returns when they last worked."""
    lost = world.wiring.now()
    await world.advance(0.1)
    await world.stop_receiver()
    engine = world.wiring.engine
    engine.dispose()
    if engine.dialect.name == "sqlite":
        file = Path(str(engine.url.database))
        for end in ("", "-wal", "-shm"):
            file.with_name(file.name + end).unlink(missing_ok=True)
        return lost
    with engine.begin() as connection:
        for name in sa.inspect(connection).get_table_names():
            if name not in ("alembic_version", "clock", "claim_counter"):
                connection.execute(sa.text(f"TRUNCATE {name}"))
    return lost


async def come_back(world: World, file: Path, lost: datetime) -> restored.Safety:
    """The backup is the ledger again, and the receiver listens; nobody has worked yet."""
    wired = world.wiring
    offset = (lost - wired.real_now() + timedelta(hours=0.2)).total_seconds()

    def make_safe(session: Session, seal: Seal) -> restored.Safety:
        session.execute(sa.text("UPDATE clock SET offset_s = :s"), {"s": offset})  # as in a real day: time has gone on
        return restored.make_safe(session, Gap(seal.product_time, lost))

    _, safety = await asyncio.to_thread(restoring.restore, wired.engine, file, make_safe, force=True)
    wired.clock.forget()
    world.sandbox.control("clock", {"offset_s": offset})
    await world.start_receiver()
    return safety


async def catch_up(world: World) -> None:
    """What the flows do first: sweep shops, settle what is in doubt, sweep warehouses, work everything off."""
    for target in await sweeping.targets():
        await sweeping.sweep_orders.fn(target)
    await restored.settle_restored.fn()
    for target in await warehouse_sweep.targets():
        await warehouse_sweep.sweep_node_orders.fn(target)
    await world.settle()


def cases(world: World, kind: str) -> Sequence[Row]:
    return [dict(row) for row in world.rows("SELECT * FROM review_case WHERE kind = :kind ORDER BY id", kind=kind)]


def releases(world: World) -> int:
    """How often a node was told of an order: a 3PL's orders, and labels of the own warehouse."""
    sent, bought = world.sandbox.accepted("shipbob"), world.sandbox.accepted("easypost")
    deeds = (sent.get("POST /2026-01/order", {}), bought.get("POST /v2/shipments/{id}/buy", {}))
    return sum(count for keys in deeds for count in keys.values())
