"""Do two postal addresses say the same? Decides between "as you wrote it" and "corrected"."""

import re
import unicodedata

from domain.order import Address

# USPS Publication 28, appendices B and C1, the common part: many spellings, one word.
_WORDS = {
    "avenue": "ave",
    "av": "ave",
    "boulevard": "blvd",
    "circle": "cir",
    "court": "ct",
    "drive": "dr",
    "expressway": "expy",
    "fort": "ft",
    "freeway": "fwy",
    "heights": "hts",
    "highway": "hwy",
    "junction": "jct",
    "lane": "ln",
    "mount": "mt",
    "mountain": "mtn",
    "parkway": "pkwy",
    "pky": "pkwy",
    "place": "pl",
    "plaza": "plz",
    "road": "rd",
    "route": "rte",
    "saint": "st",
    "square": "sq",
    "street": "st",
    "str": "st",
    "terrace": "ter",
    "trail": "trl",
    "turnpike": "tpke",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "first": "1st",
    "second": "2nd",
    "third": "3rd",
    "floor": "fl",
    "room": "rm",
    "building": "bldg",
    # designators that carriers exchange freely for one another
    "apartment": "unit",
    "apt": "unit",
    "suite": "unit",
    "ste": "unit",
    "no": "unit",
    "number": "unit",
}
_ZIP4 = re.compile(r"(\d{5})-?\d{4}\Z")


def same_in_substance(asked: Address, given: Address) -> bool:
    """Case, punctuation, accents, usual abbreviations and the +4 of a ZIP do not count; a unit does."""
    return (
        _street(asked) == _street(given)
        and _plain(asked.city) == _plain(given.city)
        and _plain(asked.region) == _plain(given.region)
        and asked.country.upper() == given.country.upper()
        and _postal(asked) == _postal(given)
    )


def _street(address: Address) -> str:
    return _plain(f"{address.line1} {address.line2}".replace("#", " unit "))


def _plain(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    words = re.sub(r"[^\w]+", " ", bare.replace("'", "").replace(".", "")).split()
    plain = [_WORDS.get(word, word) for word in words]
    # "apt # 4" names its unit twice
    return " ".join(word for i, word in enumerate(plain) if not (word == "unit" and plain[i + 1 : i + 2] == ["unit"]))


def _postal(address: Address) -> str:
    code = re.sub(r"\s", "", address.postal_code).upper()
    match = _ZIP4.match(code) if address.country.upper() == "US" else None
    return match.group(1) if match else code.replace("-", "")
