"""What the fake Stripe keeps: checkout sessions, payments, charges, refunds, and its settings."""

from dataclasses import dataclass, field
from datetime import datetime

_TAKEN = ("needs_response", "under_review", "lost")


@dataclass(slots=True)
class Line:
    """A line of a checkout page; `unit_amount` in the currency's smallest unit."""

    id: str
    price_id: str
    product_id: str
    name: str
    unit_amount: int
    quantity: int
    tax_behavior: str = "unspecified"

    @property
    def amount(self) -> int:
        return self.unit_amount * self.quantity


@dataclass(slots=True)
class IntentData:
    """What the payment of a session shall carry."""

    metadata: dict[str, str]
    description: str | None
    receipt_email: str | None
    capture_method: str


@dataclass(slots=True)
class Session:
    """A checkout page: open until it is paid (complete) or too old (expired)."""

    id: str
    created_at: datetime
    expires_at: datetime
    currency: str
    lines: list[Line]
    success_url: str
    cancel_url: str | None
    client_reference_id: str | None
    metadata: dict[str, str]
    locale: str | None
    submit_type: str | None
    customer_email: str | None
    payment_method_types: list[str]
    intent_data: IntentData
    status: str = "open"
    payment_status: str = "unpaid"
    intent_id: str | None = None
    paid_by: str | None = None

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)


@dataclass(slots=True)
class Charge:
    """One attempt to take money."""

    id: str
    intent_id: str
    created_at: datetime
    succeeded: bool
    payment_method: str
    email: str | None


@dataclass(slots=True)
class Intent:
    """A payment. It exists from the first attempt on, as for checkout pages of recent API versions."""

    id: str
    created_at: datetime
    amount: int
    currency: str
    data: IntentData
    status: str = "requires_payment_method"
    charge_id: str | None = None
    canceled_at: datetime | None = None


@dataclass(slots=True)
class Refund:
    """Money back. One that failed or was cancelled counts as never sent."""

    id: str
    created_at: datetime
    intent_id: str
    charge_id: str
    amount: int
    currency: str
    reason: str | None
    metadata: dict[str, str]
    status: str


@dataclass(slots=True)
class Dispute:
    """A bank's question about a charge, or its money taken back."""

    id: str
    created_at: datetime
    intent_id: str
    charge_id: str
    amount: int
    currency: str
    reason: str
    due_at: datetime
    status: str


@dataclass(slots=True)
class Settings:
    """`refund_status`: what a new refund says at once, succeeded, pending or requires_action."""

    refund_status: str = "succeeded"


@dataclass(slots=True)
class Book:
    """Everything of the account, oldest first."""

    sessions: dict[str, Session] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    charges: dict[str, Charge] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)

    def charged_back(self, charge_id: str) -> bool:
        """Whether a bank has the money of a charge, for now or for good."""
        return any(d.charge_id == charge_id and d.status in _TAKEN for d in self.disputes.values())

    def refunded(self, charge_id: str) -> int:
        """What has gone back, or is on its way, in the smallest unit."""
        gone = (r for r in self.refunds.values() if r.charge_id == charge_id and r.status not in ("failed", "canceled"))
        return sum(refund.amount for refund in gone)
