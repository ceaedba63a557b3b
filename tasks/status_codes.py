"""Tell when carriers say too much that no table of codes knows (TRK-2)."""

from collections.abc import Mapping
from typing import Any

from prefect import task
from prefect.events import emit_event

from config import wiring
from ledger.status_codes import alert_unmapped
from tasks.runtime import in_ledger, is_retryable


@task(name="look at codes", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def look_at_codes() -> int:
    """A case, and an event, for each source that is newly above the share. Safe to repeat. Returns how many are new."""
    wired = wiring.current()
    news: list[Mapping[str, Any]] = await in_ledger(alert_unmapped, wired.policies.status_codes, wired.now())
    for facts in news:
        emit_event(
            "aftercart.tracking.codes_unmapped",
            resource={"prefect.resource.id": f"aftercart.tracking.{facts['source']}"},
            payload=dict(facts),
        )
    return len(news)
