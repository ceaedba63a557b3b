"""Effects at the payment page: made for an edit that costs more, closed, and its money given back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from config import wiring
from config.accounts import ConfigError
from config.links import order_page
from connectors.errors import ConnectorError, VendorRejected
from connectors.outcomes import Outcome, Sent
from connectors.payments.base import LinkRequest, LinkState, PaymentLink, PaymentRefund, Payments, RefundState
from ledger import disputes, refund_states
from ledger.editing import paid, returns
from ledger.effects import EffectDraft, EffectRow, Handlers, OnDone, Verdict
from ledger.returning import exchange_paying
from ledger.rows import select_by
from ledger.tables import EditRequest, Exchange, Order
from tasks.effects import EffectKind, attempt, verdict
from tasks.runtime import each, in_ledger


def _each_to_its_own(of_edits: OnDone, of_exchanges: OnDone) -> OnDone:
    """Pages are made for edits and for exchanges; each has its own handler."""

    def handle(session: Session, pairs: Sequence[tuple[EffectRow, Verdict]], now: datetime) -> list[EffectDraft]:
        swaps = exchange_paying.exchanges_among(session, {effect["subject_id"] for effect, _ in pairs})
        mine = [pair for pair in pairs if pair[0]["subject_id"] in swaps]
        theirs = [pair for pair in pairs if pair[0]["subject_id"] not in swaps]
        return [
            *(of_edits(session, theirs, now) if theirs else []),
            *(of_exchanges(session, mine, now) if mine else []),
        ]

    return handle


def _guard_pages(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    swaps = exchange_paying.exchanges_among(session, {effect["subject_id"] for effect in effects})
    return paid.guard_pages(session, [e for e in effects if e["subject_id"] not in swaps], now) | (
        exchange_paying.guard_pages(session, [e for e in effects if e["subject_id"] in swaps], now)
    )


PAGE = Handlers(
    _each_to_its_own(paid.page_made, exchange_paying.page_made),
    _each_to_its_own(paid.page_refused, exchange_paying.page_refused),
    _guard_pages,
    keyed=True,
)
CLOSE = Handlers(_each_to_its_own(paid.page_closed, exchange_paying.page_closed), keyed=True)
RETURN = Handlers(returns.money_returned, returns.return_refused, disputes.guard_money_back, can_look_up=True)
LOOK_AGAIN = timedelta(hours=1)  # at a refund that its bank has not taken yet; a webhook may tell sooner
SHORTEST = timedelta(minutes=32)  # vendors want half an hour from the moment that they hear of it


def vendor() -> Payments:
    """Raises: ConfigError when the account is gone."""
    found = wiring.current().payments()
    if found is None:
        raise ConfigError("the accounts file has no [[payments]] entry; add the account that made the payment pages")
    return found


async def send_pages(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Make pages. Everything that a page says follows from its effect, so that a repeat says the same."""
    orders = await in_ledger(_orders, [row["order_id"] for row in rows])
    settings, brand = wiring.current().settings, wiring.current().brand

    async def make(row: EffectRow) -> Verdict:
        order, asked = orders[row["order_id"]], row["request"]
        back = order_page(settings, order_id=order["id"])
        request = LinkRequest(
            key=row["key"],
            reference=row["subject_id"],
            amount_minor=asked["amount_minor"],
            currency=asked["currency"],
            description=f"{brand.name} {order['name']}",
            expires_at=max(datetime.fromisoformat(asked["expires_at"]), row["created_at"] + SHORTEST),
            success_url=back,
            cancel_url=back,
            locale=order["locale"],
        )
        return await attempt(vendor().create_link(request), PAGE)

    return await _each(make, rows)


async def close_pages(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Close pages. One that was paid in the last moment says so: its money is taken over."""
    pages = await in_ledger(_requests, [row["subject_id"] for row in rows])

    async def close(row: EffectRow) -> Verdict:
        page = pages[row["subject_id"]]["payment_external_id"]
        return await attempt(_close(page), CLOSE)

    return await _each(close, rows)


async def _close(page: str) -> Outcome:
    outcome = await vendor().expire_link(page)
    if not isinstance(outcome, VendorRejected) or outcome.reason != "paid":
        return outcome
    link = await vendor().fetch_link(page)
    if link is None or link.state is not LinkState.PAID:
        return outcome
    return Sent(page, _facts(link))


def _facts(link: PaymentLink) -> dict[str, Any]:
    at = link.paid_at.isoformat() if link.paid_at else ""
    return {"payment": link.payment, "amount_minor": link.amount_minor, "paid_at": at}


async def send_money_back(rows: Sequence[EffectRow]) -> list[Verdict]:
    requests = await _refunds(rows)

    async def send(row: EffectRow) -> Verdict:
        return _ended(await attempt(vendor().refund(requests[row["id"]]), RETURN))

    return await _each(send, rows)


def _ended(said: Verdict) -> Verdict:
    """What is on its way may still fail: it is done when the vendor says so."""
    if said.name != "done" or said.data["state"] != RefundState.PENDING:
        return said
    return Verdict("pending", external_id=said.external_id, after_s=LOOK_AGAIN.total_seconds())


async def find_money_back(rows: Sequence[EffectRow]) -> list[Verdict]:
    requests = await _refunds(rows)

    async def find(row: EffectRow) -> Verdict:
        try:
            outcome = await vendor().find_refund(requests[row["id"]])
        except ConnectorError as error:
            return Verdict("retry", code=error.code, detail=error.detail)
        return Verdict("absent", code="looked_up") if outcome is None else _ended(verdict(outcome, RETURN))

    return await _each(find, rows)


async def _refunds(rows: Sequence[EffectRow]) -> dict[str, PaymentRefund]:
    """By effect. The reference is the same for all tries, the key is not."""
    requests = await in_ledger(_requests, [row["subject_id"] for row in rows])
    return {
        row["id"]: PaymentRefund(
            key=row["key"],
            payment=requests[row["subject_id"]]["payment_ref"],
            amount_minor=row["request"]["amount_minor"],
            currency=row["request"]["currency"],
            reference=row["key"].partition("#")[0],
        )
        for row in rows
    }


async def _each(call: Any, rows: Sequence[EffectRow]) -> list[Verdict]:
    return await each(call, rows, at_once=wiring.current().settings.vendor_concurrency)


def _orders(session: Session, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    return {row["id"]: row for row in select_by(session, Order, "id", set(ids))}


def _requests(session: Session, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Whose page it is, an edit or an exchange: both name page and money alike."""
    return {row["id"]: row for model in (EditRequest, Exchange) for row in select_by(session, model, "id", set(ids))}


KINDS = {
    paid.PAGE: EffectKind(PAGE, send_pages),
    paid.CLOSE: EffectKind(CLOSE, close_pages),
    refund_states.RETURN: EffectKind(RETURN, send_money_back, find_money_back),
}
