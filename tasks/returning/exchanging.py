"""Goods for goods, beside the steps of their request: what can be done now is done before each of them."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from config import wiring
from connectors.errors import ConnectorError
from connectors.payments.base import LinkState
from domain.order import IncomingOrder
from domain.states import EffectState
from domain.states_returns import ENDED_RETURN, ExchangeState, ReturnState
from ledger.editing.paid import PAGE, Paid
from ledger.request_queue import RequestRow
from ledger.returning import exchange_paying, exchange_rows, joining, replacing
from ledger.returning.exchange_rows import ExchangeRow
from ledger.rows import select_by
from ledger.tables import Exchange, Order
from tasks.driving import Went, waits
from tasks.effect_kinds import KINDS
from tasks.effects import send_due
from tasks.runtime import Report, in_ledger, read_ledger
from tasks.sending.payments import vendor

FIRST_LOOK = timedelta(seconds=30)  # at a payment page, and at a vendor that is away
MAKING = timedelta(seconds=5)  # until a page or a line that is not there yet is looked for again
BUSY = timedelta(minutes=1)  # until an order that somebody else changes is asked for again
_UNSENT = (ReturnState.APPROVED, ReturnState.LABEL_ISSUED)
_NOT_YET = {ReturnState.REQUESTED, *ENDED_RETURN}
Act = Callable[[RequestRow, ExchangeRow, int], Awaitable[Went | None]]


async def advance(request: RequestRow, token: int) -> Went | None:
    """Do what can be done now. Returns what the request has to wait for, None when its own step may go on."""
    if ReturnState(request["state"]) in _NOT_YET:
        return None
    for row in await read_ledger(exchange_rows.live_of, request["id"]):
        went = await _advance_one(request, row, token)
        if went is not None:
            return went
    return None


async def kept_so_long(request: RequestRow, went: Went) -> Went:
    """The same, looked at again no later than when goods are kept no more for what the customer has not sent."""
    if went.onward or ReturnState(request["state"]) not in _UNSENT:
        return went
    ends = [row["reserved_until"] for row in await read_ledger(exchange_rows.live_of, request["id"])]
    now = wiring.current().now()
    waited = [request["expires_at"]] if went.wait is None else [now + went.wait]
    due = [end for end in (*ends, *waited) if end is not None]
    return waits(went.outcome, max(min(due) - now, timedelta(0))) if due else went


async def _advance_one(request: RequestRow, row: ExchangeRow, token: int) -> Went | None:
    while row["state"] in exchange_rows.LIVE:
        before = row["state"]
        went = await _ACTS[ExchangeState(before)](request, row, token)
        if went is not None:
            return went
        [row] = await read_ledger(select_by, Exchange, "id", [row["id"]])
        if row["state"] == before:
            return None
    return None


async def _begin(_request: RequestRow, row: ExchangeRow, token: int) -> Went | None:
    wired = wiring.current()
    await in_ledger(replacing.begin, row["id"], token, wired.policies, wired.now())
    return None


async def _collect(_request: RequestRow, row: ExchangeRow, token: int) -> Went | None:
    """See to the page, look at it; when nobody has paid in time the goods are given up."""
    wired = wiring.current()
    if not row["payment_external_id"]:
        await send_due(KINDS, Report("requests"), 5, only=(PAGE,))
        [row] = await read_ledger(select_by, Exchange, "id", [row["id"]])
    if row["reason"] == exchange_paying.REFUSED:
        return await _drop(row, token, exchange_paying.REFUSED)
    if not row["payment_external_id"]:
        over = wired.now() >= row["reserved_until"]
        return await _drop(row, token, "payment_overdue") if over else waits("page_under_way", MAKING)
    try:
        link = await vendor().fetch_link(row["payment_external_id"])
    except ConnectorError as error:  # it may have been paid in time: only its vendor can tell
        return waits(error.code, FIRST_LOOK)
    if link is not None and link.state is LinkState.PAID:
        what = Paid(link.payment, link.amount_minor, link.paid_at)
        await in_ledger(exchange_paying.take_payment, row["id"], token, what, wired.policies, wired.now())
        return None
    left = row["reserved_until"] - wired.now()
    if left <= timedelta(0) or (link is not None and link.state is LinkState.EXPIRED):
        return await _drop(row, token, "payment_overdue")
    age = wired.policies.returns.exchanges.pay_within - left
    return waits("awaits_payment", min(left, max(age / 10, FIRST_LOOK)))


async def _drop(row: ExchangeRow, token: int, code: str) -> Went | None:
    """The request goes on without the goods."""
    await in_ledger(replacing.drop, row["id"], token, code, wiring.current().now())
    return None


async def _start(request: RequestRow, row: ExchangeRow, token: int) -> Went | None:
    """Send it, when its moment has come. Units are kept so long for what the customer has not sent yet; once it is on
    its way they wait for it."""
    wired = wiring.current()
    when = await read_ledger(replacing.moment, request, row)
    if when == replacing.NOW:
        outcome = await in_ledger(replacing.start, row["id"], token, wired.policies, wired.now())
        return waits("order_busy", BUSY) if outcome == "busy" else None
    if when == replacing.NEVER:
        return await _drop(row, token, "not_as_announced")
    over = row["reserved_until"] is not None and row["reserved_until"] <= wired.now()
    if over and ReturnState(request["state"]) in _UNSENT:
        return await _drop(row, token, "reservation_over")
    return None


async def _order(_request: RequestRow, row: ExchangeRow, token: int) -> Went | None:
    """Tell the shop, then take its new line over."""
    await send_due(KINDS, Report("requests"), 5, only=replacing.CALLS)
    states = await read_ledger(replacing.calls, row["id"])
    if any(state in (EffectState.REJECTED, EffectState.CANCELLED) for state in states.values()):
        return await _drop(row, token, "shop_refused")
    if states.get(replacing.PROCESS) != EffectState.DONE:
        return waits("exchange_under_way", None)  # the outcome wakes the request
    try:
        said = await _stated(row)
    except ConnectorError as error:
        return waits(error.code, FIRST_LOOK)
    if said is None:
        return waits("shop_is_behind", MAKING)
    wired = wiring.current()
    outcome = await in_ledger(joining.join, row["id"], token, said, wired.policies, wired.now())
    return waits("shop_is_behind", MAKING) if outcome == "not_there" else None


async def _stated(row: ExchangeRow) -> IncomingOrder | None:
    """The order as its shop states it now. Raises: ConnectorError."""
    [order] = await read_ledger(select_by, Order, "id", [row["order_id"]])
    shop = wiring.current().shops()[f"{order['source']}/{order['account']}"]
    found = await shop.fetch_orders([order["external_id"]])
    return found[0] if found else None


_ACTS: Mapping[ExchangeState, Act] = {
    ExchangeState.RESERVED: _begin,
    ExchangeState.AWAITING_PAYMENT: _collect,
    ExchangeState.FIRM: _start,
    ExchangeState.ORDERING: _order,
}
