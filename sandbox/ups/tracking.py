"""What UPS tells of a parcel, whoever made its label."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.parcels.model import Parcel, Place, Step
from sandbox.ups.common import errors
from sandbox.ups.model import CARRIER, Book
from sandbox.ups.words import word

_KEPT_DAYS = 120  # "Data is rolled off after the 120 day retention period"
_MILESTONES = (
    ("label", "MANIFEST", "Label Created"),
    ("accepted", "SHIPPED", "We Have Your Package"),
    ("arrived", "IN_TRANSIT", "On the Way"),
    ("out", "OUT_FOR_DELIVERY", "Out for Delivery"),
    ("delivered", "DELIVERED", "Delivered"),
)


class Tracking:
    """The handlers under `/api/track`."""

    def __init__(self, world: World, book: Book) -> None:
        self._world = world
        self._book = book

    def details(self, request: Request) -> Reply:
        """An unknown number is no error: the answer warns."""
        number = request.params["number"]
        if refused := _refused(request):
            return refused
        if not 7 <= len(number) <= 34:
            return errors(400, "TV1002", "Invalid inquiry number")
        parcel = self._world.road.find(number, CARRIER)
        if parcel is None or parcel.created_at + timedelta(days=_KEPT_DAYS) < self._world.clock.now():
            return json_reply(200, {"trackResponse": {"shipment": [_nothing()]}})
        milestones = (request.query("returnMilestones") or "false").lower() == "true"
        return json_reply(200, {"trackResponse": {"shipment": [self._shipment(parcel, milestones=milestones)]}})

    def by_reference(self, request: Request) -> Reply:
        """All parcels with a shipper's reference that were made between two dates, by default the last 14 days."""
        if refused := _refused(request):
            return refused
        now = self._world.clock.now()
        try:
            since = _day(request.query("fromPickUpDate")) or now - timedelta(days=14)
            until = _day(request.query("toPickUpDate")) or now
        except ValueError:
            return errors(400, "TV0004", "Invalid pickup date")
        wanted, shipper = request.params["reference"], request.query("shipperNum")
        found = [
            made.parcel
            for made in self._book.values()
            if made.reference == wanted
            and shipper in (None, "", made.shipper_number)
            and since.date() <= made.created_at.date() <= until.date()
        ]
        shipments = [self._shipment(parcel, milestones=False) for parcel in found]
        return json_reply(200, {"trackResponse": {"shipment": shipments or [_nothing()]}})

    def _shipment(self, parcel: Parcel, *, milestones: bool) -> dict[str, Any]:
        package: dict[str, Any] = {
            "trackingNumber": parcel.number,
            "currentStatus": _status(parcel.last),
            "activity": [_activity(parcel, step, at) for step, at in reversed(parcel.done)],
            "packageCount": 1,
            "packageAddress": [
                {"type": name, "address": _address(place)}
                for name, place in (("ORIGIN", parcel.origin), ("DESTINATION", parcel.destination))
            ],
            "referenceNumber": [],
        } | _expected(parcel)
        made = self._book.get(parcel.number)
        if made is not None:
            package["service"] = {"code": made.service, "description": "UPS"}
            package["weight"] = {"unitOfMeasurement": "LBS", "weight": f"{made.pounds:.2f}"}
        if made is not None and made.reference:
            package["referenceNumber"] = [{"type": "SHIPMENT", "number": made.reference}]
        if milestones:
            package["milestones"] = _milestones(parcel)
        return {"inquiryNumber": parcel.number, "package": [package]}


def _refused(request: Request) -> Reply | None:
    if not request.header("transId") or not request.header("transactionSrc"):
        return errors(400, "TV1001", "transId and transactionSrc are required")
    return None


def _nothing() -> dict[str, Any]:
    return {"warnings": [{"code": "TW0001", "message": "Tracking Information Not Found"}]}


def _day(text: str | None) -> datetime | None:
    return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC) if text else None


def _activity(parcel: Parcel, step: Step, at: datetime) -> dict[str, Any]:
    """Date and time are local; those of a label are its origin's, of which only the country is shown."""
    place = parcel.place(step)
    zone = (place or parcel.origin).zone
    local, universal = at.astimezone(zone), at.astimezone(UTC)
    offset = f"{local:%z}"
    shown = _address(place) if place else _country(parcel.origin)
    return {
        "location": {"address": shown},
        "status": _status(step),
        "date": f"{local:%Y%m%d}",
        "time": f"{local:%H%M%S}",
        "gmtDate": f"{universal:%Y%m%d}",
        "gmtTime": f"{universal:%H:%M:%S}",
        "gmtOffset": f"{offset[:3]}:{offset[3:5]}",
    }


def _expected(parcel: Parcel) -> dict[str, Any]:
    """The day of delivery; before, the one it is scheduled for, or rescheduled when the carrier knows of a delay. A
    parcel that nobody handed in has none."""
    kinds = {step.kind: at for step, at in parcel.done}
    zone = parcel.destination.zone
    if "delivered" in kinds:
        local = kinds["delivered"].astimezone(zone)
        return {
            "deliveryDate": [{"type": "DEL", "date": f"{local:%Y%m%d}"}],
            "deliveryTime": {"type": "DEL", "endTime": f"{local:%H%M%S}"},
        }
    if set(kinds) <= {"label"} or parcel.last.kind in ("lost", "returned", "cancelled", "damaged"):
        return {}
    day = f"{parcel.expected_at.astimezone(zone):%Y%m%d}"
    kind = "RDD" if parcel.delay else "SDD"
    return {"deliveryDate": [{"type": kind, "date": day}], "deliveryTime": {"type": "EOD", "endTime": "235900"}}


def _milestones(parcel: Parcel) -> list[dict[str, Any]]:
    """Oldest first; `linkedActivity` counts activities from the newest."""
    kinds = [step.kind for step, _ in reversed(parcel.done)]
    reached = [name for name, _, _ in _MILESTONES if name in kinds]
    found: list[dict[str, Any]] = []
    for name, code, text in _MILESTONES:
        entry: dict[str, Any] = {"code": code, "description": text, "current": bool(reached) and name == reached[-1]}
        if name in kinds:
            entry |= {"state": "COMPLETE", "linkedActivity": str(kinds.index(name)), "category": "PRIMARY"}
        else:
            entry["state"] = "FUTURE"
        found.append(entry)
    return found


def _status(step: Step) -> dict[str, str]:
    known = word(step)
    return {"type": known.type, "code": known.code, "statusCode": known.status_code, "description": known.text}


def _address(place: Place) -> dict[str, Any]:
    shown = {"city": place.city, "stateProvince": place.state, "postalCode": place.zip}
    return {name: value for name, value in shown.items() if value} | _country(place)


def _country(place: Place) -> dict[str, Any]:
    return {"countryCode": place.country, "country": place.country}
