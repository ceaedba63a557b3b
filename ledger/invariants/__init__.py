"""What must always hold, checked over the whole ledger. Each check is one question, asked in one statement: what
breaks it?"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from sqlmodel import Session

from ledger.invariants import anomalies, clocks, edits, kept, money, offers, owned, returns, stock
from ledger.invariants.base import MOMENTS, Check
from ledger.prepared import Prepared

CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (
        stock.promised_not_above_stock,
        stock.counters_match_promises,
        stock.movements_explain_stock,
        stock.promises_belong_to_open_requests,
        stock.units_add_up,
        stock.lines_match_promises,
        stock.shipped_once,
        stock.shipped_from_one_request,
        stock.parcels_took_their_promises,
        stock.fulfilment_lines_not_overshipped,
        money.refunds_within_captures,
        money.grants_within_captures,
        money.refunds_have_their_transactions,
        money.every_refund_has_a_next_step,
        money.captures_within_authorisations,
        money.payments_match_transactions,
        money.books_balance,
        kept.nothing_released_past_a_hold,
        kept.cancelled_orders_hold_nothing,
        kept.said_once,
        owned.every_order_has_a_next_step,
        owned.every_unit_is_promised_or_owned,
        owned.every_request_has_a_next_step,
        owned.every_parcel_has_a_next_step,
        owned.everything_open_has_an_owner,
        owned.doubtful_effects_are_owned,
        owned.no_orphan_lease,
        edits.no_promise_of_an_ended_edit,
        edits.no_fence_without_edit,
        edits.begun_edits_keep_their_fence,
        edits.every_edit_has_a_next_step,
        offers.one_remedy_for_a_parcel,
        offers.taken_offers_settle_their_units,
        offers.money_of_offers_is_granted,
        offers.accepted_replacements_are_made,
        offers.open_offers_end,
        offers.ready_claims_have_a_person,
        returns.no_unit_is_returned_twice,
        returns.lines_match_their_returns,
        returns.ended_returns_wait_for_nothing,
        returns.fees_within_their_refunds,
        returns.restocked_units_moved_once,
        returns.exchanges_keep_their_units,
        returns.exchanged_or_refunded,
        returns.every_return_has_a_next_step,
        returns.every_way_back_is_watched,
        clocks.every_promise_to_ship_is_watched,
        clocks.late_shipment_is_told_in_time,
        clocks.forecasts_look_ahead,
        anomalies.open_troubles_are_looked_at,
        anomalies.cleared_troubles_say_why,
        anomalies.every_incident_was_told,
        anomalies.incidents_have_parcels,
    )
}


MOST = 50  # ids that a check names: enough to see what is wrong


@cache
def _prepared(name: str) -> Prepared:
    """The statement of a check, built and compiled once: there are many, and compiling costs more than asking."""
    return Prepared(CHECKS[name]().limit(MOST))


def check_all(session: Session, *, real_now: datetime) -> dict[str, list[str]]:
    """Name of the invariant -> what breaks it (ids, at most 50 each)."""
    asked = {name: real_now - ago for name, ago in MOMENTS.items()}
    return {name: [str(i) for i in _prepared(name).scalars(session, **asked)] for name in CHECKS}


__all__ = ["CHECKS", "check_all"]
