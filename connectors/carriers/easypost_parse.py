"""EasyPost's bodies in our words: pure functions over decoded JSON of API v2 (recorded bodies of 2025)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors.carriers.address_compare import same_in_substance
from connectors.carriers.base import AddressCheck, AddressVerdict
from connectors.carriers.easypost_topics import IGNORED_TOPICS
from connectors.reading import Unreadable, identity, mapping, moment, shaped, text
from domain.money import MoneyError, to_minor
from domain.order import Address
from domain.parcels import Label, Parcel, ParcelState, Quote, Rate, Tracker, TrackingEvent, in_context
from domain.status_maps import StatusMap

_GRAMS_PER_OUNCE = 28.349523125
_MM_PER_INCH = 25.4
_UNIT_CODES = frozenset({"E.SECONDARY_INFORMATION.MISSING", "E.SECONDARY_INFORMATION.INVALID"})
CODE_FORM = "label_qr_code"
_VOIDED = frozenset({"submitted", "refunded"})


@dataclass(frozen=True, slots=True)
class Refund:
    """Postage given back, or refused, by the carrier."""

    shipment_external_id: str
    tracking_number: str
    status: str


@dataclass(frozen=True, slots=True)
class CarrierEvent:
    """One webhook. `known` is False for a topic that nobody has decided about."""

    external_id: str
    topic: str
    occurred_at: datetime | None
    tracker: Tracker | None = None
    refund: Refund | None = None
    known: bool = True


def address_body(address: Address, *, contact: bool = True) -> dict[str, Any]:
    """An address as EasyPost wants it; a mere check of the place needs no person."""
    fields = {
        "name": address.name if contact else "",
        "company": address.company if contact else "",
        "street1": address.line1,
        "street2": address.line2,
        "city": address.city,
        "state": address.region,
        "zip": address.postal_code,
        "country": address.country,
        "phone": address.phone if contact else "",
    }
    return {key: value for key, value in fields.items() if value}


def parcel_body(parcel: Parcel) -> dict[str, float]:
    """Ounces and inches with one decimal, rounded up: carriers charge for what they measure."""
    return {
        "weight": _up(parcel.weight_g / _GRAMS_PER_OUNCE),
        "length": _up(parcel.length_mm / _MM_PER_INCH),
        "width": _up(parcel.width_mm / _MM_PER_INCH),
        "height": _up(parcel.height_mm / _MM_PER_INCH),
    }


def _up(value: float) -> float:
    return max(math.ceil(round(value * 10, 6)), 1) / 10


@shaped
def parse_check(asked: Address, body: Any) -> AddressCheck:
    """The verdict over an address made with `verify`. Raises: Unreadable."""
    data = mapping(body, "address")
    delivery = (mapping(data.get("verifications") or {}, "verifications")).get("delivery")
    if not isinstance(delivery, Mapping):
        return AddressCheck(AddressVerdict.UNVERIFIABLE, codes=("not_verified",))
    codes = tuple(error["code"] for error in delivery.get("errors") or () if error.get("code"))
    if any(code in _UNIT_CODES for code in codes):
        return AddressCheck(AddressVerdict.MISSING_UNIT, codes=codes)
    # A recorded answer says success beside "not found": an error always outweighs the flag.
    if codes or delivery.get("success") is not True:
        return AddressCheck(AddressVerdict.UNVERIFIABLE, codes=codes)
    given = replace(
        asked,
        line1=text(data.get("street1")),
        line2=text(data.get("street2")),
        city=text(data.get("city")),
        region=text(data.get("state")),
        postal_code=text(data.get("zip")),
        country=text(data.get("country")) or asked.country,
    )
    if same_in_substance(asked, given):
        return AddressCheck(AddressVerdict.DELIVERABLE)
    return AddressCheck(AddressVerdict.CORRECTED, suggestion=given)


@shaped
def parse_quote(body: Any) -> Quote:
    """The rates of a shipment. Raises: Unreadable."""
    data = mapping(body, "shipment")
    return Quote(identity(data), tuple(_rate(raw) for raw in data.get("rates") or ()))


def _rate(raw: Any) -> Rate:
    data = mapping(raw, "rate")
    days = data.get("delivery_days")
    return Rate(
        external_id=identity(data),
        carrier=text(data.get("carrier")),
        service=text(data.get("service")),
        cost_minor=_minor(data, "rate"),
        currency=text(data.get("currency")),
        delivery_days=days if days is not None else data.get("est_delivery_days"),
    )


@shaped
def parse_label(body: Any) -> Label | None:
    """The label of a shipment, or None when none has been bought. Raises: Unreadable."""
    data = mapping(body, "shipment")
    postage, bought = data.get("postage_label"), data.get("selected_rate")
    if not postage:
        return None
    rate = mapping(bought, "selected_rate")
    tracker = data.get("tracker") or {}
    return Label(
        quote_external_id=identity(data),
        tracking_number=text(data.get("tracking_code")) or text(tracker.get("tracking_code")),
        carrier=text(rate.get("carrier")),
        service=text(rate.get("service")),
        cost_minor=_minor(rate, "rate"),
        currency=text(rate.get("currency")),
        label_url=text(postage.get("label_pdf_url")) or text(postage.get("label_url")),
        tracker_external_id=text(tracker.get("id")),
        voided=data.get("refund_status") in _VOIDED,
    )


def bought_rate(body: Any) -> str:
    """Id of the rate that a label was bought for; empty without one."""
    return text((mapping(body, "shipment").get("selected_rate") or {}).get("id"))


@shaped
def code_url(body: Any) -> str:
    """Address of the picture that a counter prints a shipment's label from; empty without one. Raises: Unreadable."""
    forms = [mapping(each, "forms") for each in mapping(body, "shipment").get("forms") or ()]
    found = [text(each.get("form_url")) for each in forms if each.get("form_type") == CODE_FORM]
    return found[0] if found else ""


@shaped
def parse_tracker(body: Any, words: StatusMap) -> Tracker:
    """A tracker with its scans, oldest first. Raises: Unreadable."""
    data = mapping(body, "tracker")
    events = [event for raw in data.get("tracking_details") or () if (event := _scan(raw, words)) is not None]
    events.sort(key=lambda event: event.occurred_at)
    if not events and (event := _scan({**data, "datetime": data.get("updated_at")}, words)) is not None:
        events = [event] if event.state is not ParcelState.UNKNOWN else []
    return Tracker(
        external_id=identity(data),
        tracking_number=text(data.get("tracking_code")),
        carrier=text(data.get("carrier")),
        events=_told(events, way_back=data.get("is_return") is True),
        estimated_delivery=moment(data.get("est_delivery_date"), "est_delivery_date"),
        public_url=text(data.get("public_url")),
    )


def _told(events: list[TrackingEvent], *, way_back: bool) -> tuple[TrackingEvent, ...]:
    """A delivery exception right after "out for delivery" is an attempt."""
    told: list[TrackingEvent] = []
    for event in events:
        out = bool(told) and told[-1].state is ParcelState.OUT_FOR_DELIVERY
        attempt = out and not way_back and event.detail_code == "delivery_exception"
        told.append(replace(event, state=ParcelState.ATTEMPTED) if attempt else event)
    return in_context(told, way_back=way_back)


def _scan(raw: Any, words: StatusMap) -> TrackingEvent | None:
    data = mapping(raw, "tracking_details")
    occurred_at = moment(data.get("datetime"), "datetime")
    if occurred_at is None:  # without a time a scan cannot be merged; the next one will have it
        return None
    place = data.get("tracking_location") or {}
    return words.event(
        occurred_at,
        text(data.get("status")),
        text(data.get("status_detail")),
        city=text(place.get("city")),
        region=text(place.get("state")),
        country=text(place.get("country")),
    )


@shaped
def parse_event(body: Any, words: StatusMap) -> CarrierEvent:
    """A webhook's body. Raises: Unreadable."""
    data = mapping(body, "event")
    topic = text(data.get("description"))
    event = CarrierEvent(identity(data), topic, moment(data.get("created_at"), "created_at"))
    result = data.get("result")
    if topic.startswith("tracker."):
        return replace(event, tracker=parse_tracker(result, words))
    if topic.startswith("refund."):
        refund = mapping(result, "result")
        told = Refund(
            shipment_external_id=text(refund.get("shipment_id")),
            tracking_number=text(refund.get("tracking_code")),
            status=text(refund.get("status")),
        )
        return replace(event, refund=told)
    return replace(event, known=topic in IGNORED_TOPICS)


def _minor(data: Mapping[str, Any], field: str) -> int:
    try:
        return to_minor(data[field], data["currency"])
    except (KeyError, MoneyError, TypeError):
        raise Unreadable("bad_amount", field) from None
