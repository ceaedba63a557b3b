"""Read config/carriers/calendars.toml and causes.toml: facts of carriers, not a merchant's to choose.

Holidays by rule come from the library `holidays` (vacanza/holidays, read 2026-11), which makes a year's when it is
first asked about.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from typing import Any

import holidays

from config.edit_policy import word
from config.reading import TomlFile, list_of, listing, mapping, text
from domain.anomalies.calendar import Calendars, OperatingCalendar
from domain.anomalies.facts import Cause

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_OBSERVED = " (observed)"
_ANY_YEAR = 2026  # names of holidays are looked up in it


def calendars(file: TomlFile) -> Calendars:
    """Raises: ConfigError."""
    found: dict[tuple[str, str], OperatingCalendar] = {}
    for number in range(len(file.get("calendars", listing))):
        path = f"calendars.{number}"
        country = file.get(f"{path}.country", _country)
        carriers = file.get(f"{path}.carriers", list_of(text))
        only = file.get(f"{path}.holidays", _names_in(country), [])
        for name in ("source", "read"):
            file.get(f"{path}.{name}", text)
        for carrier in carriers:
            if (carrier, country) in found or carrier != carrier.strip().lower():
                raise file.wrong(f"{path}.carriers", f"write {carrier!r} once for {country}, in small letters")
            days = Holidays(country, frozenset(only))
            found[carrier, country] = _calendar(file, path, f"{carrier}/{country}", days)
    weekdays = file.get("other.weekdays", _weekdays)
    cut_off = file.get("other.cut_off", _time)

    @cache
    def other(country: str) -> OperatingCalendar:
        days: Container[date] = Holidays(country) if _is_known(country) else frozenset()
        return OperatingCalendar(f"other/{country}", weekdays, days, cut_off)

    return Calendars(found, other)


def causes(file: TomlFile) -> Mapping[str, Cause]:
    """By a scan's detail. Raises: ConfigError, also for a detail that two carriers mean differently."""
    found: dict[str, Cause] = {}
    for source, details in file.get("codes", mapping(mapping(lambda value: word(Cause, value)))).items():
        for detail, cause in details.items():
            if found.setdefault(detail, cause) is not cause:
                raise file.wrong(f"codes.{source}.{detail}", f"is {found[detail]!s} elsewhere")
    return found


@dataclass(frozen=True)
class Holidays:
    """Days on which a country, or with `only` a carrier in it, rests. An observed day counts as the holiday."""

    country: str
    only: frozenset[str] = frozenset()

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and _rests(self.country, self.only, day)


@cache
def _rests(country: str, only: frozenset[str], day: date) -> bool:
    """Kept, because parcels ask about the same weeks again and again."""
    names = {name.removesuffix(_OBSERVED) for name in _of(country).get_list(day)}
    return bool(names & only if only else names)


@cache
def _of(country: str) -> Any:
    return holidays.country_holidays(country)


def _is_known(country: str) -> bool:
    if len(country) != 2:  # the library takes other names too
        return False
    try:
        _of(country)
    except NotImplementedError:
        return False
    return True


def _calendar(file: TomlFile, path: str, name: str, days: Container[date]) -> OperatingCalendar:
    weekdays, cut_off = file.get(f"{path}.weekdays", _weekdays), file.get(f"{path}.cut_off", _time)
    out_by = file.get(f"{path}.out_by", _time_or_none, "")
    return OperatingCalendar(name, weekdays, days, cut_off, out_by)


def _country(value: Any) -> str:
    if not _is_known(text(value)):
        raise ValueError('write a country such as "US", of which holidays are known')
    return str(value)


def _names_in(country: str) -> Callable[[Any], list[str]]:
    def parse(value: Any) -> list[str]:
        year = holidays.country_holidays(country, years=_ANY_YEAR)
        known = {name.removesuffix(_OBSERVED) for day in year for name in year.get_list(day)}
        if strange := sorted(set(list_of(text)(value)) - known):
            raise ValueError(f"{', '.join(strange)}: no such holiday in {country}; write {', '.join(sorted(known))}")
        return list(value)

    return parse


def _weekdays(value: Any) -> frozenset[int]:
    names = list_of(text)(value)
    if not names or set(names) - set(_WEEK):
        raise ValueError(f"write one or more of {', '.join(_WEEK)}")
    return frozenset(_WEEK.index(name) for name in names)


def _time(value: Any) -> time:
    try:
        return time.fromisoformat(text(value))
    except ValueError:
        raise ValueError('write a time such as "17:00"') from None


def _time_or_none(value: Any) -> time | None:
    return _time(value) if value else None
