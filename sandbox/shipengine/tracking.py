"""Tracking by number, and which numbers' changes are told by webhook."""

from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.parcels.model import Parcel, Step
from sandbox.shipengine.common import Errors
from sandbox.shipengine.hooks import Hooks
from sandbox.shipengine.words import CARRIERS, STATUSES, WORDS, carrier_words

_START = "POST /v1/tracking/start"
_PAGES = {
    "ups": "https://www.ups.com/track?tracknum={}",
    "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
    "fedex": "https://www.fedex.com/fedextrack/?action=track&trackingnumber={}",
    "dhl": "https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode={}",
    "dhl_express": "https://www.dhl.com/en/express/tracking.html?AWB={}",
}


class Tracking:
    """The handlers under `/v1/tracking`."""

    def __init__(self, world: World, errors: Errors, hooks: Hooks) -> None:
        self._world, self._errors, self._hooks = world, errors, hooks
        self._followed: dict[str, str] = {}  # tracking number -> the carrier's code that it was asked with
        world.road.listen(self._hear)

    def get(self, request: Request) -> Reply:
        asked = self._asked(request)
        if isinstance(asked, Reply):
            return asked
        code, number = asked
        parcel = self._world.road.find(number, CARRIERS[code])
        return json_reply(200, view(parcel, code)) if parcel else self._errors.missing("The tracking number")

    def start(self, request: Request) -> Reply:
        """A number that its carrier does not know yet is followed all the same."""
        asked = self._asked(request)
        if isinstance(asked, Reply):
            return asked
        code, number = asked
        if number not in self._followed:
            self._world.counters.accepted("shipengine", _START, number)
        self._followed[number] = code
        return Reply(204)

    def stop(self, request: Request) -> Reply:
        asked = self._asked(request)
        if isinstance(asked, Reply):
            return asked
        self._followed.pop(asked[1], None)
        return Reply(204)

    def followed(self) -> list[dict[str, str]]:
        return [{"tracking_number": number, "carrier_code": code} for number, code in self._followed.items()]

    def _asked(self, request: Request) -> tuple[str, str] | Reply:
        """The carrier's code and the number, or what is wrong with them."""
        code, number = request.query("carrier_code"), request.query("tracking_number")
        if not number:
            return self._errors.required("tracking_number")
        if not code:
            return self._errors.required("carrier_code")
        if code not in CARRIERS:
            text = f"The carrier {code} is not supported."
            return self._errors(400, "carrier_not_supported", text, kind="business_rules", field="carrier_code")
        return code, number

    def _hear(self, parcel: Parcel, _before: Step) -> None:
        code = self._followed.get(parcel.number)
        if code is not None and CARRIERS[code] == parcel.carrier:
            query = urlencode({"carrier_code": code, "tracking_number": parcel.number})
            self._hooks.announce(f"{self._world.base_url}/shipengine/v1/tracking?{query}", view(parcel, code))


def view(parcel: Parcel, code: str) -> dict[str, Any]:
    """What is known of a parcel; events newest first. Dates that are not known are left out."""
    last = WORDS[parcel.last.kind]
    carrier_status, carrier_detail, carrier_text = carrier_words(parcel.carrier, parcel.last)
    kinds = {step.kind: at for step, at in parcel.done}
    shown: dict[str, Any] = {
        "tracking_number": parcel.number,
        "tracking_url": _PAGES.get(parcel.carrier, "").format(parcel.number),
        "status_code": last.status,
        "status_detail_code": last.detail,
        "carrier_code": code,
        "carrier_id": 1 + list(CARRIERS).index(code),
        "status_description": STATUSES[last.status],
        "status_detail_description": last.text,
        "carrier_status_code": carrier_status,
        "carrier_detail_code": carrier_detail,
        "carrier_status_description": carrier_text,
        "exception_description": carrier_text if last.status == "EX" else "",
        "events": [_event(parcel, step, at) for step, at in reversed(parcel.done)],
    }
    if "accepted" in kinds:
        shown["ship_date"] = stamp(kinds["accepted"])
        shown["estimated_delivery_date"] = stamp(parcel.expected_at)
    if "delivered" in kinds:
        shown["actual_delivery_date"] = stamp(kinds["delivered"])
    return shown


def _event(parcel: Parcel, step: Step, at: datetime) -> dict[str, Any]:
    """A scan. The file wants a state of two letters or more, so a label shows its sender's, and a country without
    states shows itself."""
    place = parcel.place(step)
    near = place or parcel.origin
    known = WORDS[step.kind]
    carrier_status, carrier_detail, carrier_text = carrier_words(parcel.carrier, step)
    return {
        "occurred_at": stamp(at),
        "carrier_occurred_at": _local(at, near.zone),
        "description": carrier_text,
        "city_locality": place.city if place else "",
        "state_province": near.state if len(near.state) > 1 else near.country,
        "postal_code": place.zip if place else "",
        "country_code": near.country,
        "company_name": "",
        "signer": "",
        "event_code": carrier_detail,
        "carrier_detail_code": carrier_detail,
        "status_code": known.status,
        "status_detail_code": known.detail,
        "status_description": STATUSES[known.status],
        "status_detail_description": known.text,
        "carrier_status_code": carrier_status,
        "carrier_status_description": carrier_text,
    }


def _local(at: datetime, zone: tzinfo) -> str:
    """The time on the clocks there, written as if it were universal time: "it is assumed to be the local time"."""
    return stamp(at.astimezone(zone).replace(tzinfo=UTC))
