"""Moves store credit."""

from datetime import datetime
from decimal import Decimal

from sandbox.shopify.credit_model import CreditAccount, CreditMove, DebitMove
from sandbox.shopify.model import Customer, Transaction
from sandbox.shopify.state import Shop


def of(shop: Shop, owner: Customer, currency: str) -> CreditAccount:
    """The owner's account in a currency, made when there is none."""
    known = next((x for x in shop.credit_accounts.values() if x.owner is owner and x.currency == currency), None)
    if known is None:
        known = CreditAccount(shop.new_id(), owner, currency)
        shop.credit_accounts[known.id] = known
    return known


def move(
    shop: Shop,
    account: CreditAccount,
    amount: Decimal,
    event: str,
    *,
    origin: Transaction | None = None,
    expires_at: datetime | None = None,
) -> CreditMove:
    """Credit a positive amount, debit a negative one; a debit spends what expires soonest first."""
    made = (CreditMove if amount > 0 else DebitMove)(
        shop.new_id(), account, amount, account.balance + amount, event, shop.now(), expires_at, origin,
        max(amount, Decimal(0)),
    )  # fmt: skip
    to_spend = max(-amount, Decimal(0))
    for each in sorted(account.moves, key=lambda x: (x.expires_at is None, x.expires_at or x.created_at)):
        part = min(each.remaining, to_spend)
        each.remaining, to_spend = each.remaining - part, to_spend - part
    account.moves.append(made)
    return made
