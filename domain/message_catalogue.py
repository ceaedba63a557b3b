"""The catalogue of claims: what each needs to be said, for how long it may be said, and a sample of it.

Volatile facts (an estimated arrival) stay out on purpose: they would change the digest and with it the dedupe
key, and the customer would hear the same thing twice.
"""

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


# Each has a sentence of its own in the templates; any other code gets the general one.
EXCEPTION_CODES = (
    "delayed",
    "attempted",
    "available_for_pickup",
    "address_problem",
    "customs",
    "damaged",
    "lost",
    "returning",
)
ADDRESS_PROBLEMS = ("corrected", "missing_unit", "unverifiable", "invalid")


@dataclass(frozen=True, slots=True)
class ClaimEntry:
    """`milestone`: a higher one said of the same parcel supersedes an unsent lower one; 0 takes no part.
    `repeatable`: may be said again about the same subject when the facts differ. `links`: names of the
    personal links that its templates offer, each optional, because replying to the mail always works."""

    kind: ClaimKind
    required: Mapping[str, FactType]
    validity: timedelta
    sample: Facts
    optional: Mapping[str, FactType] = field(default_factory=lambda: MappingProxyType({}))
    links: tuple[str, ...] = ("order_status",)
    transactional: bool = True
    milestone: int = 0
    repeatable: bool = False


_LINES = [
    {"title": "Linen shirt, sand, M", "sku": "LIN-SND-M", "quantity": 2, "total_minor": 11800},
    {"title": "Enamel mug", "sku": "MUG-01", "quantity": 1, "total_minor": 1650},
]
_PARCEL_LINES = [{key: line[key] for key in ("title", "sku", "quantity")} for line in _LINES]
_PARCEL = MappingProxyType(
    {
        "order_name": FactType.TEXT,
        "carrier": FactType.MAYBE_TEXT,  # empty: "the carrier"
        "tracking_number": FactType.MAYBE_TEXT,
        "tracking_url": FactType.MAYBE_URL,
    }
)
_PARCEL_SAMPLE: Facts = {
    "order_name": "#1042",
    "carrier": "UPS",
    "tracking_number": "1Z999AA10123456784",
    "tracking_url": "https://www.ups.com/track?tracknum=1Z999AA10123456784",
}

_ENTRIES = (
    ClaimEntry(
        kind=ClaimKind.ORDER_CONFIRMED,
        required=MappingProxyType(
            {
                "order_name": FactType.TEXT,
                "order_date": FactType.DATE,
                "currency": FactType.CURRENCY,
                "lines": FactType.LINES,
                "subtotal_minor": FactType.MINOR,
                "discount_minor": FactType.MINOR,
                "shipping_minor": FactType.MINOR,
                "tax_minor": FactType.MINOR,
                "total_minor": FactType.MINOR,
            }
        ),
        optional=MappingProxyType({"taxes_included": FactType.FLAG}),
        validity=timedelta(days=3),
        sample={
            "order_name": "#1042",
            "order_date": "2026-11-20T18:04:00+00:00",
            "currency": "USD",
            "lines": _LINES,
            "subtotal_minor": 13450,
            "discount_minor": 1000,
            "shipping_minor": 590,
            "tax_minor": 1120,
            "total_minor": 14160,
        },
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_SHIPPED,
        required=_PARCEL,
        optional=MappingProxyType({"lines": FactType.LINES, "more_to_come": FactType.FLAG}),
        validity=timedelta(days=5),
        milestone=10,
        sample={**_PARCEL_SAMPLE, "lines": _PARCEL_LINES, "more_to_come": True},
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_OUT_FOR_DELIVERY,
        required=_PARCEL,
        optional=MappingProxyType({"lines": FactType.LINES}),
        validity=timedelta(hours=12),  # tomorrow it is wrong
        milestone=20,
        sample={**_PARCEL_SAMPLE, "lines": _PARCEL_LINES},
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_DELIVERED,
        required=_PARCEL,
        optional=MappingProxyType({"lines": FactType.LINES}),
        validity=timedelta(days=3),
        milestone=30,
        links=("order_status", "not_received"),
        sample={**_PARCEL_SAMPLE, "lines": _PARCEL_LINES},
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_EXCEPTION,
        required=MappingProxyType({**_PARCEL, "exception": FactType.CODE}),
        optional=MappingProxyType({"lines": FactType.LINES}),
        validity=timedelta(days=2),
        milestone=20,  # as out for delivery: neither supersedes the other, delivered supersedes both
        repeatable=True,  # a customs hold after a delay is news
        sample={**_PARCEL_SAMPLE, "lines": _PARCEL_LINES, "exception": "delayed"},
    ),
    ClaimEntry(
        kind=ClaimKind.ADDRESS_QUESTION,
        required=MappingProxyType({"order_name": FactType.TEXT, "problem": FactType.CODE}),
        optional=MappingProxyType({"answer_by": FactType.DATE}),
        validity=timedelta(days=7),
        repeatable=True,  # asked again after an answer that did not help
        links=("accept_suggestion", "keep_address", "change_address"),
        sample={"order_name": "#1042", "problem": "corrected", "answer_by": "2026-11-22T12:00:00+00:00"},
    ),
)
CATALOGUE: Mapping[ClaimKind, ClaimEntry] = MappingProxyType({entry.kind: entry for entry in _ENTRIES})
