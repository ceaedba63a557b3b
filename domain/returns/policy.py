"""The rules of returns as frozen values; config/policies/returns.toml is parsed into these.

Of each kind of rule the first that fits counts; only seasons add up, and they never shorten a window.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.money import AmountLimit
from domain.returns.scope import DayOfYear, Scope
from domain.returns.words import Condition, Disposition, Grade, Resolution, ReturnKind, ReturnReason


@dataclass(frozen=True, slots=True)
class WindowRule:
    """Open until the end of the local day so many days after the day of delivery."""

    name: str
    scope: Scope
    days: int


@dataclass(frozen=True, slots=True)
class Season:
    """What was ordered within the scope's days may go back until the end of this day, if that is later."""

    name: str
    scope: Scope
    open_until: DayOfYear


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What is not taken back. `lawful`: the law exempts it from withdrawal too; `once_opened`: only then."""

    name: str
    scope: Scope
    lawful: bool
    once_opened: bool


@dataclass(frozen=True, slots=True)
class ConditionRule:
    """What state returns and exchanges may be in."""

    name: str
    scope: Scope
    accepted: frozenset[Condition]


@dataclass(frozen=True, slots=True)
class ClaimTerms:
    """Until how many days after delivery something may be claimed. Of what never arrived: after the day on which the
    claim could first be made, `wait` past the promised time."""

    days: int
    photos: bool
    resolutions: tuple[Resolution, ...]
    wait: timedelta


class FeeCode(StrEnum):
    LABEL = "label"  # what sending it back costs
    RESTOCKING = "restocking"


class Per(StrEnum):
    UNIT = "unit"
    LINE = "line"
    REQUEST = "request"  # once for all lines of one currency that it fits


@dataclass(frozen=True, slots=True)
class FeeRule:
    """Either per cent of what was paid, or minor units by currency; nothing in a currency that is not listed."""

    name: str
    code: FeeCode
    scope: Scope
    per: Per
    percent: int
    minor: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class KeepPolicy:
    """What is cheaper to leave with the customer; counted per customer over `period`, so that asking does not pay."""

    scope: Scope
    up_to: AmountLimit  # of a line
    period: timedelta
    units_at_most: int
    total_at_most: AmountLimit


class When(StrEnum):
    """When the customer gets what was decided."""

    AT_ONCE = "at_once"
    FIRST_SCAN = "first_scan"
    RECEIPT = "receipt"
    INSPECTION = "inspection"


@dataclass(frozen=True, slots=True)
class TrustTier:
    """What a customer's past earns. A limit of None is none. `ahead_up_to`: value that may be out ahead of the goods,
    over all of a customer's returns; beyond it the goods are inspected first."""

    name: str
    orders_at_least: int
    return_percent_at_most: int | None
    claims_at_most: int | None
    unreturned_at_most: int | None
    refund: When
    exchange: When
    ahead_up_to: AmountLimit


@dataclass(frozen=True, slots=True)
class ReturnReviews:
    """What a person looks at first. Counts are within the policy's `history`."""

    value_above: AmountLimit  # of a line
    claims_at_most: int
    returns_at_most: int


@dataclass(frozen=True, slots=True)
class WithdrawalLaw:
    """A right to take back the contract, see `domain.returns.law`. `customer_pays_return`: the law lets the customer
    bear the way back, which is then the shop's label fee."""

    name: str
    countries: frozenset[str]
    days: int
    to_working_day: bool
    send_back_days: int
    refund_days: int
    customer_pays_return: bool


@dataclass(frozen=True, slots=True)
class GuaranteeLaw:
    """The seller's liability for goods that do not conform, see `domain.returns.law`. `months_of`: longer ones by
    country. For `burden_months` a fault counts as there from the beginning."""

    name: str
    countries: frozenset[str]
    months: int
    burden_months: int
    months_of: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GiftPolicy:
    """What a recipient may have who did not pay."""

    resolutions: frozenset[Resolution]
    fees: bool
    tell_buyer: bool  # that, and how, a gift of theirs went back


class ShippingBack(StrEnum):
    """What goes back of the outbound shipping. The first two once no unit of the order is kept."""

    WHOLE_ORDER = "whole_order"  # as it was paid
    STANDARD = "standard"  # at most the price of standard delivery (Directive 2011/83/EU, Article 13(2))
    SHARE = "share"  # the part of the units that come back
    NONE = "none"


class Destination(StrEnum):
    ORIGINAL = "original"  # to what was paid with
    STORE_CREDIT = "store_credit"
    BY_HAND = "by_hand"  # by a person: a bank transfer for what was paid in cash


@dataclass(frozen=True, slots=True)
class TenderRule:
    """What was paid through these gateways (all when empty) goes back there. `bonus`: it may earn the credit's bonus;
    money that was credit before never does, or returning would make money."""

    name: str
    gateways: frozenset[str]
    back: Destination
    bonus: bool


@dataclass(frozen=True, slots=True)
class MoneyPolicy:
    """`tenders` in the order in which they are paid back; the last takes every gateway. `bonus_percent` on top for who
    takes store credit instead of money, `bonus_at_most` for a request. `even_exchange`: another variant of the same
    product costs and gives back nothing. `credit_gateway`: the tender under which a shop lists credit that it gave."""

    tenders: tuple[TenderRule, ...]
    shipping: Mapping[ReturnKind, ShippingBack]
    standard_shipping: Mapping[str, int]  # minor units by currency, with tax
    bonus_percent: int
    bonus_at_most: AmountLimit
    even_exchange: bool
    credit_gateway: str


@dataclass(frozen=True, slots=True)
class ExchangePolicy:
    """Goods for goods. `hold_for`: how long units are kept for a customer who is awaited, `pay_within`: for one who has
    to pay a difference. `priority`: of the order line that it becomes, 0 is the most urgent."""

    hold_for: timedelta
    pay_within: timedelta
    priority: int


@dataclass(frozen=True, slots=True)
class DispositionRule:
    """Where units of these grades (of all when empty) go; `value_up_to` of one unit, None for any."""

    name: str
    scope: Scope
    grades: frozenset[Grade]
    value_up_to: AmountLimit | None
    to: Disposition


@dataclass(frozen=True, slots=True)
class ConsequenceRule:
    """What a grade does to the money: per cent of what was paid that stay with the shop. `review`: a person decides."""

    name: str
    scope: Scope
    grades: frozenset[Grade]
    kept_percent: int
    review: bool


@dataclass(frozen=True, slots=True)
class ReturnPolicy:
    """`unknown_delivery_days`: what is not on its way and has no known delivery counts as delivered so many days after
    it was sent. `claw_back`: how long goods may take that something was given for. `history`: over what period claims
    and returns of a customer are counted."""

    windows: tuple[WindowRule, ...]
    seasons: tuple[Season, ...]
    unknown_delivery_days: int
    exclusions: tuple[Exclusion, ...]
    conditions: tuple[ConditionRule, ...]
    resolutions: Mapping[ReturnKind, tuple[Resolution, ...]]  # of all kinds but claims
    claims: Mapping[ReturnReason, ClaimTerms]
    fees: tuple[FeeRule, ...]
    keep: KeepPolicy
    trust: tuple[TrustTier, ...]  # the best first; the last takes everybody
    claw_back: timedelta
    history: timedelta
    reviews: ReturnReviews
    withdrawals: tuple[WithdrawalLaw, ...]
    guarantees: tuple[GuaranteeLaw, ...]
    gifts: GiftPolicy
    money: MoneyPolicy
    exchanges: ExchangePolicy
    dispositions: tuple[DispositionRule, ...]
    consequences: tuple[ConsequenceRule, ...]
