"""Policies: business rules as frozen values. config/policies/*.toml is parsed into these at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class CapturePolicy:
    """`edit_window`: how long after capture an order is kept back for changes (remorse hold)."""

    edit_window: timedelta
    sweep_overlap: timedelta


@dataclass(frozen=True, slots=True)
class ValidationPolicy:
    """Fraud limits are in minor units per currency; a currency that is not listed is reviewed above
    `review_above_default` major units."""

    review_above_minor: Mapping[str, int]
    review_above_default: int
    velocity_orders: int
    velocity_window: timedelta
    hold_due: Mapping[str, timedelta]  # by hold name
    hold_owner: Mapping[str, str]
    risk_wait: timedelta  # how long to wait for the shop's own assessment
    cancel_unpaid_after: timedelta
    authorisation_alerts: tuple[timedelta, ...]


@dataclass(frozen=True, slots=True)
class RoutingPolicy:
    """Costs in minor units of one planning currency; used to compare plans only."""

    split_penalty_minor: int
    lateness_minor_per_day: int
    scarcity_minor: int  # price of taking the last unit of a SKU at a node
    backorder_penalty_minor: int
    max_nodes: int


@dataclass(frozen=True, slots=True)
class NodePolicy:
    """One node with what it costs and can."""

    id: str
    name: str
    system: str
    account: str
    node_location: str
    country: str
    region: str
    postal_code: str
    city: str
    line1: str
    phone: str
    time_zone: str
    parcel_base_minor: int
    parcel_per_kg_minor: int
    abroad_extra_minor: int
    ship_days_domestic: int
    ship_days_abroad: int
    ships_itself: bool
    serves: tuple[str, ...]  # country codes, empty = everywhere
    hazmat: bool
    safety_stock: int
    shop_locations: Mapping[str, str]  # "{system}/{account}" -> the shop's location that shows this node's stock
    zones: Mapping[str, str]  # own warehouse: SKU prefix -> zone


@dataclass(frozen=True, slots=True)
class ShippingPolicy:
    """Promise by the shop's shipping code: at most so many days; parcel defaults for what has no size."""

    max_days: Mapping[str, int]
    default_max_days: int
    priority: Mapping[str, int]
    default_weight_g: int
    parcel_mm: tuple[int, int, int]
    node_method: Mapping[str, str]  # shipping code -> the 3PL's method name
    tracking_urls: Mapping[str, str]  # carrier in lower case (and "default") -> url with {number}


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    inbox_bodies: timedelta
    documents: timedelta


@dataclass(frozen=True, slots=True)
class Policies:
    version: str
    capture: CapturePolicy
    validation: ValidationPolicy
    routing: RoutingPolicy
    nodes: tuple[NodePolicy, ...]
    shipping: ShippingPolicy
    retention: RetentionPolicy

    def node(self, node_id: str) -> NodePolicy:
        """Raises: KeyError."""
        return next(node for node in self.nodes if node.id == node_id)
