"""Labels: making, voiding and finding them again.

UPS has no keys for repeated requests: whoever asks twice has two labels. A label is found again by its number, or by
its reference with the shipper's number.
"""

import base64
from datetime import timedelta
from typing import Any

from sandbox.core.http import BadJsonError, Reply, Request, json_reply
from sandbox.core.labels import label_file
from sandbox.core.world import World
from sandbox.ups.common import INVALID, NO_LABEL, NOT_VOIDABLE, UNKNOWN_SHIPPER, errors, money, response, status
from sandbox.ups.model import CARRIER, Book, Shipment, place

ACCOUNT = "A1B2C3"
_SERVICES = {"01": "Next Day Air", "02": "2nd Day Air", "03": "Ground", "11": "Standard", "12": "3 Day Select"}
_PRICES = {"01": 42.0, "02": 24.0, "03": 9.5, "11": 11.0, "12": 17.5}
_ERL, _PRL = "8", "9"  # the carrier mails the label to the customer; the caller gets it to print
_IMAGES = {"GIF": "gif", "ZPL": "zpl"}  # EPL and SPL are not drawn here
_RECOVERED = {**_IMAGES, "PDF": "pdf"}
_VOID_DAYS = 28
_NOT_FOUND = "No shipment found within the allowed void period"


class Shipping:
    """The handlers under `/api/shipments` and `/api/labels`."""

    def __init__(self, world: World, book: Book) -> None:
        self._world = world
        self._book = book
        self._made = 0

    def ship(self, request: Request) -> Reply:
        wanted = request.object().get("ShipmentRequest")
        if not isinstance(wanted, dict):
            raise BadJsonError("ShipmentRequest is expected")
        made = self._read(wanted)
        if isinstance(made, Reply):
            return made
        self._book[made.number] = made
        operation = "POST /api/shipments/{version}/ship"
        self._world.counters.accepted("ups", operation, made.reference or made.number)
        return json_reply(200, {"ShipmentResponse": self._answer(made, wanted.get("Request"))})

    def _read(self, wanted: dict[str, Any]) -> Shipment | Reply:
        """The shipment that is asked for, or why there is none."""
        given = wanted.get("Shipment")
        if not isinstance(wanted.get("Request"), dict) or not isinstance(given, dict):
            return errors(400, INVALID, "Missing or invalid Request or Shipment.")
        shipper, to, sender = given.get("Shipper"), given.get("ShipTo"), given.get("ShipFrom")
        if not isinstance(shipper, dict) or shipper.get("ShipperNumber") != ACCOUNT:
            return errors(400, UNKNOWN_SHIPPER, "Missing or invalid shipper number")
        back = _code(given.get("ReturnService"))
        if given.get("ReturnService") is not None and back not in (_ERL, _PRL):
            return errors(400, INVALID, "The return service is not contracted.")
        if back and sender is None:
            return errors(400, INVALID, "A ShipFrom is required for return shipments.")
        origin = sender if sender is not None else shipper
        for name, party in (("Shipper", shipper), ("ShipTo", to), ("ShipFrom", origin)):
            if problem := _bad_party(party):
                return errors(400, INVALID, f"{name}: {problem}")
        if back == _ERL and not _mail_of(given):
            return errors(400, INVALID, "An e-mail address is required for an electronic return label.")
        service, image = _code(given.get("Service")), _code(_at(wanted, "LabelSpecification", "LabelImageFormat"))
        if service not in _SERVICES:
            return errors(400, INVALID, "Missing or invalid service code.")
        if back != _ERL and image not in _IMAGES:
            return errors(400, INVALID, "Missing or invalid label image format.")
        packages = given.get("Package")
        package = packages[0] if isinstance(packages, list) and len(packages) == 1 else packages
        if not isinstance(package, dict) or not _code(package.get("Packaging")):
            return errors(400, INVALID, "Exactly one package with its packaging is taken here.")
        pounds = _pounds(package.get("PackageWeight"))
        if pounds is None:
            return errors(400, INVALID, "Missing or invalid package weight.")
        self._made += 1
        assert isinstance(to, dict)
        number = f"1Z{ACCOUNT}{service}{self._made:08d}"
        parcel = self._world.road.add(number, CARRIER, "waiting", origin=place(origin), destination=place(to))
        return Shipment(
            parcel=parcel,
            created_at=parcel.created_at,
            shipper_number=ACCOUNT,
            reference=_reference(given) or _reference(package),
            service=service,
            return_service=back,
            destination=to,
            pounds=pounds,
            image=image or "GIF",
            charge=_PRICES[service] + 0.6 * pounds,
        )

    def _answer(self, made: Shipment, request: Any) -> dict[str, Any]:
        package: dict[str, Any] = {
            "TrackingNumber": made.number,
            "ServiceOptionsCharges": money(0),
        }
        if made.return_service != _ERL:
            package["ShippingLabel"] = {
                "ImageFormat": status(made.image, made.image),
                "GraphicImage": _image(made, _IMAGES[made.image]),
            }
        return {
            "Response": response(request),
            "ShipmentResults": {
                "ShipmentCharges": {
                    "TransportationCharges": money(made.charge),
                    "ServiceOptionsCharges": money(0),
                    "TotalCharges": money(made.charge),
                },
                "BillingWeight": {
                    "UnitOfMeasurement": {"Code": "LBS", "Description": "Pounds"},
                    "Weight": f"{made.pounds:08.2f}",  # eight characters, says the file
                },
                "ShipmentIdentificationNumber": made.number,
                "PackageResults": [package],
            },
        }

    def void(self, request: Request) -> Reply:
        made = self._book.get(request.params["number"])
        now = self._world.clock.now()
        if made is None or made.created_at + timedelta(days=_VOID_DAYS) < now:
            return errors(400, NOT_VOIDABLE, _NOT_FOUND)
        if not made.unused:
            return errors(400, NOT_VOIDABLE, "The shipment was voided or is under way")
        self._world.road.cancel(made.parcel)
        self._world.counters.accepted("ups", "DELETE /api/shipments/{version}/void/cancel/{number}", made.number)
        results = [{"TrackingNumber": made.number, "Status": status()}]
        body = {"Response": {"ResponseStatus": status()}, "SummaryResult": {"Status": status("1", "Voided")}}
        return json_reply(200, {"VoidShipmentResponse": {**body, "PackageLevelResults": results}})

    def recover(self, request: Request) -> Reply:
        wanted = request.object().get("LabelRecoveryRequest")
        if not isinstance(wanted, dict):
            raise BadJsonError("LabelRecoveryRequest is expected")
        found = self._find(wanted)
        if found is None or found.voided or found.return_service == _ERL:
            return errors(400, NO_LABEL, "No label was found.")
        kind = _code(_at(wanted, "LabelSpecification", "LabelImageFormat")) or "GIF"
        if kind not in _RECOVERED:
            return errors(400, INVALID, "Missing or invalid label image format.")
        image = {"LabelImageFormat": {"Code": kind}, "GraphicImage": _image(found, _RECOVERED[kind])}
        body = {
            "Response": response(wanted.get("Request")),
            "ShipmentIdentificationNumber": found.number,
            "LabelResults": [{"TrackingNumber": found.number, "LabelImage": image}],
        }
        return json_reply(200, {"LabelRecoveryResponse": body})

    def _find(self, wanted: dict[str, Any]) -> Shipment | None:
        """The newest with a reference, when it is asked for by that."""
        if number := wanted.get("TrackingNumber"):
            return self._book.get(number) if isinstance(number, str) else None
        reference = _at(wanted, "ReferenceValues", "ReferenceNumber", "Value")
        shipper = _at(wanted, "ReferenceValues", "ShipperNumber")
        known = [x for x in self._book.values() if (x.reference, x.shipper_number) == (reference, shipper)]
        return known[-1] if reference and known else None


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _code(value: Any) -> str | None:
    code = _at(value, "Code")
    return code if isinstance(code, str) and code else None


def _bad_party(party: Any) -> str | None:
    address = _at(party, "Address")
    if not isinstance(_at(party, "Name"), str) or not party["Name"].strip():
        return "a name is required."
    if not isinstance(address, dict):
        return "an address is required."
    if not isinstance(address.get("AddressLine"), list) or not address["AddressLine"] or not address.get("City"):
        return "address line and city are required."
    if not isinstance(address.get("CountryCode"), str) or len(address["CountryCode"]) != 2:
        return "a country code is required."
    return None


def _mail_of(given: dict[str, Any]) -> Any:
    return _at(given, "ShipmentServiceOptions", "LabelDelivery", "EMail", "EMailAddress")


def _pounds(given: Any) -> float | None:
    try:
        weight = float(_at(given, "Weight"))
    except (TypeError, ValueError):
        return None
    unit = _code(_at(given, "UnitOfMeasurement"))
    factor = {"LBS": 1.0, "KGS": 2.20462}.get(unit or "")
    return weight * factor if factor and 0 < weight <= 150 else None


def _reference(given: dict[str, Any]) -> str | None:
    values = given.get("ReferenceNumber")
    first = values[0] if isinstance(values, list) and values else values
    value = _at(first, "Value")
    return value if isinstance(value, str) else None


def _image(made: Shipment, kind: str) -> str:
    address = made.destination["Address"]
    lines = [
        f"UPS {_SERVICES[made.service]}{' RETURN' if made.return_service else ''}",
        made.destination["Name"],
        *(str(x) for x in [*address["AddressLine"], ""][:2]),
        f"{address['City']} {address.get('StateProvinceCode') or ''} {address.get('PostalCode') or ''}",
        made.number,
    ]
    return base64.b64encode(label_file(kind, lines)).decode()
