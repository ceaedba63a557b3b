"""Addresses as the shop keeps them."""

from typing import Any

from sandbox.shopify.model import Address

_COUNTRIES = {
    "US": "United States",
    "CA": "Canada",
    "DE": "Germany",
    "FR": "France",
    "GB": "United Kingdom",
    "NL": "Netherlands",
    "AT": "Austria",
    "BE": "Belgium",
    "ES": "Spain",
    "IT": "Italy",
    "DK": "Denmark",
    "SE": "Sweden",
    "PL": "Poland",
    "CH": "Switzerland",
    "JP": "Japan",
    "KW": "Kuwait",
    "AU": "Australia",
    "NO": "Norway",
    "IE": "Ireland",
}
_STATES = {
    "CA": "California",
    "NY": "New York",
    "NV": "Nevada",
    "TX": "Texas",
    "WA": "Washington",
    "IL": "Illinois",
    "FL": "Florida",
    "OR": "Oregon",
    "MA": "Massachusetts",
    "CO": "Colorado",
    "AZ": "Arizona",
    "GA": "Georgia",
}
_FIELDS = {
    "first_name": "firstName",
    "last_name": "lastName",
    "company": "company",
    "address1": "address1",
    "address2": "address2",
    "city": "city",
    "zip": "zip",
    "phone": "phone",
    "province_code": "provinceCode",
    "country_code": "countryCode",
    "province": "province",
    "country": "country",
}


def from_snake(value: dict[str, Any] | None, number: int) -> Address | None:
    """An address of the control API."""
    if not value:
        return None
    return complete({camel: value.get(snake) for snake, camel in _FIELDS.items()}, number)


def complete(value: Address, number: int) -> Address:
    """Fill what the shop derives: names of country and state, the full name, the id."""
    names = [value.get("firstName"), value.get("lastName")]
    country, state = value.get("countryCode"), value.get("provinceCode")
    return {
        **dict.fromkeys(_FIELDS.values()),
        **value,
        "id": f"gid://shopify/MailingAddress/{number}?model_name=Address",
        "name": " ".join(name for name in names if name) or None,
        "country": _COUNTRIES.get(country or "", value.get("country") or country),
        "countryCodeV2": country,
        "province": value.get("province") or (_STATES.get(state or "", state) if country == "US" else state),
        "latitude": None,
        "longitude": None,
        "coordinatesValidated": False,
    }
