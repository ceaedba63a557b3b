"""The words of returns. Codes are stable; pages and mails turn them into sentences.

A line of a request has a kind and, but for a withdrawal, a reason; what the customer says of its state is a condition,
what the warehouse finds is a grade.
"""

from collections.abc import Mapping
from enum import StrEnum


class ReturnKind(StrEnum):
    RETURN = "return"  # it is all right and not wanted
    EXCHANGE = "exchange"  # another variant or another product for it
    CLAIM = "claim"  # something is wrong, and that is not the customer's doing
    WITHDRAWAL = "withdrawal"  # a consumer takes back the contract, as the law lets them; no reason is asked


class ReturnReason(StrEnum):
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    COLOUR = "colour"
    STYLE = "style"
    CHANGED_MIND = "changed_mind"
    ORDERED_BY_MISTAKE = "ordered_by_mistake"
    ARRIVED_LATE = "arrived_late"
    UNWANTED_GIFT = "unwanted_gift"
    OTHER = "other"
    DAMAGED = "damaged"  # on its way to the customer
    DEFECTIVE = "defective"  # a fault that was in it, whenever it shows
    WRONG = "wrong"  # another product came
    NOT_AS_DESCRIBED = "not_as_described"
    MISSING = "missing"  # the parcel came without it
    NEVER_ARRIVED = "never_arrived"  # the parcel did not come


OF_CLAIMS = frozenset(
    {
        ReturnReason.DAMAGED,
        ReturnReason.DEFECTIVE,
        ReturnReason.WRONG,
        ReturnReason.NOT_AS_DESCRIBED,
        ReturnReason.MISSING,
        ReturnReason.NEVER_ARRIVED,
    }
)
OF_RETURNS = frozenset(ReturnReason) - OF_CLAIMS
# The seller answers for goods that do not conform (domain.returns.law); that they come at all is part of the sale.
OF_CONFORMITY = OF_CLAIMS - {ReturnReason.MISSING, ReturnReason.NEVER_ARRIVED}
NOT_THERE = OF_CLAIMS - OF_CONFORMITY  # the customer has nothing to send back
REASONS: Mapping[ReturnKind, frozenset[ReturnReason]] = {
    ReturnKind.RETURN: OF_RETURNS,
    ReturnKind.EXCHANGE: OF_RETURNS,
    ReturnKind.CLAIM: OF_CLAIMS,
    ReturnKind.WITHDRAWAL: frozenset(),
}


class Condition(StrEnum):
    """What the customer says of a unit."""

    UNOPENED = "unopened"
    OPENED = "opened"  # looked at and tried on, nothing more
    USED = "used"
    INCOMPLETE = "incomplete"  # parts, labels or the box are gone


class Resolution(StrEnum):
    """What the customer gets."""

    REFUND = "refund"  # to what was paid with
    STORE_CREDIT = "store_credit"
    EXCHANGE = "exchange"
    REPLACEMENT = "replacement"  # the same once more
    REPAIR = "repair"


USUAL: Mapping[ReturnKind, Resolution] = {
    ReturnKind.RETURN: Resolution.REFUND,
    ReturnKind.EXCHANGE: Resolution.EXCHANGE,
    ReturnKind.CLAIM: Resolution.REPLACEMENT,
    ReturnKind.WITHDRAWAL: Resolution.REFUND,
}  # what is meant when nothing is said
OF_MONEY = frozenset({Resolution.REFUND, Resolution.STORE_CREDIT})
RESOLUTIONS: Mapping[ReturnKind, frozenset[Resolution]] = {
    ReturnKind.RETURN: OF_MONEY,
    ReturnKind.EXCHANGE: frozenset({Resolution.EXCHANGE}),
    ReturnKind.CLAIM: frozenset(Resolution) - {Resolution.EXCHANGE},
    ReturnKind.WITHDRAWAL: OF_MONEY,
}  # what a kind may come to; a policy offers of these


class Reception(StrEnum):
    """What came of a unit that was expected back, or instead of it."""

    RECEIVED = "received"
    MISSING = "missing"
    WRONG_ITEM = "wrong_item"
    EXTRA = "extra"  # nobody announced it


class Grade(StrEnum):
    """What the warehouse finds of a unit that came back."""

    A = "a"  # as new
    B = "b"  # as new, the packaging is not
    C = "c"  # used, can be sold as such
    DAMAGED = "damaged"
    NOT_AS_DESCRIBED = "not_as_described"  # not what the request says it is


class Disposition(StrEnum):
    """Where a unit that came back goes."""

    RESTOCK = "restock"
    REPAIR = "repair"
    DISPOSE = "dispose"
    RETURN_TO_VENDOR = "return_to_vendor"
    QUARANTINE = "quarantine"
