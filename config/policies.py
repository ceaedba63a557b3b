"""Read config/policies/*.toml into the frozen values of `domain.policy`.

The version is a digest of the files, so that a decision names the policy that made it. A wrong value is refused
with file, key and reason.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import available_timezones

from config.accounts import ConfigError
from config.anomaly_policy import anomaly_policy
from config.carrier_calendars import calendars, causes
from config.clock_policy import clock_policy
from config.delay_policy import delay_policy
from config.edit_capabilities import edit_capabilities
from config.edit_policy import edit_policy
from config.kpi_policy import kpi_policy
from config.message_policy import message_policy
from config.offer_policy import claim_policy, offer_policy
from config.polling_policy import polling_policy
from config.portal_policy import portal_policy
from config.reading import TomlFile, duration, flag, limits, list_of, listing, mapping, read_toml, text, three, whole
from config.returns_policy import return_policy
from config.status_maps import status_code_policy
from config.way_back_policy import way_back_policy
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


# Facts of vendors: not a merchant's to choose.
CAPABILITIES = Path(__file__).with_name("edit_capabilities.toml")
CALENDARS, CAUSES = (Path(__file__).parent / "carriers" / f"{name}.toml" for name in ("calendars", "causes"))


def load_policies(folder: Path, capabilities: Path = CAPABILITIES) -> Policies:
    """Raises: ConfigError."""
    names = (
        "orders", "shipping", "routing", "edits", "returns", "portal", "kpis", "way_back", "delays", "clocks",
        "status_codes", "anomalies", "messages", "polling",
    )  # fmt: skip
    orders, shipping, routing, edits, returns, portal, kpis, back, delays, clocks, *others = (
        read_toml(folder / f"{name}.toml") for name in names
    )
    codes, anomalies, messages, polling = others
    offers, claims = (read_toml(folder / f"{name}.toml") for name in ("offers", "carrier_claims"))
    table = read_toml(capabilities)
    digest = hashlib.sha256()
    for path in (*sorted(folder.glob("*.toml")), capabilities, CALENDARS, CAUSES):
        digest.update(path.read_bytes())
    nodes = tuple(_node(routing, number) for number in range(len(routing.get("nodes", listing))))
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
        nodes=nodes,
        shipping=_shipping(shipping),
        edits=edit_policy(edits),
        returns=return_policy(returns),
        capabilities=edit_capabilities(table, {node.system for node in nodes}),
        portal=portal_policy(portal),
        kpis=kpi_policy(kpis),
        way_back=way_back_policy(back, nodes),
        delays=delay_policy(delays),
        clocks=clock_policy(clocks),
        status_codes=status_code_policy(codes),
        anomalies=anomaly_policy(anomalies),
        calendars=calendars(read_toml(CALENDARS)),
        causes=causes(read_toml(CAUSES)),
        messages=message_policy(messages),
        polling=polling_policy(polling),
        offers=offer_policy(offers),
        carrier_claims=claim_policy(claims),
        retention=RetentionPolicy(
            inbox_bodies=orders.get("retention.inbox_bodies", duration),
            documents=orders.get("retention.documents", duration),
        ),
    )


_zones = cache(available_timezones)  # looks through a folder of hundreds of files


def zone(value: Any) -> str:
    name = text(value)
    if name not in _zones():
        raise ValueError('write a time zone such as "America/New_York"')
    return name


def _validation(file: TomlFile) -> ValidationPolicy:
    due = file.get("validation.hold_due", mapping(duration))
    owner = file.get("validation.hold_owner", mapping(text))
    for name in HOLDS:
        if name not in due or name not in owner:
            raise ConfigError(f"orders.toml: validation.hold_due and hold_owner need an entry for {name}")
    return ValidationPolicy(
        review_above_minor=file.get("validation.review_above", limits),
        review_above_default=file.get("validation.review_above_default", whole),
        velocity_orders=file.get("validation.velocity_orders", whole),
        velocity_window=file.get("validation.velocity_window", duration),
        hold_due=due,
        hold_owner=owner,
        risk_wait=file.get("validation.risk_wait", duration),
        cancel_unpaid_after=file.get("validation.cancel_unpaid_after", duration),
        authorisation_alerts=tuple(file.get("validation.authorisation_alerts", list_of(duration))),
    )


def _shipping(file: TomlFile) -> ShippingPolicy:
    return ShippingPolicy(
        max_days=file.get("shipping.max_days", mapping(whole)),
        default_max_days=file.get("shipping.default_max_days", whole),
        priority=file.get("shipping.priority", mapping(whole)),
        default_weight_g=file.get("shipping.default_weight_g", whole),
        parcel_mm=file.get("shipping.parcel_mm", three),
        node_method=file.get("shipping.node_method", mapping(text)),
        tracking_urls=file.get("shipping.tracking_urls", mapping(text)),
    )


def _node(file: TomlFile, number: int) -> NodePolicy:
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
