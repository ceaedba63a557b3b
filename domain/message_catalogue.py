"""The catalogue of claims: what each needs to be said, for how long it may be said, and a sample of it.

Volatile facts (an estimated arrival) stay out on purpose: they would change the digest and with it the dedupe
key, and the customer would hear the same thing twice.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from domain.claims import ClaimEntry, ClaimKind, Purpose
from domain.message_facts import FactType
from domain.message_parcels import DELAY_ENTRIES, LINES, PARCEL, PARCEL_LINES, PARCEL_SAMPLE
from domain.message_returns import RETURN_ENTRIES, RETURN_NEXT_STEPS, RETURN_REFUSALS
from domain.message_shipping import SHIPPING_ENTRIES
from domain.order import Facts

__all__ = [
    "ADDRESS_PROBLEMS",
    "CATALOGUE",
    "EDIT_KINDS",
    "EDIT_REFUSALS",
    "EXCEPTION_CODES",
    "NEXT_STEPS",
    "RETURN_NEXT_STEPS",
    "RETURN_REFUSALS",
    "ClaimEntry",
    "ClaimKind",
]


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
EDIT_KINDS = ("address", "contact", "quantity", "swap", "add", "remove", "shipping", "cancel")
EDIT_REFUSALS = (
    *(
        "out_of_stock",
        "window_closed",
        "too_late",
        "order_cancelled",
        "in_progress",
        "on_hold",
        "authorisation_expired",
    ),
    *("price_changed", "order_changed", "address", "declined", "review_overdue", "payment_overdue", "paid_late"),
    *(
        "question_unanswered",
        "no_node_serves",
        "payment_page_refused",
        "unknown_product",
        "not_carried_out",
        "not_possible",
    ),
)
NEXT_STEPS = ("pickup_hold", "carrier_intercept", "refuse_delivery", "return", "new_order", "ask_us")
ADDRESS_PROBLEMS = ("corrected", "missing_unit", "unverifiable", "invalid")


_EDIT = MappingProxyType({"order_name": FactType.TEXT, "changes": FactType.CHANGES})
_EDIT_SAMPLE: Facts = {
    "order_name": "#1042",
    "changes": [
        {"kind": "swap", "title": "Linen shirt, sand, M", "to": "Linen shirt, sand, L", "quantity": 1},
        {"kind": "quantity", "title": "Enamel mug", "was": 1, "quantity": 3},
        {"kind": "address", "title": ""},
    ],
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
            "lines": LINES,
            "subtotal_minor": 13450,
            "discount_minor": 1000,
            "shipping_minor": 590,
            "tax_minor": 1120,
            "total_minor": 14160,
        },
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_SHIPPED,
        purpose=Purpose.NOTICE,
        required=PARCEL,
        optional=MappingProxyType({"lines": FactType.LINES, "more_to_come": FactType.FLAG}),
        validity=timedelta(days=5),
        milestone=10,
        sample={**PARCEL_SAMPLE, "lines": PARCEL_LINES, "more_to_come": True},
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_OUT_FOR_DELIVERY,
        purpose=Purpose.NOTICE,
        required=PARCEL,
        optional=MappingProxyType({"lines": FactType.LINES}),
        validity=timedelta(hours=12),  # tomorrow it is wrong
        milestone=20,
        sample={**PARCEL_SAMPLE, "lines": PARCEL_LINES},
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_DELIVERED,
        purpose=Purpose.NOTICE,
        required=PARCEL,
        optional=MappingProxyType({"lines": FactType.LINES}),
        validity=timedelta(days=3),
        milestone=30,
        links=("order_status", "not_received"),
        sample={**PARCEL_SAMPLE, "lines": PARCEL_LINES},
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_EXCEPTION,
        purpose=Purpose.APOLOGY,
        required=MappingProxyType({**PARCEL, "exception": FactType.CODE}),
        optional=MappingProxyType({"lines": FactType.LINES}),
        validity=timedelta(days=2),
        milestone=20,  # as out for delivery: neither supersedes the other, delivered supersedes both
        repeatable=True,  # a customs hold after a delay is news
        sample={**PARCEL_SAMPLE, "lines": PARCEL_LINES, "exception": "delayed"},
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
    ClaimEntry(
        kind=ClaimKind.ORDER_LINK,
        required=MappingProxyType({"order_name": FactType.TEXT, "asked_at": FactType.DATE}),
        validity=timedelta(hours=2),  # whoever still wants it has asked again
        repeatable=True,  # each time that somebody asks
        sample={"order_name": "#1042", "asked_at": "2026-11-22T12:00:00+00:00"},
    ),
    ClaimEntry(
        kind=ClaimKind.EDIT_RECEIVED,
        required=_EDIT,
        validity=timedelta(hours=6),
        milestone=10,
        sample=_EDIT_SAMPLE,
    ),
    ClaimEntry(
        kind=ClaimKind.EDIT_WAITING,
        required=_EDIT,
        optional=MappingProxyType({"answer_by": FactType.DATE}),
        validity=timedelta(hours=24),
        milestone=20,
        sample={**_EDIT_SAMPLE, "answer_by": "2026-11-23T12:00:00+00:00"},
    ),
    ClaimEntry(
        kind=ClaimKind.EDIT_QUESTION,
        # the question itself is an agent's free words: no fact, it joins at rendering as names do
        required=MappingProxyType({**_EDIT, "asked_at": FactType.DATE, "answer_by": FactType.DATE}),
        validity=timedelta(hours=24),
        milestone=20,  # no higher: what is to be paid is said after it
        repeatable=True,  # each question is another one
        links=("question",),
        sample={
            **_EDIT_SAMPLE,
            "asked_at": "2026-11-22T12:00:00+00:00",
            "answer_by": "2026-11-23T12:00:00+00:00",
        },
    ),
    ClaimEntry(
        kind=ClaimKind.EDIT_PAYMENT,
        required=MappingProxyType(
            {**_EDIT, "currency": FactType.CURRENCY, "to_pay_minor": FactType.MINOR, "pay_by": FactType.DATE}
        ),
        validity=timedelta(hours=24),  # no page lives longer
        milestone=20,
        links=("payment", "order_status"),
        sample={**_EDIT_SAMPLE, "currency": "USD", "to_pay_minor": 2210, "pay_by": "2026-11-23T00:00:00+00:00"},
    ),
    ClaimEntry(
        kind=ClaimKind.EDIT_APPLIED,
        required=MappingProxyType({**_EDIT, "currency": FactType.CURRENCY}),
        optional=MappingProxyType(
            {"total_minor": FactType.MINOR, "paid_minor": FactType.MINOR, "refund_minor": FactType.MINOR}
        ),
        validity=timedelta(days=3),
        milestone=30,
        sample={**_EDIT_SAMPLE, "currency": "USD", "total_minor": 16370, "paid_minor": 2210},
    ),
    ClaimEntry(
        kind=ClaimKind.EDIT_REFUSED,
        required=MappingProxyType({**_EDIT, "currency": FactType.CURRENCY, "reason": FactType.CODE}),
        optional=MappingProxyType(
            {
                "missing": FactType.TEXT,  # titles of what is not in stock
                "alternatives": FactType.LINES,
                "next_step": FactType.CODE,
                "next_step_minor": FactType.MINOR,
                "paid_back_minor": FactType.MINOR,
            }
        ),
        validity=timedelta(days=3),
        milestone=30,
        repeatable=True,  # money that came after the end is news
        sample={
            **_EDIT_SAMPLE,
            "currency": "USD",
            "reason": "out_of_stock",
            "missing": "Linen shirt, sand, L",
            "alternatives": [
                {"title": "Linen shirt, olive, L", "sku": "LIN-OLV-L", "quantity": 1, "total_minor": 5900},
                {"title": "Linen shirt, sand, XL", "sku": "LIN-SND-XL", "quantity": 1, "total_minor": 5900},
            ],
            "next_step": "ask_us",
            "next_step_minor": 0,
            "paid_back_minor": 2210,
        },
    ),
    # to the mailbox that an order was written to before; its own links end with the change
    ClaimEntry(
        kind=ClaimKind.MAILBOX_CHANGED,
        required=_EDIT,
        validity=timedelta(days=3),
        links=(),
        sample={**_EDIT_SAMPLE, "changes": [{"kind": "contact", "title": ""}, *_EDIT_SAMPLE["changes"]]},
    ),
)
CATALOGUE: Mapping[ClaimKind, ClaimEntry] = MappingProxyType(
    {entry.kind: entry for entry in (*_ENTRIES, *RETURN_ENTRIES, *SHIPPING_ENTRIES, *DELAY_ENTRIES)}
)
