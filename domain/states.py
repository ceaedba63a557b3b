"""State machines as literal tables. Only the ledger's `advance` functions write a state column, after `check`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from domain.parcels import TERMINAL, ParcelState


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


class CaseState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


class DeadlineState(StrEnum):
    PENDING = "pending"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


S = TypeVar("S", bound=StrEnum)
Table = Mapping[S, frozenset[S]]

_O = OrderState
ORDER: Table[OrderState] = {
    _O.RECEIVED: frozenset({_O.VALIDATING}),
    _O.VALIDATING: frozenset({_O.HELD, _O.ACCEPTED, _O.CANCELLED}),
    _O.HELD: frozenset({_O.VALIDATING, _O.ACCEPTED, _O.CANCELLED}),
    _O.ACCEPTED: frozenset({_O.ROUTING, _O.HELD, _O.CANCELLED}),
    _O.ROUTING: frozenset({_O.IN_FULFILMENT, _O.HELD, _O.CANCELLED}),
    _O.IN_FULFILMENT: frozenset({_O.COMPLETED, _O.ROUTING, _O.CANCELLED}),
    _O.COMPLETED: frozenset(),
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
    _M.SENT: frozenset(),
    _M.FAILED: frozenset(),
}

_C = CaseState
CASE: Table[CaseState] = {
    _C.OPEN: frozenset({_C.RESOLVED}),
    _C.RESOLVED: frozenset(),
}

_D = DeadlineState
DEADLINE: Table[DeadlineState] = {
    _D.PENDING: frozenset({_D.MET, _D.BREACHED, _D.CANCELLED}),
    _D.MET: frozenset(),
    _D.BREACHED: frozenset(),
    _D.CANCELLED: frozenset(),
}

# A parcel's state follows from its events (`domain.parcels.merge_state`); terminal ones stay.
PARCEL: Table[ParcelState] = {
    state: frozenset() if state in TERMINAL else frozenset(ParcelState) - {state} for state in ParcelState
}

MACHINES: Mapping[str, Mapping[StrEnum, frozenset[StrEnum]]] = {
    "order": ORDER,  # type: ignore[dict-item]  # Mapping is invariant in its key
    "fulfilment_order": FULFILMENT_ORDER,  # type: ignore[dict-item]
    "request": REQUEST,  # type: ignore[dict-item]
    "effect": EFFECT,  # type: ignore[dict-item]
    "message": MESSAGE,  # type: ignore[dict-item]
    "review_case": CASE,  # type: ignore[dict-item]
    "deadline": DEADLINE,  # type: ignore[dict-item]
    "shipment": PARCEL,  # type: ignore[dict-item]
}
INITIAL: Mapping[str, str] = {
    "order": "received",
    "fulfilment_order": "scheduled",
    "request": "unsubmitted",
    "effect": "planned",
    "message": "planned",
    "review_case": "open",
    "deadline": "pending",
    "shipment": "unknown",
}


def check(machine: str, current: str, wanted: str) -> None:
    """Raises: IllegalTransition."""
    allowed = {str(state): targets for state, targets in MACHINES[machine].items()}.get(current)
    if allowed is None or wanted not in allowed:
        raise IllegalTransition(machine, current, wanted)
