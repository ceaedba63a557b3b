"""Deliveries that tell of one thing: its vendor is asked, what it says is taken, and they count as handled."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlmodel import Session

from config import wiring
from connectors.errors import ConnectorError
from domain.order import OrderError
from ledger import inbox
from ledger.heartbeats import vendor_trouble
from tasks.runtime import Report, in_ledger
from tasks.stage import log_failure, one_by_one

Events = Sequence[Mapping[str, Any]]


async def take_about(
    report: Report, target: str, subject: str, events: Events, token: int, ask: Callable[[], Awaitable[str]]
) -> None:
    """`ask` reads and records, and returns what it came to. Where the vendor is away, or our own program fails, the
    deliveries are put back; what cannot be read becomes a case."""

    async def whole(_subjects: Sequence[str]) -> str:
        try:
            if not subject:
                raise OrderError("missing", "subject")
            outcome = await ask()
        except OrderError as error:
            await in_ledger(inbox.failed, events, error.code, token, wiring.current().now(), final=True)
            return "unreadable"
        except ConnectorError as error:
            await in_ledger(_put_back, target, events, error, token)
            return "postponed"
        await in_ledger(inbox.handled, {e["id"]: outcome for e in events}, token, wiring.current().now())
        return outcome

    async def failed(_subject: str, failure: Exception) -> None:
        log_failure("inbox", subject, failure)
        await in_ledger(inbox.failed, events, type(failure).__name__, token, wiring.current().now())

    for outcome in await one_by_one([subject], whole, failed):
        report.add(target, subject, outcome)


def _put_back(session: Session, target: str, events: Events, error: ConnectorError, token: int) -> None:
    wired = wiring.current()
    inbox.failed(session, events, error.code, token, wired.now(), after_s=getattr(error, "after_s", None))
    vendor_trouble(session, target, error.code, wired.real_now())
