"""Policies: business rules as frozen values. config/policies/*.toml is parsed into these at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.anomalies.calendar import Calendars
from domain.anomalies.facts import Cause
from domain.anomalies.policy import AnomalyPolicy
from domain.carrier_claims import ClaimPolicy
from domain.channels import MessageRules
from domain.clock_policy import ClockPolicy
from domain.delays.policy import DelayPolicy
from domain.edit_capabilities import Capabilities
from domain.edits import EditKind
from domain.kpis import KpiPolicy
from domain.money import AmountLimit
from domain.polling import PollPolicy
from domain.remedies import OfferPolicy
from domain.returns.policy import ReturnPolicy
from domain.returns.way_back import WayBack
from domain.status_maps import StatusCodePolicy


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
class ShippingMethod:
    """What choosing it costs, before tax unless prices contain it; a currency that is not listed cannot choose it."""

    title: str
    price_minor: Mapping[str, int]


class Phase(StrEnum):
    """When a next step is of use."""

    BEFORE_DELIVERY = "before_delivery"
    AFTER_DELIVERY = "after_delivery"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class NextStepPolicy:
    """What can still be done for these kinds when it is too late to edit. Without prices it is free."""

    code: str
    kinds: frozenset[EditKind]
    phase: Phase
    price_minor: Mapping[str, int]


class PriceIncrease(StrEnum):
    PAYMENT_LINK = "payment_link"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class AlternativesPolicy:
    """Weights of what makes a product a substitute, in points; `price_within_percent` of the wanted one's price."""

    at_most: int
    price_within_percent: int
    category: int
    price: int
    tags: int
    least_score: int


@dataclass(frozen=True, slots=True)
class EditPolicy:
    """Windows count from when the order was placed; nodes and authorisations may end them sooner."""

    window: Mapping[EditKind, timedelta]
    open_while_held: frozenset[EditKind]  # whatever the window says: a hold waits for just that
    agents_past_window: bool
    reservation: timedelta  # how long new stock is kept for a request that nobody has confirmed
    review_lives: timedelta
    price_increase: PriceIncrease
    link_lives: timedelta
    answer_within: timedelta  # after a page's end, until its vendor has said whether it was paid
    auto_approve: frozenset[EditKind]
    review_promotion: bool
    review_country: bool
    rises_by: AmountLimit
    value_above: AmountLimit
    refund_above: AmountLimit
    edits_at_most: int  # of one order without a person
    shipping: Mapping[str, ShippingMethod]
    next_steps: tuple[NextStepPolicy, ...]
    alternatives: AlternativesPolicy


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    inbox_bodies: timedelta
    documents: timedelta


@dataclass(frozen=True, slots=True)
class PortalPolicy:
    """How long customers' links and sessions live, and how often an order may be looked up."""

    session_lives: timedelta
    mail_link_lives: timedelta  # the link in mails about an order
    lookup_link_lives: timedelta  # the link that somebody asked for
    lookups_per_network: int  # within `lookup_window`, as the next
    lookups_per_order: int  # of one order number with one e-mail, right or wrong
    lookup_window: timedelta
    edit_window: timedelta  # what one order's customer may ask within it, as the next two
    edit_previews: int  # each asks the shop for a price
    edit_requests: int
    return_window: timedelta
    return_requests: int  # returns that one order's customer may ask for within it
    withdrawals_per_network: int  # within it too, as the next
    withdrawals_per_order: int  # of one order number with one e-mail; more of the same say nothing new


@dataclass(frozen=True, slots=True)
class Policies:
    version: str
    capture: CapturePolicy
    validation: ValidationPolicy
    routing: RoutingPolicy
    nodes: tuple[NodePolicy, ...]
    shipping: ShippingPolicy
    retention: RetentionPolicy
    edits: EditPolicy
    returns: ReturnPolicy
    way_back: WayBack
    capabilities: Capabilities
    portal: PortalPolicy
    kpis: KpiPolicy
    delays: DelayPolicy
    clocks: ClockPolicy
    status_codes: StatusCodePolicy
    anomalies: AnomalyPolicy
    calendars: Calendars
    causes: Mapping[str, Cause]  # by the detail of a scan
    messages: MessageRules
    polling: PollPolicy
    offers: OfferPolicy
    carrier_claims: ClaimPolicy

    def node(self, node_id: str) -> NodePolicy:
        """Raises: KeyError."""
        return next(node for node in self.nodes if node.id == node_id)
