"""Clocks of returns: the law's for a withdrawal, the warehouse's for an inspection; each of its own request (TRU-4)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tasks.deadlines import run_deadlines
from tests.support.returns import delivered, drive, graded, line_of, opened, state, take_back
from tests.support.world import World
from tests.tasks.steps import at_workshop, cases

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": "MUG-ENA-WHT"}


def sent_to(world: World, country: str) -> None:
    """As if the order had gone there: what the law says depends on nothing else."""
    with world.wiring.engine.begin() as connection:
        connection.execute(sa.text("UPDATE orders SET country = :country, region = ''"), {"country": country})


def clocks(world: World) -> dict[str, str]:
    return {
        row["kind"]: row["state"] for row in world.rows("SELECT kind, state FROM deadline WHERE kind LIKE 'return%'")
    }


@pytest.mark.row("RET-6")
@pytest.mark.row("TRU-4")
async def test_a_withdrawal_needs_no_reason_and_has_the_laws_clock(world: World) -> None:
    [order_id] = await delivered(world)
    sent_to(world, "DE")
    line = {"kind": "withdrawal", "order_id": order_id, "line_id": f"{order_id}:001", "quantity": 1}

    request = await take_back(world, order_id, line)

    assert "label_issued" == request["state"], request["reasons"]
    due = world.row("SELECT kind, due_at, owner FROM deadline WHERE kind = 'return_refund'")
    assert "finance" == due["owner"]
    assert request["expires_at"] - request["created_at"] <= timedelta(days=14, minutes=1), "sent within the law's time"
    world.move_clock(24 * 14 + 1)
    await run_deadlines.fn(20)
    assert 1 == cases(world)["return_refund_due"]
    await drive(world)
    assert "expired" == state(world, request)


@pytest.mark.row("RET-4")
@pytest.mark.row("TRU-4")
async def test_a_parcel_that_nobody_looks_at_is_told_of_and_no_other_return_ends_its_clock(world: World) -> None:
    [order_id] = await delivered(world, at_workshop(lines=[{**MUG, "quantity": 2}]))
    first = await take_back(world, order_id)
    second = await take_back(world, order_id, line_of(order_id))
    await opened(world, first["rma"], MUG)
    await opened(world, second["rma"], MUG)

    await graded(world, first["id"])
    inspections = world.rows("SELECT state FROM deadline WHERE kind = 'return_inspection'")
    assert ["met", "pending"] == sorted(row["state"] for row in inspections)
    world.move_clock(49)
    await run_deadlines.fn(20)
    assert {"return_inspection_late": 1} == cases(world)
    await graded(world, second["id"])
    assert "pending" not in clocks(world).values()
