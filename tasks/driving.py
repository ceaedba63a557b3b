"""Drive requests of customers and agents: step after step until one has ended or somebody else has the word.

Each kind of request brings its queue, its inbox and its steps; how they are claimed, driven and let go is the same.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from config import wiring
from ledger import failpoints
from ledger.claims import Claimed, Lease
from ledger.inbox import claim_inbox, failed, handled
from ledger.queue import backoff
from ledger.request_queue import RETRY, RequestQueue, RequestRow, TakenOver
from tasks.runtime import in_ledger, kept, place_of, read_ledger
from tasks.stage import log_failure

logger = logging.getLogger(__name__)
UNKNOWN = "unknown"
_NEVER = timedelta(days=365)  # until somebody wakes it


@dataclass(frozen=True, slots=True)
class Went:
    """`onward`: the request is in another state now and its next step may follow at once. Else it rests: `wait` is
    None for as long as somebody else has the word (a person, a payment, a node)."""

    onward: bool
    outcome: str
    wait: timedelta | None = None


def onward(outcome: str) -> Went:
    return Went(True, outcome)


def waits(outcome: str, wait: timedelta | None = RETRY) -> Went:
    return Went(False, outcome, wait)


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    run: Callable[[RequestRow, int], Awaitable[Went]]


@dataclass(frozen=True, slots=True)
class Done:
    """One step as it went. Nothing personal: names and codes."""

    name: str
    outcome: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Taken:
    """`came`: deliveries that were taken. `due`: requests that are claimed now."""

    came: int
    due: Claimed


TakeEvent = Callable[[Session, Mapping[str, Any], datetime], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Workflow:
    """One kind of request. `flow`: the flow whose runs show it; `source`: of its inbox; `take`: a delivery of the
    inbox -> (outcome, request id), `opened` for a request that may be driven now; `steps`: by state."""

    flow: str
    queue: RequestQueue
    source: str
    take: TakeEvent
    steps: Mapping[Any, Step]

    async def advance(
        self,
        request_id: str,
        lease: Lease,
        *,
        seen: Callable[[Done], None] | None = None,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> None:
        """Make the steps that can be made now. `seen` hears of each. The caller has claimed the request; it is let go.
        `goes_on` is asked before each step: without another one the request is free for the next runner at once."""
        drive = Drive(self, request_id, lease)
        await drive.begin()
        try:
            while await drive.next() is not None:
                if not goes_on():
                    await drive.let_go()
                    break
                done = await drive.make()
                if seen is not None:
                    seen(done)
        except TakenOver:
            logger.info("request taken over", extra={"request_id": request_id})
        finally:
            await drive.end()

    async def take_and_claim(self, limit: int, room: int) -> Taken:
        """Open the requests that have come in and claim up to `room` of those that are due, in one transaction: a
        customer waits for it. One delivery that our own program fails at holds up no other."""
        try:
            return await in_ledger(self._take_and_claim, limit, room)
        except sa.exc.OperationalError:
            raise
        except Exception as failure:  # the loop of a batch: each delivery gets a transaction of its own
            log_failure("requests", "", failure)
            came = await self.take_requests(limit)
            wired = wiring.current()
            due = await in_ledger(self.queue.claim_due, limit=room, now=wired.now(), real_now=wired.real_now())
            return Taken(max(1, len(came)), due)

    def _take_and_claim(self, session: Session, limit: int, room: int) -> Taken:
        wired = wiring.current()
        now, real_now = wired.now(), wired.real_now()
        events = claim_inbox(session, self.source, limit=limit, now=now, real_now=real_now)
        for event in events.rows:
            self._take(session, event, events.lease.token)
        return Taken(len(events.rows), self.queue.claim_due(session, limit=room, now=now, real_now=real_now))

    async def take_requests(self, limit: int) -> list[str]:
        """Open the requests that have come in; returns their ids. What our own program fails at is tried again
        later."""
        wired = wiring.current()
        claimed = await in_ledger(claim_inbox, self.source, limit=limit, now=wired.now(), real_now=wired.real_now())
        token = claimed.lease.token
        opened: list[str] = []
        for event in claimed.rows:
            try:
                opened += await in_ledger(self._take, event, token)
            except sa.exc.OperationalError:
                raise
            except Exception as failure:  # the loop of a batch: ends in its row
                log_failure("requests", event["id"], failure)
                await in_ledger(failed, [event], type(failure).__name__, token, wired.now())
        return opened

    def _take(self, session: Session, event: Mapping[str, Any], token: int) -> list[str]:
        now = wiring.current().now()
        outcome, request_id = self.take(session, event, now)
        if outcome == "unreadable":
            failed(session, [event], outcome, token, now, final=True)
            return []
        handled(session, {event["id"]: outcome}, token, now)
        return [request_id] if outcome == "opened" else []

    async def claim(self, request_id: str) -> Lease | None:
        """Take one request out of its turn; None when it has ended or is being worked on."""
        return await in_ledger(self.queue.claim_one, request_id, real_now=wiring.current().real_now())

    async def state_of(self, request_id: str) -> str:
        """As it is now; `UNKNOWN` when there is no such request."""
        row = await read_ledger(self.queue.find, request_id)
        return str(row["state"]) if row is not None else UNKNOWN


class Drive:
    """The steps of one request under one claim, one at a time."""

    def __init__(self, workflow: Workflow, request_id: str, lease: Lease) -> None:
        self.request_id, self._lease, self._workflow = request_id, lease, workflow
        self._queue = workflow.queue
        self._stack = AsyncExitStack()
        self._request: RequestRow = {}
        self._resting = False

    async def begin(self) -> None:
        await self._stack.enter_async_context(kept(self._queue.kind.model, [self.request_id], self._lease.token))

    async def end(self) -> None:
        await self._stack.aclose()

    async def let_go(self) -> None:
        """Whoever takes it goes on where it is."""
        self._resting = True
        await in_ledger(self._queue.rest, self.request_id, self._lease.token, wiring.current().now())

    async def next(self) -> str | None:
        """The name of the next step, None when the request has ended or rests. Raises: TakenOver."""
        if self._resting:
            return None
        # Only read: each transaction of a step asks again whose request it is, and one that has ended is nobody's.
        row = await read_ledger(self._queue.find, self.request_id)
        if row is None or row["lease_token"] != self._lease.token:
            raise TakenOver(self.request_id)
        self._request = row
        if failpoints.ARMED:
            failpoints.reached(failpoints.AFTER_RECORD, [f"{self._queue.kind.word}.{row['state']}"])
        return None if row["state"] in self._queue.kind.ended else self._workflow.steps[row["state"]].name

    async def make(self) -> Done:
        """Make it. Raises: TakenOver, and what a database does that is away; a fault of our own ends in the row."""
        request, token, started = self._request, self._lease.token, perf_counter()
        step = self._workflow.steps[request["state"]]
        try:
            went = await step.run(request, token)
        except (TakenOver, sa.exc.OperationalError):
            raise
        except Exception as failure:  # the loop of one request: ends in its row
            self._resting = True
            await self._failed(request, token, failure)
            return Done(step.name, type(failure).__name__, perf_counter() - started)
        if not went.onward:
            self._resting = True
            await self._rest(request, token, went.wait)
        return Done(step.name, went.outcome, perf_counter() - started)

    async def _rest(self, request: RequestRow, token: int, wait: timedelta | None) -> None:
        now = wiring.current().now()
        due = now + wait if wait is not None else (request["expires_at"] or now + _NEVER)
        await in_ledger(self._queue.rest, request["id"], token, due)

    async def _failed(self, request: RequestRow, token: int, failure: Exception) -> None:
        """A fault of our own program: tried again later, and a person's case when it stays."""
        code, now = type(failure).__name__, wiring.current().now()
        extra = {"request_id": request["id"], "failure": code, "place": place_of(failure)}
        logger.error("a step of a request failed", extra=extra)  # no traceback: it could carry an order's data
        await in_ledger(self._queue.failed, request, token, code, now, now + backoff(request["attempts"]))
