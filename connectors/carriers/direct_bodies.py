"""Tracking answers of carriers that are reached by way of Karrio, read from the carriers' own bodies.

Karrio's own reading drops the offset of each time and calls what it does not know `in_transit`; the bodies say more.
One reader a carrier, each a pure function from what Karrio's connector has decoded to trackers' scans by number.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any, Protocol

from babel.core import get_global

from connectors.carriers.local_times import in_offset, offset_of, on_the_clock_of, wall
from connectors.reading import mapping, shaped, text
from domain.parcels import TrackingEvent, in_context
from domain.postal import country_code
from domain.status_maps import StatusMap

Scans = tuple[TrackingEvent, ...]
Told = dict[str, Scans]
_PLACE = re.compile(r"(?P<city>.+)-(?P<country>[A-Z]{3})")


class Element(Protocol):
    """What the two XML libraries have in common."""

    def findall(self, path: str) -> Sequence["Element"]: ...

    def findtext(self, path: str, default: str = "") -> str: ...


def _sorted(scans: Iterable[TrackingEvent]) -> Scans:
    return in_context(sorted(scans, key=lambda scan: scan.occurred_at))


@shaped
def read_fedex(body: Any, words: StatusMap) -> Told:
    """Track API v1. FedEx uses numbers again: of several parcels under one, the one scanned last is meant.
    Raises: Unreadable."""
    told: Told = {}
    for result in (mapping(body, "answer").get("output") or {}).get("completeTrackResults") or ():
        found = [_fedex_scans(each, words) for each in result.get("trackResults") or ()]
        known = [scans for scans in found if scans]
        if known:
            told[text(result.get("trackingNumber"))] = max(known, key=lambda scans: scans[-1].occurred_at)
    return told


def _fedex_scans(result: Mapping[str, Any], words: StatusMap) -> Scans:
    scans = []
    for raw in result.get("scanEvents") or ():
        place = raw.get("scanLocation") or {}
        country, region = text(place.get("countryCode")), text(place.get("stateOrProvinceCode"))
        scans.append(
            words.event(
                on_the_clock_of(wall(text(raw.get("date")), "date"), country, region),
                text(raw.get("eventType")),
                text(raw.get("exceptionCode")) or text(raw.get("locationType")),
                city=text(place.get("city")),
                region=region,
                country=country,
            )
        )
    return _sorted(scans)


@shaped
def read_usps(body: Any, words: StatusMap) -> Told:
    """Tracking v3: pairs of number and answer. Raises: Unreadable."""
    return {
        text(number): _sorted(_usps_scan(mapping(raw, "trackingEvents"), words) for raw in events)
        for number, answer in body
        if (events := mapping(answer, "answer").get("trackingEvents"))
    }


def _usps_scan(raw: Mapping[str, Any], words: StatusMap) -> TrackingEvent:
    region, country = text(raw.get("eventState")), text(raw.get("eventCountry")) or "US"
    local, offset = text(raw.get("eventTimestamp")), offset_of(text(raw.get("GMTOffset")))
    if exact := text(raw.get("GMTTimestamp")):  # to the second, where the local time has only minutes
        occurred_at = in_offset(wall(exact, "GMTTimestamp").astimezone(UTC), offset)
    else:
        moment = wall(local, "eventTimestamp")
        occurred_at = moment.replace(tzinfo=offset) if offset else on_the_clock_of(moment, country, region)
    return words.event(
        occurred_at, text(raw.get("eventCode")), city=text(raw.get("eventCity")), region=region, country=country
    )


@shaped
def read_dhl_universal(body: Any, words: StatusMap) -> Told:
    """Shipment Tracking - Unified v1: a list of answers. Times without an offset are local. Raises: Unreadable."""
    told: Told = {}
    for answer in body:
        for shipment in mapping(answer, "answer").get("shipments") or ():
            scans = [_dhl_scan(mapping(raw, "events"), words) for raw in shipment.get("events") or ()]
            told[str(shipment.get("id") or "")] = _sorted(scans)
    return told


def _dhl_scan(raw: Mapping[str, Any], words: StatusMap) -> TrackingEvent:
    place = (raw.get("location") or {}).get("address") or {}
    country = text(place.get("countryCode"))
    return words.event(
        on_the_clock_of(wall(text(raw.get("timestamp")), "timestamp"), country),
        text(raw.get("statusCode")),
        # DHL writes the street before the town
        city=text(place.get("addressLocality")).rpartition(",")[2].strip(),
        country=country,
    )


@shaped
def read_dhl_express(body: Element, words: StatusMap) -> Told:
    """XML Services 10. Times are those of the place, which is named with its country's three letters.
    Raises: Unreadable."""
    told: Told = {}
    for parcel in body.findall(".//AWBInfo"):
        scans = [_express_scan(each, words) for each in parcel.findall("ShipmentInfo/ShipmentEvent")]
        if scans:
            told[parcel.findtext("AWBNumber").strip()] = _sorted(scans)
    return told


def _express_scan(event: Element, words: StatusMap) -> TrackingEvent:
    area = event.findtext("ServiceArea/Description").strip()
    found = _PLACE.fullmatch(area)
    city, _, region = (found["city"] if found else "").partition(",")
    country = country_code(_alpha_2(found["country"])) if found else ""
    local = wall(f"{event.findtext('Date').strip()}T{event.findtext('Time').strip()}", "Date")
    return words.event(
        on_the_clock_of(local, country, region.strip()),
        event.findtext("ServiceEvent/EventCode").strip(),
        city=city.strip() or area,
        region=region.strip(),
        country=country,
    )


def _alpha_2(country: str) -> str:
    """ "JAM" -> "JM", by CLDR; what it does not know stays."""
    found = get_global("territory_aliases").get(country) or [country]
    return str(found[0])


Reader = Callable[[Any, StatusMap], Told]
READERS: Mapping[str, Reader] = {
    "fedex": read_fedex,
    "usps": read_usps,
    "dhl_universal": read_dhl_universal,
    "dhl_express": read_dhl_express,
}
