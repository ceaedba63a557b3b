"""Shipments: rates, buying the label, refunding it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.labels import CONTENT_TYPES, label_file
from sandbox.core.world import World
from sandbox.easypost.addresses import Addresses
from sandbox.easypost.bodies import customs_json, parcel_json, postage_label_json
from sandbox.easypost.common import error, listing, made_id, missing, required
from sandbox.easypost.labels import label_lines
from sandbox.easypost.rates import crosses_border, rates_for, zone_between
from sandbox.easypost.trackers import Trackers
from sandbox.parcels.model import Place

_BUY = "POST /v2/shipments/{id}/buy"
_CODES = {
    "USPS": ("9400100", 15),
    "UPSDAP": ("1Z999AA1", 10),
    "UPS": ("1Z999AA1", 10),
    "FedExDefault": ("6129", 8),
    "DHLPaket": ("00340", 15),
    "DHLExpress": ("", 10),
}


@dataclass(slots=True)
class Shipment:
    """A shipment's body, and what the body does not tell."""

    id: str
    created_at: datetime
    body: dict[str, Any]
    bought_at: datetime | None = None


class Shipments:
    """The handlers under `/v2/shipments`, and the label files."""

    def __init__(self, world: World, addresses: Addresses, trackers: Trackers) -> None:
        self._world = world
        self._addresses = addresses
        self._trackers = trackers
        self.made: dict[str, Shipment] = {}
        self._labels = 55_000_000

    def create(self, request: Request) -> Reply:
        given = request.object().get("shipment")
        if not isinstance(given, dict) or not given:
            return required("shipment")
        shipment = self._make(given)
        if isinstance(shipment, Reply):
            return shipment
        self._world.counters.accepted("easypost", "POST /v2/shipments", shipment.body["reference"] or shipment.id)
        wanted = given.get("service")
        if wanted:  # a one-call buy
            chosen = [rate for rate in shipment.body["rates"] if rate["service"] == wanted]
            if not chosen:
                return error(422, "SHIPMENT.RATES.UNAVAILABLE", f"No rate for the service {wanted}.")
            self._buy(shipment, chosen[0])
        location = (("location", f"/api/v2/shipments/{shipment.id}"),)
        return json_reply(201, self.view(shipment), location)

    def _make(self, given: dict[str, Any]) -> Shipment | Reply:
        parts: dict[str, dict[str, Any]] = {}
        for name in ("to_address", "from_address"):
            value = given.get(name)
            if not isinstance(value, dict) or not value:
                return required(name)
            address = self._addresses.make(value)
            if address is None:
                return missing()
            parts[name] = address
        shop, buyer = parts["from_address"], parts["to_address"]
        # a return takes the addresses of the parcel that it answers, and the vendor switches them
        sender, receiver = (buyer, shop) if given.get("is_return") else (shop, buyer)
        now = self._world.clock.now()
        parcel = parcel_json(self._world, given.get("parcel"))
        if parcel is None:
            problem = [{"field": "weight", "message": "must be greater than 0"}]
            return error(422, "PARCEL.INVALID_PARAMS", "Parcel is invalid.", problem)
        body: dict[str, Any] = {
            "id": made_id(self._world, "shp"),
            "created_at": stamp(now),
            "is_return": bool(given.get("is_return")),
            "messages": [],
            "mode": "test",
            "options": (given.get("options") or {})
            | {"currency": "USD", "payment": {"type": "SENDER"}, "date_advance": 0},
            "reference": given.get("reference"),
            "status": "unknown",
            "tracking_code": None,
            "updated_at": stamp(now),
            "batch_id": None,
            "batch_status": None,
            "batch_message": None,
            "customs_info": customs_json(self._world, given.get("customs_info")),
            "from_address": sender,
            "insurance": given.get("insurance"),
            "order_id": None,
            "parcel": parcel,
            "postage_label": None,
            "rates": [],
            "refund_status": None,
            "scan_form": None,
            "selected_rate": None,
            "tracker": None,
            "to_address": receiver,
            "usps_zone": zone_between(sender, receiver),
            "return_address": shop,
            "buyer_address": buyer,
            "forms": [],
            "fees": [],
            "object": "Shipment",
        }
        self._rate(body)
        shipment = Shipment(body["id"], now, body)
        self.made[shipment.id] = shipment
        return shipment

    def _rate(self, body: dict[str, Any]) -> None:
        abroad = crosses_border(body["from_address"]["country"], body["to_address"]["country"])
        if abroad and body["customs_info"] is None:
            body["messages"].append(
                {
                    "carrier": "USPS",
                    "carrier_account_id": "ca_sandbox_usps",
                    "type": "rate_error",
                    "message": "customs_info is required for international shipments",
                }
            )
            return
        body["rates"] = rates_for(self._world, body)

    def view(self, shipment: Shipment) -> dict[str, Any]:
        body = shipment.body
        tracker = self._trackers.by_code.get(body["tracking_code"] or "")
        if tracker is not None:
            body = body | {"tracker": self._trackers.view_in_shipment(tracker), "status": tracker.status}
        return body

    def get(self, request: Request) -> Reply:
        shipment = self.made.get(request.params["id"])
        return json_reply(200, self.view(shipment)) if shipment else missing()

    def index(self, request: Request) -> Reply:
        purchased = (request.query("purchased") or "true").lower() != "false"
        every = [s for s in self.made.values() if s.bought_at is not None or not purchased]
        return listing(request, "shipments", every, self.view)

    def buy(self, request: Request) -> Reply:
        shipment = self.made.get(request.params["id"])
        if shipment is None:
            return missing()
        if shipment.bought_at is not None:
            return error(422, "SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment.")
        given = request.object().get("rate")
        if not isinstance(given, dict) or not given.get("id"):
            return required("rate")
        chosen = [rate for rate in shipment.body["rates"] if rate["id"] == given["id"]]
        if not chosen:
            return error(404, "NOT_FOUND", "The requested rate could not be found.")
        self._buy(shipment, chosen[0])
        return json_reply(200, self.view(shipment))

    def _buy(self, shipment: Shipment, rate: dict[str, Any]) -> None:
        body, now = shipment.body, self._world.clock.now()
        body["selected_rate"] = rate
        body["tracking_code"] = self._tracking_code(rate["carrier"])
        body["updated_at"] = stamp(now)
        self._addresses.confirm(body["to_address"])
        kind = str(body["options"].get("label_format") or "PNG").lower()
        kind = kind if kind in CONTENT_TYPES else "png"
        body["postage_label"] = postage_label_json(self._world, kind, self._url(shipment.id, kind))
        body["fees"] = [
            {"object": "Fee", "type": "LabelFee", "amount": "0.00000", "charged": True, "refunded": False},
            {
                "object": "Fee",
                "type": "PostageFee",
                "amount": f"{float(rate['rate']):.5f}",
                "charged": True,
                "refunded": False,
            },
        ]
        shipment.bought_at = now
        self._trackers.make(
            body["tracking_code"],
            rate["carrier"],
            shipment.id,
            rate["service"],
            is_return=body["is_return"],
            origin=_place(body["from_address"]),
            destination=_place(body["to_address"]),
        )
        self._world.counters.accepted("easypost", _BUY, body["reference"] or shipment.id)

    def _tracking_code(self, carrier: str) -> str:
        """Codes as long as the carriers' own; a counter keeps them apart."""
        self._labels += 1
        prefix, digits = _CODES.get(carrier, ("3S", 13))
        return f"{prefix}{self._labels:0{digits}d}"

    def _url(self, shipment_id: str, kind: str) -> str:
        return f"{self._world.base_url}/easypost/files/postage_label/{shipment_id}.{kind}"

    def label(self, request: Request) -> Reply:
        shipment = self.made.get(request.params["id"])
        if shipment is None:
            return missing()
        kind = (request.query("file_format") or "").lower()
        if shipment.bought_at is None or kind not in CONTENT_TYPES:
            return error(422, "SHIPMENT.LABEL.INVALID", "The label cannot be converted.")
        label = shipment.body["postage_label"]
        label["updated_at"] = stamp(self._world.clock.now())
        if kind != "png":
            label[f"label_{kind}_url"] = self._url(shipment.id, kind)
        return json_reply(200, self.view(shipment))

    def file(self, request: Request) -> Reply:
        shipment_id, _, kind = request.params["name"].partition(".")
        shipment = self.made.get(shipment_id)
        if shipment is None or shipment.bought_at is None or kind not in CONTENT_TYPES:
            return Reply(404)
        return Reply(200, label_file(kind, label_lines(shipment.body)), (), CONTENT_TYPES[kind])


def _place(address: dict[str, Any]) -> Place:
    city, state, postal = (str(address.get(name) or "") for name in ("city", "state", "zip"))
    return Place(city, state, postal, str(address.get("country") or "US"))
