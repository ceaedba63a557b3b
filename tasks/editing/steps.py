"""The steps of an edit, one for each state of its request. Each looks at the rows, does one thing and says how it went;
done twice, or by another process, it finds what it did before."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from config import wiring
from connectors.errors import ConnectorError
from domain.states import EditState
from ledger.editing import applying, asking, ending, gate, stages
from ledger.editing.fencing import NODE_PATIENCE
from ledger.editing.replan import StillPromised
from ledger.editing.requests import RETRY, RequestRow
from ledger.editing.sides import ReadBack
from ledger.editing.stages import Progress
from tasks.driving import Step
from tasks.editing import payments
from tasks.editing.confirming import differences, read_if_possible, stated_now
from tasks.editing.quoting import quote
from tasks.editing.runtime import Went, make_calls, onward, waits
from tasks.effect_kinds import KINDS
from tasks.effects import send
from tasks.runtime import in_ledger

LOOKS = 6  # times that a difference is looked at again before it is a person's
NEXT_LOOK = timedelta(seconds=2)
NEXT_TRY = timedelta(seconds=30)


async def _review(request: RequestRow, token: int) -> Went:
    """Waits for a person; nobody in time ends it."""
    now = wiring.current().now()
    if request["expires_at"] is None or now < request["expires_at"]:
        return waits("waits_for_a_person", None)
    await in_ledger(asking.expire_review, request["id"], token, now)
    return onward("expired")


async def _collect(request: RequestRow, token: int) -> Went:
    return await payments.collect(request, token)


async def _fence(request: RequestRow, token: int) -> Went:
    """Judge once more what may have changed since the quote, and fence the order."""
    wired = wiring.current()
    outcome = await in_ledger(gate.fence_order, request["id"], token, wired.policies, wired.now())
    if outcome != "busy":
        return onward(outcome)
    # only what the shop has done already waits longer than that: its node may be away for hours
    return waits(outcome, NEXT_TRY if wired.now() - request["created_at"] >= NODE_PATIENCE else RETRY)


async def _tell_nodes(request: RequestRow, token: int) -> Went:
    return await _calls(request, token, EditState.COMMITTING)


async def _commit(request: RequestRow, token: int) -> Went:
    return await _calls(request, token, EditState.CONFIRMING)


async def _calls(request: RequestRow, token: int, after: EditState) -> Went:
    """Make the calls of the request's state, group by group; when all are done it moves on."""
    wired = wiring.current()
    while True:
        progress = await in_ledger(_advance, request["id"], token, after, now=wired.now(), real_now=wired.real_now())
        if progress.name != "send":
            break
        await send(progress.rows, KINDS)
    if progress.name == "done":
        return onward("done")
    if progress.name == "refused":
        await in_ledger(ending.undo, request["id"], token, progress.code, wired.now())
        return onward(progress.code)
    if progress.name == "parked":
        return await _park(request, token, ["effect_parked"], await read_if_possible(request))
    return waits(progress.name)


def _advance(
    session: Session, request_id: str, token: int, after: EditState, *, now: datetime, real_now: datetime
) -> Progress:
    """`stages.advance`; a request whose calls are all done moves on in the same transaction. Raises: TakenOver."""
    progress = stages.advance(session, request_id, token, now=now, real_now=real_now)
    if progress.name == "done":
        gate.move_on(session, request_id, token, after, now)
    return progress


async def _confirm(request: RequestRow, token: int) -> Went:
    """Both sides are read back; only what both say is applied."""
    try:
        unlike, found = await differences(request)
    except ConnectorError as error:
        return waits(error.code, NEXT_LOOK)
    gone = found.stated.cancelled_at if found.stated is not None else None
    if gone is not None and "cancel" not in request["plan"].get("shop", []):
        await in_ledger(ending.cancelled_meanwhile, request["id"], token, gone, wiring.current().now())
        return onward("order_cancelled")
    if not unlike:
        return await _apply(request, token, found)
    if request["attempts"] < LOOKS:
        return waits(unlike[0], NEXT_LOOK)
    return await _park(request, token, unlike, found)


async def _apply(request: RequestRow, token: int, found: ReadBack) -> Went:
    """A node that has more than the edit leaves has to be changed first: no repetition helps, a person looks."""
    wired = wiring.current()
    try:
        await in_ledger(applying.apply_edit, request["id"], token, found.stated, wired.policies, wired.now())
    except StillPromised as more:
        return await _park(request, token, [f"promised:{line}" for line in more.line_ids], found)
    return onward("applied")


async def _park(request: RequestRow, token: int, unlike: Sequence[str], found: ReadBack | None) -> Went:
    await in_ledger(ending.park, request["id"], token, unlike, wiring.current().now(), found=found)
    return onward("parked")


async def _undo(request: RequestRow, token: int) -> Went:
    wired = wiring.current()
    progress = await make_calls(request["id"], token)
    if progress.name not in ("done", "refused", "parked"):
        return waits(progress.name)
    try:
        stated = await stated_now(request)
    except ConnectorError as error:
        return waits(error.code, NEXT_LOOK)
    if progress.name == "done":
        await in_ledger(applying.undo_done, request["id"], token, stated, wired.policies, wired.now())
        return onward("undone")
    gone = stated.cancelled_at if stated is not None else None
    if gone is not None and await in_ledger(ending.cancelled_meanwhile, request["id"], token, gone, wired.now()):
        return onward("order_cancelled")  # then there is nothing to be put back in the shop
    return await _park(request, token, [f"undo:{progress.code}"], await read_if_possible(request))


async def _settle(request: RequestRow, token: int) -> Went:
    """A person has to say what is; what they say is carried out here."""
    verdict = request["plan"].get("verdict", "")
    wired = wiring.current()
    if verdict == "undone":
        await in_ledger(applying.undo_done, request["id"], token, None, wired.policies, wired.now())
        return onward("undone")
    if verdict in ("applied", "look_again"):
        try:
            unlike, found = await differences(request)
        except ConnectorError as error:
            return waits(error.code, NEXT_LOOK)
        if verdict == "applied" or not unlike:
            try:
                await in_ledger(applying.apply_edit, request["id"], token, found.stated, wired.policies, wired.now())
                return onward("applied")
            except StillPromised as more:
                unlike = [f"promised:{line}" for line in more.line_ids]
        await in_ledger(ending.ask_again, request["id"], token, unlike, wired.now(), found=found)
    return waits("waits_for_a_person", None)


STEPS: Mapping[EditState, Step] = {
    EditState.REQUESTED: Step("quote", quote),
    EditState.QUOTED: Step("quote", quote),
    EditState.AWAITING_REVIEW: Step("review", _review),
    EditState.AWAITING_PAYMENT: Step("collect payment", _collect),
    EditState.FENCING: Step("fence", _fence),
    EditState.AT_NODE: Step("tell nodes", _tell_nodes),
    EditState.COMMITTING: Step("commit in shop", _commit),
    EditState.CONFIRMING: Step("confirm", _confirm),
    EditState.UNDOING: Step("undo", _undo),
    EditState.PARKED: Step("settle", _settle),
}
