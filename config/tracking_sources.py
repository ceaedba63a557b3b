"""Who tells of parcels: the accounts of [[tracking]], and the first of [[carriers]], which follows what is left."""

from collections.abc import Callable, Mapping
from functools import partial

from config.accounts import Account, Accounts, ConfigError
from config.status_maps import DIRECT, status_map
from config.vendors import known
from connectors.carriers.base import Subscribing, TrackingSource
from connectors.carriers.karrio_bridge import Karrio, karrio_gateway
from connectors.carriers.shipengine import ShipEngine, shipengine_http
from connectors.carriers.ups_session import ups_http
from connectors.carriers.ups_tracking import UpsTracking
from connectors.transport import HttpClient

SYSTEMS = ("ups", "shipengine", "karrio")
_SECTION = "tracking"


def build(
    accounts: Accounts, client: Callable[[], HttpClient], parcels: Callable[[], TrackingSource]
) -> Mapping[str, TrackingSource]:
    """By target, in the order of the accounts file, the first of [[carriers]] at the head. Raises: ConfigError."""
    found: dict[str, TrackingSource] = {}
    if accounts.carriers:
        first = parcels()
        found[f"{first.code}/{first.account}"] = first
    for account in accounts.tracking:
        known(account.system, SYSTEMS, _SECTION)
        if account.target in found:
            raise ConfigError(f"accounts file, [[{_SECTION}]]: {account.target} stands twice")
        found[account.target] = _BUILD[account.system](account, client)
    return found


def follower(sources: Mapping[str, TrackingSource], carrier: str) -> str:
    """Target of who follows a parcel of this carrier: the first that names it, else the first that takes any.
    Raises: ConfigError when nobody does."""
    name = carrier.strip().lower()
    named = [target for target, source in sources.items() if name in source.carriers]
    anybody = [target for target, source in sources.items() if not source.carriers]
    if not named and not anybody:
        raise ConfigError("accounts file: nobody follows parcels of any carrier; add a [[carriers]] entry for tracking")
    return (named or anybody)[0]


def source_of(sources: Mapping[str, TrackingSource], followed_by: str) -> TrackingSource | None:
    """Who follows a row: the account that it names, or the one that took its place: the first of the same system.
    None where that system is not configured any more."""
    system = followed_by.partition("/")[0]
    same = [source for target, source in sources.items() if target.partition("/")[0] == system]
    return sources.get(followed_by) or next(iter(same), None)


def subscribing(sources: Mapping[str, TrackingSource]) -> Mapping[str, Subscribing]:
    """Those that send webhooks as well."""
    return {target: source for target, source in sources.items() if isinstance(source, Subscribing)}


def _ups(a: Account, client: Callable[[], HttpClient]) -> TrackingSource:
    return UpsTracking(
        ups_http(client(), a.base_url),
        account=a.account,
        client_id=_option(a, "client_id"),
        secret=a.secret,
        words=status_map("ups"),
    )


def _shipengine(a: Account, client: Callable[[], HttpClient]) -> TrackingSource:
    return ShipEngine(
        shipengine_http(client(), a.base_url, a.secret),
        account=a.account,
        words=status_map("shipengine"),
        only=_names(a),
    )


def _karrio(a: Account, client: Callable[[], HttpClient]) -> TrackingSource:
    """Karrio calls by itself; nothing of it is imported before the first question."""
    carrier, named = _option(a, "carrier"), _option(a, "token_is")
    settings = a.options.get("settings", {})
    if not isinstance(settings, dict):
        raise ConfigError(f"accounts file, [[{_SECTION}]] {a.target}: settings is a table of karrio's own settings")
    gateway = partial(karrio_gateway, carrier, {**settings, named: a.secret})
    words = status_map(carrier if carrier in DIRECT else "karrio")
    return Karrio(carrier, account=a.account, gateway=gateway, words=words, only=_names(a))


def _names(a: Account) -> frozenset[str]:
    """Carriers that are followed, as parcels name them."""
    only = a.options.get("carriers", [])
    if not isinstance(only, list) or not all(isinstance(each, str) and each for each in only):
        raise ConfigError(f"accounts file, [[{_SECTION}]] {a.target}: carriers is a list of names, e.g. ['usps']")
    return frozenset(each.strip().lower() for each in only)


def _option(a: Account, name: str) -> str:
    value = a.options.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"accounts file, [[{_SECTION}]] {a.target}: {name} is missing; add it as text")
    return value


_BUILD: Mapping[str, Callable[[Account, Callable[[], HttpClient]], TrackingSource]] = {
    "ups": _ups,
    "shipengine": _shipengine,
    "karrio": _karrio,
}
