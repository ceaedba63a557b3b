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
# What the shop knows as a state, beyond those that it names.
_US_CODES = frozenset(
    "AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV NY OH OK OR "
    "PA RI SC SD TN TX UT VA VT WA WI WV WY AA AE AP AS FM GU MH MP PR PW VI".split()
)
_WITH_ZIP = frozenset("US CA DE FR GB NL AT BE ES IT DK SE PL CH JP AU NO".split())
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
    return complete(camel(value), number)


def camel(value: dict[str, Any]) -> Address:
    """The vendor's input of an address of the control API."""
    return {name: value.get(snake) for snake, name in _FIELDS.items()}


def to_snake(value: dict[str, Any]) -> dict[str, Any]:
    """An address of the control API, of the vendor's input."""
    return {snake: value[name] for snake, name in _FIELDS.items() if value.get(name)}


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


def mistakes(value: dict[str, Any]) -> list[tuple[str, str]]:
    """(field, message) for what an order's address lacks; last name, ZIP and state as recorded of the real shop."""
    country = value.get("countryCode") or value.get("country")
    texts = {"lastName": "Enter a last name", "address1": "Enter an address", "city": "Enter a city"}
    found = [(name, text) for name, text in texts.items() if not (value.get(name) or "").strip()]
    if not country:
        found.append(("country", "Select a country/region"))
    if country in _WITH_ZIP and not (value.get("zip") or "").strip():
        found.append(("zip", "Enter a ZIP code" if country == "US" else "Enter a postal code"))
    state = value.get("provinceCode")
    if country == "US" and state and state not in _US_CODES:
        found.append(("province", "State is not a valid state in United States"))
    return found
