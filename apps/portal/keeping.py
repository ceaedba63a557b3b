"""What a customer asks for goes into the inbox before the page that says so is answered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from apps.nudge import nudge
from apps.receiver.writer import GroupWriter
from ledger.inbox import Delivery


@dataclass(frozen=True, slots=True)
class Kept:
    """A request for the inbox, and the answer once it is stored. `runner_port`: whom to tell then, 0 for nobody."""

    delivery: Delivery
    then: Response
    runner_port: int = 0


@dataclass(frozen=True, slots=True)
class Later:
    """A page that others are asked for first: `work` runs on the event loop, outside the transaction that read."""

    work: Callable[[], Awaitable[Response | Kept]]


async def settled(writer: GroupWriter, answer: Response | Kept | Later) -> Response:
    """Raises: Refusal (busy, database_away)."""
    if isinstance(answer, Later):
        answer = await answer.work()
    if isinstance(answer, Kept):
        await writer.keep(answer.delivery, customer=True)
        nudge(answer.runner_port)
        return answer.then
    return answer
