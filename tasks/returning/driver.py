"""Returns as the request runner drives them. See `tasks.driving`."""

from ledger.returning import intake, requests
from tasks.driving import Workflow
from tasks.returning.steps import STEPS

RETURNS = Workflow("return-order", requests.QUEUE, intake.SOURCE, intake.take_event, STEPS)
