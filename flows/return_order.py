"""Take goods back at their customer's wish: one request, judged line by line, sent back with our label, inspected unit
by unit, put away, and its money given back.

Trigger: the request runner, beside the steps that it makes (they never wait for this run); or by hand, for a request
that is stuck. Repeats: safe; a request is held by one runner, each call outside is an effect with a key of its own.
Waiting (for a parcel, a person, an inspection) ends the run; what comes next starts another of the same name.
"""

from prefect import flow

from tasks.courses import run_name_of, show_course
from tasks.visibility import mark_run

NAME = "return-order"


@flow(name=NAME, flow_run_name=run_name_of(NAME), log_prints=False)
async def return_order(request_id: str) -> str:
    """Show, or make, the request's next steps; returns the state that it comes to. Fails for an unknown request."""
    mark_run()
    return await show_course(NAME, request_id)
