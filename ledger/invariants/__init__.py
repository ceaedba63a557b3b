"""What must always hold, checked over the whole ledger. Each check is one question, asked in one statement: what
breaks it?"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from sqlmodel import Session

from ledger.invariants import kept, money, owned, stock
from ledger.invariants.base import MOMENTS, Broken, Check

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
    )
}


MOST = 50  # ids that a check names: enough to see what is wrong


@cache
def question(name: str) -> Broken:
    """The statement of a check, built once."""
    return CHECKS[name]().limit(MOST)


def check_all(session: Session, *, real_now: datetime) -> dict[str, list[str]]:
    """Name of the invariant -> what breaks it (ids, at most 50 each)."""
    asked = {name: real_now - ago for name, ago in MOMENTS.items()}
    return {name: [str(i) for i in session.connection().execute(question(name), asked).scalars()] for name in CHECKS}


__all__ = ["CHECKS", "check_all", "question"]
