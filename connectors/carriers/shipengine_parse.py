"""ShipEngine's bodies in our words: pure functions over decoded JSON of API v1 (OpenAPI of 2026-04-08)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.http import Refusal
from connectors.reading import mapping, moment, shaped, text
from domain.parcels import Tracker, TrackingEvent, in_context
from domain.status_maps import StatusMap

VENDOR = "shipengine"
NOT_MAPPED = "CARRIER_STATUS_NOT_MAPPED"
TRACK_TOPIC = "API_TRACK"
_CARRIERS = {  # names that parcels have -> `carrier_code`, where it is not simply the same in lower case
    "dhlexpress": "dhl_express",
    "dhlecommerce": "dhl_ecommerce",
    "fedexdefault": "fedex",
    "upsdap": "ups",
    "canadapost": "canada_post",
    "royalmail": "royal_mail",
}


def carrier_code(carrier: str) -> str:
    """ "DHL Express" is `dhl_express`, "USPS" is `usps`."""
    plain = carrier.strip().lower().replace("-", "_").replace(" ", "_")
    return _CARRIERS.get(plain.replace("_", ""), plain)


def external_id(carrier: str, number: str) -> str:
    """ShipEngine knows parcels by carrier and number."""
    return f"{VENDOR}:{carrier_code(carrier)}:{number}"


def external_id_of(body: Mapping[str, Any]) -> str:
    """Which parcel a webhook is about; empty where it does not say. The address of the resource names the carrier, the
    data may leave it out."""
    data = body.get("data")
    data = data if isinstance(data, Mapping) else {}
    asked = parse_qs(urlsplit(text(body.get("resource_url"))).query)
    number = text(data.get("tracking_number")) or asked.get("tracking_number", [""])[0]
    carrier = text(data.get("carrier_code")) or asked.get("carrier_code", [""])[0]
    return external_id(carrier, number) if carrier and number else ""


def read_refusal(status: int, body: Any) -> Refusal:
    """`errors[0].error_code` is a stable word."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    reason = "not_found" if status == 404 else text(first.get("error_code")) or "rejected"
    return Refusal(reason, f"{text(first.get('error_code'))} {text(first.get('message'))}".strip())


@shaped
def parse_tracking(body: Any, external: str, number: str, carrier: str, words: StatusMap) -> Tracker:
    """All scans of a parcel. Raises: Unreadable."""
    data = mapping(body, "tracking")
    newest_first = data.get("events") or []
    scans = [scan for raw in reversed(newest_first) if (scan := _scan(raw, words)) is not None]
    return Tracker(
        external_id=external,
        tracking_number=number,
        carrier=carrier,
        events=in_context(sorted(scans, key=lambda event: event.occurred_at)),
        estimated_delivery=moment(data.get("estimated_delivery_date"), "estimated_delivery_date"),
        public_url=text(data.get("tracking_url")),
    )


def _scan(raw: Any, words: StatusMap) -> TrackingEvent | None:
    data = mapping(raw, "events")
    occurred_at = moment(data.get("occurred_at"), "occurred_at")
    if occurred_at is None:  # without a time a scan cannot be merged
        return None
    code, detail = text(data.get("status_code")), text(data.get("status_detail_code"))
    if detail == NOT_MAPPED:  # what ShipEngine does not understand is kept in the carrier's own words
        code = text(data.get("carrier_status_code")) or code
    return words.event(
        occurred_at,
        code,
        detail,
        city=text(data.get("city_locality")),
        region=text(data.get("state_province")),
        country=text(data.get("country_code")),
    )
