"""Claims about parcels that do not go as promised, and the facts that all claims about parcels share.

A window is part of what is claimed here, unlike the carrier's estimate in other mails: it is said because it changed,
and `domain.arbiter` tells whether it changed enough to be news.
"""

from datetime import timedelta
from types import MappingProxyType

from domain.claims import ClaimEntry, ClaimKind, Purpose
from domain.message_facts import FactType
from domain.order import Facts

# Each has a sentence of its own in the templates; any other code gets the general one.
DELAY_CAUSES = ("weather", "volume", "strike", "customs", "missed_connection", "not_picked_up")
OFFER_CHOICES = ("wait", "credit", "replacement", "refund")

LINES = [
    {"title": "Linen shirt, sand, M", "sku": "LIN-SND-M", "quantity": 2, "total_minor": 11800},
    {"title": "Enamel mug", "sku": "MUG-01", "quantity": 1, "total_minor": 1650},
]
PARCEL_LINES = [{key: line[key] for key in ("title", "sku", "quantity")} for line in LINES]
PARCEL = MappingProxyType(
    {
        "order_name": FactType.TEXT,
        "carrier": FactType.MAYBE_TEXT,  # empty: "the carrier"
        "tracking_number": FactType.MAYBE_TEXT,
        "tracking_url": FactType.MAYBE_URL,
    }
)
PARCEL_SAMPLE: Facts = {
    "order_name": "#1042",
    "carrier": "UPS",
    "tracking_number": "1Z999AA10123456784",
    "tracking_url": "https://www.ups.com/track?tracknum=1Z999AA10123456784",
}
_CONTENT = MappingProxyType({"lines": FactType.LINES})
_DELAY_SAMPLE: Facts = {**PARCEL_SAMPLE, "lines": PARCEL_LINES}

DELAY_ENTRIES = (
    ClaimEntry(
        kind=ClaimKind.PARCEL_DELAYED,
        purpose=Purpose.APOLOGY,
        # the last day of the new window; `promised` is the day that was promised first, and stays that
        required=MappingProxyType({**PARCEL, "arrives_to": FactType.DATE}),
        optional=MappingProxyType(
            {**_CONTENT, "arrives_from": FactType.DATE, "promised": FactType.DATE, "cause": FactType.CODE}
        ),
        validity=timedelta(days=1),
        milestone=20,
        repeatable=True,  # another window is news
        sample={
            **_DELAY_SAMPLE,
            "arrives_from": "2026-11-25",
            "arrives_to": "2026-11-27",
            "promised": "2026-11-23",
            "cause": "weather",
        },
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_STUCK,
        purpose=Purpose.APOLOGY,
        required=MappingProxyType({**PARCEL, "last_seen": FactType.DATE}),
        optional=_CONTENT,
        validity=timedelta(days=2),
        milestone=20,
        repeatable=True,  # moved and stands again
        sample={**_DELAY_SAMPLE, "last_seen": "2026-11-19T08:00:00+00:00"},
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_ATTEMPTED,
        purpose=Purpose.APOLOGY,
        required=MappingProxyType({**PARCEL, "attempted_at": FactType.DATE}),
        optional=MappingProxyType({**_CONTENT, "attempts": FactType.MINOR}),
        validity=timedelta(days=1),  # by then the carrier has come again
        milestone=20,
        repeatable=True,
        sample={**_DELAY_SAMPLE, "attempted_at": "2026-11-21T15:20:00+00:00", "attempts": 2},
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_LOST,
        purpose=Purpose.APOLOGY,
        required=MappingProxyType({**PARCEL, "last_seen": FactType.DATE}),
        optional=_CONTENT,
        validity=timedelta(days=5),
        milestone=20,
        repeatable=True,  # found, and lost again
        sample={**_DELAY_SAMPLE, "last_seen": "2026-11-12T08:00:00+00:00"},
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_OFFER,
        purpose=Purpose.APOLOGY,
        # `offer` is its id: two offers of the same worth are two claims
        required=MappingProxyType(
            {**PARCEL, "offer": FactType.TEXT, "choice": FactType.CODE, "expires_at": FactType.DATE}
        ),
        optional=MappingProxyType({**_CONTENT, "amount_minor": FactType.MINOR, "currency": FactType.CURRENCY}),
        validity=timedelta(days=2),
        milestone=20,
        repeatable=True,
        links=("offer", "order_status"),
        sample={
            **_DELAY_SAMPLE,
            "offer": "off_sample",
            "choice": "replacement",
            "expires_at": "2026-11-29T12:00:00+00:00",
            "amount_minor": 13450,
            "currency": "USD",
        },
    ),
    ClaimEntry(
        kind=ClaimKind.PARCEL_RECOVERED,
        purpose=Purpose.APOLOGY,
        required=PARCEL,
        optional=MappingProxyType({**_CONTENT, "seen_at": FactType.DATE, "arrives_to": FactType.DATE}),
        validity=timedelta(days=2),
        milestone=20,
        repeatable=True,
        sample={**_DELAY_SAMPLE, "seen_at": "2026-11-24T06:40:00+00:00", "arrives_to": "2026-11-27"},
    ),
)
