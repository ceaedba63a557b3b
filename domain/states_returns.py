"""States of return requests and of their lines, as `domain.states` has those of everything else.

The request follows the parcel and the decision; a line follows its units. Money is neither's: it has states of its own
(`domain.states.REFUND`) and may go out before the goods come back.
"""

from collections.abc import Mapping
from enum import StrEnum


class ReturnState(StrEnum):
    REQUESTED = "requested"  # judged at once, or a person's case
    APPROVED = "approved"
    LABEL_ISSUED = "label_issued"
    IN_TRANSIT = "in_transit"  # a carrier has scanned it
    RECEIVED = "received"  # also a parcel that nobody announced
    INSPECTED = "inspected"
    MANUAL_REVIEW = "manual_review"  # what came is not what was said
    LOST = "lost"  # on its way back
    EXPIRED = "expired"  # never sent
    RESOLVED = "resolved"  # nothing is owed by either side, or is on its way
    CLOSED = "closed"  # the shop agrees
    DECLINED = "declined"
    CANCELLED = "cancelled"  # by whoever asked, before anything was sent


class ExchangeState(StrEnum):
    """Of what a customer gets for units of one order in a request, where that is goods."""

    RESERVED = "reserved"  # units are promised; nobody is sure of them yet
    AWAITING_PAYMENT = "awaiting_payment"
    FIRM = "firm"  # nothing is owed: it is sent when its moment comes
    ORDERING = "ordering"  # the shop is being told
    ORDERED = "ordered"  # a line of the order, which ships like any other
    GIVEN_UP = "given_up"  # money in its place


class ReturnLineState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    RECEIVED = "received"
    MISSING = "missing"  # not in the parcel that came back, or lost with it
    INSPECTED = "inspected"
    EXPIRED = "expired"
    RESOLVED = "resolved"
    DECLINED = "declined"
    CANCELLED = "cancelled"


_R = ReturnState
RETURN: Mapping[ReturnState, frozenset[ReturnState]] = {
    _R.REQUESTED: frozenset({_R.APPROVED, _R.DECLINED, _R.CANCELLED}),
    # without a label the customer sends it as they like: scans and the parcel itself may be the first that is seen
    _R.APPROVED: frozenset({_R.LABEL_ISSUED, _R.IN_TRANSIT, _R.RECEIVED, _R.RESOLVED, _R.CANCELLED, _R.EXPIRED}),
    _R.LABEL_ISSUED: frozenset({_R.IN_TRANSIT, _R.RECEIVED, _R.CANCELLED, _R.EXPIRED}),
    _R.IN_TRANSIT: frozenset({_R.RECEIVED, _R.LOST}),
    _R.LOST: frozenset({_R.RESOLVED, _R.RECEIVED}),
    _R.RECEIVED: frozenset({_R.INSPECTED, _R.MANUAL_REVIEW}),
    _R.INSPECTED: frozenset({_R.RESOLVED, _R.MANUAL_REVIEW}),
    _R.MANUAL_REVIEW: frozenset({_R.RESOLVED, _R.DECLINED}),
    # it may come after all; what went out ahead of the goods is taken back first
    _R.EXPIRED: frozenset({_R.RECEIVED, _R.RESOLVED, _R.CLOSED}),
    _R.RESOLVED: frozenset({_R.CLOSED}),
    _R.CLOSED: frozenset(),
    _R.DECLINED: frozenset(),
    _R.CANCELLED: frozenset(),
}
ENDED_RETURN = frozenset(state for state, targets in RETURN.items() if not targets)
# The goods are at the customer's or on their way: reminders, tracking and the end of the claw-back belong to these.
AWAITED_RETURN = frozenset({_R.APPROVED, _R.LABEL_ISSUED, _R.IN_TRANSIT})

_X = ExchangeState
EXCHANGE: Mapping[ExchangeState, frozenset[ExchangeState]] = {
    _X.RESERVED: frozenset({_X.AWAITING_PAYMENT, _X.FIRM, _X.GIVEN_UP}),
    _X.AWAITING_PAYMENT: frozenset({_X.FIRM, _X.GIVEN_UP}),
    _X.FIRM: frozenset({_X.ORDERING, _X.GIVEN_UP}),
    _X.ORDERING: frozenset({_X.ORDERED, _X.GIVEN_UP}),
    _X.ORDERED: frozenset(),
    _X.GIVEN_UP: frozenset(),
}
ENDED_EXCHANGE = frozenset(state for state, targets in EXCHANGE.items() if not targets)

_L = ReturnLineState
RETURN_LINE: Mapping[ReturnLineState, frozenset[ReturnLineState]] = {
    _L.REQUESTED: frozenset({_L.APPROVED, _L.DECLINED, _L.CANCELLED}),
    _L.APPROVED: frozenset({_L.RECEIVED, _L.MISSING, _L.RESOLVED, _L.EXPIRED, _L.CANCELLED}),
    _L.RECEIVED: frozenset({_L.INSPECTED}),
    _L.MISSING: frozenset({_L.RECEIVED, _L.RESOLVED, _L.DECLINED}),
    _L.INSPECTED: frozenset({_L.RESOLVED, _L.DECLINED}),
    _L.EXPIRED: frozenset({_L.RECEIVED, _L.RESOLVED}),
    _L.RESOLVED: frozenset(),
    _L.DECLINED: frozenset(),
    _L.CANCELLED: frozenset(),
}
ENDED_RETURN_LINE = frozenset(state for state, targets in RETURN_LINE.items() if not targets)
# A unit in one of these is in no other request: what has expired may be asked for again.
HOLDS_UNITS = frozenset({_L.REQUESTED, _L.APPROVED, _L.RECEIVED, _L.MISSING, _L.INSPECTED})
