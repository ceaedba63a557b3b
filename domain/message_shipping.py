"""The claim that an order is shipped later than was promised; what it says is the law's (`domain.ship_promise`)."""

from datetime import timedelta
from types import MappingProxyType

from domain.claims import ClaimEntry, ClaimKind
from domain.message_facts import FactType

SHIPPING_ENTRIES = (
    ClaimEntry(
        kind=ClaimKind.SHIPPING_DELAYED,
        required=MappingProxyType(
            {
                "order_name": FactType.TEXT,
                "again": FactType.FLAG,  # a date that was told before cannot be kept either
                "silence_cancels": FactType.FLAG,
                "answer_by": FactType.DATE,
            }
        ),
        optional=MappingProxyType({"ships_on": FactType.DATE}),  # nobody can say: without
        validity=timedelta(days=2),
        sample={
            "order_name": "#1042",
            "again": False,
            "silence_cancels": False,
            "answer_by": "2026-12-20T12:00:00+00:00",
            "ships_on": "2026-12-20T12:00:00+00:00",
        },
    ),
)
