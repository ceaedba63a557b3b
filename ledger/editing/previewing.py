"""What a customer or an agent is shown before they ask: what can be changed until when, and what it would cost.

Nothing is written and nothing promised: stock and price are looked at again when the request comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.edit_quote import Quote
from domain.edit_review import review_reasons
from domain.edit_windows import Window, windows
from domain.edits import EditAction, stock_change
from domain.policy import Policies
from ledger.editing.deciding import quoted
from ledger.editing.destination import check_destination
from ledger.editing.facts import substitutes
from ledger.editing.promises import free_by_sku
from ledger.editing.requests import RequestRow, open_of
from ledger.editing.snapshots import edit_snapshot
from ledger.editing.wishes import Answers, Reasons, Refused, Wish, check_windows, read_wish
from ledger.orders import OrderRow
from ledger.rows import select_by
from ledger.tables import Order


@dataclass(frozen=True, slots=True)
class Offers:
    """A window for each kind of edit, and the request that is under way (then nothing else can be asked for)."""

    windows: tuple[Window, ...]
    under_way: RequestRow | None


@dataclass(frozen=True, slots=True)
class Preview:
    """`reasons`: why it cannot be asked for (codes with facts, as a refused request's); empty when it can. `quote`
    then says what it costs, `review` why a person will look at it first."""

    reasons: Reasons = field(default_factory=list)
    quote: Quote | None = None
    review: Reasons = field(default_factory=list)

    @property
    def difference_minor(self) -> int:
        """What the customer agrees to: to pay (positive) or to get back (negative), in the order's currency."""
        return self.quote.to_pay_minor - self.quote.to_refund_minor if self.quote else 0


def offers(session: Session, order_id: str, policies: Policies, now: datetime, *, agent: bool = False) -> Offers:
    """What can be changed now."""
    [order] = select_by(session, Order, "id", [order_id])
    snapshot = edit_snapshot(session, order)
    found = windows(snapshot, policies.edits, policies.capabilities, now, agent=agent)
    return Offers(found, open_of(session, [order_id]).get(order_id))


def wish_to_preview(
    session: Session,
    order_id: str,
    actions: Sequence[EditAction],
    policies: Policies,
    now: datetime,
    *,
    agent: bool,
    country: str = "",
) -> tuple[OrderRow, Wish]:
    """The wish against the order as it stands, with stock looked at. `country`: of a new address, where it is known.
    Raises: Refused."""
    [order] = select_by(session, Order, "id", [order_id])
    if order_id in open_of(session, [order_id]):
        raise Refused([{"code": "another_open"}])
    wish = read_wish(session, order, actions, policies)
    check_windows(wish, policies, now, agent=agent)
    needed = {sku: units for sku, units in stock_change(wish.placed, wish.wanted).items() if units > 0}
    free = free_by_sku(session, needed, policies, order["country"])
    short: Reasons = [
        {
            "code": "out_of_stock",
            "sku": sku,
            "missing": units - free[sku],
            "alternatives": substitutes(session, order, sku, units, policies, order["country"]),
        }
        for sku, units in needed.items()
        if free[sku] < units
    ]
    if short:
        raise Refused(short)
    check_destination(session, order, wish, policies, country=country or order["country"])
    return order, wish


def preview_of(order: OrderRow, wish: Wish, answers: Answers, country: str, policies: Policies) -> Preview:
    """With what the shop says of the price."""
    wish = replace(wish, placed=replace(wish.placed, discounts=answers.discounts))
    try:
        found, _ = quoted(order, wish, answers.totals, policies)
    except Refused as refused:
        return Preview(refused.reasons)
    review: list[dict[str, Any]] = [
        reason.as_json() for reason in review_reasons(wish.placed, wish.wanted, found, policies.edits, country=country)
    ]
    return Preview([], found, review)
