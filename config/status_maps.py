"""Read config/carriers/<source>.toml: what the codes of a carrier or an aggregator mean.

carrier = "ups"
version = 3                     # rises with every change; kept beside each scan
sources = ["where the words are from, and when it was read"]

[codes]
"X" = "exception"               # a code, whatever its detail
"X/SR" = "in_transit"           # with this detail
"*/D" = "delivered"             # any code with this detail; it counts before a code alone
"DL" = "delivered, corrects"    # takes back what was said before
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from config.reading import TomlFile, list_of, mapping, read_toml, text, whole
from domain.parcels import ParcelState
from domain.status_maps import ANY, Meaning, StatusCodePolicy, StatusMap

FOLDER = Path(__file__).with_name("carriers")
DIRECT = ("fedex", "usps", "dhl_express", "dhl_universal")  # read from the carriers' own bodies, by way of Karrio
SOURCES = ("easypost", "ups", "shipengine", "karrio", *DIRECT)
_CORRECTS = "corrects"


@cache
def status_map(source: str) -> StatusMap:
    """The table that ships with the product. Raises: ConfigError, KeyError for a source without one."""
    if source not in SOURCES:
        raise KeyError(source)
    return load_status_map(FOLDER / f"{source}.toml")


def status_maps(sources: tuple[str, ...] = SOURCES) -> Mapping[str, StatusMap]:
    """By source. Raises: ConfigError."""
    return {source: status_map(source) for source in sources}


def load_status_map(path: Path) -> StatusMap:
    """Raises: ConfigError."""
    file = read_toml(path)
    carrier = file.get("carrier", text)
    if carrier != path.stem:
        raise file.wrong("carrier", f"write {path.stem!r}, as the file is named")
    version = file.get("version", whole)
    if version < 1:
        raise file.wrong("version", "write a whole number from 1 on")
    if not file.get("sources", list_of(text)):
        raise file.wrong("sources", "name at least one place where the words are from")
    meanings: dict[tuple[str, str], Meaning] = {}
    for name, value in file.get("codes", mapping(text)).items():
        code, _, detail = name.partition("/")
        key = (code.strip(), detail.strip() or ANY)
        if not key[0] or key == (ANY, ANY):
            raise file.wrong(f"codes.{name}", "write a code, a code/detail, or */detail")
        if key in meanings:
            raise file.wrong(f"codes.{name}", "stands twice")
        meanings[key] = _meaning(file, name, value)
    return StatusMap(carrier, version, meanings)


def _meaning(file: TomlFile, name: str, value: str) -> Meaning:
    words = [word.strip() for word in value.split(",")]
    if words[0] not in set(ParcelState) or words[1:] not in ([], [_CORRECTS]):
        raise file.wrong(
            f"codes.{name}", f'write one of {", ".join(ParcelState)}, with ", {_CORRECTS}" where it takes back'
        )
    return Meaning(ParcelState(words[0]), corrects=len(words) > 1)


def status_code_policy(file: TomlFile) -> StatusCodePolicy:
    """Read config/policies/status_codes.toml. Raises: ConfigError."""
    return StatusCodePolicy(alert_above=file.get("alert.above_percent", _percent) / 100)


def _percent(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise ValueError("write a number from 0 to 100")
    return float(value)
