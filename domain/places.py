"""Do two addresses mean one place, and one unit of it? Spelling, case and common short forms do not count."""

import re
import unicodedata

from domain.order import Address
from domain.postal import country_code, country_rules

_SHORT_FORMS = {
    "street": "st",
    "strasse": "st",
    "str": "st",
    "saint": "st",
    "avenue": "ave",
    "av": "ave",
    "road": "rd",
    "drive": "dr",
    "lane": "ln",
    "boulevard": "blvd",
    "bd": "blvd",
    "court": "ct",
    "place": "pl",
    "square": "sq",
    "terrace": "ter",
    "parkway": "pkwy",
    "highway": "hwy",
    "circle": "cir",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "mount": "mt",
    "fort": "ft",
    "platz": "pl",
}
_GLUED = re.compile(r"(?<=\w)(?:strasse|straße|str)$")  # Hauptstraße, Hauptstr.
_UNIT_CLASS = {
    "apartment": "apt",
    "apt": "apt",
    "flat": "apt",
    "suite": "ste",
    "ste": "ste",
    "floor": "fl",
    "fl": "fl",
    "room": "rm",
    "rm": "rm",
    "building": "bldg",
    "bldg": "bldg",
    "unit": "",
    "#": "",
}
_UNIT = re.compile(
    r"(?:^|[\s,;])(?P<word>apartment|apt|flat|suite|ste|floor|fl|room|rm|building|bldg|unit|\#)"
    r"[\s.:\#]*(?P<number>[\w/-]+)\s*$",
    re.IGNORECASE,
)
_LIMIT = 400  # characters compared; real lines are far shorter


def same_place(a: Address, b: Address) -> bool:
    """Same door of the same street; unit, names and phone do not count."""
    return _place(a) == _place(b)


def same_unit(a: Address, b: Address) -> bool:
    """Same unit, wherever it is written: "Apt. 4B" in line 2, "#4b" at the end of line 1."""
    (class_a, number_a), (class_b, number_b) = _unit(a), _unit(b)
    return number_a == number_b and (class_a == class_b or not (class_a and class_b))


def _place(address: Address) -> tuple[str, ...]:
    country = country_code(address.country)
    street, _unit_text = _split(address)
    postal = "".join(char for char in address.postal_code.upper()[:_LIMIT] if char.isalnum())
    if country == "US":
        postal = postal[:5]  # the four more digits name a side of the street, not another street
    return country, _region(country, address.region), postal, _words(address.city), _words(street)


def _region(country: str, text: str) -> str:
    rules = country_rules(country)
    region = rules.region(text) if rules else None
    if rules and not rules.regions and "S" not in rules.required:
        return ""  # a county or land that no label of that country carries
    return region.code.casefold() if region else text.strip().casefold()


def _split(address: Address) -> tuple[str, str]:
    """Street without its unit, and the unit's text."""
    line1 = address.line1[:_LIMIT]
    if address.line2.strip():
        return line1, address.line2[:_LIMIT].strip()
    found = _UNIT.search(line1)
    if found is None or found.start() == 0:
        return line1, ""
    return line1[: found.start()], line1[found.start() :].strip(" ,;")


def _unit(address: Address) -> tuple[str, str]:
    _street, text = _split(address)
    found = _UNIT.match(text)
    if found is None:
        return "", _words(text)
    return _UNIT_CLASS[found["word"].casefold()], _words(found["number"])


def _words(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text[:_LIMIT].casefold())
    plain = "".join(char for char in folded if not unicodedata.combining(char))
    return " ".join(_short(word) for word in re.findall(r"\w+", plain))


def _short(word: str) -> str:
    return _SHORT_FORMS.get(word) or _GLUED.sub("st", word)
