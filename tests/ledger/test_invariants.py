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
GRANTED = (
    "INSERT INTO refund (id, order_id, payment_id, subject_id, amount_minor, currency, reason, state, tries,"
    " external_id, created_at) SELECT 'rfd_1', order_id, id, 'edr_1', {1}, currency, 'edit', '{0}', 1, '',"
    f" '2026-03-01 12:00:00+00:00' FROM payment WHERE order_id = {SHIPPED}"
)
EDIT = (  # an edit request of the routed order
    "INSERT INTO edit_request (id, order_id, origin, actor, inbox_id, state, base_version, quote, plan, reasons,"
    " approved_by, payment_target, payment_external_id, payment_ref, payment_url, paid_minor, ticket_external_id,"
    " run_missing, touches, received_at, created_at, due_at, attempts, lease_token, error)"
    " SELECT 'edr_1', id, 'portal', '', '', '{}', 1, '{{}}', '{{}}', '[]', '', '', '', '', '', 0, '', false, 0,"
    f" placed_at, placed_at, placed_at, 0, 0, '' FROM orders WHERE id = {ROUTED}"
)
RETURN = (  # a request to return the shipped order
    "INSERT INTO return_request (id, rma, customer_id, order_id, origin, actor, inbox_id, state, location_id, keep,"
    " instant, reasons, plan, policy_version, approved_by, reminders, run_missing, touches, received_at, created_at,"
    " due_at, attempts, lease_token, error)"
    " SELECT 'ret_1', 'R-1', customer_id, id, 'portal', '', '', '{}', '', false, false, '[]', '{{}}', '', '', 0, false,"
    f" 0, placed_at, placed_at, placed_at, 0, 0, '' FROM orders WHERE id = {SHIPPED}"
)
RETURNED = (
    "INSERT INTO return_line (id, request_id, order_id, order_line_id, sku, kind, reason, condition, resolution,"
    " wanted_sku, photos, state, decision_id, asked, waiting, returned, written_off, gross_minor, fee_minor)"
    " SELECT 'ret_1:01', 'ret_1', order_id, id, sku, 'return', 'style', '', 'refund', '', '[]', 'approved', '',"
    f" 1, {{}}, {{}}, 0, 100, {{}} FROM order_line WHERE order_id = {SHIPPED}"
)
RESTOCKED = (
    "INSERT INTO return_unit (id, request_id, line_id, sku, reception, location_id, grade, disposition, movement_id,"
    " refunded, photos) VALUES ('ret_1:01:1', 'ret_1', 'ret_1:01', 'TENT-4P-GRN', 'received', 'brooklyn', 'a',"
    " 'restock', '', false, '[]')"
)
WAY_BACK = (
    "INSERT INTO return_parcel (id, request_id, order_id, location_id, state, tracking_number, tracking_url, carrier,"
    " service, label_document_id, quote_external_id, label_cost_minor, label_currency, tracker_external_id, polling,"
    " created_at, due_at, attempts, lease_token, error) SELECT 'rpc_1', 'ret_1', id, '', 'in_transit', '', '', '', '',"
    f" '', '', 0, '', '', false, placed_at, placed_at, 0, 0, '' FROM orders WHERE id = {SHIPPED}"
)
EXCHANGE = (
    "INSERT INTO exchange (id, request_id, order_id, state, reason, lines, currency, to_pay_minor, to_refund_minor,"
    " reserved_until, shop_return_external_id, payment_target, payment_external_id, payment_ref, payment_url,"
    " paid_minor, created_at) SELECT 'exc_1', 'ret_1', id, '{}', '', '[]', currency, 0, 0, placed_at, '', '', '', '',"
    f" '', 0, placed_at FROM orders WHERE id = {SHIPPED}"
)
ANOMALY = (
    "INSERT INTO anomaly (id, shipment_id, order_id, kind, state, evidence, carrier, facility, lane, region, cause,"
    " opened_at, reason, incident_id) SELECT 'ano_1', id, order_id, 'stuck', '{}', '{{}}', '', '', '', '', '',"
    f" created_at, '', '' FROM shipment WHERE order_id = {SHIPPED}"
)
INCIDENT = (
    "INSERT INTO incident (id, kind, cause_kind, cause_key, opened_at, parcels)"
    f" SELECT 'inc_1', 'delay', 'carrier', 'usps', created_at, 1 FROM shipment WHERE order_id = {SHIPPED}"
)
OFFER = (  # for the shipped order's parcel
    "INSERT INTO offer (id, order_id, shipment_id, customer_id, round, kind, state, reason, amount_minor,"
    " shipping_minor, currency, expires_at, decision_id, led_to, replacement_external_id, replacement_order_id,"
    " created_at) SELECT 'ofr_{0}', order_id, id, '', 1, '{0}', '{1}', '', 100, 0, 'USD', created_at, '', '', '', '',"
    f" created_at FROM shipment WHERE order_id = {SHIPPED}"
)
OFFERED = "INSERT INTO offer_line (offer_id, order_line_id, sku, quantity, settled) VALUES ('ofr_{}', 'lin', '', 1, 0)"
CLAIM = (
    "INSERT INTO carrier_claim (id, order_id, shipment_id, carrier, ground, state, amount_minor, currency, opens_at,"
    " closes_at, document_id, facts, created_at) SELECT 'clm_1', order_id, id, '', 'lost', 'ready', 0, 'USD',"
    f" created_at, created_at, '', '{{}}', created_at FROM shipment WHERE order_id = {SHIPPED}"
)
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
    "grants_within_captures": GRANTED.format("granted", "captured_minor + 1"),
    "refunds_have_their_transactions": GRANTED.format("succeeded", "1"),
    "every_refund_has_a_next_step": GRANTED.format("executing", "1"),
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
    "no_promise_of_an_ended_edit": (
        EDIT.format("applied"),
        f"UPDATE reservation SET order_line_id = '', fulfilment_order_id = 'edr_1' WHERE order_id = {ROUTED}",
    ),
    "no_fence_without_edit": (
        EDIT.format("undone"),
        f"UPDATE orders SET fence_token = 'edr_1' WHERE id = {ROUTED}",
    ),
    "begun_edits_keep_their_fence": EDIT.format("committing"),
    "every_edit_has_a_next_step": EDIT.format("parked"),
    "no_unit_is_returned_twice": f"UPDATE order_line SET returned = shipped + 1 WHERE order_id = {SHIPPED}",
    "lines_match_their_returns": f"UPDATE order_line SET return_requested = 1 WHERE order_id = {SHIPPED}",
    "ended_returns_wait_for_nothing": (RETURN.format("closed"), RETURNED.format(1, 0, 0)),
    "fees_within_their_refunds": (RETURN.format("closed"), RETURNED.format(0, 0, 101)),
    "restocked_units_moved_once": RESTOCKED,
    "exchanges_keep_their_units": (RETURN.format("approved"), EXCHANGE.format("firm")),
    "exchanged_or_refunded": (
        RETURN.format("approved"),
        RETURNED.format(1, 0, 0).replace("'refund'", "'exchange'"),
        EXCHANGE.format("given_up"),
    ),
    "every_return_has_a_next_step": RETURN.format("in_transit"),
    "every_way_back_is_watched": WAY_BACK,
    "every_promise_to_ship_is_watched": "DELETE FROM deadline WHERE kind = 'ship_promise'",
    "late_shipment_is_told_in_time": (
        "INSERT INTO delay_notice (id, order_id, number, kind, silence, answer_by, answer, answered_by, created_at)"
        " SELECT 'late', id, 1, 'indefinite', 'cancels', placed_at, '', '', '2099-01-01 00:00:00+00:00' FROM orders"
        f" WHERE id = {ROUTED}"
    ),
    "forecasts_look_ahead": (
        "UPDATE parcel_forecast SET predicted_at = '2099-01-01 00:00:00+00:00', eta_from = '2098-01-01 00:00:00+00:00'"
    ),
    "open_troubles_are_looked_at": (
        ANOMALY.format("open"),
        f"UPDATE shipment SET inspect_at = NULL, polling = false WHERE order_id = {SHIPPED}",
    ),
    "cleared_troubles_say_why": ANOMALY.format("cleared"),
    "one_remedy_for_a_parcel": (OFFER.format("refund", "executed"), OFFER.format("replacement", "executed")),
    "taken_offers_settle_their_units": (OFFER.format("refund", "executed"), OFFERED.format("refund")),
    "money_of_offers_is_granted": OFFER.format("credit", "executed"),
    "accepted_replacements_are_made": OFFER.format("replacement", "accepted"),
    "open_offers_end": OFFER.format("wait", "sent"),
    "ready_claims_have_a_person": CLAIM,
    "every_incident_was_told": INCIDENT,
    "incidents_have_parcels": INCIDENT,
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
