"""Trackers: what EasyPost tells of the parcels that it was asked to follow."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.easypost.common import error, listing, made_id, missing, required
from sandbox.easypost.words import CARRIERS, detail, message, status
from sandbox.parcels.model import BROOKLYN, RENO, Parcel, Place, Step

Announce = Callable[[str, dict[str, Any], dict[str, Any]], None]  # description, result, previous attributes

_FINAL = ("delivered", "return_to_sender", "failure", "cancelled")


@dataclass(slots=True)
class Tracker:
    """A parcel as EasyPost sees it."""

    id: str
    parcel: Parcel
    carrier: str
    created_at: datetime
    updated_at: datetime
    shipment_id: str | None = None
    service: str | None = None
    is_return: bool = False

    @property
    def code(self) -> str:
        return self.parcel.number

    @property
    def status(self) -> str:
        return status(self.parcel.last)


class Trackers:
    """The handlers under `/v2/trackers`, and the telling."""

    def __init__(self, world: World, announce: Announce) -> None:
        self._world = world
        self._announce = announce
        self.by_id: dict[str, Tracker] = {}
        self.by_code: dict[str, Tracker] = {}
        world.road.listen(self._hear)

    def make(
        self,
        code: str,
        carrier: str,
        shipment_id: str | None = None,
        service: str | None = None,
        *,
        is_return: bool = False,
        origin: Place = RENO,
        destination: Place = BROOKLYN,
    ) -> Tracker:
        """The label of a return waits for the customer: its parcel moves when it is handed in. A parcel that is under
        way already is followed from where it is."""
        now, road = self._world.clock.now(), self._world.road
        parcel = road.find(code) or road.add(
            code,
            CARRIERS.get(carrier, carrier.lower()),
            "waiting" if is_return else "normal",
            origin=origin,
            destination=destination,
        )
        tracker = Tracker(made_id(self._world, "trk"), parcel, carrier, now, now, shipment_id, service, is_return)
        self.by_id[tracker.id] = self.by_code[code] = tracker
        self._announce("tracker.created", self.view(tracker), {})
        return tracker

    def hand_in(self, code: str, plan: str) -> bool:
        """A customer brings a parcel to the counter. False when there is no such label, or it was refunded or used."""
        tracker = self.by_code.get(code)
        return tracker is not None and self._world.road.hand_in(tracker.parcel, plan)

    def deliver(self, code: str) -> bool:
        """Everything that its plan still holds happens now."""
        tracker = self.by_code.get(code)
        return tracker is not None and self._world.road.deliver(tracker.parcel)

    def cancel(self, code: str) -> None:
        """The label was refunded."""
        self._world.road.cancel(self.by_code[code].parcel)

    def _hear(self, parcel: Parcel, before: Step) -> None:
        tracker = self.by_code.get(parcel.number)
        if tracker is not None:
            tracker.updated_at = self._world.clock.now()
            self._announce("tracker.updated", self.view(tracker), {"status": status(before)})

    def create(self, request: Request) -> Reply:
        given = request.object().get("tracker")
        code = given.get("tracking_code") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(code, str) or not code.strip():
            return required("tracking_code")
        known = self.by_code.get(code)
        if known is not None:
            return json_reply(200, self.view(known))
        tracker = self.make(code, str(given.get("carrier") or "USPS"))
        self._world.counters.accepted("easypost", "POST /v2/trackers", code)
        return json_reply(201, self.view(tracker), (("location", f"/api/v2/trackers/{tracker.id}"),))

    def get(self, request: Request) -> Reply:
        key = request.params["id"]
        tracker = self.by_id.get(key) or self.by_code.get(key)
        return json_reply(200, self.view(tracker)) if tracker else missing()

    def index(self, request: Request) -> Reply:
        codes = request.query_all("tracking_code") + request.query_all("tracking_codes")
        codes += request.query_all("tracking_codes[]")
        carrier = request.query("carrier")
        every = [self.by_code[code] for code in codes if code in self.by_code] if codes else None
        found = [
            tracker
            for tracker in (self.by_id.values() if every is None else every)
            if carrier is None or tracker.carrier == carrier
        ]
        return listing(request, "trackers", found, self.view)

    def batch(self, request: Request) -> Reply:
        codes = request.object().get("tracking_codes")
        if not isinstance(codes, list):
            return error(422, "PARAMETER.INVALID", "tracking_codes must be a list.")
        found = [self.view(self.by_code[code]) for code in codes if code in self.by_code]
        return json_reply(200, {"trackers": found})

    def view_in_shipment(self, tracker: Tracker) -> dict[str, Any]:
        """As a shipment shows it: with fees, without the two flags that only a tracker's own answer has."""
        view = self.view(tracker)
        del view["finalized"], view["is_return"]
        return view | {"fees": []}

    def view(self, tracker: Tracker) -> dict[str, Any]:
        parcel = tracker.parcel
        token = base64.b64encode(f"v1:{tracker.id}".encode()).decode().rstrip("=")
        return {
            "id": tracker.id,
            "object": "Tracker",
            "mode": "test",
            "tracking_code": tracker.code,
            "status": tracker.status,
            "status_detail": detail(parcel.last),
            "created_at": stamp(tracker.created_at),
            "updated_at": stamp(tracker.updated_at),
            "signed_by": None,
            "weight": None,
            "est_delivery_date": stamp(parcel.expected_at),
            "shipment_id": tracker.shipment_id,
            "carrier": tracker.carrier,
            "tracking_details": [_detail(parcel, step, at, tracker.carrier) for step, at in parcel.done],
            "carrier_detail": {
                "object": "CarrierDetail",
                "service": tracker.service or "Ground",
                "container_type": None,
                "est_delivery_date_local": None,
                "est_delivery_time_local": None,
                "origin_location": _line(parcel.origin),
                "origin_tracking_location": _location(parcel.origin),
                "destination_location": _line(parcel.destination),
                "destination_tracking_location": None,
                "guaranteed_delivery_date": None,
                "alternate_identifier": None,
                "initial_delivery_attempt": None,
            },
            "finalized": tracker.status in _FINAL,
            "is_return": tracker.is_return or tracker.status == "return_to_sender",
            "public_url": f"https://track.easypost.com/{token}",
        }


def _detail(parcel: Parcel, step: Step, at: datetime, carrier: str) -> dict[str, Any]:
    return {
        "object": "TrackingDetail",
        "message": message(step),
        "description": "",
        "status": status(step),
        "status_detail": detail(step),
        "datetime": stamp(at),
        "source": carrier,
        "carrier_code": "",
        "tracking_location": _location(parcel.place(step)),
    }


def _line(place: Place) -> str:
    return f"{place.city} {place.state}, {place.zip}".upper()


def _location(place: Place | None) -> dict[str, Any]:
    """Within the United States carriers name no country."""
    city, state, postal = (None, None, None) if place is None else (place.city.upper(), place.state, place.zip)
    country = None if place is None or place.country == "US" else place.country
    return {"object": "TrackingLocation", "city": city, "state": state, "country": country, "zip": postal}
