"""Follow parcels: by the carrier's deliveries and by looking at what is due (TRK-1's first half)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from prefect import task

from config import wiring
from connectors.errors import ConnectorError, VendorRejected
from domain.parcels import Tracker
from ledger import inbox
from ledger.heartbeats import vendor_trouble, vendor_well
from ledger.tables import InboxEvent, Shipment
from ledger.tracking import claim_parcels, free_parcels, record_trackers, report_untold
from tasks.runtime import Report, each, in_ledger, is_retryable, kept, work_off
from tasks.stage import log_failure, one_by_one

AGAIN = timedelta(minutes=15)
CHUNK = 50


@task(name="look at parcels", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def look_at_parcels(limit: int) -> Report:
    """Ask about parcels whose next look is due. Safe to repeat."""
    return await work_off("track", _poll_step, limit=limit, chunk=CHUNK, workers=2)


async def _poll_step(report: Report, size: int) -> int:
    wired = wiring.current()
    claimed = await in_ledger(claim_parcels, limit=size, now=wired.now(), real_now=wired.real_now())
    if not claimed.rows:
        return 0
    token, ids = claimed.lease.token, [row["id"] for row in claimed.rows]
    carrier = wired.parcels()
    target = f"{carrier.code}/{carrier.account}"
    async with kept(Shipment, ids, token):
        try:
            trackers, refused = await _ask([row["tracker_external_id"] for row in claimed.rows])
        except ConnectorError as error:
            await in_ledger(free_parcels, ids, token, wired.now() + AGAIN, error.code)
            await in_ledger(vendor_trouble, target, error.code, wired.real_now())
            report.add(target, "", "postponed", f"{len(ids)} parcels: {error.code}")
            return len(claimed.rows)
    await in_ledger(vendor_well, target, wired.real_now())
    outcome = await _merge(report, trackers)
    seen = {tracker.external_id for tracker in trackers}
    missing = [row for row in claimed.rows if row["tracker_external_id"] not in seen]
    await in_ledger(free_parcels, [row["id"] for row in missing], token, wired.now() + AGAIN, "not_told")
    await in_ledger(report_untold, missing, wired.now())
    for row in claimed.rows:
        refusal = refused.get(row["tracker_external_id"])
        if refusal is not None:
            report.add(row["id"], row["order_id"], "postponed", refusal.reason)
        else:
            report.add(row["id"], row["order_id"], outcome.get(row["tracker_external_id"], "not_told"))
    return len(claimed.rows)


async def _ask(ids: list[str]) -> tuple[list[Tracker], dict[str, VendorRejected]]:
    """What the carrier says of its trackers, and those that it refuses or that cannot be read: they do not take
    the others with them. Raises: ConnectorError when the carrier is away."""
    try:
        return await wiring.current().parcels().fetch_trackers(ids), {}
    except VendorRejected as error:
        if len(ids) == 1:
            return [], {ids[0]: error}
    parts = await each(lambda i: _ask([i]), ids, at_once=wiring.current().settings.vendor_concurrency)
    trackers = [tracker for found, _ in parts for tracker in found]
    return trackers, {i: error for _, refused in parts for i, error in refused.items()}


async def take_deliveries(report: Report, size: int, source: str) -> int:
    """The carrier's webhooks: a hint which trackers to look at now."""
    wired = wiring.current()
    claimed = await in_ledger(
        inbox.claim_inbox, source, limit=size, now=wired.now(), real_now=wired.real_now(), bodies=False
    )
    if not claimed.rows:
        return 0
    token = claimed.lease.token
    about: dict[str, list[Mapping[str, Any]]] = {}
    plain: dict[str, str] = {}
    for row in claimed.rows:
        if row["topic"].startswith("tracker.") and row["subject"]:
            about.setdefault(row["subject"], []).append(row)
        else:
            plain[row["id"]] = "ignored" if row["topic"].startswith(IGNORED) else "unknown_topic"
    carrier = wired.parcels()
    async with kept(InboxEvent, [row["id"] for row in claimed.rows], token):
        try:
            trackers, refused = await _ask(list(about)) if about else ([], {})
        except ConnectorError as error:
            rows = [row for members in about.values() for row in members]
            await in_ledger(inbox.failed, rows, error.code, token, wired.now(), after_s=getattr(error, "after_s", None))
            await in_ledger(vendor_trouble, f"{source}/{carrier.account}", error.code, wired.real_now())
            report.add(source, "", "postponed", error.code)
            trackers, refused, about = [], {}, {}
    for subject, refusal in refused.items():
        await in_ledger(inbox.failed, about.pop(subject), refusal.reason, token, wired.now())
        report.add(subject, "", "postponed", refusal.reason)
    outcome = await _merge(report, trackers)
    for tracker in trackers:
        if tracker.external_id not in outcome:  # tried again by its own row, then a case
            await in_ledger(inbox.failed, about.pop(tracker.external_id, []), "not_recorded", token, wired.now())
    done = {row["id"]: outcome.get(subject, "gone") for subject, rows in about.items() for row in rows}
    await in_ledger(inbox.handled, {**plain, **done}, token, wired.now())
    for tracker_id, state in outcome.items():
        report.add(tracker_id, "", state)
    return len(claimed.rows)


async def _merge(report: Report, trackers: Sequence[Tracker]) -> dict[str, str]:
    """Take over what the carrier says; a tracker that cannot be recorded is left out and stops no other."""

    async def failed(tracker: Tracker, failure: Exception) -> None:
        log_failure("track", tracker.external_id, failure)
        report.add(tracker.external_id, "", "postponed", type(failure).__name__)

    async def whole(part: Sequence[Tracker]) -> dict[str, str]:
        return await in_ledger(record_trackers, part, wiring.current().now())

    parts = await one_by_one(trackers, whole, failed) if trackers else []
    return {tracker_id: state for part in parts for tracker_id, state in part.items()}


IGNORED = ("batch.", "refund.", "scan_form.", "insurance.", "claim.", "report.", "payment.")
