"""Make incidents of troubles that parcels share, and say so once where an operator looks: case, event, chat."""

from collections.abc import Sequence

from prefect import task
from prefect.events import emit_event

from config import wiring
from ledger.anomalies import incidents
from ledger.anomalies.incidents import Grouped, News
from tasks.runtime import in_ledger, is_retryable


@task(name="group troubles", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def group_troubles() -> Grouped:
    """Safe to repeat. The case and the message to the team's chat are written with the incident."""
    wired = wiring.current()
    return await in_ledger(
        incidents.group_troubles, wired.policies.anomalies, chat=wired.accounts.chat_target, now=wired.now()
    )


def announce(opened: Sequence[News]) -> None:
    """To Prefect. An event that is lost with its run is no more than a line on a page."""
    for news in opened:
        emit_event(
            "aftercart.incident.opened",
            resource={
                "prefect.resource.id": f"aftercart.incident.{news.incident_id}",
                "prefect.resource.name": news.headline,
            },
            payload={"kind": news.kind, "parcels": news.parcels},
        )
