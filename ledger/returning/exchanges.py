"""Goods for goods at the time of the request: units are promised before anybody is told, and the difference is quoted.

What is short is no exchange: the customer hears what there is instead. Of something that was wrong the money comes
back then, because the same cannot be had once more.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.decisions import Reason
from domain.policy import Policies
from domain.returns.exchange import Swap, SwapQuote, quote_swap
from domain.returns.money import RefundedBefore, ReturnedUnits, refund_for
from domain.returns.rulings import LineRuling, NextStep, Verdict
from domain.returns.words import Resolution
from domain.states_returns import ExchangeState
from ledger import audit
from ledger.editing.choices import Choices, choices
from ledger.editing.facts import variants_of
from ledger.editing.late_edits import in_shop
from ledger.editing.promises import release_request, reserve_for_request
from ledger.orders import OrderRow
from ledger.returning.exchange_rows import ExchangeRow, exchange_id, exchanges_of, give_up, set_exchange
from ledger.returning.requests import LineRow, RequestRow
from ledger.returning.settling import as_sold, refunded_before
from ledger.rows import Row, insert_rows, select_by, update_by
from ledger.tables import Exchange, ProductVariant, ReturnLine

OF_GOODS = frozenset({Resolution.EXCHANGE, Resolution.REPLACEMENT})
Ruled = Sequence[tuple[LineRow, LineRuling]]
Part = tuple[LineRow, LineRuling]


@dataclass(frozen=True, slots=True)
class Promised:
    """`ruled`: the lines with what has become of those that nobody has units for. `doubts`: what a person has to allow
    first."""

    ruled: Ruled
    doubts: tuple[dict[str, Any], ...] = ()


def promise(
    session: Session,
    orders: Mapping[str, OrderRow],
    request: RequestRow,
    ruled: Ruled,
    policies: Policies,
    now: datetime,
    *,
    payment_page: str,
) -> Promised:
    """Promise the units of all lines that come to goods; the caller holds the locks of orders and request. Asking again
    promises anew, so it is safe. `payment_page`: where a difference can be paid, empty when nowhere."""
    outcome = {line["id"]: ruling for line, ruling in ruled}
    rows = {row["order_id"]: row for row in exchanges_of(session, request["id"], lock=True)}
    doubts: list[dict[str, Any]] = []
    for order_id in sorted({line["order_id"] for line, ruling in ruled if _of_goods(ruling)}):
        parts = [(line, ruling) for line, ruling in ruled if line["order_id"] == order_id and _of_goods(ruling)]
        order, row = orders[order_id], rows.get(order_id)
        if not in_shop(session, order):  # there is nobody to ask for a new line
            doubts += [_doubt(line, "goods_owed") for line, _ in parts]
            continue
        offered = choices(session, order, [_sku(part) for part in parts], policies)
        left = _reserve(session, order, request, parts, offered, policies, now) if _is_open(row) else []
        short = [part for part in parts if part not in left]
        turned = {line["id"]: _without(line, ruling, offered) for line, ruling in short}
        outcome |= turned
        doubts += [_doubt(line, "goods_owed") for line, _ in short if _of_goods(turned[line["id"]])]
        money = [line for line, _ in short if turned[line["id"]].ask.resolution is Resolution.REFUND]
        update_by(session, ReturnLine, [{"id": line["id"], "resolution": str(Resolution.REFUND)} for line in money])
        if not left and row is not None and row["state"] == ExchangeState.RESERVED:
            give_up(session, order, row, "sold_out", now)
        if left:
            row = _write(session, order, request, row, _quoted(session, order, request, left, offered, policies), now)
            row = set_exchange(
                session, row, payment_target=payment_page, reserved_until=now + policies.returns.exchanges.hold_for
            )
            if row["to_pay_minor"] and (request["plan"].get("gift") or not payment_page):
                doubts += [_doubt(line, "exchange_costs_more", minor=row["to_pay_minor"]) for line, _ in left]
    return Promised([(line, outcome[line["id"]]) for line, _ in ruled], tuple(doubts))


def lapse(session: Session, request: RequestRow, now: datetime) -> None:
    """Units are kept for a person's answer only so long; an answer that comes later promises anew."""
    for row in exchanges_of(session, request["id"], lock=True):
        until = row["reserved_until"]
        if row["state"] == ExchangeState.RESERVED and until is not None and until <= now:
            release_request(session, row["id"], now)
            set_exchange(session, row, reserved_until=None)


def _of_goods(ruling: LineRuling) -> bool:
    return ruling.verdict is not Verdict.REFUSED and ruling.ask.resolution in OF_GOODS


def _is_open(row: ExchangeRow | None) -> bool:
    return row is None or row["state"] == ExchangeState.RESERVED


def _sku(part: Part) -> str:
    """What is wanted: the same once more where nothing else was said."""
    line, ruling = part
    return str(ruling.ask.sku or line["sku"])


def _doubt(line: LineRow, code: str, **facts: Any) -> dict[str, Any]:
    about = facts or {"resolution": str(line["resolution"])}
    return {**Reason(code, about).as_json(), "line": line["id"]}


def _reserve(
    session: Session,
    order: OrderRow,
    request: RequestRow,
    parts: Sequence[Part],
    offered: Choices,
    policies: Policies,
    now: datetime,
) -> list[Part]:
    """The lines that there are units for, all promised; what is short by its sum is short for each of its lines."""
    holder = exchange_id(request["id"], order["id"])
    left = [part for part in parts if _sku(part) in offered.by_sku]
    while left:
        wanted = Counter[str]()
        for line, ruling in left:
            wanted[_sku((line, ruling))] += line["asked"]
        missing = reserve_for_request(session, order, holder, wanted, policies, now)
        if not missing:
            return left
        left = [part for part in left if _sku(part) not in missing]
    release_request(session, holder, now)
    return []


def _without(line: LineRow, ruling: LineRuling, offered: Choices) -> LineRuling:
    """The ruling on a line that nobody has units for. The money comes back where the customer has a claim; a recipient
    of a gift is a person's matter."""
    if ruling.ask.resolution is Resolution.REPLACEMENT:
        if Resolution.REFUND not in ruling.resolutions:
            return ruling
        reasons = (*ruling.reasons, Reason("replacement_out_of_stock"))
        return replace(ruling, ask=replace(ruling.ask, resolution=Resolution.REFUND), reasons=reasons)
    found, siblings = offered.by_sku.get(ruling.ask.sku), offered.siblings.get(ruling.ask.sku, ())
    instead = [other.sku for other in siblings if other.free >= line["asked"]]
    reason = Reason("exchange_out_of_stock", {"left": found.free if found else 0, "instead": instead})
    return replace(ruling, verdict=Verdict.REFUSED, reasons=(reason,), next_step=NextStep.CHOOSE_ANOTHER)


def _quoted(
    session: Session,
    order: OrderRow,
    request: RequestRow,
    parts: Sequence[Part],
    offered: Choices,
    policies: Policies,
) -> Row:
    """Lines and difference, as columns."""
    variants = variants_of(session, order, [_sku(part) for part in parts])
    own = request["plan"].get("money", {}).get(order["id"], [])
    before = refunded_before(session, order["id"], request["id"], own)
    quotes = quote_lines(session, order, [(line["sku"], ruling) for line, ruling in parts], before, offered, policies)
    change = sum(quote.change_minor for quote in quotes)
    lines = [
        {
            "line": part[0]["id"], "sku": _sku(part), "quantity": part[0]["asked"],
            "variant": str(variants[_sku(part)]["external_id"]), "discount_minor": quote.discount_minor,
            "credit_minor": quote.credit_minor, "fee_minor": part[1].fee_minor,
        }
        for part, quote in zip(parts, quotes, strict=True)
    ]  # fmt: skip
    return {"lines": lines, "to_pay_minor": max(change, 0), "to_refund_minor": max(-change, 0)}


def quote_lines(
    session: Session,
    order: OrderRow,
    parts: Sequence[tuple[str, LineRuling]],
    before: RefundedBefore,
    offered: Choices,
    policies: Policies,
) -> list[SwapQuote]:
    """What goods cost for each of these lines of an order. `parts`: the product as it was sold, and the ruling; what is
    wanted is `offered`."""
    money = policies.returns.money
    units = [ReturnedUnits(ruling.ask.line_id, ruling.ask.quantity, ruling.ask.kind) for _, ruling in parts]
    paid = refund_for(as_sold(session, order, lock=False), units, before, Resolution.REFUND, money).lines
    sold = _products(session, order, [sku for sku, _ in parts])
    quotes: list[SwapQuote] = []
    for (sku, ruling), back in zip(parts, paid, strict=True):
        choice = offered.by_sku[ruling.ask.sku or sku]
        swap = Swap(
            quantity=ruling.ask.quantity,
            unit_price_minor=choice.price_minor,
            same_product=choice.product_id == sold.get(sku),
            free=ruling.ask.resolution is Resolution.REPLACEMENT,
            fee_minor=ruling.fee_minor,
        )
        quotes.append(quote_swap(back, swap, taxes_included=bool(order["taxes_included"]), policy=money))
    return quotes


def _products(session: Session, order: OrderRow, skus: Sequence[str]) -> dict[str, str]:
    """Product by SKU, also of what is sold no more."""
    return {
        row["sku"]: row["product_id"]
        for row in select_by(session, ProductVariant, "sku", set(skus))
        if (row["system"], row["account"]) == (order["source"], order["account"])
    }


def _write(
    session: Session, order: OrderRow, request: RequestRow, row: ExchangeRow | None, values: Row, now: datetime
) -> ExchangeRow:
    if row is not None:
        return set_exchange(session, row, **values)
    fresh: Row = {
        "id": exchange_id(request["id"], order["id"]), "request_id": request["id"], "order_id": order["id"],
        "state": ExchangeState.RESERVED, "reason": "", "currency": order["currency"], "reserved_until": None,
        "shop_return_external_id": "", "payment_target": "", "payment_external_id": "", "payment_ref": "",
        "payment_url": "", "paid_minor": 0, "paid_at": None, "created_at": now, "ended_at": None, **values,
    }  # fmt: skip
    insert_rows(session, Exchange, [fresh])
    audit.append(session, [audit.entry("exchange", str(fresh["id"]), "", ExchangeState.RESERVED, "promised", now)])
    return fresh


__all__ = ["OF_GOODS", "Promised", "Ruled", "lapse", "promise", "quote_lines"]
