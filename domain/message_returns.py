"""Claims about returns. Without amounts where they go to the recipient of a gift."""

from datetime import timedelta
from types import MappingProxyType

from domain.claims import ClaimEntry, ClaimKind, Purpose
from domain.message_facts import FactType
from domain.order import Facts

# Each has a sentence of its own in the templates; any other code gets the general one.
RETURN_REFUSALS = (
    *("window_closed", "final_sale", "excluded", "condition_not_accepted", "claim_window_closed", "photo_needed"),
    *("not_sent_yet", "not_delivered", "parcel_on_its_way", "already_in_return", "already_returned", "not_so_many"),
    *("order_cancelled", "edit_in_progress", "resolution_not_offered", "gift_not_offered", "withdrawal_of_buyer"),
    *("withdrawal_not_here", "withdrawal_over", "withdrawal_exempt", "declined", "never_sent", "not_possible"),
    "exchange_out_of_stock",
)
RETURN_NEXT_STEPS = (
    *("wait", "cancel_order", "see_request", "choose_fewer", "choose_another", "add_photo", "return"),
    *("claim_if_faulty", "ask_buyer", "ask_us"),
)
_LINES = [
    {"title": "Linen shirt, sand, M", "sku": "LIN-SND-M", "quantity": 1},
    {"title": "Enamel mug", "sku": "MUG-01", "quantity": 2},
]
_RETURN = MappingProxyType({"order_name": FactType.TEXT, "rma": FactType.TEXT})
_GOODS = MappingProxyType({"lines": FactType.LINES})
_SENDING = MappingProxyType(
    {
        **_GOODS,
        "carrier": FactType.MAYBE_TEXT,
        "tracking_number": FactType.MAYBE_TEXT,
        "send_by": FactType.DATE,
    }
)
_SENT_TO = MappingProxyType({**_RETURN, "send_to": FactType.MAYBE_TEXT, "labelled": FactType.FLAG})
_MONEY = MappingProxyType(
    {**_GOODS, "currency": FactType.CURRENCY, "refund_minor": FactType.MINOR, "fee_minor": FactType.MINOR}
)
_SAMPLE: Facts = {"order_name": "#1042", "rma": "R7KQ2M9XA", "lines": _LINES}
_SENDING_SAMPLE: Facts = {
    **_SAMPLE,
    "send_to": "Brooklyn workshop",
    "labelled": True,
    "carrier": "USPS",
    "tracking_number": "9400100000000000000000",
    "send_by": "2026-12-22T12:00:00+00:00",
}

RETURN_ENTRIES = (
    ClaimEntry(
        kind=ClaimKind.RETURN_APPROVED,
        required=_SENT_TO,
        optional=_SENDING,
        validity=timedelta(days=5),
        milestone=10,
        sample=_SENDING_SAMPLE,
    ),
    ClaimEntry(
        kind=ClaimKind.RETURN_DECLINED,
        required=MappingProxyType({**_RETURN, "reason": FactType.CODE, "next_step": FactType.CODE}),
        optional=MappingProxyType({**_GOODS, "next_at": FactType.DATE}),
        validity=timedelta(days=5),
        repeatable=True,  # a part is declined at once, the rest perhaps later
        sample={**_SAMPLE, "reason": "window_closed", "next_step": "claim_if_faulty"},
    ),
    ClaimEntry(
        kind=ClaimKind.RETURN_REMINDER,
        purpose=Purpose.NOTICE,
        required=_SENT_TO,
        optional=MappingProxyType({**_SENDING, "reminded_at": FactType.DATE}),
        validity=timedelta(days=3),
        milestone=20,
        repeatable=True,
        sample=_SENDING_SAMPLE,
    ),
    ClaimEntry(
        kind=ClaimKind.RETURN_RECEIVED,
        required=_RETURN,
        optional=_GOODS,
        validity=timedelta(days=3),
        milestone=30,
        sample=_SAMPLE,
    ),
    ClaimEntry(
        kind=ClaimKind.RETURN_REFUNDED,
        required=_RETURN,
        optional=_MONEY,
        validity=timedelta(days=5),
        repeatable=True,  # a part before the goods came back, the rest after
        sample={**_SAMPLE, "currency": "USD", "refund_minor": 8860, "fee_minor": 690},
    ),
    ClaimEntry(
        kind=ClaimKind.RETURN_KEPT,
        required=_RETURN,
        optional=_MONEY,
        validity=timedelta(days=5),
        milestone=40,
        sample={**_SAMPLE, "currency": "USD", "refund_minor": 990, "fee_minor": 0},
    ),
    ClaimEntry(
        kind=ClaimKind.WITHDRAWAL_RECEIVED,
        required=MappingProxyType({"order_name": FactType.TEXT, "declared_at": FactType.DATE}),
        optional=_GOODS,
        validity=timedelta(days=30),  # the law wants it however late (Directive 2011/83/EU, Article 11a(4))
        repeatable=True,  # each declaration has its receipt
        sample={"order_name": "#1042", "declared_at": "2026-11-22T12:00:00+00:00", "lines": _LINES},
    ),
    ClaimEntry(
        kind=ClaimKind.RETURN_PAYMENT,
        required=MappingProxyType(
            {
                **_RETURN,
                **_GOODS,
                "currency": FactType.CURRENCY,
                "to_pay_minor": FactType.MINOR,
                "pay_by": FactType.DATE,
            }
        ),
        validity=timedelta(hours=24),  # no page lives longer
        links=("payment", "order_status"),
        sample={**_SAMPLE, "currency": "USD", "to_pay_minor": 2210, "pay_by": "2026-11-23T00:00:00+00:00"},
    ),
    ClaimEntry(
        kind=ClaimKind.RETURN_QUESTION,
        # the question itself is an agent's free words: no fact, it joins at rendering as names do
        required=MappingProxyType({**_RETURN, "asked_at": FactType.DATE, "answer_by": FactType.DATE}),
        optional=_GOODS,
        validity=timedelta(hours=24),
        repeatable=True,  # each question is another one
        links=("question",),
        sample={
            **_SAMPLE,
            "asked_at": "2026-11-22T12:00:00+00:00",
            "answer_by": "2026-11-29T12:00:00+00:00",
        },
    ),
)
