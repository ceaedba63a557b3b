"""What a customer may send back, and what that would come to: rulings and money, read without locks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from domain.placed import PlacedOrder, Tender
from domain.policy import Policies
from domain.returns.asks import ReturnAsk
from domain.returns.facts import LineFacts
from domain.returns.gifts import Viewer, sees_request
from domain.returns.judge import judge_request
from domain.returns.money import RefundedBefore, ReturnedUnits, ReturnRefund, refund_for
from domain.returns.options import options_of
from domain.returns.rulings import Goods, LineRuling, Verdict
from domain.returns.words import OF_MONEY, Resolution
from ledger.editing.choices import choices
from ledger.inbox import waits
from ledger.orders import OrderRow
from ledger.returning.exchanges import quote_lines
from ledger.returning.facts import Facts, return_facts
from ledger.returning.intake import REQUESTED, SOURCE
from ledger.returning.requests import RequestRow, requests_of_order
from ledger.returning.settling import as_sold, refunded_before


@dataclass(frozen=True, slots=True)
class LineOffer:
    """What could be asked of a line, see `domain.returns.options.options_of`."""

    facts: LineFacts
    rulings: tuple[LineRuling, ...]


@dataclass(frozen=True, slots=True)
class ReturnPreview:
    """What would be decided now. `changes`: by order line, what an exchange costs more, below zero what it gives back.
    `refunds`: of lines that are not refused and whose money comes back, one for each
    resolution; without what an inspection may keep. `send_by`: the last moment to send what is to be sent."""

    rulings: tuple[LineRuling, ...]
    refunds: tuple[ReturnRefund, ...]
    send_by: datetime | None
    changes: Mapping[str, int]

    @property
    def taken(self) -> tuple[LineRuling, ...]:
        return tuple(ruling for ruling in self.rulings if ruling.verdict is not Verdict.REFUSED)


def line_offers(
    session: Session, order: OrderRow, policies: Policies, now: datetime, *, gift: bool = False
) -> dict[str, LineOffer]:
    """By order line; of an order of which nothing has left, nothing."""
    facts = return_facts(session, [order], policies, now)
    about = facts.orders[order["id"]]
    if not any(line.shipped for line in facts.lines.values()):
        return {}
    return {
        line.line_id: LineOffer(line, options_of(line, about, facts.customer, policies.returns, now, gift=gift))
        for line in facts.lines.values()
        if line.sold
    }


def preview(
    session: Session,
    order: OrderRow,
    asks: Sequence[ReturnAsk],
    policies: Policies,
    now: datetime,
    *,
    gift: bool = False,
) -> ReturnPreview:
    """The rulings and the money of lines of one order. Raises: ReturnError unknown_order, unknown_line."""
    facts = return_facts(session, [order], policies, now)
    rulings = judge_request(asks, facts.lines, facts.orders, facts.customer, policies.returns, now, gift=gift)
    return ReturnPreview(
        rulings,
        _refunds(session, order, rulings, policies),
        _send_by(rulings, policies, now),
        _changes(session, order, rulings, facts, policies),
    )


def _refunds(
    session: Session, order: OrderRow, rulings: Sequence[LineRuling], policies: Policies
) -> tuple[ReturnRefund, ...]:
    found: list[ReturnRefund] = []
    placed = as_sold(session, order, lock=False)
    before = refunded_before(session, order["id"], "", [])
    for resolution in sorted(OF_MONEY):
        units = [
            ReturnedUnits(ruling.ask.line_id, ruling.ask.quantity, ruling.ask.kind, ruling.fee_minor)
            for ruling in rulings
            if ruling.verdict is not Verdict.REFUSED and ruling.ask.resolution is resolution
        ]
        if units:
            refund = refund_for(placed, units, before, resolution, policies.returns.money)
            placed, before = _without(placed, refund), _with(before, refund)
            found.append(refund)
    return tuple(found)


def _changes(
    session: Session, order: OrderRow, rulings: Sequence[LineRuling], facts: Facts, policies: Policies
) -> dict[str, int]:
    swaps = [
        ruling
        for ruling in rulings
        if ruling.verdict is not Verdict.REFUSED and ruling.ask.resolution is Resolution.EXCHANGE
    ]
    if not swaps:
        return {}
    offered = choices(session, order, {ruling.ask.sku for ruling in swaps}, policies)
    parts = [
        (facts.lines[order["id"], ruling.ask.line_id].sku, ruling)
        for ruling in swaps
        if ruling.ask.sku in offered.by_sku
    ]
    before = refunded_before(session, order["id"], "", [])
    quotes = quote_lines(session, order, parts, before, offered, policies)
    return {ruling.ask.line_id: quote.change_minor for (_, ruling), quote in zip(parts, quotes, strict=True)}


def _without(placed: PlacedOrder, refund: ReturnRefund) -> PlacedOrder:
    """The order with what the refund takes out of its payments promised."""
    taken = Counter[str]()
    for share in refund.back.shares:
        taken[share.payment_id] += share.amount_minor

    def promised(tender: Tender) -> Tender:
        return replace(tender, granted_minor=tender.granted_minor + taken[tender.payment_id])

    return replace(placed, tenders=tuple(promised(tender) for tender in placed.tenders))


def _with(before: RefundedBefore, refund: ReturnRefund) -> RefundedBefore:
    units = Counter(before.units)
    for line in refund.lines:
        units[line.line_id] += line.quantity
    return RefundedBefore(
        dict(units), before.shipping_minor + refund.shipping_minor, before.other_minor + refund.other_minor
    )


def _send_by(rulings: Sequence[LineRuling], policies: Policies, now: datetime) -> datetime | None:
    """As it will be when the label is there at once."""
    sent = [each for each in rulings if each.verdict is not Verdict.REFUSED and each.goods is Goods.SEND_BACK]
    named = [moment for each in sent for moment in (each.claw_back_at, each.send_by) if moment is not None]
    return min([now + policies.way_back.send_within, *named]) if sent else None


def seen_requests(session: Session, order_id: str, policies: Policies, viewer: Viewer) -> list[RequestRow]:
    """Requests of this order's page that such a viewer may see, the newest first."""
    return [
        row
        for row in requests_of_order(session, order_id)
        if row["order_id"] == order_id and may_see(row, policies, viewer)
    ]


def may_see(request: RequestRow, policies: Policies, viewer: Viewer) -> bool:
    """Whether the page of this request is for such a viewer."""
    plan: Mapping[str, object] = request["plan"]
    return sees_request(viewer, policies.returns.gifts, gift=bool(plan.get("gift")))


def waits_in_inbox(session: Session, name: str, order_id: str, origin: str, topic: str = REQUESTED) -> bool:
    """Whether a request of this order, or its cancel, has come in from there and is not looked at yet."""
    return waits(session, SOURCE, origin, topic, name, order_id)
