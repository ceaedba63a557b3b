"""Each invariant catches its violation, planted into a ledger of real orders and rolled back again."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from ledger.invariants import CHECKS, check_all
from tests.support.world import World
from tests.tasks.steps import at_shipbob, at_workshop, release

ORDER = "(SELECT id FROM orders WHERE name = '{}')"
ROUTED, SHIPPED, CANCELLED = (ORDER.format(name) for name in ("#1003", "#1001", "#1002"))
VIOLATIONS: Mapping[str, str | tuple[str, ...]] = {
    "promised_not_above_stock": "UPDATE inventory_level SET node_free = -1 WHERE sku = 'TENT-4P-GRN'",
    "counters_match_promises": "UPDATE inventory_level SET reserved_ours = reserved_ours + 1 WHERE sku = 'TENT-4P-GRN'",
    "movements_explain_stock": "UPDATE stock_movement SET delta = delta - 1 WHERE sku = 'TENT-4P-GRN'",
    "promises_belong_to_open_requests": f"UPDATE reservation SET holder = 'at_node' WHERE order_id = {ROUTED}",
    "units_add_up": f"UPDATE order_line SET delivered = shipped + 1 WHERE order_id = {SHIPPED}",
    "lines_match_promises": f"UPDATE order_line SET reserved = 0 WHERE order_id = {ROUTED}",
    "shipped_once": "DELETE FROM shipment_line",
    "shipped_from_one_request": "UPDATE fulfilment_order_line SET shipped = 0",
    "parcels_took_their_promises": "UPDATE reservation SET quantity = quantity + 1 WHERE holder = 'consumed'",
    "fulfilment_lines_not_overshipped": "UPDATE fulfilment_order_line SET shipped = quantity + 1",
    "refunds_within_captures": f"UPDATE payment SET refunded_minor = captured_minor + 1 WHERE order_id = {SHIPPED}",
    "captures_within_authorisations": (
        f"UPDATE money_transaction SET kind = 'authorization' WHERE order_id = {SHIPPED}",
        "INSERT INTO money_transaction (id, order_id, payment_id, external_id, parent_external_id, kind, status,"
        " amount_minor, currency, processed_at, error_code)"
        " SELECT 'taken', order_id, payment_id, 'taken', external_id, 'capture', status, amount_minor + 1, currency,"
        f" processed_at, '' FROM money_transaction WHERE order_id = {SHIPPED}",
    ),
    "payments_match_transactions": f"UPDATE payment SET captured_minor = captured_minor - 1 WHERE order_id = {SHIPPED}",
    "books_balance": "UPDATE journal_line SET amount_minor = amount_minor + 1 WHERE account = 'receivable'",
    "nothing_released_past_a_hold": f"UPDATE hold SET name = 'fraud', released_at = NULL WHERE order_id = {SHIPPED}",
    "cancelled_orders_hold_nothing": f"UPDATE reservation SET holder = 'ours' WHERE order_id = {CANCELLED}",
    "said_once": f"UPDATE message SET kind = 'order_confirmed', subject_id = {SHIPPED} WHERE kind = 'parcel_shipped'",
    "every_order_has_a_next_step": "DELETE FROM work",
    "every_unit_is_promised_or_owned": f"UPDATE order_line SET ordered = ordered + 1 WHERE order_id = {ROUTED}",
    "every_request_has_a_next_step": "DELETE FROM work WHERE stage = 'fulfil'",
    "every_parcel_has_a_next_step": f"UPDATE shipment SET polling = false WHERE order_id = {SHIPPED}",
    "everything_open_has_an_owner": f"UPDATE hold SET owner = '', released_at = NULL WHERE order_id = {CANCELLED}",
    "doubtful_effects_are_owned": "UPDATE effect SET state = 'parked' WHERE kind = 'shop.fulfil'",
    "no_orphan_lease": (
        "UPDATE effect SET state = 'sending', lease_until = '2020-01-01 00:00:00+00:00' WHERE kind = 'shop.fulfil'"
    ),
}


class Undone(Exception):
    """Rolls a planted violation back."""


@pytest.mark.row("SCA-1")
@pytest.mark.row("TRU-5", bad_input=True)
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


async def test_a_living_worker_takes_over_within_seconds(world: World) -> None:
    """A lease that has ended for less than five minutes is an orphan only while somebody could take it."""
    world.buy(at_workshop())
    await world.settle()
    real_now = world.wiring.real_now()
    ended = f"UPDATE effect SET state = 'sending', lease_until = '{real_now - timedelta(seconds=60):%F %T}+00:00'"
    seen = f"UPDATE heartbeat SET at = '{real_now - timedelta(seconds=3600):%F %T}+00:00'"
    later = f"{real_now + timedelta(seconds=3600):%F %T}+00:00"
    alive = f"UPDATE heartbeat SET at = '{later}'"

    assert "no_orphan_lease" in broken_by(world, (alive, f"{ended} WHERE kind = 'shop.hold'"))
    assert "no_orphan_lease" not in broken_by(world, (seen, f"{ended} WHERE kind = 'shop.hold'"))
    counted = f"INSERT INTO heartbeat (name, at, detail) VALUES ('restarts:a', '{later}', '1')"
    assert "no_orphan_lease" not in broken_by(world, (seen, counted, f"{ended} WHERE kind = 'shop.hold'"))


def broken_by(world: World, planted: str | tuple[str, ...]) -> set[str]:
    wired, found = world.wiring, set[str]()
    statements = (planted,) if isinstance(planted, str) else planted

    def plant(session: Session) -> None:
        for statement in statements:
            done = session.execute(sa.text(statement))
            assert done.rowcount, statement  # type: ignore[attr-defined]
        ids = check_all(session, real_now=wired.real_now())
        found.update(name for name, broken in ids.items() if broken)
        raise Undone

    with pytest.raises(Undone):
        wired.ledger(plant)
    return found
