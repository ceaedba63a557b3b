"""Refunds of labels that nobody used: by shipment, or by carrier and tracking codes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.easypost.common import error, listing, made_id, missing, required
from sandbox.easypost.hooks import Hooks
from sandbox.easypost.shipments import Shipment, Shipments
from sandbox.easypost.trackers import Trackers

_WINDOW_DAYS = {"USPS": 30}  # the others take back for longer
_OTHERS_DAYS = 90
_UNAVAILABLE = "SHIPMENT.REFUND.UNAVAILABLE"


@dataclass(slots=True)
class Refund:
    id: str
    created_at: datetime
    updated_at: datetime
    shipment: Shipment
    status: str = "submitted"


class Refunds:
    """The handlers under `/v2/refunds`. A refund is done after `refund_after_s`."""

    def __init__(self, world: World, shipments: Shipments, trackers: Trackers, hooks: Hooks) -> None:
        self._world = world
        self._shipments = shipments
        self._trackers = trackers
        self._hooks = hooks
        self.made: dict[str, Refund] = {}
        self._open: list[Refund] = []
        self.refund_after_s = 86_400.0

    def of_shipment(self, request: Request) -> Reply:
        shipment = self._shipments.made.get(request.params["id"])
        if shipment is None:
            return missing()
        if problem := self._why_not(shipment):
            return error(422, _UNAVAILABLE, problem)
        self._ask(shipment)
        self._world.counters.accepted(
            "easypost", "POST /v2/shipments/{id}/refund", shipment.body["reference"] or shipment.id
        )
        return json_reply(200, self._shipments.view(shipment))

    def create(self, request: Request) -> Reply:
        """All codes or none."""
        given = request.object().get("refund")
        codes = given.get("tracking_codes") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(codes, list) or not codes:
            return required("tracking_codes")
        known = {s.body["tracking_code"]: s for s in self._shipments.made.values() if s.bought_at is not None}
        found = [known.get(code) for code in codes]
        shipments = [s for s in found if s is not None and s.body["selected_rate"]["carrier"] == given.get("carrier")]
        if len(shipments) < len(codes):
            return missing()
        for shipment in shipments:
            if problem := self._why_not(shipment):
                return error(422, _UNAVAILABLE, problem)
        made = [self._ask(shipment) for shipment in shipments]
        for shipment in shipments:
            self._world.counters.accepted("easypost", "POST /v2/refunds", shipment.body["tracking_code"])
        return json_reply(201, [view(each) for each in made])

    def get(self, request: Request) -> Reply:
        found = self.made.get(request.params["id"])
        return json_reply(200, view(found)) if found else missing()

    def index(self, request: Request) -> Reply:
        return listing(request, "refunds", list(self.made.values()), view)

    def _why_not(self, shipment: Shipment) -> str | None:
        body = shipment.body
        if shipment.bought_at is None:
            return "The shipment has no postage to refund."
        if body["refund_status"] is not None:
            return "A refund was already requested."
        if self._trackers.by_code[body["tracking_code"]].status not in ("unknown", "pre_transit"):
            return "The parcel is already under way."
        days = _WINDOW_DAYS.get(body["selected_rate"]["carrier"], _OTHERS_DAYS)
        if shipment.bought_at + timedelta(days=days) < self._world.clock.now():
            return f"The label is older than {days} days."
        return None

    def _ask(self, shipment: Shipment) -> Refund:
        body, now = shipment.body, self._world.clock.now()
        body["refund_status"], body["updated_at"] = "submitted", stamp(now)
        made = Refund(made_id(self._world, "rfnd"), now, now, shipment)
        self.made[made.id] = made
        self._open.append(made)
        self._trackers.cancel(body["tracking_code"])
        return made

    def tick(self, now: datetime) -> None:
        wait = timedelta(seconds=self.refund_after_s)
        for each in [each for each in self._open if each.created_at + wait <= now]:
            self._open.remove(each)
            each.status, each.updated_at = "refunded", self._world.clock.now()
            body = each.shipment.body
            body["refund_status"] = "refunded"
            for fee in body["fees"]:
                fee["refunded"] = True
            self._hooks.announce("refund.successful", view(each), {"status": "submitted"})


def view(refund: Refund) -> dict[str, Any]:
    body = refund.shipment.body
    return {
        "id": refund.id,
        "object": "Refund",
        "created_at": stamp(refund.created_at),
        "updated_at": stamp(refund.updated_at),
        "tracking_code": body["tracking_code"],
        "confirmation_number": None,
        "status": refund.status,
        "carrier": body["selected_rate"]["carrier"],
        "shipment_id": refund.shipment.id,
    }
