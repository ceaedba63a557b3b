"""What UPS tells of a parcel, in our words: pure functions over answers of Track API v1."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.carriers.local_times import compact, in_offset, offset_of, on_the_clock_of
from connectors.reading import Unreadable, mapping, shaped, text
from domain.parcels import Tracker, TrackingEvent, in_context
from domain.status_maps import StatusMap

_RESCHEDULED, _SCHEDULED = "RDD", "SDD"
_DAYS_END = "235959"


@shaped
def parse_tracking(body: Any, external_id: str, number: str, words: StatusMap) -> Tracker | None:
    """The parcel of the number; None where UPS knows nothing of it, which it says in a warning. Raises: Unreadable."""
    answer = mapping(mapping(body, "answer").get("trackResponse"), "trackResponse")
    shipments = [mapping(each, "shipment") for each in answer.get("shipment") or ()]
    packages = [mapping(each, "package") for shipment in shipments for each in shipment.get("package") or ()]
    found = [package for package in packages if package.get("trackingNumber") == number] or packages
    if not found:
        return None
    if len(found) > 1:  # others of the shipment, and none of them the one that was asked for
        raise Unreadable("ambiguous", "package")
    [package] = found
    newest_first = package.get("activity") or []
    events = [scan for raw in reversed(newest_first) if (scan := _scan(raw, words)) is not None]
    return Tracker(
        external_id=external_id,
        tracking_number=number,
        carrier="UPS",
        events=in_context(sorted(events, key=lambda event: event.occurred_at)),
        estimated_delivery=_expected(package),
    )


def _scan(raw: Any, words: StatusMap) -> TrackingEvent | None:
    data = mapping(raw, "activity")
    status = mapping(data.get("status") or {}, "status")
    place = mapping((data.get("location") or {}).get("address") or {}, "address")
    country = text(place.get("countryCode")) or text(place.get("country"))
    region = text(place.get("stateProvince"))
    occurred_at = _when(data, country, region)
    if occurred_at is None:  # without a time a scan cannot be merged
        return None
    return words.event(
        occurred_at,
        text(status.get("code")),
        "/".join(part for part in (text(status.get("type")), text(status.get("statusCode"))) if part),
        city=text(place.get("city")),
        region=region,
        country=country,
    )


def _when(data: Mapping[str, Any], country: str, region: str) -> datetime | None:
    offset = offset_of(text(data.get("gmtOffset")))
    if date := text(data.get("gmtDate")):
        return in_offset(compact(date, text(data.get("gmtTime")), "gmtDate").replace(tzinfo=UTC), offset)
    date = text(data.get("date"))
    if not date:
        return None
    local = compact(date, text(data.get("time")), "date")
    return local.replace(tzinfo=offset) if offset else on_the_clock_of(local, country, region)


def _expected(package: Mapping[str, Any]) -> datetime | None:
    """The rescheduled day before the scheduled one, until its end where no hour is told."""
    days = {text(each.get("type")): text(each.get("date")) for each in package.get("deliveryDate") or ()}
    day = days.get(_RESCHEDULED) or days.get(_SCHEDULED) or ""
    until = text((package.get("deliveryTime") or {}).get("endTime"))
    if not (day.isascii() and day.isdigit()):
        return None
    ends: list[Mapping[str, Any]] = package.get("packageAddress") or []
    place = next((each.get("address") or {} for each in ends if each.get("type") == "DESTINATION"), {})
    local = compact(day, until if until.isascii() and until.isdigit() else _DAYS_END, "deliveryDate")
    return on_the_clock_of(local, text(place.get("countryCode")), text(place.get("stateProvince")))
