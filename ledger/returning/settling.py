"""The money of a return: what is due for its lines, granted under the payments' lock, each line once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.edit_quote import RefundShare
from domain.placed import PlacedOrder
from domain.policy import Policies
from domain.returns.money import RefundedBefore, ReturnedUnits, ReturnRefund, refund_for
from domain.returns.policy import Destination
from domain.returns.words import Resolution, ReturnKind
from ledger.cases import open_cases
from ledger.credits import by_hand, grant_credit
from ledger.editing.facts import placed_order
from ledger.effects import EffectDraft
from ledger.offers.rows import settled_by_offers
from ledger.orders import OrderRow
from ledger.refunds import grant, tenders_of
from ledger.returning.exchange_rows import live_lines
from ledger.returning.requests import LineRow, RequestRow, requests_of_order, return_lines, set_values
from ledger.rows import select_by, update_by
from ledger.tables import ReturnLine, ShopFulfilment

EXCHANGED = "exchange"  # how lines were settled that goods are sent for


@dataclass(frozen=True, slots=True)
class Due:
    """Units of a return line whose money is due; `kept_percent` of it stays with the shop, over all of them."""

    line: LineRow
    units: int
    kept_percent: int = 0
    fee_minor: int = 0


def settle(
    session: Session,
    orders: Mapping[str, OrderRow],
    request: RequestRow,
    due: Sequence[Due],
    occasion: str,
    policies: Policies,
    now: datetime,
) -> tuple[RequestRow, list[EffectDraft]]:
    """Grant what is due and not settled yet. Returns the request as it is now and the effects that give it back; the
    caller holds the locks of the orders and of the request, and plans the effects."""
    done = dict(request["plan"].get("settled", {}))
    fresh = [each for each in due if each.line["id"] not in done and each.units > 0]
    drafts: list[EffectDraft] = []
    money = {order_id: list(parts) for order_id, parts in request["plan"].get("money", {}).items()}
    for order_id in sorted({each.line["order_id"] for each in fresh}):
        for resolution in (Resolution.REFUND, Resolution.STORE_CREDIT):
            mine = [d for d in fresh if d.line["order_id"] == order_id and pays(d.line) is resolution]
            if not mine:
                continue
            refund, wanted = _grant(
                session, orders[order_id], request, mine, resolution, occasion, money, policies, now
            )
            money.setdefault(order_id, []).append({"occasion": occasion, **refund.as_json()})
            drafts += wanted
    for each in fresh:
        done[each.line["id"]] = occasion
    if fresh:
        request = set_values(session, request, plan={**request["plan"], "settled": done, "money": money})
    return request, drafts


def pays(line: LineRow) -> Resolution:
    """Goods that are owed and were turned into money by a person go back to what was paid with."""
    credit = line["resolution"] == Resolution.STORE_CREDIT
    return Resolution.STORE_CREDIT if credit else Resolution.REFUND


def _grant(
    session: Session,
    order: OrderRow,
    request: RequestRow,
    due: Sequence[Due],
    resolution: Resolution,
    occasion: str,
    money: Mapping[str, Sequence[Mapping[str, Any]]],
    policies: Policies,
    now: datetime,
) -> tuple[ReturnRefund, list[EffectDraft]]:
    placed = as_sold(session, order)
    before = refunded_before(session, order["id"], request["id"], money.get(order["id"], []))
    units = by_order_line(due)
    refund = refund_for(placed, units, before, resolution, policies.returns.money)
    _write_amounts(session, due, refund)
    subject = f"{request['id']}:{occasion}:{resolution}"
    return refund, give_money(session, order, request, refund, subject, policies, now)


def give_money(
    session: Session,
    order: OrderRow,
    request: RequestRow,
    refund: ReturnRefund,
    subject_id: str,
    policies: Policies,
    now: datetime,
) -> list[EffectDraft]:
    """Grant what was reckoned under the payments' lock, once for a subject; what no vendor gives is a person's case.
    The caller plans the effects that are returned."""
    back = refund.back
    shares = [
        RefundShare(share.payment_id, share.gateway, share.amount_minor)
        for share in back.shares
        if share.to is Destination.ORIGINAL
    ]
    in_shop = select_by(session, ShopFulfilment, "order_id", [order["id"]])
    credit = back.to(Destination.STORE_CREDIT) if in_shop and not request["plan"].get("gift") else 0
    _ask_by_hand(session, order, request, refund, credit, subject_id, now)
    asked = sum(share.amount_minor for share in shares) + back.short_minor
    drafts = grant(session, order, asked, subject_id=subject_id, reason="return", now=now, shares=shares)
    return drafts + grant_credit(
        session,
        order,
        credit,
        policies.returns.money.credit_gateway,
        bonus_minor=back.bonus_minor,
        subject_id=f"{subject_id}:credit",
        reason="return",
        now=now,
    )


def as_sold(session: Session, order: OrderRow, *, lock: bool = True) -> PlacedOrder:
    """The order as its customer paid it. `lock`: its payments, for whoever grants money by it."""
    placed = placed_order(session, order)
    of_lines = sum(line.tax_minor for line in placed.lines)
    tax = 0 if order["taxes_included"] else max(order["tax_minor"] - of_lines, 0)
    return replace(placed, shipping_tax_minor=tax, tenders=tenders_of(session, order["id"], lock=lock))


def refunded_before(
    session: Session, order_id: str, request_id: str, own: Sequence[Mapping[str, Any]]
) -> RefundedBefore:
    """What returns have got of an order so far, and offers for parcels that never came; `own` of this request."""
    units, shipping = settled_by_offers(session, order_id)
    other = 0
    parts = list(own)
    for row in requests_of_order(session, order_id):
        if row["id"] != request_id:
            parts += row["plan"].get("money", {}).get(order_id, [])
    for part in parts:
        shipping += part["shipping_minor"]
        other += part["other_minor"]
        for line in part["lines"]:
            units[line["line_id"]] += line["quantity"]
    return RefundedBefore(dict(units), shipping, other)


def by_order_line(due: Sequence[Due]) -> list[ReturnedUnits]:
    """Of several reasons for one order line: the fees add up, what is kept is the units' mean."""
    found: dict[str, list[Due]] = {}
    for each in due:
        found.setdefault(each.line["order_line_id"], []).append(each)
    return [
        ReturnedUnits(
            line_id=line_id,
            quantity=(count := sum(each.units for each in parts)),
            kind=ReturnKind(parts[0].line["kind"]),
            fee_minor=sum(each.fee_minor for each in parts),
            kept_percent=sum(each.kept_percent * each.units for each in parts) // count,
        )
        for line_id, parts in found.items()
    ]


def _write_amounts(session: Session, due: Sequence[Due], refund: ReturnRefund) -> None:
    """What a line got, on its row: the whole of an order line stands with the first of its return lines."""
    amounts = {line.line_id: line for line in refund.lines}
    for each in due:
        found = amounts.pop(each.line["order_line_id"], None)
        if found is not None:
            gross = found.paid_minor - found.kept_minor
            update_by(
                session, ReturnLine, [{"id": each.line["id"], "gross_minor": gross, "fee_minor": found.fee_minor}]
            )


def _ask_by_hand(
    session: Session,
    order: OrderRow,
    request: RequestRow,
    refund: ReturnRefund,
    credit_minor: int,
    subject: str,
    now: datetime,
) -> None:
    """What the shop does not give back by itself: credit for somebody else than its customer (a gift's recipient), a
    bank transfer for cash. `credit_minor` is granted otherwise, with its bonus."""
    back = refund.back
    bonus = 0 if credit_minor else back.bonus_minor
    owed = {
        "store_credit_minor": back.to(Destination.STORE_CREDIT) - credit_minor + bonus,
        "by_hand_minor": back.to(Destination.BY_HAND),
    }
    if any(owed.values()):
        facts = {"currency": order["currency"], **owed}
        open_cases(session, [by_hand(f"return_money:{subject}", order["id"], request["id"], facts)], now)


def granted_minor(request: RequestRow) -> dict[str, int]:
    """What the request has given so far, by order."""
    return {
        order_id: sum(part["back"]["amount_minor"] + part["back"]["bonus_minor"] for part in parts)
        for order_id, parts in request["plan"].get("money", {}).items()
    }


def due_of(session: Session, request: RequestRow, whens: Sequence[str]) -> list[Due]:
    """Lines whose money is due by the ruling at one of these moments, whole; none of those that goods are sent for."""
    swapped = live_lines(session, request["id"])
    swapped |= {line for line, how in request["plan"].get("settled", {}).items() if how == EXCHANGED}
    rulings: Mapping[str, Mapping[str, Any]] = request["plan"].get("lines", {})
    return [
        Due(line, line["waiting"], fee_minor=rulings[line["id"]]["fee_minor"])
        for line in return_lines(session, request["id"])
        if line["id"] in rulings and line["id"] not in swapped and rulings[line["id"]]["when"] in whens
    ]


__all__ = [
    "EXCHANGED",
    "Due",
    "as_sold",
    "by_order_line",
    "due_of",
    "give_money",
    "granted_minor",
    "pays",
    "refunded_before",
    "settle",
]
