"""Parsers of the values in config/*.toml: each raises ValueError with a sentence on how to write it."""

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from config.accounts import ConfigError
from domain.money import MoneyError, to_minor

T = TypeVar("T")
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def duration(value: Any) -> timedelta:
    """ "45 min", "6 h", "3 d", "90 s". Raises: ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)", str(value).strip())
    if found is None:
        raise ValueError('write a duration such as "45 min", "6 h" or "3 d"')
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("write a whole number that is not negative")
    return value


def positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
        raise ValueError("write a number above 0")
    return float(value)


def share(value: Any) -> float:
    if (found := positive(value)) >= 1:
        raise ValueError("write a share between 0 and 1")
    return found


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("write text in quotes")
    return value


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("write true or false")
    return value


def listing(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("write a list")
    return value


def list_of(of: Callable[[Any], T]) -> Callable[[Any], list[T]]:
    return lambda value: [of(entry) for entry in listing(value)]


def three(value: Any) -> tuple[int, int, int]:
    sizes = list_of(whole)(value)
    if len(sizes) != 3:
        raise ValueError("write three sizes: length, width, height")
    return sizes[0], sizes[1], sizes[2]


def mapping(of: Callable[[Any], T]) -> Callable[[Any], dict[str, T]]:
    def parse(value: Any) -> dict[str, T]:
        if not isinstance(value, dict):
            raise ValueError("write a table")
        return {str(name): of(entry) for name, entry in value.items()}

    return parse


class TomlFile:
    """One file of rules. A wrong value is refused with file, key and reason."""

    def __init__(self, name: str, data: Mapping[str, Any]) -> None:
        self._name, self._data = name, data

    def get(self, path: str, parse: Callable[[Any], T], default: Any = None) -> T:
        """The value at a dotted path, parsed. Raises: ConfigError."""
        value: Any = self._data
        for key in path.split("."):
            if isinstance(value, list):
                value = value[int(key)]
            elif isinstance(value, dict) and key in value:
                value = value[key]
            elif default is not None:
                value = default
                break
            else:
                raise ConfigError(f"{self._name}: {path} is missing")
        try:
            return parse(value)
        except ValueError as error:
            raise self.wrong(path, str(error)) from None

    def wrong(self, path: str, why: str) -> ConfigError:
        return ConfigError(f"{self._name}: {path}: {why}")


def read_toml(path: Path) -> TomlFile:
    """Raises: ConfigError when it is missing or no TOML."""
    try:
        return TomlFile(path.name, tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ConfigError(f"{path.name} is missing from the policies folder {path.parent.name}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: not valid TOML ({error})") from None


def limits(value: Any) -> dict[str, int]:
    """Currency -> minor units, from whole major units."""
    try:
        return {currency: to_minor(amount, currency) for currency, amount in mapping(whole)(value).items()}
    except MoneyError as error:
        raise ValueError(f"{error} among the currencies") from None
