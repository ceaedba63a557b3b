"""The steps of a return, one for each state of its request. Each looks at the rows, does one thing and says how it
went; done twice, or by another process, it finds what it did before."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from config import wiring
from domain.parcels import ParcelState
from domain.states_returns import ReturnState
from ledger.request_queue import RequestRow
from ledger.returning import deciding, ending, inspecting, requests, stages
from ledger.returning.stages import Next
from tasks.driving import Step, Went, onward, waits
from tasks.effect_kinds import KINDS
from tasks.effects import send
from tasks.returning import exchanging
from tasks.runtime import in_ledger, read_ledger

LOOK_AGAIN = timedelta(minutes=10)  # at money that is on its way
_GONE = (ParcelState.LOST, ParcelState.DAMAGED)
_SCANNED = set(ParcelState) - {ParcelState.UNKNOWN, ParcelState.LABEL_CREATED, ParcelState.CANCELLED}
InLedger = Callable[..., Next]


async def _decide(request: RequestRow, token: int) -> Went:
    wired = wiring.current()
    outcome = await in_ledger(
        deciding.decide, request["id"], token, wired.policies, wired.now(), payment_page=wired.payment_page
    )
    kept = wired.policies.returns.exchanges.hold_for  # goods that wait for the answer too
    return waits(outcome, kept) if outcome == "waits_for_a_person" else onward(outcome)


async def _make(step: InLedger, request: RequestRow, token: int, **more: bool) -> Next:
    """Do a step's part in the ledger, then the calls that it has claimed, with what follows from them."""
    wired = wiring.current()
    done = await in_ledger(
        step, request["id"], token, wired.policies, now=wired.now(), real_now=wired.real_now(), **more
    )
    await send(done.rows, KINDS)
    return done


async def _approved(request: RequestRow, token: int) -> Went:
    """The label, or nothing to send; without a label the customer sends it as they like."""
    done = await _make(stages.approved, request, token)
    if done.name == "send":  # the label is there now, or refused
        done = await _make(stages.approved, request, token)
    if done.name == "moved":
        return onward("approved")
    if request["plan"].get("without_label"):
        return await _await_parcel(request, token)
    return waits("label_under_way", None)  # its outcome wakes the request


async def _await_parcel(request: RequestRow, token: int) -> Went:
    """Until a carrier scans it or the time is over; reminders before that."""
    wired = wiring.current()
    now, back = wired.now(), wired.policies.way_back
    for parcel in await read_ledger(requests.return_parcels, request["id"]):
        if ParcelState(parcel["state"]) in _SCANNED:
            await _make(stages.scanned, request, token)
            return onward("scanned")
    until = request["expires_at"]
    if until is None:
        return waits("not_sent", None)
    if now >= until:
        await in_ledger(ending.expire, request["id"], token, wired.policies, now)
        return onward("expired")
    began = until - back.send_within
    due = [began + after for after in back.remind_after[request["reminders"] :]]
    if due and now >= due[0]:
        await in_ledger(stages.remind, request["id"], token, now)
        due = due[1:]
    return waits("not_sent", min([until, *due]) - now)


async def _follow(request: RequestRow, token: int) -> Went:
    """On its way: the warehouse's scan comes next, whatever the carrier says."""
    wired = wiring.current()
    parcels = await read_ledger(requests.return_parcels, request["id"])
    if parcels and parcels[-1]["state"] in _GONE:
        await in_ledger(ending.lose, request["id"], token, str(parcels[-1]["state"]), wired.now())
        return onward("lost")
    if request["expires_at"] is not None and wired.now() >= request["expires_at"]:
        await in_ledger(ending.lose, request["id"], token, "not_arrived", wired.now())
        return onward("lost")
    return waits("on_its_way", None)


async def _lost(request: RequestRow, token: int) -> Went:
    if request["plan"].get("verdict") == "refund":
        await _make(stages.lost, request, token)
        return onward("refunded")
    return waits("waits_for_a_person", None)


async def _inspect(request: RequestRow, token: int) -> Went:
    """Unit by unit, by the warehouse's people."""
    wired = wiring.current()
    await _make(stages.received, request, token)
    outcome = await in_ledger(inspecting.inspect, request["id"], token, wired.policies, wired.now())
    return waits(outcome, None) if outcome == "waits_for_inspection" else onward(outcome)


async def _settle(request: RequestRow, token: int) -> Went:
    await _make(stages.inspected, request, token)
    return onward("settled")


async def _review(request: RequestRow, token: int) -> Went:
    """What came is not what was said: a person decides about the money."""
    verdict = request["plan"].get("verdict", "")
    if verdict in ("refund_as_proposed", "refund_in_full"):
        await _make(stages.inspected, request, token, in_full=verdict == "refund_in_full")
        return onward("settled")
    return waits("waits_for_a_person", None)


async def _close(request: RequestRow, token: int) -> Went:
    """When all money has gone back."""
    if not await read_ledger(stages.all_paid, request):
        return waits("refund_under_way", LOOK_AGAIN)
    await in_ledger(ending.close, request["id"], token, wiring.current().now())
    return onward("closed")


async def _expired(request: RequestRow, token: int) -> Went:
    """What comes late is still taken in; then it is over."""
    now = wiring.current().now()
    if request["expires_at"] is not None and now < request["expires_at"]:
        return waits("may_still_come", None)
    await in_ledger(ending.close, request["id"], token, now)
    return onward("closed")


Run = Callable[[RequestRow, int], Awaitable[Went]]


def _after_goods(run: Run) -> Run:
    """What is to be sent for the goods goes first: money is due only for what nothing is sent for."""

    async def both(request: RequestRow, token: int) -> Went:
        went = await exchanging.advance(request, token)
        if went is not None:
            return went
        fresh = await read_ledger(requests.QUEUE.find, request["id"]) or request
        return await exchanging.kept_so_long(fresh, await run(fresh, token))

    return both


STEPS: Mapping[ReturnState, Step] = {
    ReturnState.REQUESTED: Step("decide", _decide),
    ReturnState.APPROVED: Step("issue label", _after_goods(_approved)),
    ReturnState.LABEL_ISSUED: Step("await parcel", _after_goods(_await_parcel)),
    ReturnState.IN_TRANSIT: Step("follow parcel", _after_goods(_follow)),
    ReturnState.LOST: Step("settle loss", _after_goods(_lost)),
    ReturnState.RECEIVED: Step("inspect", _after_goods(_inspect)),
    ReturnState.MANUAL_REVIEW: Step("review", _after_goods(_review)),
    ReturnState.INSPECTED: Step("settle", _after_goods(_settle)),
    ReturnState.RESOLVED: Step("close", _after_goods(_close)),
    ReturnState.EXPIRED: Step("close unsent", _expired),
}
