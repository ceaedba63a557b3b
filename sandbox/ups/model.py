"""Shipments of the fake UPS. Their parcels travel on the road that all carriers share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.parcels.model import Parcel, Place

CARRIER = "ups"
PLANS = {"normal": "handed_in", "lost": "lost_on_the_way_back"}  # a label's parcel waits until somebody hands it in


@dataclass(slots=True)
class Shipment:
    """One label: its number is the parcel's too."""

    parcel: Parcel
    created_at: datetime
    shipper_number: str
    reference: str | None
    service: str
    return_service: str | None
    destination: dict[str, Any]
    pounds: float
    image: str
    charge: float

    @property
    def number(self) -> str:
        return self.parcel.number

    @property
    def voided(self) -> bool:
        return self.parcel.last.kind == "cancelled"

    @property
    def unused(self) -> bool:
        return self.parcel.last.kind == "label"


Book = dict[str, Shipment]  # by number


def place(party: dict[str, Any]) -> Place:
    """Where a party of a label is."""
    given = party["Address"]
    city, state, postal = (str(given.get(name) or "") for name in ("City", "StateProvinceCode", "PostalCode"))
    return Place(city, state, postal, given["CountryCode"])
