"""Rates of several carriers by weight and zone."""

from dataclasses import dataclass
from typing import Any

from sandbox.core.clock import stamp
from sandbox.core.world import World
from sandbox.easypost.common import made_id

_EU = frozenset("AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split())


@dataclass(frozen=True, slots=True)
class Service:
    """A carrier's service: base price in cents, cents per pound, cents per zone, days by distance."""

    carrier: str
    name: str
    base: int
    per_pound: int
    per_zone: int
    days: int
    zones_per_day: int = 0  # a day more for each so many zones; 0: the same everywhere
    by_air: bool = False

    def cents(self, pounds: float, zone: int) -> int:
        return round(self.base + self.per_pound * pounds + self.per_zone * zone)

    def delivery_days(self, zone: int) -> int:
        return self.days + (zone // self.zones_per_day if self.zones_per_day else 0)


_US = (
    Service("USPS", "GroundAdvantage", 420, 95, 28, 2, 3),
    Service("USPS", "Priority", 690, 130, 40, 1, 4),
    Service("USPS", "Express", 2690, 260, 110, 1, 0, True),
    Service("UPSDAP", "Ground", 610, 75, 35, 1, 2),
    Service("UPSDAP", "2ndDayAir", 1480, 190, 80, 2, 0, True),
    Service("FedExDefault", "FEDEX_GROUND", 640, 80, 33, 1, 2),
)
_EUROPE = (
    Service("DHLPaket", "Paket", 520, 60, 40, 1, 3),
    Service("DPD", "Classic", 490, 70, 45, 2, 3),
    Service("UPS", "UPSStandard", 690, 75, 50, 1, 2),
)
_INTERNATIONAL = (
    Service("USPS", "FirstClassPackageInternationalService", 1450, 520, 0, 12),
    Service("UPS", "UPSSaver", 3900, 610, 0, 4, 0, True),
    Service("DHLExpress", "ExpressWorldwide", 3600, 640, 0, 3, 0, True),
)


def zone_between(sender: dict[str, Any], receiver: dict[str, Any]) -> int:
    """1 to 8 by the first digits of the postal codes; a rough stand-in for the carriers' charts."""
    digits = [next((int(c) for c in str(a.get("zip") or "0") if c.isdigit()), 0) for a in (sender, receiver)]
    return min(8, 1 + abs(digits[0] - digits[1]))


def crosses_border(home: str, away: str) -> bool:
    """Whether a parcel meets customs on its way."""
    return home != away and not (home in _EU and away in _EU)


def rates_for(world: World, shipment: dict[str, Any]) -> list[dict[str, Any]]:
    """The rates of a shipment; hazardous goods go by ground only."""
    sender, receiver = shipment["from_address"], shipment["to_address"]
    home, away = sender["country"], receiver["country"]
    services: tuple[Service, ...] = _INTERNATIONAL if crosses_border(home, away) else _US
    currency = "USD"
    if home in _EU and away in _EU:
        services, currency = _EUROPE, "EUR"
    hazmat = bool((shipment["options"] or {}).get("hazmat"))
    pounds, zone = shipment["parcel"]["weight"] / 16, zone_between(sender, receiver)
    return [
        _rate(world, shipment, service, service.cents(pounds, zone), service.delivery_days(zone), currency)
        for service in services
        if not (hazmat and service.by_air)
    ]


def _rate(
    world: World, shipment: dict[str, Any], service: Service, cents: int, days: int, currency: str
) -> dict[str, Any]:
    now = stamp(world.clock.now())
    return {
        "id": made_id(world, "rate"),
        "object": "Rate",
        "created_at": now,
        "updated_at": now,
        "mode": "test",
        "service": service.name,
        "carrier": service.carrier,
        "rate": f"{cents / 100:.2f}",
        "currency": currency,
        "retail_rate": f"{cents * 1.25 / 100:.2f}",
        "retail_currency": currency,
        "list_rate": f"{cents * 1.08 / 100:.2f}",
        "list_currency": currency,
        "billing_type": "easypost",
        "delivery_days": days,
        "delivery_date": None,
        "delivery_date_guaranteed": False,
        "est_delivery_days": days,
        "shipment_id": shipment["id"],
        "carrier_account_id": f"ca_sandbox_{service.carrier.lower()}",
    }
