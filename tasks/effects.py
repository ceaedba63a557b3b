"""Send effects: the one loop from a claimed row to its recorded outcome, for all kinds."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from config import wiring
from connectors import leave
from connectors.errors import AuthFailed, ConnectorError, OutcomeUnknown, Retryable, VendorRejected, Withdrawn
from connectors.outcomes import Outcome, Sent
from ledger import effects as machine
from ledger import failpoints, settling
from ledger.effects import EffectDraft, EffectRow, Handlers, Verdict
from ledger.heartbeats import vendor_trouble, vendor_well
from ledger.tables import Effect
from tasks.runtime import Report, in_ledger, kept, place_of
from tasks.stage import log_failure, one_by_one

SETTLE = 25
_TROUBLE = ("retry", "unknown", "doubt", "auth")
logger = logging.getLogger(__name__)
Pair = tuple[EffectRow, Verdict]
Send = Callable[[Sequence[EffectRow]], Awaitable[list[Verdict]]]


@dataclass(frozen=True, slots=True)
class EffectKind:
    """How one kind of effect is sent, looked up and recorded. `batch`: rows of one target in one send."""

    handlers: Handlers
    send: Send
    look_up: Send | None = None
    batch: int = SETTLE


def verdict(outcome: Outcome, handlers: Handlers) -> Verdict:
    """A connector's outcome as the machine's word."""
    if isinstance(outcome, Sent):
        return Verdict("done", external_id=outcome.external_id, data=outcome.data)
    if isinstance(outcome, Retryable):
        return Verdict("retry", code=outcome.code, detail=outcome.detail, after_s=outcome.after_s)
    if isinstance(outcome, AuthFailed):
        return Verdict("auth", code=outcome.code, detail=outcome.detail)
    if isinstance(outcome, Withdrawn):
        return Verdict("absent", code=outcome.code)
    if isinstance(outcome, OutcomeUnknown):
        name = "unknown" if handlers.keyed or handlers.can_look_up else "doubt"
        return Verdict(name, code=outcome.code, detail=outcome.detail)
    reason = outcome.reason if isinstance(outcome, VendorRejected) else outcome.code
    return Verdict("rejected", code=reason, detail=outcome.detail)


async def attempt(call: Awaitable[Outcome], handlers: Handlers) -> Verdict:
    """Await one call of a connector and name what it came to."""
    try:
        return verdict(await call, handlers)
    except ConnectorError as error:
        return verdict(error, handlers)


async def send(rows: Sequence[EffectRow], kinds: Mapping[str, EffectKind]) -> list[tuple[EffectRow, Verdict]]:
    """Send claimed effects and everything that follows from them at once; returns all outcomes."""
    groups: dict[tuple[str, str, int], list[EffectRow]] = {}
    for row in rows:  # a lease is kept and lost as one, so rows of two leases never share a chunk
        groups.setdefault((row["kind"], row["target"], row["lease_token"]), []).append(row)
    chunks = [
        (kind, members[start : start + kinds[kind].batch])
        for (kind, _, _), members in groups.items()
        for start in range(0, len(members), kinds[kind].batch)
    ]
    results = await asyncio.gather(*(_see_through(kinds, kind, members) for kind, members in chunks))
    return [pair for pairs in results for pair in pairs]


async def _see_through(
    kinds: Mapping[str, EffectKind], kind: str, rows: Sequence[EffectRow], *, look_up: bool = False
) -> list[tuple[EffectRow, Verdict]]:
    """One chunk and what follows from it, which is leased already and hence waits for no other chunk."""
    pairs, follow = await _send_chunk(kinds, kind, rows, look_up=look_up)
    return [*pairs, *await send(follow, kinds)]


async def _send_chunk(
    kinds: Mapping[str, EffectKind], kind: str, rows: Sequence[EffectRow], *, look_up: bool = False
) -> tuple[list[tuple[EffectRow, Verdict]], list[EffectRow]]:
    call = kinds[kind].look_up if look_up else kinds[kind].send
    watched = failpoints.ARMED and not look_up
    if watched:
        failpoints.reached(failpoints.AFTER_INTENT, [kind])
    if call is None:
        # where the vendor honours our key a doubtful call is simply made again under it; else a person decides
        settled = (
            Verdict("absent", code="keyed") if kinds[kind].handlers.keyed else Verdict("doubt", code="sender_died")
        )
        pairs = [(row, settled) for row in rows]
    else:
        ids, token, until = [row["id"] for row in rows], rows[0]["lease_token"], rows[0]["lease_until"]
        async with kept(Effect, ids, token, until=until) as held:
            pairs = await _look_first(kinds[kind], rows) if not look_up else []
            known = {row["id"] for row, _ in pairs}
            rest = [row for row in rows if row["id"] not in known]
            if rest:
                with leave.while_true(lambda: not held.lapsed):  # else whoever holds them now sends them
                    pairs += zip(rest, await _guarded(kinds[kind], call, rest), strict=True)
    if watched:
        failpoints.reached(failpoints.BEFORE_RECORD, [kind])
    follow: list[EffectRow] = []
    for start in range(0, len(pairs), SETTLE):
        follow += await _settle(kinds, pairs[start : start + SETTLE])
    if watched:
        failpoints.reached(failpoints.AFTER_RECORD, [kind])
    return pairs, follow


async def _settle(kinds: Mapping[str, EffectKind], pairs: Sequence[Pair]) -> list[EffectRow]:
    """Record outcomes; one whose consequences cannot be written stays open like a failure of our own at sending,
    and takes no other with it."""
    handlers = {name: kind.handlers for name, kind in kinds.items()}

    async def whole(part: Sequence[Pair]) -> list[EffectRow]:
        now, real_now = wiring.current().now(), wiring.current().real_now()
        return await in_ledger(settle_and_follow, part, handlers, now=now, real_now=real_now)

    async def failed(pair: Pair, failure: Exception) -> None:
        log_failure(pair[0]["kind"], pair[0]["id"], failure)
        await whole([(pair[0], _own_failure(kinds[pair[0]["kind"]], failure))])

    parts = await one_by_one(pairs, whole, failed) if pairs else []
    return [row for part in parts for row in part]


def looks_first(kind: EffectKind, row: EffectRow) -> bool:
    """A second sending looks before it repeats, where the vendor has no key for it."""
    return row["attempts"] > 1 and kind.look_up is not None and not kind.handlers.keyed


async def _look_first(kind: EffectKind, rows: Sequence[EffectRow]) -> list[tuple[EffectRow, Verdict]]:
    """What is there is done, what cannot be looked up now waits. Only what is surely absent is sent."""
    again = [row for row in rows if looks_first(kind, row)]
    if not again or kind.look_up is None:
        return []
    found = zip(again, await _guarded(kind, kind.look_up, again), strict=True)
    return [(row, outcome) for row, outcome in found if outcome.name != "absent"]


async def _guarded(kind: EffectKind, call: Send, rows: Sequence[EffectRow]) -> list[Verdict]:
    """A failure of our own program leaves the outcome open: looked up, repeated under the key, or given to a
    person. A database that is away fails the batch as one; the leases run out and the same follows."""
    try:
        return await call(rows)
    except sa.exc.OperationalError:
        raise
    except Exception as failure:  # the loop of a batch: ends in a row
        extra = {"kind": rows[0]["kind"], "failure": type(failure).__name__, "place": place_of(failure)}
        logger.error("effects failed in our own program", extra=extra)  # no traceback: it could carry an order's data
        return [_own_failure(kind, failure)] * len(rows)


def _own_failure(kind: EffectKind, failure: Exception) -> Verdict:
    settled = kind.handlers.keyed or kind.look_up is not None
    return Verdict("unknown" if settled else "doubt", code=type(failure).__name__)


def settle_and_follow(
    session: Session,
    pairs: Sequence[tuple[EffectRow, Verdict]],
    handlers: Mapping[str, Handlers],
    *,
    now: datetime,
    real_now: datetime,
) -> list[EffectRow]:
    """Record outcomes and write what follows from them, claimed for the sender; a vendor in trouble is noted."""
    troubled = {row["target"]: verdict.code for row, verdict in pairs if verdict.name in _TROUBLE}
    for target, code in troubled.items():
        vendor_trouble(session, target, code, real_now)
    for target in {row["target"] for row, verdict in pairs if verdict.name == "done"} - troubled.keys():
        vendor_well(session, target, real_now)
    drafts: list[EffectDraft] = settling.settle(session, pairs, handlers, now=now)
    return machine.plan_and_claim(session, drafts, now=now, real_now=real_now)


async def send_due(kinds: Mapping[str, EffectKind], report: Report, size: int, *, only: Sequence[str]) -> int:
    """Claim planned effects of these kinds that are due, and send them; returns how many were taken."""
    now, real_now = wiring.current().now(), wiring.current().real_now()
    handlers = {name: kind.handlers for name, kind in kinds.items()}
    rows = await in_ledger(machine.claim_planned, only, handlers, limit=size, now=now, real_now=real_now)
    for row, outcome in await send(rows, kinds):
        report.add(row["kind"], row["order_id"], outcome.name, outcome.code)
    return len(rows)


async def look_up_unknown(kinds: Mapping[str, EffectKind], report: Report, size: int) -> int:
    """Expire dead senders' leases, then find out what became of the effects that nobody knows about."""
    now, real_now = wiring.current().now(), wiring.current().real_now()
    await in_ledger(machine.expire_leases, now=now, real_now=real_now)
    claimed = await in_ledger(machine.claim_unknown, list(kinds), limit=size, now=now, real_now=real_now)
    groups: dict[tuple[str, str], list[EffectRow]] = {}
    for row in claimed.rows:
        groups.setdefault((row["kind"], row["target"]), []).append(row)
    for (kind, _), rows in groups.items():
        for row, outcome in await _see_through(kinds, kind, rows, look_up=True):
            report.add(row["kind"], row["order_id"], outcome.name, outcome.code)
    return len(claimed.rows)
