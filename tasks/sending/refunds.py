"""Refunds of an order's tenders, through its shop."""

from collections.abc import Sequence
from dataclasses import replace

from config import wiring
from connectors.errors import ConnectorError
from connectors.outcomes import Sent
from connectors.shops.base import RefundRequest
from connectors.shops.crediting import GivenCredit
from connectors.shops.returning import CreditRefund
from ledger import credits, refunds
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.shop_stock import external_order_ids
from tasks.effects import EffectKind, attempt, verdict
from tasks.runtime import in_ledger

# The shop keeps keys for a day or so only, so that doubt is settled by its list of refunds, which name our key.
REFUND = Handlers(refunds.refunded, refunds.refund_refused, refunds.guard_refunds, can_look_up=True)
BONUS = Handlers(credits.bonus_given, credits.bonus_refused, credits.guard_bonus, can_look_up=True)


async def send_refunds(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Give money back to the tender that it came from."""
    now = wiring.current().now()
    await in_ledger(refunds.begin_refunds, rows, now)
    shop = wiring.current().shops()[rows[0]["target"]]
    return [await attempt(shop.refund(request), REFUND) for request in await _requests(rows)]


async def find_refunds(rows: Sequence[EffectRow]) -> list[Verdict]:
    shop = wiring.current().shops()[rows[0]["target"]]
    found = []
    for request in await _requests(rows):
        try:
            outcome = await shop.find_refund(request)
        except ConnectorError as error:
            found.append(Verdict("retry", code=error.code, detail=error.detail))
        else:
            found.append(Verdict("absent", code="looked_up") if outcome is None else verdict(outcome, REFUND))
    return found


async def _requests(rows: Sequence[EffectRow]) -> list[RefundRequest]:
    ids = await in_ledger(external_order_ids, [row["order_id"] for row in rows])
    return [
        RefundRequest(
            key=row["key"],
            order=ids[row["order_id"]],
            parent_transaction=row["request"]["parent"],
            gateway=row["request"]["gateway"],
            amount_minor=row["request"]["amount_minor"],
            currency=row["request"]["currency"],
            note=f"Aftercart {row['key']}",
        )
        for row in rows
    ]


async def send_credits(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Give money back as credit of the shop's."""
    now = wiring.current().now()
    await in_ledger(refunds.begin_refunds, rows, now)
    shop = wiring.current().returning_shops()[rows[0]["target"]]
    return [await attempt(shop.refund_to_credit(request), REFUND) for request in await _credits(rows)]


async def find_credits(rows: Sequence[EffectRow]) -> list[Verdict]:
    shop = wiring.current().returning_shops()[rows[0]["target"]]
    found = []
    for request in await _credits(rows):
        try:
            outcome = await shop.find_credit(request)
        except ConnectorError as error:
            found.append(Verdict("retry", code=error.code, detail=error.detail))
        else:
            found.append(Verdict("absent", code="looked_up") if outcome is None else verdict(outcome, REFUND))
    return found


async def _credits(rows: Sequence[EffectRow]) -> list[CreditRefund]:
    ids = await in_ledger(external_order_ids, [row["order_id"] for row in rows])
    return [
        CreditRefund(
            key=row["key"],
            order=ids[row["order_id"]],
            amount_minor=row["request"]["amount_minor"],
            currency=row["request"]["currency"],
            note=f"Aftercart {row['key']}",
        )
        for row in rows
    ]


async def send_bonuses(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Give credit on top of what was paid."""
    shop = wiring.current().returning_shops()[rows[0]["target"]]
    return [await attempt(shop.give_credit(wanted), BONUS) for wanted in await _bonuses(rows)]


async def find_bonuses(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Each of the shop's transactions is one bonus's only."""
    shop = wiring.current().returning_shops()[rows[0]["target"]]
    taken = await in_ledger(credits.given_to_customers_of, [row["order_id"] for row in rows])
    found = []
    for wanted in await _bonuses(rows):
        try:
            outcome = await shop.find_credit_given(replace(wanted, taken=taken))
        except ConnectorError as error:
            found.append(Verdict("retry", code=error.code, detail=error.detail))
            continue
        if isinstance(outcome, Sent):
            taken.add(outcome.external_id)
        found.append(Verdict("absent", code="looked_up") if outcome is None else verdict(outcome, BONUS))
    return found


async def _bonuses(rows: Sequence[EffectRow]) -> list[GivenCredit]:
    ids = await in_ledger(external_order_ids, [row["order_id"] for row in rows])
    return [
        GivenCredit(
            order=ids[row["order_id"]],
            amount_minor=row["request"]["amount_minor"],
            currency=row["request"]["currency"],
            since=row["created_at"],
        )
        for row in rows
    ]


KINDS = {
    refunds.KIND: EffectKind(REFUND, send_refunds, find_refunds, batch=5),
    credits.KIND: EffectKind(REFUND, send_credits, find_credits, batch=5),
    credits.BONUS: EffectKind(BONUS, send_bonuses, find_bonuses, batch=5),
}
