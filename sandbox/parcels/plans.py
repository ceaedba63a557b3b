"""How parcels travel: what happens, and how many hours after the label or the counter."""

import random
from datetime import datetime, timedelta

from sandbox.parcels.model import Parcel, Step

_LABEL = Step(0, "label")
_ACCEPTED = Step(12, "accepted", "origin")
_HUB = Step(24, "arrived", "hub")
_OUT = Step(46, "out", "destination")
_DONE = Step(50, "delivered", "destination")

PLANS: dict[str, tuple[Step, ...]] = {
    "normal": (_LABEL, _ACCEPTED, _HUB, _OUT, _DONE),
    "fast": (
        _LABEL, _ACCEPTED._replace(hours=2), _HUB._replace(hours=6), _OUT._replace(hours=10),
        _DONE._replace(hours=12),
    ),
    "stuck": (_LABEL, _ACCEPTED, _HUB),
    "lost": (_LABEL, _ACCEPTED, _HUB, Step(120, "lost")),
    "exception": (_LABEL, _ACCEPTED, _HUB, Step(40, "exception", text="Damaged label")),
    "attempted": (
        _LABEL, _ACCEPTED, _HUB, _OUT, Step(49, "attempted", "destination"), _OUT._replace(hours=70),
        _DONE._replace(hours=74),
    ),
    "returned": (
        _LABEL, _ACCEPTED, _HUB, _OUT, Step(50, "refused", "destination"), Step(98, "returned", "origin"),
    ),
    "never_handed_over": (_LABEL,),
}  # fmt: skip

# a parcel that a customer sends back: hours count from the counter where it was handed in
_HANDED_IN = Step(0.01, "accepted", "origin")
RETURNS: dict[str, tuple[Step, ...]] = {
    "waiting": (_LABEL,),
    "handed_in": (_LABEL, _HANDED_IN, _HUB, _OUT, _DONE),
    "lost_on_the_way_back": (_LABEL, _HANDED_IN, _HUB, Step(120, "lost")),
}
PLANS |= RETURNS

_JITTER = 0.02


def due_at(parcel: Parcel, step: Step) -> datetime:
    """When a step of this parcel happens: up to 2 % early or late, always the same for one number, and later by the
    delay that it has met; to the minute where it has a way of its own."""
    if parcel.way is not None:
        return parcel.begun_at + timedelta(hours=step.hours) + parcel.delay
    shift = 1 + random.Random(f"{parcel.number}:{step.hours}").uniform(-_JITTER, _JITTER)
    return parcel.begun_at + timedelta(hours=step.hours * shift) + parcel.delay
