"""The numbers of a world, read from a file that says of each where it comes from."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

WORLDS = Path(__file__).parent / "worlds"
T = TypeVar("T")


class ParameterError(Exception):
    """What is wrong with a file of parameters."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where customers live. `days`: usual working days between the two hubs. `utc_h`: winter time, hours from UTC."""

    city: str
    state: str
    zip: str
    region: str
    days: float
    slow: float
    utc_h: float


@dataclass(frozen=True, slots=True)
class Orders:
    """`within_days`: how long customers buy; `then_days`: how long they are watched after it; `promise_days`: calendar
    days from the order until the end of the promised one."""

    within_days: float
    then_days: float
    promise_days: float


@dataclass(frozen=True, slots=True)
class Network:
    """Working days of each part of a journey, and how far they scatter. `saturday` is 1 where carriers work on it."""

    pickup_days: float
    hub_days: float
    line_spread: float
    local_days: float
    saturday: float
    scans_missing: float


@dataclass(frozen=True, slots=True)
class Weather:
    """`storms` per region and year, `strikes` of the whole network per year. `slower`: factors on times; `wander`:
    daily noise of a region's congestion, `busy`: what the season adds all the while. `storm_told`: share of scans in
    a storm that say so."""

    storms: float
    storm_days: float
    storm_slower: float
    storm_told: float
    strikes: float
    strike_days: float
    strike_slower: float
    wander: float
    busy: float


@dataclass(frozen=True, slots=True)
class Mishaps:
    """Shares of parcels, of attempts for `missed`. `declared`: share of losses that the carrier ever says so, after
    `declared_days`."""

    left_behind: float
    left_behind_days: float
    stalled: float
    stalled_days: float
    missed: float
    lost: float
    declared: float
    declared_days: float
    damaged: float


@dataclass(frozen=True, slots=True)
class People:
    """Rates of asking where an order is, per order and day: `asks` before anything is wrong, more for each day of
    `silent` beyond `patience_days` without news, and for each day of `late` past the date that they were told; at most
    `asks_most`. `believes`: share for whom a new date replaces the old one. `rests_days`: after asking. `takes_credit`
    and its kind: shares who accept an offer, within `decides_h` on average."""

    asks: float
    silent: float
    patience_days: float
    late: float
    asks_most: float
    believes: float
    rests_days: float
    takes_wait: float
    takes_credit: float
    takes_replacement: float
    takes_refund: float
    decides_h: float


@dataclass(frozen=True, slots=True)
class Agents:
    """What people do without the workflow: whoever asks is answered after `answer_h`, and offered amends when there was
    no scan for `silent_days` or the promise has passed by `late_days`; of what a carrier declares lost they learn from
    a list that is read every `list_days`. `search_days`: the carrier's working days without a scan after which it
    begins to search, so that what never comes is lost in effect."""

    answer_h: float
    silent_days: float
    late_days: float
    list_days: float
    search_days: float


@dataclass(frozen=True, slots=True)
class Costs:
    """In US dollars. `amends` is the share of an order's value that a replacement or a refund costs the shop."""

    ticket: float
    message: float
    credit: float
    amends: float


@dataclass(frozen=True, slots=True)
class Parameters:
    """A whole world. It begins on a Monday, at midnight UTC."""

    name: str
    about: str
    starts: datetime
    places: tuple[Place, ...]
    orders: Orders
    network: Network
    weather: Weather
    mishaps: Mishaps
    people: People
    agents: Agents
    costs: Costs


_SECTIONS: Mapping[str, type] = {
    "orders": Orders, "network": Network, "weather": Weather, "mishaps": Mishaps,
    "people": People, "agents": Agents, "costs": Costs,
}  # fmt: skip
_SHARES = frozenset(
    "saturday scans_missing storm_told left_behind stalled missed lost declared damaged believes takes_wait"
    " takes_credit takes_replacement takes_refund".split()
)


def names() -> list[str]:
    """The worlds that come with the sandbox."""
    return sorted(path.stem for path in WORLDS.glob("*.toml"))


def load(name: str) -> Parameters:
    """A world by its name, or by the path of a file that ends in `.toml`. Raises: ParameterError."""
    path = Path(name) if name.endswith(".toml") else WORLDS / f"{name}.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise ParameterError(
            f"there is no world {name}; choose of {', '.join(names())}, or name a .toml file"
        ) from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"{path.name}: {error}") from None
    return _parameters(path, table)


def _parameters(path: Path, table: Mapping[str, Any]) -> Parameters:
    unknown = sorted(set(table) - set(_SECTIONS) - {"about", "starts", "places"})
    if unknown:
        raise ParameterError(f"{path.name}: unknown section {', '.join(unknown)}")
    day = table.get("starts")
    if type(day) is not date or day.weekday() != 0:
        raise ParameterError(f"{path.name}: starts must be a Monday, as 2026-01-05")
    found = {name: _section(path.name, name, kind, table.get(name)) for name, kind in _SECTIONS.items()}
    return Parameters(
        name=path.stem,
        about=str(table.get("about", "")),
        starts=datetime(day.year, day.month, day.day, tzinfo=UTC),
        places=_places(path.name, table.get("places")),
        **found,
    )


def _section(file: str, name: str, kind: Callable[..., T], table: Any) -> T:
    wanted = [each.name for each in fields(kind)]  # type: ignore[arg-type]  # a dataclass, which `Callable` cannot say
    if not isinstance(table, Mapping) or set(table) != set(wanted):
        raise ParameterError(f"{file}: [{name}] must have just {', '.join(wanted)}")
    return kind(**{word: _number(f"{file}: {name}.{word}", word, table[word]) for word in wanted})


def _number(where: str, word: str, entry: Any) -> float:
    """A number is written with its source: a reader can then ask whether it is so in their shop."""
    if not isinstance(entry, Mapping) or set(entry) != {"value", "source"} or not str(entry["source"]).strip():
        raise ParameterError(f'{where} must be {{ value = ..., source = "..." }}')
    value = entry["value"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise ParameterError(f"{where} must be a number that is not negative")
    if word in _SHARES and value > 1:
        raise ParameterError(f"{where} is a share: at most 1")
    return float(value)


def _places(file: str, rows: Any) -> tuple[Place, ...]:
    if not isinstance(rows, list) or not rows:
        raise ParameterError(f"{file}: at least one [[places]] is needed")
    try:
        return tuple(Place(**row) for row in rows)
    except TypeError as error:
        raise ParameterError(f"{file}: a place has city, state, zip, region, days, slow, utc_h ({error})") from None
