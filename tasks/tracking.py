"""Follow parcels: by carriers' deliveries and by looking at what is due, each by the source that follows it (TRK-1)."""

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any

from prefect import task

from config import wiring
from config.tracking_sources import source_of
from connectors.inbound import INBOUND
from domain.parcels import Tracker
from ledger import inbox
from ledger.following import AGAIN, BOTH, Followed, claim_parcels, due_sources, followed, free_parcels, put_off_untold
from ledger.heartbeats import vendor_trouble, vendor_well
from ledger.returning.way_back import record_both
from ledger.tables import InboxEvent
from tasks.carrier_asking import Asking, Said, pace_of, refs_of, wanted_s
from tasks.runtime import Report, in_ledger, is_retryable, kept, read_ledger, work_off
from tasks.stage import log_failure, one_by_one

CHUNK = 100
WORKERS = 3  # while one waits for the vendor another one writes
WITHIN_S = 480.0  # a run's time; the next one comes two minutes later and goes on
TRACKS = ("tracker.", "API_TRACK")  # topics of carriers' deliveries: about a parcel, and about nothing that is followed
IGNORED = ("batch.", "refund.", "scan_form.", "insurance.", "claim.", "report.", "payment.")
Rows = Sequence[Mapping[str, Any]]


@dataclass
class Part(Report):
    """What one source was asked. `stopped`: why parcels may be left that are due: a vendor's trouble, time, limit."""

    source: str = ""
    looked_at: int = 0
    stopped: str = ""

    def row(self) -> dict[str, Any]:
        """For the run's artifact."""
        return {
            "source": self.source,
            "looked at": self.looked_at,
            "not told": self.counts.get("not_told", 0),
            "postponed": self.counts.get("postponed", 0),
            "stopped by": self.stopped,
            "seconds": round(self.seconds, 1),
            "a second": round(self.looked_at / self.seconds, 1) if self.seconds else 0.0,
        }


@dataclass
class Looked(Report):
    """All sources together, and each one's part."""

    parts: list[Part] = field(default_factory=list)


@task(name="look at parcels", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def look_at_parcels(limit: int) -> Looked:
    """Ask each source about its parcels whose next look is due, at most `limit` of each; sources side by side, so that
    a slow one keeps no other waiting. Safe to repeat."""
    wired, ends = wiring.current(), monotonic() + WITHIN_S
    due = await read_ledger(due_sources, now=wired.now(), real_now=wired.real_now())
    askings = _askings(due)
    looks = [_look(name, askings.get(name), limit, ends) for name in due]
    looked = Looked("track")
    for part in await asyncio.gather(*looks, return_exceptions=True):
        if isinstance(part, BaseException):
            raise part
        looked.parts.append(part)
        looked.lines += part.lines
        looked.seconds = max(looked.seconds, part.seconds)
    return looked


def _askings(names: Sequence[str]) -> dict[str, Asking]:
    """How to ask who is named in rows; two names of one account share its pace."""
    wired = wiring.current()
    sources = wired.tracking_sources() if names else {}
    found = {name: source for name in names if (source := source_of(sources, name)) is not None}
    reserved = wired.policies.polling.reserved
    made = {id(source): Asking(source, pace_of(source, reserved)) for source in found.values()}
    return {name: made[id(source)] for name, source in found.items()}


async def _look(name: str, asking: Asking | None, limit: int, ends: float) -> Part:
    wired, part = wiring.current(), Part(f"track {name}", source=name)
    if asking is None:  # its account was taken out of the accounts file
        part.stopped = "no_account"
        part.add(name, "", "postponed", part.stopped)
        await in_ledger(vendor_trouble, name, part.stopped, wired.real_now())
        return part

    async def step(report: Report, size: int) -> int:
        taken = 0
        for model in BOTH:
            if taken < size and asking.trouble is None and monotonic() < ends:
                taken += await _poll(report, size - taken, name, asking, model)
        part.looked_at += taken
        return taken

    done = await work_off(part.stage, step, limit=limit, chunk=CHUNK, workers=WORKERS)
    part.lines, part.seconds = done.lines, done.seconds
    if asking.away is not None:
        await in_ledger(vendor_trouble, name, asking.away.code, wired.real_now())
    elif part.looked_at:
        await in_ledger(vendor_well, name, wired.real_now())
    if asking.trouble is not None:
        part.stopped = asking.trouble.code
    elif monotonic() >= ends:
        part.stopped = "time"
    elif part.looked_at >= limit:
        part.stopped = "limit"
    return part


async def _poll(report: Report, size: int, name: str, asking: Asking, model: Followed) -> int:
    wired = wiring.current()
    claimed = await in_ledger(claim_parcels, name, model, limit=size, now=wired.now(), real_now=wired.real_now())
    rows, token = claimed.rows, claimed.lease.token
    if not rows:
        return 0
    async with kept(model, [row["id"] for row in rows], token):
        said = await asking.ask(refs_of(rows))
    outcome = await _merge(report, said.trackers)
    await _put_off(report, name, rows, said, outcome.keys(), token, model)
    for row in rows:
        tracker = row["tracker_external_id"]
        if tracker in said.refused:
            report.add(row["id"], row["order_id"], "postponed", said.refused[tracker].reason)
        elif tracker not in said.away:
            report.add(row["id"], row["order_id"], outcome.get(tracker, "not_told"))
    return len(rows)


async def _put_off(
    report: Report, name: str, rows: Rows, said: Said, recorded: Set[str], token: int, model: Followed
) -> None:
    """Parcels of which nothing was heard, or nothing could be recorded, wait."""
    wired = wiring.current()
    told = {tracker.external_id for tracker in said.trackers}
    away = [row["id"] for row in rows if row["tracker_external_id"] in said.away]
    lost = [row["id"] for row in rows if row["tracker_external_id"] in told - recorded]
    untold = [row for row in rows if row["tracker_external_id"] not in told | said.away.keys()]
    if away:
        error = next(iter(said.away.values()))
        due = wired.now() + max(AGAIN, timedelta(seconds=wanted_s(error)))
        await in_ledger(free_parcels, away, token, due, error.code, model)
        report.add(name, "", "postponed", f"{len(away)} parcels: {error.code}")
    if lost:
        await in_ledger(free_parcels, lost, token, wired.now() + AGAIN, "not_recorded", model)
    if untold:
        await in_ledger(put_off_untold, untold, token, wired.now(), wired.policies.polling, model)


def senders() -> list[str]:
    """Systems of carriers and of whoever else tells of parcels that send deliveries by themselves."""
    accounts = wiring.current().accounts
    return sorted({a.system for a in (*accounts.carriers, *accounts.tracking) if a.system in INBOUND})


async def take_deliveries(report: Report, size: int, source: str) -> int:
    """Carriers' webhooks: a hint which trackers to look at now. `source` is the system, its accounts are told apart."""
    wired = wiring.current()
    claimed = await in_ledger(
        inbox.claim_inbox, source, limit=size, now=wired.now(), real_now=wired.real_now(), bodies=False
    )
    if not claimed.rows:
        return 0
    token = claimed.lease.token
    about: dict[str, dict[str, list[Mapping[str, Any]]]] = {}  # account -> tracker -> deliveries
    done: dict[str, str] = {}
    for row in claimed.rows:
        if row["topic"].startswith(TRACKS) and row["subject"]:
            about.setdefault(row["account"], {}).setdefault(row["subject"], []).append(row)
        else:
            done[row["id"]] = "ignored" if row["topic"].startswith(IGNORED) else "unknown_topic"
    async with kept(InboxEvent, [row["id"] for row in claimed.rows], token):
        for account, deliveries in about.items():
            done |= await _take(report, source, account, deliveries, token)
    await in_ledger(inbox.handled, done, token, wired.now())
    return len(claimed.rows)


async def _take(report: Report, system: str, account: str, about: Mapping[str, Rows], token: int) -> dict[str, str]:
    """What became of one account's deliveries: id -> outcome. Those that are to be tried again are left out."""
    wired, name = wiring.current(), f"{system}/{account}"
    again: dict[str, tuple[str, float]] = {}  # tracker -> code, seconds
    known: Rows = []
    said = Said()
    source = source_of(wired.tracking_sources(), name)
    if source is None:
        report.add(name, "", "postponed", "no_account")
        again = dict.fromkeys(about, ("no_account", 0.0))
    else:
        known = await read_ledger(followed, system, list(about))
        said = await Asking(source, pace_of(source)).ask(refs_of(known))
    for tracker, error in said.away.items():
        again[tracker] = (error.code, wanted_s(error))
    if said.away:
        code = next(iter(said.away.values())).code
        await in_ledger(vendor_trouble, name, code, wired.real_now())
        report.add(name, "", "postponed", code)
    for tracker, refusal in said.refused.items():
        again[tracker] = (refusal.reason, 0.0)
        report.add(tracker, "", "postponed", refusal.reason)
    outcome = await _merge(report, said.trackers)
    for each in said.trackers:
        if each.external_id not in outcome:  # tried again by its own row, then a case
            again[each.external_id] = ("not_recorded", 0.0)
    for tracker, (code, seconds) in again.items():
        rows = about.get(tracker, [])
        await in_ledger(inbox.failed, rows, code, token, wired.now(), after_s=seconds or None)
    for tracker, state in outcome.items():
        report.add(tracker, "", state)
    here = {row["tracker_external_id"] for row in known}
    return {
        row["id"]: outcome.get(tracker, "gone" if tracker in here else "unknown_tracker")
        for tracker, rows in about.items()
        if tracker not in again
        for row in rows
    }


async def _merge(report: Report, trackers: Sequence[Tracker]) -> dict[str, str]:
    """Take over what carriers say; a tracker that cannot be recorded is left out and stops no other."""
    wired = wiring.current()

    async def failed(tracker: Tracker, failure: Exception) -> None:
        log_failure("track", tracker.external_id, failure)
        report.add(tracker.external_id, "", "postponed", type(failure).__name__)

    async def whole(part: Sequence[Tracker]) -> dict[str, str]:
        return await in_ledger(record_both, part, wired.now(), wired.policies)

    parts = await one_by_one(trackers, whole, failed) if trackers else []
    return {tracker_id: state for part in parts for tracker_id, state in part.items()}
