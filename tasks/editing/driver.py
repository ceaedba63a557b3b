"""Edits as the request runner drives them. See `tasks.driving`."""

from functools import partial

from ledger.editing import intake, requests
from tasks import driving
from tasks.driving import UNKNOWN, Done, Taken, Workflow
from tasks.editing.steps import STEPS

EDITS = Workflow("edit-order", requests.QUEUE, intake.SOURCE, intake.take_event, STEPS)
Drive = partial(driving.Drive, EDITS)
advance_request, take_and_claim, take_requests = EDITS.advance, EDITS.take_and_claim, EDITS.take_requests
claim, state_of = EDITS.claim, EDITS.state_of

__all__ = [
    "EDITS",
    "UNKNOWN",
    "Done",
    "Drive",
    "Taken",
    "advance_request",
    "claim",
    "state_of",
    "take_and_claim",
    "take_requests",
]
