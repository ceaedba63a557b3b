"""Which requests a person looks at before anything is done."""

from domain.decisions import Reason
from domain.edit_quote import Quote
from domain.edits import EditKind, Wanted
from domain.placed import PlacedOrder
from domain.policy import EditPolicy, PriceIncrease


def review_reasons(
    order: PlacedOrder, wanted: Wanted, quote: Quote, policy: EditPolicy, *, country: str = ""
) -> tuple[Reason, ...]:
    """Empty: nobody has to look. `country`: of the wanted address, empty where it stays."""
    reasons: list[Reason] = []
    if asked := wanted.kinds - policy.auto_approve:
        reasons.append(Reason("kind_reviewed", {"kinds": sorted(asked)}))
    if policy.review_promotion and quote.promotion_changed:
        reasons.append(Reason("promotion_changed", {"lost_discount": quote.lost_discount}))
    moved = EditKind.ADDRESS in wanted.kinds and country not in ("", order.country)
    if policy.review_country and moved:
        reasons.append(Reason("country_changed", {"from": order.country, "to": country}))
    if quote.to_pay_minor and policy.price_increase is PriceIncrease.REVIEW:
        reasons.append(Reason("price_increase", {"to_pay_minor": quote.to_pay_minor}))
    rise = quote.new_total_minor - quote.old_total_minor
    amounts = [
        ("total_rises", rise, policy.rises_by),
        ("edit_value_high", 0 if wanted.cancelled else quote.new_total_minor, policy.value_above),
        ("refund_above_limit", quote.to_refund_minor, policy.refund_above),
    ]
    for code, amount, limit in amounts:
        if amount > limit.of(order.currency):
            reasons.append(Reason(code, {"minor": amount, "limit_minor": limit.of(order.currency)}))
    if order.edits >= policy.edits_at_most:
        reasons.append(Reason("many_edits", {"edits": order.edits}))
    return tuple(reasons)
