"""Trackers: one per tracking code, moving along a plan by the sandbox's clock."""

import base64
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.easypost.common import error, listing, made_id, missing, required
from sandbox.easypost.plans import PLANS, Step, due_at

Announce = Callable[[str, dict[str, Any], dict[str, Any]], None]  # description, result, previous attributes

_FINAL = ("delivered", "return_to_sender", "failure", "cancelled")


@dataclass(slots=True)
class Tracker:
    """A parcel as EasyPost sees it."""

    id: str
    code: str
    carrier: str
    created_at: datetime
    updated_at: datetime
    shipment_id: str | None = None
    plan: str = "normal"
    done: list[tuple[Step, datetime]] = field(default_factory=list)
    due: datetime | None = None
    service: str | None = None

    @property
    def status(self) -> str:
        return self.done[-1][0].status if self.done else "unknown"


class Trackers:
    """The handlers under `/v2/trackers`, and the moving."""

    def __init__(self, world: World, announce: Announce) -> None:
        self._world = world
        self._announce = announce
        self.by_id: dict[str, Tracker] = {}
        self.by_code: dict[str, Tracker] = {}
        self.plans: dict[str, str] = {}
        self._plan: list[tuple[datetime, str]] = []

    def make(self, code: str, carrier: str, shipment_id: str | None = None, service: str | None = None) -> Tracker:
        now = self._world.clock.now()
        tracker = Tracker(made_id(self._world, "trk"), code, carrier, now, now, shipment_id, service=service)
        tracker.plan = self.plans.get(code, "normal")
        self.by_id[tracker.id] = self.by_code[code] = tracker
        tracker.done.append((PLANS[tracker.plan][0], now))
        self._schedule(tracker)
        self._announce("tracker.created", self.view(tracker), {})
        return tracker

    def follow(self, code: str, plan: str) -> None:
        """Choose a parcel's plan, before or after its tracker exists; what was reported stays."""
        self.plans[code] = plan
        tracker = self.by_code.get(code)
        if tracker is not None:
            tracker.plan = plan
            self._schedule(tracker)

    def cancel(self, code: str) -> None:
        """The label was refunded: the parcel never travels."""
        tracker = self.by_code[code]
        tracker.due = None
        self._report(tracker, Step(0, "cancelled", "cancelled", "Label refunded"), self._world.clock.now())

    def _next(self, tracker: Tracker) -> Step | None:
        reached = max((step.hours for step, _ in tracker.done), default=-1.0)
        return next((step for step in PLANS[tracker.plan] if step.hours > reached), None)

    def _schedule(self, tracker: Tracker) -> None:
        step = None if tracker.status == "cancelled" else self._next(tracker)
        tracker.due = due_at(tracker.code, tracker.created_at, step) if step else None
        if tracker.due is not None:
            heapq.heappush(self._plan, (tracker.due, tracker.id))

    def tick(self, now: datetime) -> None:
        while self._plan and self._plan[0][0] <= now:
            due, tracker_id = heapq.heappop(self._plan)
            tracker = self.by_id[tracker_id]
            step = self._next(tracker) if tracker.due == due else None
            if step is not None:
                self._report(tracker, step, due)
                self._schedule(tracker)

    def _report(self, tracker: Tracker, step: Step, at: datetime) -> None:
        before = {"status": tracker.status}
        tracker.done.append((step, at))
        tracker.updated_at = self._world.clock.now()
        self._announce("tracker.updated", self.view(tracker), before)

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
        made = tracker.created_at
        last = tracker.done[-1][0] if tracker.done else None
        token = base64.b64encode(f"v1:{tracker.id}".encode()).decode().rstrip("=")
        return {
            "id": tracker.id,
            "object": "Tracker",
            "mode": "test",
            "tracking_code": tracker.code,
            "status": tracker.status,
            "status_detail": last.detail if last else "unknown",
            "created_at": stamp(made),
            "updated_at": stamp(tracker.updated_at),
            "signed_by": None,
            "weight": None,
            "est_delivery_date": stamp(made + timedelta(hours=50)),
            "shipment_id": tracker.shipment_id,
            "carrier": tracker.carrier,
            "tracking_details": [_detail(step, at, tracker.carrier) for step, at in tracker.done],
            "carrier_detail": {
                "object": "CarrierDetail",
                "service": tracker.service or "Ground",
                "container_type": None,
                "est_delivery_date_local": None,
                "est_delivery_time_local": None,
                "origin_location": "RENO NV, 89502",
                "origin_tracking_location": _location("RENO", "NV", "89502"),
                "destination_location": "BROOKLYN NY, 11201",
                "destination_tracking_location": None,
                "guaranteed_delivery_date": None,
                "alternate_identifier": None,
                "initial_delivery_attempt": None,
            },
            "finalized": tracker.status in _FINAL,
            "is_return": tracker.status == "return_to_sender",
            "public_url": f"https://track.easypost.com/{token}",
        }


def _detail(step: Step, at: datetime, carrier: str) -> dict[str, Any]:
    return {
        "object": "TrackingDetail",
        "message": step.message,
        "description": "",
        "status": step.status,
        "status_detail": step.detail,
        "datetime": stamp(at),
        "source": carrier,
        "carrier_code": "",
        "tracking_location": _location(step.city, step.state, step.zip),
    }


def _location(city: str | None, state: str | None, postal: str | None) -> dict[str, Any]:
    return {"object": "TrackingLocation", "city": city, "state": state, "country": None, "zip": postal}
