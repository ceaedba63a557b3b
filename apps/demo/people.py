"""The demo's customers. Everything personal about them carries a marker that occurs nowhere else, so that a search
for the markers shows whether personal data went where it must not."""

from typing import Any

_FIRST = "Ada Ben Chloe Dario Elif Farid Grace Hugo Ines Jonas Kemi Leila Mateo Nora Omar Priya Rosa Sami Tove".split()
_LAST = "Okafor Lindqvist Moreau Tanaka Haddad Novak Silva Keller Osei Rahman Fischer Dubois Costa Berg Ivanov".split()
_STREETS = "Maple Birch Harbour Station Mill Orchard Quarry Willow Chapel Garden".split()

NAME, STREET, MAIL = "Zzname", "Zzstreet", "zzmail"
_PHONES = {
    "US": "+16175550173", "CA": "+14165550173", "DE": "+4915155550173", "FR": "+33655550173", "NL": "+31655550173",
    "GB": "+447455550173", "JP": "+819055550173", "KW": "+96555550173",
}  # fmt: skip
TEXTED = "+16175550188"  # a telephone of one customer's own, who has agreed to texts
# city, province code, postal code
_PLACES: dict[str, list[tuple[str, str, str]]] = {
    "US": [
        ("Boston", "MA", "02110"), ("Portland", "OR", "97201"), ("Austin", "TX", "78701"), ("Denver", "CO", "80202"),
        ("Chicago", "IL", "60607"), ("Seattle", "WA", "98101"), ("Brooklyn", "NY", "11201"), ("Fresno", "CA", "93721"),
    ],
    "CA": [("Toronto", "ON", "M5V 2T6"), ("Vancouver", "BC", "V6B 1A1")],
    "DE": [("Hamburg", "HH", "20457"), ("Berlin", "BE", "10119"), ("Munich", "BY", "80331")],
    "FR": [("Paris", "", "75011"), ("Lyon", "", "69002")],
    "NL": [("Amsterdam", "NH", "1012 AB")],
    "GB": [("London", "ENG", "SE1 9GF"), ("Leeds", "ENG", "LS1 4DY")],
    "JP": [("Shibuya-ku", "JP-13", "150-0002"), ("Kita-ku", "JP-27", "530-0001")],
    "KW": [("Kuwait City", "", "13001")],
}  # fmt: skip


def markers() -> list[str]:
    """What a search for the customers' data looks for, lower case. Phones as dialled at home: ten digits or so."""
    phones = {number.lstrip("+")[-10:] for number in (*_PHONES.values(), TEXTED)}
    return [NAME.lower(), STREET.lower(), MAIL, *sorted(phones)]


def customer(number: int, country: str) -> dict[str, Any]:
    """Who buys, in the sandbox's words."""
    first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
    return {
        "first_name": first,
        "last_name": f"{NAME} {last}",
        "email": f"{first}.{last}.{MAIL}{number}@example.com".lower(),
        "phone": _PHONES[country],
    }


def address(number: int, country: str) -> dict[str, Any]:
    """Where to. A deliverable one; `purchases` spoils some of them."""
    places = _PLACES[country]
    city, province, postal_code = places[number % len(places)]
    who = customer(number, country)
    return {
        "first_name": who["first_name"],
        "last_name": who["last_name"],
        "address1": f"{number % 180 + 1} {STREET} {_STREETS[number % len(_STREETS)]} Road",
        "city": city,
        "province_code": province or None,
        "zip": postal_code if country != "KW" else None,
        "country_code": country,
        "phone": who["phone"],
    }
