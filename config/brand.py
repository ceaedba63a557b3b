"""The brand that mails carry, read from config/brand.toml."""

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

BRAND_FILE = Path(__file__).with_name("brand.toml")
_HEX = re.compile(r"#[0-9a-f]{6}")
_LEAST_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3
_READ_ON = (
    ("text", "card"),
    ("text", "page"),
    ("muted", "card"),
    ("muted", "page"),
    ("accent", "card"),
    ("on_accent", "accent"),
)
_MAY_BE_EMPTY = {"support_phone"}


class BrandError(ValueError):
    """The file names no usable brand; the text has file, key and reason."""


@dataclass(frozen=True, slots=True)
class Colours:
    """Lower-case #rrggbb."""

    accent: str
    on_accent: str
    page: str
    card: str
    text: str
    muted: str
    line: str


@dataclass(frozen=True, slots=True)
class Brand:
    name: str
    logo_text: str
    website_url: str
    sender_email: str
    support_email: str
    support_phone: str
    postal_address: str
    colours: Colours


def load_brand(path: Path = BRAND_FILE) -> Brand:
    """Read and check a brand file. Raises: BrandError."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise BrandError(f"{path.name}: cannot be read ({type(exc).__name__})") from exc
    table = raw.pop("colours", {})
    _check_keys(path, "", raw, {item.name for item in fields(Brand)} - {"colours"})
    _check_keys(path, "colours.", table, {item.name for item in fields(Colours)})
    colours = Colours(**{key: _colour(path, key, value) for key, value in table.items()})
    _check_contrast(path, colours)
    for key in ("sender_email", "support_email"):
        if "@" not in raw[key]:
            raise BrandError(f"{path.name}: {key}: not a mail address")
    if not raw["website_url"].startswith(("https://", "http://")):
        raise BrandError(f"{path.name}: website_url: not a web address")
    return Brand(colours=colours, **raw)


def _check_keys(path: Path, prefix: str, table: Any, wanted: set[str]) -> None:
    given = set(table) if isinstance(table, dict) else set()
    for key in sorted(wanted - given):
        raise BrandError(f"{path.name}: {prefix}{key}: missing")
    for key in sorted(given - wanted):
        raise BrandError(f"{path.name}: {prefix}{key}: unknown")
    for key, value in table.items():
        if not isinstance(value, str) or "\n" in value or not (value or key in _MAY_BE_EMPTY):
            raise BrandError(f"{path.name}: {prefix}{key}: must be one line of text")


def _colour(path: Path, key: str, value: str) -> str:
    if not _HEX.fullmatch(value.lower()):
        raise BrandError(f"{path.name}: colours.{key}: must be #rrggbb")
    return value.lower()


def _check_contrast(path: Path, colours: Colours) -> None:
    for over, under in _READ_ON:
        ratio = contrast(getattr(colours, over), getattr(colours, under))
        if ratio < _LEAST_CONTRAST:
            pair = f"colours.{over} on {under}"
            raise BrandError(f"{path.name}: {pair}: contrast {ratio:.1f} is below {_LEAST_CONTRAST}")


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours by WCAG 2.2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
