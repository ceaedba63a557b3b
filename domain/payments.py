"""What is known of an order's money, from its transactions. Amounts in minor units of the order's currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.order import IncomingTransaction, TransactionKind, TransactionStatus


@dataclass(frozen=True, slots=True)
class TenderFacts:
    """One tender (gateway): sums over its successful transactions."""

    gateway: str
    authorised_minor: int
    captured_minor: int
    refunded_minor: int
    authorisation_external_id: str
    authorisation_expires_at: datetime | None
    declined_code: str


def tender_facts(gateway: str, transactions: Sequence[IncomingTransaction]) -> TenderFacts:
    """Fold one tender's transactions. An authorisation counts until it is captured or voided."""
    kind, good = TransactionKind, [t for t in transactions if t.status is TransactionStatus.SUCCESS]
    captured = sum(t.amount_minor for t in good if t.kind in (kind.SALE, kind.CAPTURE))
    refunded = sum(t.amount_minor for t in good if t.kind is kind.REFUND)
    closed = {t.parent_external_id for t in good if t.kind in (kind.CAPTURE, kind.VOID)}
    open_auths = [t for t in good if t.kind is kind.AUTHORIZATION and t.external_id not in closed]
    failed = [t for t in transactions if t.status is TransactionStatus.FAILED]
    last = open_auths[-1] if open_auths else None
    return TenderFacts(
        gateway=gateway,
        authorised_minor=sum(t.amount_minor for t in open_auths),
        captured_minor=captured,
        refunded_minor=refunded,
        authorisation_external_id=last.external_id if last else "",
        authorisation_expires_at=last.authorization_expires_at if last else None,
        declined_code=(failed[-1].error_code or "declined") if failed and not (captured or open_auths) else "",
    )


_PAGE = "Payment page "


def page_method(request_id: str) -> str:
    """The name under which a shop books what was paid on an edit's payment page: unique, so that it is found again."""
    return f"{_PAGE}{request_id}"


def page_request(gateway: str) -> str:
    """The request on whose page a tender was paid, empty for any other tender."""
    return gateway.removeprefix(_PAGE) if gateway.startswith(_PAGE) else ""


class PaymentVerdict(StrEnum):
    PAID = "paid"
    AUTHORISED = "authorised"
    PARTLY = "partly_paid"
    PENDING = "payment_pending"
    DECLINED = "declined"
    EXPIRED = "authorisation_expired"


def judge_payment(total_minor: int, tenders: Sequence[TenderFacts], now: datetime) -> PaymentVerdict:
    """Is the order's money there? An authorisation is good until the instant of its expiry, exclusive."""
    captured = sum(t.captured_minor - t.refunded_minor for t in tenders)
    if captured >= total_minor:
        return PaymentVerdict.PAID
    live = [t for t in tenders if t.authorisation_expires_at is None or t.authorisation_expires_at > now]
    if captured + sum(t.authorised_minor for t in live) >= total_minor:
        return PaymentVerdict.AUTHORISED
    if any(t.authorised_minor for t in tenders if t not in live):
        return PaymentVerdict.EXPIRED
    if any(t.declined_code for t in tenders) and captured == 0:
        return PaymentVerdict.DECLINED
    return PaymentVerdict.PARTLY if captured or any(t.authorised_minor for t in live) else PaymentVerdict.PENDING
