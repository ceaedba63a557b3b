"""What an order costs does not grow with the number of stored orders: no statement on its way reads a whole table."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ledger.anomalies.due import due_parcels
from ledger.anomalies.incidents import group_troubles
from tasks import tracking
from tests.ledger.parcels import in_trouble
from tests.support.world import World
from tests.tasks.steps import at_shipbob, at_workshop

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # its planner has to be told the most
# Indexes that hold what is open, no more.
OPEN = re.compile(r"USING (COVERING )?INDEX ix_\w+_(open|next|waiting|pending|live|loose|standing|polling)\b")
# As many rows as there are places, articles, accounts, processes or cases, however many orders there are.
BOUNDED = {"alembic_version", "clock", "location", "inventory_level", "heartbeat", "sync_cursor", "review_case"}


@contextmanager
def statements(engine: sa.Engine) -> Iterator[set[str]]:
    """All that the block executes."""
    found: set[str] = set()

    def heard(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        found.add(statement)

    sa.event.listen(engine, "before_cursor_execute", heard)
    yield found
    sa.event.remove(engine, "before_cursor_execute", heard)


def scanned(engine: sa.Engine, statement: str) -> set[str]:
    """Tables that grow and are read from end to end by the statement."""
    with engine.connect() as connection:
        marks = tuple("[]" for _ in range(statement.count("?")))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", marks).all()
    tables = sa.inspect(engine).get_table_names()
    steps = [row[3] for row in plan if row[3].startswith("SCAN") and not OPEN.search(row[3])]
    return {step.split()[1] for step in steps} & set(tables) - BOUNDED


@pytest.mark.row("SCA-3")
async def test_no_statement_on_an_orders_way_reads_a_whole_table(world: World) -> None:
    engine = world.wiring.engine
    with statements(engine) as found:
        world.buy(at_shipbob(), at_workshop(payment="authorized"))
        await world.settle()
        for hours in (1, 2, 2, 3, 48, 8):
            await world.advance(hours)
            await tracking.look_at_parcels.fn(100)
    assert {"completed"} == {row["state"] for row in world.rows("SELECT state FROM orders")}

    ours = [text for text in found if re.match(r"\s*(SELECT|UPDATE|DELETE|WITH)\b", text)]
    assert len(ours) > 100
    guilty = {text: tables for text in ours if (tables := scanned(engine, text))}
    assert not guilty


@pytest.mark.row("SCA-3")
async def test_looking_for_trouble_reads_what_is_due_and_what_is_open(world: World) -> None:
    wired, now = world.wiring, world.wiring.now()
    in_trouble(wired, range(6), now, kind="address_problem", facility="")
    in_trouble(wired, range(6, 12), now)
    with statements(wired.engine) as found:
        wired.read(due_parcels, limit=10, now=now)
        for hours in (0, 1, 30):
            later = now + timedelta(hours=hours)
            wired.ledger(group_troubles, wired.policies.anomalies, chat="webhook/ops", now=later)

    selected = [text for text in found if (text.startswith("SELECT") and "anomaly" in text) or "inspect_at" in text]
    assert len(selected) > 4
    assert {} == {text: tables for text in selected if (tables := scanned(wired.engine, text) - {"incident"})}
