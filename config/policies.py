"""Read config/policies/*.toml into the frozen values of `domain.policy`.

The version is a digest of the files, so that a decision names the policy that made it. A wrong value is refused
with file, key and reason.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import available_timezones

from config.accounts import ConfigError
from domain.money import MoneyError, to_minor
from domain.policy import (
    CapturePolicy,
    NodePolicy,
    Policies,
    RetentionPolicy,
    RoutingPolicy,
    ShippingPolicy,
    ValidationPolicy,
)

T = TypeVar("T")
HOLDS = ("payment", "address", "fraud", "stock")
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def load_policies(folder: Path) -> Policies:
    """Raises: ConfigError."""
    orders, shipping, routing = (_read(folder / f"{name}.toml") for name in ("orders", "shipping", "routing"))
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.toml")):
        digest.update(path.read_bytes())
    return Policies(
        version=digest.hexdigest()[:12],
        capture=CapturePolicy(
            edit_window=orders.get("capture.edit_window", duration),
            sweep_overlap=orders.get("capture.sweep_overlap", duration),
        ),
        validation=_validation(orders),
        routing=RoutingPolicy(
            split_penalty_minor=routing.get("routing.split_penalty", whole),
            lateness_minor_per_day=routing.get("routing.lateness_per_day", whole),
            scarcity_minor=routing.get("routing.scarcity", whole),
            backorder_penalty_minor=routing.get("routing.backorder_penalty", whole),
            max_nodes=routing.get("routing.max_nodes", whole),
        ),
        nodes=tuple(_node(routing, number) for number in range(len(routing.get("nodes", listing)))),
        shipping=_shipping(shipping),
        retention=RetentionPolicy(
            inbox_bodies=orders.get("retention.inbox_bodies", duration),
            documents=orders.get("retention.documents", duration),
        ),
    )


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


def zone(value: Any) -> str:
    name = text(value)
    if name not in available_timezones():
        raise ValueError('write a time zone such as "America/New_York"')
    return name


def mapping(of: Callable[[Any], T]) -> Callable[[Any], dict[str, T]]:
    def parse(value: Any) -> dict[str, T]:
        if not isinstance(value, dict):
            raise ValueError("write a table")
        return {str(name): of(entry) for name, entry in value.items()}

    return parse


class _File:
    def __init__(self, name: str, data: Mapping[str, Any]) -> None:
        self._name, self._data = name, data

    def get(self, path: str, parse: Callable[[Any], T], default: Any = None) -> T:
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
            raise ConfigError(f"{self._name}: {path}: {error}") from None


def _read(path: Path) -> _File:
    try:
        return _File(path.name, tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ConfigError(f"{path.name} is missing from the policies folder {path.parent.name}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: not valid TOML ({error})") from None


def _limits(value: Any) -> dict[str, int]:
    try:
        return {currency: to_minor(amount, currency) for currency, amount in mapping(whole)(value).items()}
    except MoneyError as error:
        raise ValueError(f"{error} among the currencies") from None


def _validation(file: _File) -> ValidationPolicy:
    due = file.get("validation.hold_due", mapping(duration))
    owner = file.get("validation.hold_owner", mapping(text))
    for name in HOLDS:
        if name not in due or name not in owner:
            raise ConfigError(f"orders.toml: validation.hold_due and hold_owner need an entry for {name}")
    return ValidationPolicy(
        review_above_minor=file.get("validation.review_above", _limits),
        review_above_default=file.get("validation.review_above_default", whole),
        velocity_orders=file.get("validation.velocity_orders", whole),
        velocity_window=file.get("validation.velocity_window", duration),
        hold_due=due,
        hold_owner=owner,
        risk_wait=file.get("validation.risk_wait", duration),
        cancel_unpaid_after=file.get("validation.cancel_unpaid_after", duration),
        authorisation_alerts=tuple(file.get("validation.authorisation_alerts", list_of(duration))),
    )


def _shipping(file: _File) -> ShippingPolicy:
    return ShippingPolicy(
        max_days=file.get("shipping.max_days", mapping(whole)),
        default_max_days=file.get("shipping.default_max_days", whole),
        priority=file.get("shipping.priority", mapping(whole)),
        default_weight_g=file.get("shipping.default_weight_g", whole),
        parcel_mm=file.get("shipping.parcel_mm", three),
        node_method=file.get("shipping.node_method", mapping(text)),
        tracking_urls=file.get("shipping.tracking_urls", mapping(text)),
    )


def _node(file: _File, number: int) -> NodePolicy:
    def get(key: str, parse: Callable[[Any], T], default: Any = None) -> T:
        return file.get(f"nodes.{number}.{key}", parse, default)

    return NodePolicy(
        id=get("id", text),
        name=get("name", text),
        system=get("system", text),
        account=get("account", text),
        node_location=get("node_location", text),
        country=get("country", text),
        region=get("region", text),
        postal_code=get("postal_code", text),
        city=get("city", text),
        line1=get("line1", text),
        phone=get("phone", text),
        time_zone=get("time_zone", zone),
        parcel_base_minor=get("parcel_base", whole),
        parcel_per_kg_minor=get("parcel_per_kg", whole),
        abroad_extra_minor=get("abroad_extra", whole),
        ship_days_domestic=get("ship_days_domestic", whole),
        ship_days_abroad=get("ship_days_abroad", whole),
        ships_itself=get("ships_itself", flag),
        serves=tuple(get("serves", list_of(text))),
        hazmat=get("hazmat", flag),
        safety_stock=get("safety_stock", whole),
        shop_locations=get("shop_locations", mapping(text), {}),
        zones=get("zones", mapping(text), {}),
    )
