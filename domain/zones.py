"""The time zone of a destination, so that times on a page are the customer's own: by country, in wide ones by region.

Zones by country are CLDR's; of a country with several the most populous is taken where the region does not tell, and
whoever writes a time names its zone.
"""

from collections.abc import Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global

from domain.postal import country_code

_MAIN = {
    "AR": "America/Buenos_Aires", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo", "CA": "America/Toronto",
    "CD": "Africa/Kinshasa", "CL": "America/Santiago", "CN": "Asia/Shanghai", "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin", "EC": "America/Guayaquil", "ES": "Europe/Madrid", "ID": "Asia/Jakarta",
    "KZ": "Asia/Almaty", "MN": "Asia/Ulaanbaatar", "MX": "America/Mexico_City", "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland", "PG": "Pacific/Port_Moresby", "PS": "Asia/Gaza", "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow", "UA": "Europe/Kyiv", "US": "America/New_York", "UZ": "Asia/Tashkent",
}  # fmt: skip
_REGIONS: Mapping[str, Mapping[str, str]] = {  # zone -> regions by ISO 3166-2; what is missing has the main zone
    "US": {
        "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
        "America/Denver": "CO ID MT NM UT WY",
        "America/Phoenix": "AZ",
        "America/Los_Angeles": "CA NV OR WA",
        "America/Anchorage": "AK",
        "Pacific/Honolulu": "HI",
        "America/Puerto_Rico": "PR VI",
        "Pacific/Guam": "GU MP",
        "Pacific/Pago_Pago": "AS",
    },
    "CA": {
        "America/Vancouver": "BC",
        "America/Edmonton": "AB NT",
        "America/Regina": "SK",
        "America/Winnipeg": "MB",
        "America/Halifax": "NB NS PE",
        "America/St_Johns": "NL",
        "America/Whitehorse": "YT",
        "America/Iqaluit": "NU",
    },
    "AU": {
        "Australia/Brisbane": "QLD",
        "Australia/Adelaide": "SA",
        "Australia/Darwin": "NT",
        "Australia/Perth": "WA",
        "Australia/Hobart": "TAS",
    },
    "BR": {"America/Manaus": "AM RO RR", "America/Cuiaba": "MS MT", "America/Rio_Branco": "AC"},
    "MX": {
        "America/Tijuana": "BCN BC", "America/Hermosillo": "SON", "America/Mazatlan": "BCS SIN",
        "America/Cancun": "ROO",
    },
    "ID": {"Asia/Makassar": "BA NB NT KS KT KU SA SG SN SR ST GO", "Asia/Jayapura": "PA PB MA MU"},
}  # fmt: skip


@lru_cache(maxsize=1024)
def zone_of(country: str, region: str = "") -> ZoneInfo:
    """UTC where the country is unknown."""
    code = country_code(country)
    wanted = region.strip().upper().removeprefix(f"{code}-")
    for name, regions in _REGIONS.get(code, {}).items():
        if wanted in regions.split():
            return ZoneInfo(name)
    zones = get_global("territory_zones").get(code, []) if len(code) == 2 and code != "ZZ" else []
    name = _MAIN.get(code) or (zones[0] if zones else "UTC")
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:  # CLDR's name of it is not in this machine's data
        return ZoneInfo("UTC")
