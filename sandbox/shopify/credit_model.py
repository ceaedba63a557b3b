"""Store credit of a customer, as plain records."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sandbox.shopify.model import Customer, Transaction


@dataclass(slots=True, eq=False)
class CreditMove:
    """One transaction of an account; a debit's amount carries a minus."""

    id: int
    account: "CreditAccount"
    amount: Decimal
    balance: Decimal
    event: str
    created_at: datetime
    expires_at: datetime | None
    origin: Transaction | None
    remaining: Decimal


@dataclass(slots=True, eq=False)
class DebitMove(CreditMove):
    """A type of its own at the vendor's."""


@dataclass(slots=True, eq=False)
class CreditAccount:
    """One currency of one owner."""

    id: int
    owner: Customer
    currency: str
    moves: list[CreditMove] = field(default_factory=list)

    @property
    def balance(self) -> Decimal:
        return self.moves[-1].balance if self.moves else Decimal(0)
