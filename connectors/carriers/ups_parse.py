"""UPS's bodies in our words and ours in UPS's; pure.

Documents consulted: the vendor's OpenAPI files of Shipping (2409) and OAuth, read 2026-11. They list no codes of
errors: those below are of public code that calls the API, and unverified. An array of one may come as its element.
"""

import base64
import binascii
import math
import textwrap
from collections.abc import Mapping
from typing import Any

from connectors.carriers.returning import ReturnLabel, ReturnLabelRequest
from connectors.errors import VendorRejected
from connectors.http import Refusal
from connectors.reading import Unreadable, mapping, shaped, text
from domain.money import MoneyError, to_minor
from domain.order import Address
from domain.parcels import Parcel

VENDOR = "ups"
NOT_FOUND = "not_found"
PRINT_RETURN_LABEL = "9"
_REASONS = {
    "120100": "unknown_shipper",
    "190101": "too_late",
    "190102": "too_late",  # said too of a label that is void already
    "190104": "not_voidable",
    "9801031": NOT_FOUND,
}
_OWN_PACKAGING = "02"
_TRANSPORT = "01"
_LONGEST_NAME, _LONGEST_REFERENCE, _LONGEST_LINE, _MOST_LINES = 35, 35, 35, 3
_LONGEST_CITY, _LONGEST_REGION, _LONGEST_POSTCODE, _LONGEST_PHONE = 30, 5, 9, 15
_GRAMS_PER_POUND = 453.59237
_MM_PER_INCH = 25.4
_IMPERIAL = frozenset({"US", "PR"})
# between these a reference is the package's, else the shipment's
_DOMESTIC = ({"US"}, {"PR"})


def read_refusal(status: int, body: Any) -> Refusal:
    """UPS's 4xx: `response.errors`, the first of which counts."""
    head = body.get("response") if isinstance(body, Mapping) else None
    errors = head.get("errors") if isinstance(head, Mapping) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    code = str(first.get("code") or "")
    return Refusal(_REASONS.get(code, "rejected"), f"{code} {first.get('message') or ''}".strip())


def ship_body(request: ReturnLabelRequest, shipper: str, service: str) -> dict[str, Any]:
    """A label to print for the way back. Raises: VendorRejected `bad_address`, `bad_reference`."""
    if not 1 <= len(request.reference) <= _LONGEST_REFERENCE:
        raise VendorRejected(VENDOR, "buy_return", reason="bad_reference")
    receiver, sender = _party(request.receiver), _party(request.sender)
    reference = {"ReferenceNumber": [{"Value": request.reference}]}
    package: dict[str, Any] = {
        "Description": "Return",  # demanded of the way back only
        "Packaging": {"Code": _OWN_PACKAGING},
        **_measured(request.parcel, request.sender),
    }
    shipment: dict[str, Any] = {
        "Description": "Return",
        "ReturnService": {"Code": PRINT_RETURN_LABEL},
        "Shipper": {**receiver, "ShipperNumber": shipper},
        "ShipTo": receiver,
        "ShipFrom": sender,
        "Service": {"Code": service},
        "PaymentInformation": {
            "ShipmentCharge": [{"Type": _TRANSPORT, "BillShipper": {"AccountNumber": shipper}}],
        },
    }
    if {request.sender.country, request.receiver.country} in _DOMESTIC:
        package |= reference
    else:
        shipment |= reference
    return {
        "ShipmentRequest": {
            "Request": {
                "RequestOption": "nonvalidate",
                "TransactionReference": {"CustomerContext": request.reference},
            },
            "Shipment": {**shipment, "Package": [package]},
            # the file is fetched as PDF afterwards, which a purchase cannot give
            "LabelSpecification": {
                "LabelImageFormat": {"Code": "GIF"},
                "LabelStockSize": {"Height": "6", "Width": "4"},
            },
        }
    }


def _party(who: Address) -> dict[str, Any]:
    name = who.company or who.name
    lines = textwrap.wrap(who.line1, _LONGEST_LINE) + textwrap.wrap(who.line2, _LONGEST_LINE)
    postcode = who.postal_code
    if len(postcode) > _LONGEST_POSTCODE:
        postcode = postcode.replace("-", "").replace(" ", "")
    if (
        not name
        or not who.line1.strip()
        or not 1 <= len(lines) <= _MOST_LINES
        or not 1 <= len(who.city) <= _LONGEST_CITY
        or len(who.region) > _LONGEST_REGION
        or len(postcode) > _LONGEST_POSTCODE
    ):
        raise VendorRejected(VENDOR, "buy_return", "does not fit a label", "bad_address")
    place: dict[str, Any] = {"AddressLine": lines, "City": who.city, "CountryCode": who.country}
    place |= {"StateProvinceCode": who.region} if who.region else {}
    place |= {"PostalCode": postcode} if postcode else {}
    party: dict[str, Any] = {"Name": name[:_LONGEST_NAME], "Address": place}
    if who.company and who.name:
        party["AttentionName"] = who.name[:_LONGEST_NAME]
    phone = "".join(each for each in who.phone if each.isdigit())
    if phone:
        party["Phone"] = {"Number": phone[-_LONGEST_PHONE:]}
    return party


def _measured(parcel: Parcel, sender: Address) -> dict[str, Any]:
    """In what the place of origin measures in, rounded up: carriers charge for what they measure."""
    imperial = sender.country in _IMPERIAL
    heavy = parcel.weight_g / (_GRAMS_PER_POUND if imperial else 1000)
    weight = max(math.ceil(round(heavy * 10, 6)), 1) / 10

    def side(mm: int) -> str:
        return str(max(math.ceil(round(mm / (_MM_PER_INCH if imperial else 10), 6)), 1))

    return {
        "PackageWeight": {"UnitOfMeasurement": {"Code": "LBS" if imperial else "KGS"}, "Weight": f"{weight:g}"},
        "Dimensions": {
            "UnitOfMeasurement": {"Code": "IN" if imperial else "CM"},
            "Length": side(parcel.length_mm),
            "Width": side(parcel.width_mm),
            "Height": side(parcel.height_mm),
        },
    }


@shaped
def parse_bought(body: Any) -> tuple[str, int | None, str]:
    """(number, cost in minor units, currency) of a label that was made. Raises: Unreadable without a number.

    What was negotiated is what is paid; without it what is listed.
    """
    answer = mapping(mapping(body, "answer").get("ShipmentResponse"), "ShipmentResponse")
    results = mapping(answer.get("ShipmentResults"), "ShipmentResults")
    number = text(results.get("ShipmentIdentificationNumber"))
    if not number:
        raise Unreadable("missing_id", "ShipmentIdentificationNumber")
    negotiated = (results.get("NegotiatedRateCharges") or {}).get("TotalCharge")
    charge = negotiated or (results.get("ShipmentCharges") or {}).get("TotalCharges") or {}
    currency = text(charge.get("CurrencyCode"))
    try:
        return number, to_minor(charge["MonetaryValue"], currency), currency
    except (KeyError, MoneyError, TypeError):
        return number, None, ""  # the label is there, whatever it costs


def recovery_body(*, tracking_number: str = "", reference: str = "", shipper: str = "") -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "Request": {"RequestOption": "Non_Validate"},
        "LabelSpecification": {"LabelImageFormat": {"Code": "PDF"}},
    }
    if tracking_number:
        wanted["TrackingNumber"] = tracking_number
    else:
        wanted["ReferenceValues"] = {"ReferenceNumber": {"Value": reference}, "ShipperNumber": shipper}
    return {"LabelRecoveryRequest": wanted}


@shaped
def parse_recovered(body: Any, service: str) -> ReturnLabel:
    """Raises: Unreadable, `ambiguous` when a reference has several labels."""
    answer = mapping(mapping(body, "answer").get("LabelRecoveryResponse"), "LabelRecoveryResponse")
    found = _listed(answer.get("LabelResults"))
    if len(found) > 1 or (not found and answer.get("TrackingCandidate")):
        raise Unreadable("ambiguous", "LabelResults")
    if not found:
        raise Unreadable("missing", "LabelResults")
    result = mapping(found[0], "LabelResults")
    image = mapping(result.get("LabelImage"), "LabelImage")
    number = text(result.get("TrackingNumber")) or text(answer.get("ShipmentIdentificationNumber"))
    if not number:
        raise Unreadable("missing_id", "TrackingNumber")
    try:
        pdf = base64.b64decode(text(image.get("GraphicImage")), validate=True)
    except binascii.Error:
        raise Unreadable("bad_image", "GraphicImage") from None
    if not pdf.startswith(b"%PDF"):
        raise Unreadable("bad_image", "GraphicImage")
    return ReturnLabel(
        external_id=text(answer.get("ShipmentIdentificationNumber")) or number,
        tracking_number=number,
        carrier="UPS",
        service=service,
        pdf=pdf,
    )


@shaped
def parse_token(body: Any) -> tuple[str, float]:
    """(token, seconds that it is good for). Raises: Unreadable."""
    data = mapping(body, "token")
    token = text(data.get("access_token"))
    if not token:
        raise Unreadable("missing", "access_token")
    try:
        return token, float(data["expires_in"])
    except (KeyError, TypeError, ValueError):
        raise Unreadable("bad_number", "expires_in") from None


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
