"""What nodes say of goods that came back to them, by webhook and by sweep."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from prefect import task

from config import wiring
from connectors.warehouses.returning import NodeReturn, NodeReturnState
from domain.returns.words import Reception
from ledger.cursors import move_cursor, read_cursor
from ledger.returning.node_effects import StatedOutcome, StatedUnits, take_outcome
from tasks.asking import asking
from tasks.deliveries import take_about
from tasks.runtime import Report, in_ledger, is_retryable

FIRST_LOOK = timedelta(days=2)
Events = Sequence[Mapping[str, Any]]


def are_returns(source: str, events: Events) -> Events:
    """Of a node's deliveries those about goods that come back."""
    nodes = wiring.current().returns_warehouses()
    return [
        row
        for row in events
        if (node := nodes.get(f"{source}/{row['account']}")) is not None and row["topic"] in node.return_topics
    ]


async def take(report: Report, source: str, events: Events, token: int) -> None:
    """Each return is read again: its deliveries come in no order."""
    about: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in events:
        about.setdefault((f"{source}/{row['account']}", row["subject"]), []).append(row)
    for (target, subject), rows in about.items():
        await take_about(report, target, subject, rows, token, partial(_read_again, target, subject))


async def _read_again(target: str, subject: str) -> str:
    said = await wiring.current().returns_warehouses()[target].fetch_return(subject)
    return await _take_one(target, said) if said is not None else "gone"


async def _take_one(target: str, said: NodeReturn) -> str:
    """Only what is final counts: which units are missing is not known before."""
    if said.state is not NodeReturnState.DONE:
        return "noted"
    return await in_ledger(take_outcome, target, stated(said), wiring.current().now())


def stated(said: NodeReturn) -> StatedOutcome:
    """A node's return in the ledger's words."""
    units = tuple(
        StatedUnits(
            part.sku,
            part.reception,
            part.quantity,
            part.treated.disposition if part.treated and part.reception is not Reception.MISSING else None,
        )
        for part in said.outcome()
    )
    return StatedOutcome(
        said.external_id, said.reference, said.tracking_number, said.shipment, said.node_location, units
    )


@task(
    name="sweep node returns",
    task_run_name="sweep returns at {target}",
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=is_retryable,
)
async def sweep_node_returns(target: str) -> Report:
    """Returns that a node has dealt with since the last look, for webhooks that never came."""
    wired = wiring.current()
    report, cursor, started = Report(f"sweep returns {target}"), f"node_returns:{target}", wired.now()
    since = await in_ledger(read_cursor, cursor)
    start = (since - wired.policies.capture.sweep_overlap) if since else started - FIRST_LOOK
    async with asking(report, target):
        async for page in wired.returns_warehouses()[target].returns_since(start):
            for said in page:
                outcome = await _take_one(target, said)
                if outcome not in ("noted", "known"):
                    report.add(said.reference, "", outcome, "missed_webhook")
        await in_ledger(move_cursor, cursor, started)
    return report
