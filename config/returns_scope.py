"""Read what a rule of returns is about, the same words in every table of config/policies/returns.toml."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from config.edit_policy import set_of
from config.reading import TomlFile, list_of, listing, mapping, text, whole
from domain.returns.scope import DayOfYear, Scope, Span
from domain.returns.words import Resolution, ReturnKind, ReturnReason

T = TypeVar("T")
U = TypeVar("U")
Groups = Mapping[str, frozenset[str]]
_SCOPE = frozenset({*Scope.__slots__, "placed_from", "placed_until"} - {"placed"})
_ANY_YEAR = 2001  # has no 29 February, as most years


class Table:
    """One table of rules. A key that nobody reads is refused: a misspelt limit would be none."""

    def __init__(self, file: TomlFile, path: str, keys: Iterable[str], groups: Groups | None = None) -> None:
        self._file, self._path, self._groups = file, path, groups
        known = {*keys, *(_SCOPE if groups is not None else ())}
        self._given = file.get(path, mapping(lambda value: value))
        for key in self._given:
            if key not in known:
                raise file.wrong(f"{path}.{key}", f"there is no such key; write one of {', '.join(sorted(known))}")

    def get(self, key: str, parse: Callable[[Any], T]) -> T:
        return self._file.get(f"{self._path}.{key}", parse)

    def maybe(self, key: str, parse: Callable[[Any], T], otherwise: U) -> T | U:
        return self.get(key, parse) if key in self._given else otherwise

    def has(self, key: str) -> bool:
        return key in self._given

    def wrong(self, key: str, why: str) -> Exception:
        return self._file.wrong(f"{self._path}.{key}", why)

    def scope(self) -> Scope:
        nothing: frozenset[str] = frozenset()
        return Scope(
            skus=self.maybe("skus", texts, nothing),
            categories=self.maybe("categories", texts, nothing),
            tags=self.maybe("tags", texts, nothing),
            countries=self.countries() if self.has("countries") else nothing,
            tiers=self.maybe("tiers", texts, nothing),
            kinds=self.maybe("kinds", _some(set_of(ReturnKind)), frozenset()),
            reasons=self.maybe("reasons", _some(set_of(ReturnReason)), frozenset()),
            resolutions=self.maybe("resolutions", _some(set_of(Resolution)), frozenset()),
            placed=self._placed(),
            discount_from_percent=self.maybe("discount_from_percent", percent, 0),
        )

    def countries(self) -> frozenset[str]:
        found: set[str] = set()
        for name in self.get("countries", texts):
            if self._groups and name in self._groups:
                found |= self._groups[name]
            else:
                found.add(self.get("countries", lambda _, name=name: country(name)))  # type: ignore[misc]  # as there
        return frozenset(found)

    def _placed(self) -> Span | None:
        if not self.has("placed_from") and not self.has("placed_until"):
            return None
        return Span(self.get("placed_from", day_of_year), self.get("placed_until", day_of_year))


def tables(file: TomlFile, path: str, keys: Iterable[str], groups: Groups | None = None) -> list[Table]:
    """The tables of a list, each with a name of its own. Raises: ConfigError."""
    found = [Table(file, f"{path}.{n}", {"name", *keys}, groups) for n in range(len(file.get(path, listing)))]
    seen: set[str] = set()
    for table in found:
        name = table.get("name", code)
        if name in seen:
            raise table.wrong("name", "is there twice")
        seen.add(name)
    return found


def code(value: Any) -> str:
    name = text(value)
    if not name.replace("_", "").isalnum() or not name.islower():
        raise ValueError("write lower-case letters, digits and _")
    return name


def country(value: Any) -> str:
    name = text(value)
    if len(name) != 2 or not name.isascii() or not name.isupper():
        raise ValueError('write country codes such as "DE", or a name of returns.country_groups')
    return name


def country_groups(value: Any) -> Groups:
    return {name: frozenset(codes) for name, codes in mapping(list_of(country))(value).items()}


def percent(value: Any) -> int:
    if (found := whole(value)) > 100:
        raise ValueError("write per cent, at most 100")
    return found


def day_of_year(value: Any) -> DayOfYear:
    try:
        month, day = text(value).split("-")
        found = date(_ANY_YEAR, int(month), int(day))
    except ValueError:
        raise ValueError('write month and day such as "12-24", and never 02-29') from None
    return DayOfYear(found.month, found.day)


def at_least(least: int, why: str) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if (found := whole(value)) < least:
            raise ValueError(f"write at least {least}: {why}")
        return found

    return parse


def texts(value: Any) -> frozenset[str]:
    return _some(lambda given: frozenset(list_of(text)(given)))(value)


def _some(parse: Callable[[Any], frozenset[T]]) -> Callable[[Any], frozenset[T]]:
    """An empty list would fit everything, where somebody meant nothing."""

    def some(value: Any) -> frozenset[T]:
        if not (found := parse(value)):
            raise ValueError("write at least one, or leave it out")
        return found

    return some
