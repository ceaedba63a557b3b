"""May this order be fulfilled? A pure judgement over a snapshot; every hold has a name, an owner and a due time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.decisions import Reason
from domain.money import exponent
from domain.payments import PaymentVerdict
from domain.policy import ValidationPolicy


@dataclass(frozen=True, slots=True)
class OrderSnapshot:
    """What a validation looks at; nothing personal, so that it can be kept with the decision."""

    order_id: str
    total_minor: int
    currency: str
    placed_at: datetime
    payment: PaymentVerdict
    ships: bool
    address_problems: tuple[str, ...]  # offline check: "{field}:{code}"
    address_verdict: str  # online: deliverable, corrected, missing_unit, unverifiable, or "" when not asked
    address_version: int
    address_confirmed: bool  # the customer or an agent said that it is right as it stands
    risk_level: str
    risk_recommendation: str
    risk_cleared: bool  # a person released the fraud hold
    billing_country: str
    shipping_country: str
    recent_orders: int  # of the same customer inside the velocity window, this one included
    unknown_skus: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        facts = {name: getattr(self, name) for name in self.__slots__}
        facts["placed_at"] = self.placed_at.isoformat()
        facts["address_problems"] = list(self.address_problems)
        facts["unknown_skus"] = list(self.unknown_skus)
        return facts


@dataclass(frozen=True, slots=True)
class WantedHold:
    name: str
    owner: str
    reason: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Validation:
    """`wait` is set when it is too early to judge (the shop is still assessing risk)."""

    holds: tuple[WantedHold, ...]
    reasons: tuple[Reason, ...]
    wait: timedelta | None = None

    @property
    def accepted(self) -> bool:
        return not self.holds and self.wait is None


_PAYMENT_OK = {PaymentVerdict.PAID, PaymentVerdict.AUTHORISED}
_ADDRESS_REASON = {
    "corrected": "address_corrected",
    "missing_unit": "address_missing_unit",
    "unverifiable": "address_unverifiable",
}


def validate(order: OrderSnapshot, policy: ValidationPolicy, now: datetime) -> Validation:
    """Judge payment, address and risk. Several holds may stand at once; fraud holds first, never cancels."""
    if order.risk_level == "pending" and not order.risk_cleared and now - order.placed_at < policy.risk_wait:
        return Validation((), (Reason("risk_waiting"),), wait=timedelta(seconds=30))
    reasons = [Reason(str(order.payment))]
    names: list[tuple[str, str]] = []
    if order.payment not in _PAYMENT_OK:
        names.append(("payment", str(order.payment)))
    address = _address_reason(order)
    reasons.append(Reason(address, {"problems": list(order.address_problems)} if order.address_problems else {}))
    if address not in ("address_ok", "no_shipping_needed"):
        names.append(("address", address))
    risky = risk_reasons(order, policy)
    reasons += risky or [Reason("risk_ok")]
    if risky:
        names.append(("fraud", risky[0].code))
    if order.unknown_skus:
        reasons.append(Reason("unknown_sku", {"skus": list(order.unknown_skus)}))
        names.append(("stock", "unknown_sku"))
    holds = tuple(
        WantedHold(name, policy.hold_owner[name], reason, now + policy.hold_due[name]) for name, reason in names
    )
    return Validation(holds, tuple(reasons))


def _address_reason(order: OrderSnapshot) -> str:
    if not order.ships:
        return "no_shipping_needed"
    if order.address_confirmed and not order.address_problems:
        return "address_ok"
    if order.address_problems:
        return "address_missing" if "address:missing" in order.address_problems else "address_format"
    return _ADDRESS_REASON.get(order.address_verdict, "address_ok")


def risk_reasons(order: OrderSnapshot, policy: ValidationPolicy) -> list[Reason]:
    """The shop's word first, then three rules: value, mismatch, velocity. Nothing that a person has cleared."""
    if order.risk_cleared:
        return []
    reasons: list[Reason] = []
    if order.risk_level == "high" or order.risk_recommendation == "cancel":
        reasons.append(Reason("risk_high"))
    elif order.risk_recommendation == "investigate":
        reasons.append(Reason("risk_medium"))
    limit = policy.review_above_minor.get(order.currency, policy.review_above_default * 10 ** exponent(order.currency))
    if order.total_minor > limit:
        reasons.append(Reason("value_high", {"limit_minor": limit}))
    if (
        order.billing_country
        and order.shipping_country
        and order.billing_country != order.shipping_country
        and order.risk_level in ("medium", "high")
    ):
        reasons.append(Reason("country_mismatch"))
    if order.recent_orders > policy.velocity_orders:
        reasons.append(Reason("velocity", {"orders": order.recent_orders}))
    return reasons
