"""State machines as literal tables. Only the ledger's `advance` functions write a state column, after `check`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from domain.parcels import TERMINAL, ParcelState
from domain.states_offers import CARRIER_CLAIM, OFFER
from domain.states_returns import EXCHANGE, RETURN, RETURN_LINE


class IllegalTransition(Exception):
    """A state was asked for that the table does not allow from here."""

    def __init__(self, machine: str, current: str, wanted: str) -> None:
        super().__init__(f"{machine}: {current} -> {wanted}")
        self.machine = machine
        self.current = current
        self.wanted = wanted


class OrderState(StrEnum):
    RECEIVED = "received"
    VALIDATING = "validating"
    HELD = "held"  # waits for a person or a customer, has never reached a node
    ACCEPTED = "accepted"  # checked, not yet routed
    ROUTING = "routing"  # promised to nodes, waits for its release time
    IN_FULFILMENT = "in_fulfilment"
    COMPLETED = "completed"  # every wanted unit shipped and delivered
    CANCELLED = "cancelled"


class FulfilmentOrderState(StrEnum):
    SCHEDULED = "scheduled"
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class RequestState(StrEnum):
    UNSUBMITTED = "unsubmitted"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CANCELLATION_REQUESTED = "cancellation_requested"
    CANCELLED = "cancelled"


class EffectState(StrEnum):
    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    PARKED = "parked"
    CANCELLED = "cancelled"


class MessageState(StrEnum):
    PLANNED = "planned"
    SUPPRESSED = "suppressed"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"  # handed over, and did not arrive


class CaseState(StrEnum):
    OPEN = "open"
    WAITING = "waiting"  # for an answer of the customer
    RESOLVED = "resolved"


class EditState(StrEnum):
    REQUESTED = "requested"
    QUOTED = "quoted"  # priced, new stock promised for a while
    AWAITING_REVIEW = "awaiting_review"
    AWAITING_PAYMENT = "awaiting_payment"
    FENCING = "fencing"  # nothing was changed anywhere yet
    AT_NODE = "at_node"  # the node is asked; from here on a failure is undone or parked
    COMMITTING = "committing"  # the shop is asked
    CONFIRMING = "confirming"  # both sides are read back
    UNDOING = "undoing"
    PARKED = "parked"  # the sides differ and a person decides
    APPLIED = "applied"
    UNDONE = "undone"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by whoever asked
    EXPIRED = "expired"


class RefundState(StrEnum):
    GRANTED = "granted"
    EXECUTING = "executing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # definitely refused: the next try has a new key at the vendor
    UNKNOWN = "unknown"


class DeadlineState(StrEnum):
    PENDING = "pending"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


class AnomalyState(StrEnum):
    OPEN = "open"
    CLEARED = "cleared"


S = TypeVar("S", bound=StrEnum)
Table = Mapping[S, frozenset[S]]

_O = OrderState
ORDER: Table[OrderState] = {
    _O.RECEIVED: frozenset({_O.VALIDATING}),
    _O.VALIDATING: frozenset({_O.HELD, _O.ACCEPTED, _O.CANCELLED}),
    _O.HELD: frozenset({_O.VALIDATING, _O.ACCEPTED, _O.CANCELLED}),
    _O.ACCEPTED: frozenset({_O.ROUTING, _O.HELD, _O.CANCELLED}),
    _O.ROUTING: frozenset({_O.IN_FULFILMENT, _O.COMPLETED, _O.HELD, _O.CANCELLED}),
    _O.IN_FULFILMENT: frozenset({_O.COMPLETED, _O.ROUTING, _O.CANCELLED}),
    _O.COMPLETED: frozenset({_O.ROUTING}),  # what is sent in exchange joins it
    _O.CANCELLED: frozenset(),
}
ENDED_ORDER = frozenset({_O.COMPLETED, _O.CANCELLED})

_F = FulfilmentOrderState
FULFILMENT_ORDER: Table[FulfilmentOrderState] = {
    _F.SCHEDULED: frozenset({_F.OPEN, _F.CANCELLED}),
    _F.OPEN: frozenset({_F.IN_PROGRESS, _F.CANCELLED}),
    _F.IN_PROGRESS: frozenset({_F.CLOSED, _F.CANCELLED}),
    _F.CLOSED: frozenset(),
    _F.CANCELLED: frozenset(),
}

_R = RequestState
REQUEST: Table[RequestState] = {
    _R.UNSUBMITTED: frozenset({_R.SUBMITTED}),
    _R.SUBMITTED: frozenset({_R.ACCEPTED, _R.REJECTED}),
    _R.ACCEPTED: frozenset({_R.CANCELLATION_REQUESTED}),
    _R.CANCELLATION_REQUESTED: frozenset({_R.CANCELLED, _R.ACCEPTED}),
    _R.REJECTED: frozenset(),
    _R.CANCELLED: frozenset(),
}

_E = EffectState
EFFECT: Table[EffectState] = {
    _E.PLANNED: frozenset({_E.SENDING, _E.CANCELLED, _E.PARKED}),
    _E.SENDING: frozenset({_E.DONE, _E.REJECTED, _E.UNKNOWN, _E.PLANNED}),
    _E.UNKNOWN: frozenset({_E.DONE, _E.PLANNED, _E.PARKED}),
    _E.PARKED: frozenset({_E.DONE, _E.REJECTED, _E.PLANNED}),
    _E.DONE: frozenset(),
    _E.REJECTED: frozenset(),
    _E.CANCELLED: frozenset(),
}

_M = MessageState
MESSAGE: Table[MessageState] = {
    _M.PLANNED: frozenset({_M.SUPPRESSED, _M.SENT, _M.FAILED}),
    _M.SUPPRESSED: frozenset(),
    _M.SENT: frozenset({_M.BOUNCED}),
    _M.FAILED: frozenset(),
    _M.BOUNCED: frozenset(),
}

_C = CaseState
CASE: Table[CaseState] = {
    _C.OPEN: frozenset({_C.WAITING, _C.RESOLVED}),
    _C.WAITING: frozenset({_C.OPEN, _C.RESOLVED}),
    _C.RESOLVED: frozenset(),
}

_X = EditState
EDIT: Table[EditState] = {
    _X.REQUESTED: frozenset({_X.QUOTED, _X.REFUSED}),
    _X.QUOTED: frozenset({_X.WITHDRAWN, _X.EXPIRED, _X.REFUSED, _X.AWAITING_REVIEW, _X.AWAITING_PAYMENT, _X.FENCING}),
    _X.AWAITING_REVIEW: frozenset({_X.AWAITING_PAYMENT, _X.FENCING, _X.REFUSED, _X.EXPIRED}),
    _X.AWAITING_PAYMENT: frozenset({_X.FENCING, _X.EXPIRED, _X.WITHDRAWN}),
    _X.FENCING: frozenset({_X.AT_NODE, _X.COMMITTING, _X.REFUSED}),
    _X.AT_NODE: frozenset({_X.COMMITTING, _X.UNDOING}),
    _X.COMMITTING: frozenset({_X.CONFIRMING, _X.UNDOING}),
    _X.CONFIRMING: frozenset({_X.APPLIED, _X.UNDOING}),
    _X.UNDOING: frozenset({_X.UNDONE, _X.PARKED}),
    _X.PARKED: frozenset({_X.APPLIED, _X.UNDONE}),
    _X.APPLIED: frozenset(),
    _X.UNDONE: frozenset(),
    _X.REFUSED: frozenset(),
    _X.WITHDRAWN: frozenset(),
    _X.EXPIRED: frozenset(),
}
ENDED_EDIT = frozenset(state for state, targets in EDIT.items() if not targets)
# What has begun at a node or a shop ends by being applied, undone or parked, never by a clock.
BEGUN_EDIT = frozenset({_X.AT_NODE, _X.COMMITTING, _X.CONFIRMING, _X.UNDOING, _X.PARKED})

_B = RefundState
REFUND: Table[RefundState] = {
    _B.GRANTED: frozenset({_B.EXECUTING}),
    _B.EXECUTING: frozenset({_B.SUCCEEDED, _B.FAILED, _B.UNKNOWN}),
    _B.UNKNOWN: frozenset({_B.SUCCEEDED, _B.FAILED, _B.EXECUTING}),
    _B.FAILED: frozenset({_B.EXECUTING}),
    _B.SUCCEEDED: frozenset({_B.FAILED}),  # banks send money back, for weeks
}

_D = DeadlineState
DEADLINE: Table[DeadlineState] = {
    _D.PENDING: frozenset({_D.MET, _D.BREACHED, _D.CANCELLED}),
    _D.MET: frozenset(),
    _D.BREACHED: frozenset(),
    _D.CANCELLED: frozenset(),
}

_A = AnomalyState
ANOMALY: Table[AnomalyState] = {
    _A.OPEN: frozenset({_A.CLEARED}),
    _A.CLEARED: frozenset(),  # the same trouble once more is another anomaly
}

# A parcel's state follows from its events (`domain.parcels.merge_state`); terminal ones stay, see `check_parcel`.
PARCEL: Table[ParcelState] = {
    state: frozenset() if state in TERMINAL else frozenset(ParcelState) - {state} for state in ParcelState
}

MACHINES: Mapping[str, Table[Any]] = {
    "order": ORDER,
    "fulfilment_order": FULFILMENT_ORDER,
    "request": REQUEST,
    "effect": EFFECT,
    "message": MESSAGE,
    "review_case": CASE,
    "edit_request": EDIT,
    "refund": REFUND,
    "deadline": DEADLINE,
    "anomaly": ANOMALY,
    "shipment": PARCEL,
    "return_request": RETURN,
    "return_line": RETURN_LINE,
    "exchange": EXCHANGE,
    "offer": OFFER,
    "carrier_claim": CARRIER_CLAIM,
}
INITIAL: Mapping[str, str] = {
    "order": "received",
    "fulfilment_order": "scheduled",
    "request": "unsubmitted",
    "effect": "planned",
    "message": "planned",
    "review_case": "open",
    "edit_request": "requested",
    "refund": "granted",
    "deadline": "pending",
    "anomaly": "open",
    "shipment": "unknown",
    "return_request": "requested",
    "return_line": "requested",
    "exchange": "reserved",
    "offer": "proposed",
    "carrier_claim": "waiting",
}


def check(machine: str, current: str, wanted: str) -> None:
    """Raises: IllegalTransition."""
    allowed = {str(state): targets for state, targets in MACHINES[machine].items()}.get(current)
    if allowed is None or wanted not in allowed:
        raise IllegalTransition(machine, current, wanted)


def check_parcel(current: str, wanted: str, *, by_events: bool) -> None:
    """A parcel's step. What all its events give together may leave a terminal state, for they hold a correction or came
    in another order; anybody else's word may not, and nothing leads back to not knowing. Raises: IllegalTransition."""
    if not (by_events and current in TERMINAL and wanted != ParcelState.UNKNOWN):
        check("shipment", current, wanted)
