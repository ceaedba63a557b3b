"""Edits as the request runner drives them. See `tasks.driving`."""

from ledger.editing import intake, requests
from tasks.driving import Workflow
from tasks.editing.steps import STEPS

EDITS = Workflow("edit-order", requests.QUEUE, intake.SOURCE, intake.take_event, STEPS)
