"""Change an order at its customer's wish: one request, quoted, fenced, told to the node, committed in the shop, read
back and settled.

Trigger: the request runner, beside the steps that it makes (they never wait for this run); or by hand, for a request
that is stuck. Repeats: safe; a request is held by one runner, each call outside is an effect with a key of its own.
Waiting (for a payment, a person, a node) ends the run; what comes next starts another of the same name.
"""

from prefect import flow

from tasks.courses import run_name_of, show_course
from tasks.visibility import mark_run

NAME = "edit-order"


@flow(name=NAME, flow_run_name=run_name_of(NAME), log_prints=False)
async def edit_order(request_id: str) -> str:
    """Show, or make, the request's next steps; returns the state that it comes to. Fails for an unknown request."""
    mark_run()
    return await show_course(NAME, request_id)
