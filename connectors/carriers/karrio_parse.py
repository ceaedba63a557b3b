"""Karrio's unified events in our words (`karrio.core.models.TrackingDetails`, schema of contracts/karrio)."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from connectors.carriers.direct_bodies import Scans
from connectors.carriers.local_times import on_the_clock_of
from connectors.errors import AuthFailed
from connectors.reading import Unreadable, shaped, text
from domain.parcels import TrackingEvent, in_context
from domain.status_maps import StatusMap

VENDOR = "karrio"
_COUNTRY = re.compile(r"[A-Z]{2}")
_AUTH = re.compile(r"auth|credential|unauthori[sz]ed|invalid_client|license|password|401|403", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?")
_NOON = 12


@shaped
def parse_details(details: Iterable[Any], words: StatusMap) -> dict[str, Scans]:
    """Scans by number. An event's own word and the carrier's code are kept both; the word for the parcel as a whole is
    not read. Raises: Unreadable."""
    told: dict[str, Scans] = {}
    for parcel in details:
        place = ("", "", "")
        scans: list[TrackingEvent] = []
        for event in sorted(parcel.events or (), key=lambda each: (text(each.date), _clock(text(each.time)))):
            place = _place(text(event.location)) or place  # an event without a place is where the one before was
            scans.append(_event(event, place, words))
        told[str(parcel.tracking_number)] = in_context(sorted(scans, key=lambda scan: scan.occurred_at))
    return told


def _event(event: Any, place: tuple[str, str, str], words: StatusMap) -> TrackingEvent:
    city, region, country = place
    hour, minute, second = _clock(text(event.time))
    try:
        local = datetime.fromisoformat(text(event.date)).replace(hour=hour, minute=minute, second=second)
    except ValueError:
        raise Unreadable("bad_time", "date") from None
    word = text(getattr(event, "status", None))
    return words.event(
        on_the_clock_of(local, country, region),
        word or text(event.code),
        text(event.code) if word else "",
        city=city,
        region=region,
        country=country,
    )


def _clock(time: str) -> tuple[int, int, int]:
    """ "07:13 AM", and also "14:29 PM", as Karrio writes it."""
    found = _CLOCK.search(time)
    if found is None:
        return 0, 0, 0
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    half = (found[4] or "").lower()
    if half == "pm" and hour < _NOON:
        hour += _NOON
    if half == "am" and hour == _NOON:
        hour = 0
    return min(hour, 23), min(minute, 59), min(second, 59)


def _place(location: str) -> tuple[str, str, str] | None:
    """ "CLOVIS, CA, 93612, US": town, region, country. None where the last part is no country."""
    parts = [part.strip() for part in location.split(",")]
    if len(parts) < 2 or not _COUNTRY.fullmatch(parts[-1]):
        return None
    regions = [part for part in parts[1:-1] if re.fullmatch(r"[A-Z]{2,3}", part)]
    return parts[0], regions[0] if regions else "", parts[-1]


def refusal_of(messages: Iterable[Any]) -> str:
    """`auth_failed` where a carrier's message is about our credentials; empty for any other, which means that it knows
    nothing of these parcels. What the message says is not kept."""
    told = [f"{getattr(each, 'code', '')} {getattr(each, 'message', '')}" for each in messages or ()]
    return AuthFailed.code if any(_AUTH.search(each) for each in told) else ""
