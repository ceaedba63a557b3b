"""How parcels travel: what a carrier reports, and how many hours after the label."""

import random
from datetime import datetime, timedelta
from typing import NamedTuple


class Step(NamedTuple):
    """One report of a carrier."""

    hours: float
    status: str
    detail: str
    message: str
    city: str | None = None
    state: str | None = None
    zip: str | None = None


_LABEL = Step(0, "pre_transit", "label_created", "Shipping label created")
_ACCEPTED = Step(12, "in_transit", "received_at_origin_facility", "Accepted at origin", "RENO", "NV", "89502")
_HUB = Step(24, "in_transit", "arrived_at_facility", "Arrived at hub", "CHICAGO", "IL", "60607")
_OUT = Step(46, "out_for_delivery", "out_for_delivery", "Out for delivery", "BROOKLYN", "NY", "11201")
_DONE = Step(50, "delivered", "arrived_at_destination", "Delivered", "BROOKLYN", "NY", "11201")

PLANS: dict[str, tuple[Step, ...]] = {
    "normal": (_LABEL, _ACCEPTED, _HUB, _OUT, _DONE),
    "fast": (
        _LABEL, _ACCEPTED._replace(hours=2), _HUB._replace(hours=6), _OUT._replace(hours=10),
        _DONE._replace(hours=12),
    ),
    "stuck": (_LABEL, _ACCEPTED, _HUB),
    "lost": (_LABEL, _ACCEPTED, _HUB, Step(120, "failure", "lost", "Parcel declared lost")),
    "exception": (
        _LABEL, _ACCEPTED, _HUB, Step(40, "failure", "delivery_exception", "Damaged label"),
    ),
    "attempted": (
        _LABEL, _ACCEPTED, _HUB, _OUT,
        Step(49, "in_transit", "delivery_exception", "Nobody at home", "BROOKLYN", "NY", "11201"),
        _OUT._replace(hours=70), _DONE._replace(hours=74),
    ),
    "returned": (
        _LABEL, _ACCEPTED, _HUB, _OUT,
        Step(50, "return_to_sender", "refused", "Refused by the recipient", "BROOKLYN", "NY", "11201"),
        Step(98, "return_to_sender", "return", "Returned to the sender", "RENO", "NV", "89502"),
    ),
}  # fmt: skip

_JITTER = 0.02


def due_at(code: str, made_at: datetime, step: Step) -> datetime:
    """When a step of this parcel happens: up to 2 % early or late, always the same for one code."""
    shift = 1 + random.Random(f"{code}:{step.hours}").uniform(-_JITTER, _JITTER)
    return made_at + timedelta(hours=step.hours * shift)
