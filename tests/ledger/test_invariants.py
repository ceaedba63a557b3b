"""Each invariant catches its violation, planted into a ledger of real orders and rolled back again."""

from collections.abc import Mapping

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from ledger.invariants import CHECKS, check_all
from tests.support.world import World
from tests.tasks.steps import at_shipbob, at_workshop, release

ORDER = "(SELECT id FROM orders WHERE name = '{}')"
ROUTED, SHIPPED, CANCELLED = (ORDER.format(name) for name in ("#1003", "#1001", "#1002"))
VIOLATIONS: Mapping[str, str] = {
    "promised_not_above_stock": "UPDATE inventory_level SET node_free = -1 WHERE sku = 'TENT-4P-GRN'",
    "counters_match_promises": "UPDATE inventory_level SET reserved_ours = reserved_ours + 1 WHERE sku = 'TENT-4P-GRN'",
    "refunds_within_captures": f"UPDATE payment SET refunded_minor = captured_minor + 1 WHERE order_id = {SHIPPED}",
    "units_add_up": f"UPDATE order_line SET delivered = shipped + 1 WHERE order_id = {SHIPPED}",
    "shipped_once": "DELETE FROM shipment_line",
    "fulfilment_lines_not_overshipped": "UPDATE fulfilment_order_line SET shipped = quantity + 1",
    "nothing_released_past_a_hold": (f"UPDATE hold SET name = 'fraud', released_at = NULL WHERE order_id = {SHIPPED}"),
    "books_balance": "UPDATE journal_line SET amount_minor = amount_minor + 1 WHERE account = 'receivable'",
    "doubtful_effects_are_owned": "UPDATE effect SET state = 'parked' WHERE kind = 'shop.fulfil'",
    "no_orphan_lease": (
        "UPDATE effect SET state = 'sending', lease_until = '2020-01-01 00:00:00+00:00' WHERE kind = 'shop.fulfil'"
    ),
    "every_order_has_a_next_step": "DELETE FROM work",
    "said_once": (f"UPDATE message SET kind = 'order_confirmed', subject_id = {SHIPPED} WHERE kind = 'parcel_shipped'"),
    "cancelled_orders_hold_nothing": f"UPDATE reservation SET holder = 'ours' WHERE order_id = {CANCELLED}",
}


class Undone(Exception):
    """Rolls a planted violation back."""


@pytest.mark.row("SCA-1")
async def test_every_invariant_catches_a_planted_violation(world: World) -> None:
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, at_shipbob(), at_workshop())
    await world.advance(0.2)
    second = next(order for order in world.orders() if order["name"] == "#1002")
    world.sandbox.control(f"shopify/alpha/orders/{second['legacy_id']}/cancel", {})
    world.buy(at_workshop())
    await world.settle()
    states = {row["name"]: row["state"] for row in world.rows("SELECT name, state FROM orders")}
    assert {"#1001": "in_fulfilment", "#1002": "cancelled", "#1003": "routing"} == states
    assert not world.broken()

    found = {name: broken_by(world, planted) for name, planted in VIOLATIONS.items()}

    assert {name: [] for name in VIOLATIONS} == {name: [] for name, broken in found.items() if name in broken}
    assert not world.broken()
    assert set(CHECKS) == set(VIOLATIONS)


def broken_by(world: World, planted: str) -> set[str]:
    wired, found = world.wiring, set[str]()

    def plant(session: Session) -> None:
        done = session.execute(sa.text(planted))
        assert done.rowcount, planted  # type: ignore[attr-defined]
        ids = check_all(session, now=wired.now(), real_now=wired.real_now())
        found.update(name for name, broken in ids.items() if broken)
        raise Undone

    with pytest.raises(Undone):
        wired.ledger(plant)
    return found
