"""Disputes: a bank takes money back for its customer (chargeback), or asks about it first (inquiry)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DisputeState(StrEnum):
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    ACCEPTED = "accepted"
    REFUNDED = "refunded"  # the charge was given back, so there is nothing left to dispute
    PREVENTED = "prevented"

    @property
    def is_open(self) -> bool:
        return self in OPEN

    def moves_to(self, said: "DisputeState") -> bool:
        """Whether a later word is news: what has ended does not begin again."""
        return self.is_open and said is not self

    @property
    def takes_money(self) -> bool:
        """The customer has the money from their bank, and must not get it from us too."""
        return self in (DisputeState.LOST, DisputeState.ACCEPTED)


OPEN = frozenset({DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW})


@dataclass(frozen=True, slots=True)
class StatedDispute:
    """A dispute as a shop or a payment vendor has it now. Minor units of what the customer paid in.

    One of both says what it is about: `order` is the shop's id of it, `payment` the vendor's reference of the payment.
    `answer_by`: when the bank decides without us.
    """

    external_id: str
    state: DisputeState
    is_inquiry: bool
    amount_minor: int
    currency: str
    reason: str = ""
    answer_by: datetime | None = None
    order: str = ""
    payment: str = ""
