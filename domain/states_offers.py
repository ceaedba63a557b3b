"""States of offers to customers whose parcel is in trouble, and of claims against carriers.

As `domain.states` has those of everything else.
"""

from collections.abc import Mapping
from enum import StrEnum


class OfferState(StrEnum):
    PROPOSED = "proposed"  # waits for a person: the customer does not see it yet
    SENT = "sent"  # the customer may take it
    ACCEPTED = "accepted"  # taken, and promised; a shop may still have to be told
    EXECUTED = "executed"  # the money is granted, or the shop has the order
    DECLINED = "declined"  # by the customer, who took another, or by a person
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # it is not true any more: the parcel moves or has arrived, or it cannot be carried out


class ClaimState(StrEnum):
    """Of what a carrier owes for a parcel that it lost or damaged."""

    WAITING = "waiting"  # the carrier takes no claim yet
    READY = "ready"  # the packet is made, and somebody files it
    FILED = "filed"
    PAID = "paid"
    DENIED = "denied"
    LAPSED = "lapsed"  # its window has closed, or nothing is covered
    DROPPED = "dropped"  # the parcel has arrived


_O = OfferState
OFFER: Mapping[OfferState, frozenset[OfferState]] = {
    _O.PROPOSED: frozenset({_O.SENT, _O.DECLINED, _O.EXPIRED, _O.WITHDRAWN}),
    _O.SENT: frozenset({_O.ACCEPTED, _O.DECLINED, _O.EXPIRED, _O.WITHDRAWN}),
    _O.ACCEPTED: frozenset({_O.EXECUTED, _O.WITHDRAWN}),
    _O.EXECUTED: frozenset(),
    _O.DECLINED: frozenset(),
    _O.EXPIRED: frozenset(),
    _O.WITHDRAWN: frozenset(),
}
OPEN_OFFER = frozenset({_O.PROPOSED, _O.SENT})
# What was taken has been promised to somebody: no clock and no scan ends it.
TAKEN_OFFER = frozenset({_O.ACCEPTED, _O.EXECUTED})

_C = ClaimState
CARRIER_CLAIM: Mapping[ClaimState, frozenset[ClaimState]] = {
    _C.WAITING: frozenset({_C.READY, _C.LAPSED, _C.DROPPED}),
    _C.READY: frozenset({_C.FILED, _C.LAPSED, _C.DROPPED}),
    _C.FILED: frozenset({_C.PAID, _C.DENIED, _C.DROPPED}),
    _C.PAID: frozenset(),
    _C.DENIED: frozenset({_C.FILED}),  # carriers take appeals
    _C.LAPSED: frozenset(),
    _C.DROPPED: frozenset(),
}
