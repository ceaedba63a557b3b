"""Start a run again whose process died.

Trigger: the automation "aftercart: restart dead runs", for each crashed run of another deployment. Repeats: safe; a
dead run is followed by one run, and the ledger caps the restarts of a deployment.
"""

from prefect import flow

from tasks.restarting import restart_dead_run
from tasks.visibility import mark_run, run_name


@flow(name="restart-runs", flow_run_name=run_name)
async def restart_runs(run_id: str) -> str:
    """What was done: restarted, replaced (another run does the work), too_often, not_dead or unknown."""
    mark_run()
    return await restart_dead_run(run_id)
