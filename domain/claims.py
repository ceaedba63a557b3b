"""The kinds of claims that we make to customers, and what is kept of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from domain.message_facts import FactType
from domain.order import Facts


class ClaimKind(StrEnum):
    ORDER_CONFIRMED = "order_confirmed"
    PARCEL_SHIPPED = "parcel_shipped"
    PARCEL_OUT_FOR_DELIVERY = "parcel_out_for_delivery"
    PARCEL_DELIVERED = "parcel_delivered"
    PARCEL_EXCEPTION = "parcel_exception"
    ADDRESS_QUESTION = "address_question"
    ORDER_LINK = "order_link"
    EDIT_RECEIVED = "edit_received"
    EDIT_WAITING = "edit_waiting"
    EDIT_QUESTION = "edit_question"
    EDIT_PAYMENT = "edit_payment"
    EDIT_APPLIED = "edit_applied"
    EDIT_REFUSED = "edit_refused"
    MAILBOX_CHANGED = "mailbox_changed"
    RETURN_APPROVED = "return_approved"
    RETURN_DECLINED = "return_declined"
    RETURN_REMINDER = "return_reminder"
    RETURN_RECEIVED = "return_received"
    RETURN_REFUNDED = "return_refunded"
    RETURN_KEPT = "return_kept"
    WITHDRAWAL_RECEIVED = "withdrawal_received"
    RETURN_PAYMENT = "return_payment"
    RETURN_QUESTION = "return_question"
    SHIPPING_DELAYED = "shipping_delayed"
    PARCEL_DELAYED = "parcel_delayed"
    PARCEL_STUCK = "parcel_stuck"
    PARCEL_ATTEMPTED = "parcel_attempted"
    PARCEL_LOST = "parcel_lost"
    PARCEL_OFFER = "parcel_offer"
    PARCEL_RECOVERED = "parcel_recovered"


class Purpose(StrEnum):
    """Why a claim is said, which decides who may be spared it and what a text of it may name."""

    CONTRACT = "contract"  # the customer has a right to it: no unsubscribing, no cap
    NOTICE = "notice"  # a courtesy: whoever unsubscribes is spared it
    APOLOGY = "apology"  # something went wrong: as CONTRACT, and nothing in it may sell


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    INBOX = "inbox"  # the order's own page: it calls nobody, so it needs no consent and knows no night


QUESTIONS = frozenset({ClaimKind.EDIT_QUESTION, ClaimKind.RETURN_QUESTION})  # of agents, in their own words


@dataclass(frozen=True, slots=True)
class ClaimEntry:
    """`milestone`: a higher one said of the same subject supersedes an unsent lower one; 0 takes no part.
    `repeatable`: may be said again about the same subject when the facts differ. `links`: names of the
    personal links that its templates offer, each optional, because replying to the mail always works."""

    kind: ClaimKind
    required: Mapping[str, FactType]
    validity: timedelta
    sample: Facts
    optional: Mapping[str, FactType] = field(default_factory=lambda: MappingProxyType({}))
    links: tuple[str, ...] = ("order_status",)
    purpose: Purpose = Purpose.CONTRACT
    milestone: int = 0
    repeatable: bool = False
