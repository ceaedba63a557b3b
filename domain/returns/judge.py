"""The decision on each line of a request to return: may it, by which rule, what is offered, what it costs.

Pure: facts, policy and the time go in. The law stands above the shop's rules, and a ruling says so (`overridden`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.decisions import Reason
from domain.returns.asks import ReturnAsk, ReturnError
from domain.returns.entitled import Case, Granted, Refused, entitled, refused
from domain.returns.facts import CustomerFacts, LineFacts, OrderFacts
from domain.returns.fees import fee_rules, line_fees, with_request_fees
from domain.returns.policy import FeeCode, FeeRule, ReturnPolicy, TrustTier, When
from domain.returns.rulings import Goods, LineRuling, NextStep, Verdict
from domain.returns.scope import Subject
from domain.returns.windows import local_day
from domain.returns.words import NOT_THERE, OF_MONEY, Resolution, ReturnKind, ReturnReason
from domain.zones import zone_of

LineKey = tuple[str, str]  # order, line


def judge_request(
    asks: Sequence[ReturnAsk],
    lines: Mapping[LineKey, LineFacts],
    orders: Mapping[str, OrderFacts],
    customer: CustomerFacts,
    policy: ReturnPolicy,
    now: datetime,
    *,
    gift: bool = False,
) -> tuple[LineRuling, ...]:
    """A ruling for each ask, in their order; what is granted to one counts for the next, so that asking in parts gains
    nothing. `gift`: asked by a recipient. Raises: ReturnError unknown_order, unknown_line."""
    rulings: list[LineRuling] = []
    rules: list[tuple[FeeRule, ...]] = []
    held = dict(lines)
    for number, ask in enumerate(asks, start=1):
        if ask.order_id not in orders:
            raise ReturnError("unknown_order", f"lines[{number}].order_id")
        key = (ask.order_id, ask.line_id)
        if key not in held:
            raise ReturnError("unknown_line", f"lines[{number}].line_id")
        order = orders[ask.order_id]
        ruling = judge_line(ask, held[key], order, customer, policy, now, gift=gift)
        rulings.append(ruling)
        rules.append(_charged(_case(ask, held[key], order, customer, policy, now, gift=gift), ruling))
        if ruling.verdict is not Verdict.REFUSED:
            held[key] = replace(held[key], in_return=held[key].in_return + ask.quantity)
            customer = _after(customer, ruling)
    return with_request_fees(rulings, rules)


def judge_line(
    ask: ReturnAsk,
    line: LineFacts,
    order: OrderFacts,
    customer: CustomerFacts,
    policy: ReturnPolicy,
    now: datetime,
    *,
    gift: bool = False,
) -> LineRuling:
    """One line by itself: without the fees that are asked once for a whole request, see `judge_request`."""
    case = _case(ask, line, order, customer, policy, now, gift=gift)
    value = line.value_minor(ask.quantity)
    found = _stopped(case) or entitled(case)
    if isinstance(found, Granted):
        found = _offered(case, found)
    if isinstance(found, Refused):
        return LineRuling(
            ask, Verdict.REFUSED, order.currency, value, found.reasons, found.rule, (), found.until,
            found.resolutions, next_step=found.next_step, next_at=found.next_at,
        )  # fmt: skip
    goods, notes = _goods(case, value)
    partly = Reason("partly_sent") if goods is Goods.SEND_BACK and _unsent(case) else None
    waits = (*found.doubts, *((partly,) if partly else ()), *_reviews(case, found, value))
    tier = trust_tier(customer, policy)
    when = _when(case, tier, value, goods)
    ruling = LineRuling(
        ask=ask,
        verdict=Verdict.REVIEW if waits else Verdict.ALLOWED,
        currency=order.currency,
        value_minor=value,
        reasons=waits or (*found.notes, *notes),
        rule=found.rule,
        overridden=found.overridden,
        window_end=found.until,
        resolutions=found.resolutions,
        goods=goods,
        when=when,
        trust=tier.name,
        claw_back_at=now + policy.claw_back if when is When.AT_ONCE and goods is Goods.SEND_BACK else None,
    )
    return _with_fees(case, _with_legal_clocks(case, found, ruling))


def trust_tier(customer: CustomerFacts, policy: ReturnPolicy) -> TrustTier:
    """The best that the customer's past earns."""
    return next(tier for tier in policy.trust if _earns(customer, tier))


def _earns(customer: CustomerFacts, tier: TrustTier) -> bool:
    limits = (
        (customer.return_percent, tier.return_percent_at_most),
        (customer.claims, tier.claims_at_most),
        (customer.unreturned, tier.unreturned_at_most),
    )
    return customer.orders >= tier.orders_at_least and all(most is None or count <= most for count, most in limits)


def subject_of(ask: ReturnAsk, line: LineFacts, order: OrderFacts, customer: CustomerFacts) -> Subject:
    """What rules are matched against; the inspection of the same units needs it too."""
    return Subject(
        sku=line.sku,
        category=line.category,
        tags=line.tags,
        country=order.country,
        tier=customer.tier,
        kind=ask.kind,
        reason=ask.reason,
        resolution=ask.resolution,
        placed_on=local_day(order.placed_at, zone_of(order.country, order.region)),
        discount_percent=line.discount_percent,
    )


def _case(
    ask: ReturnAsk, line: LineFacts, order: OrderFacts, customer: CustomerFacts, policy: ReturnPolicy, now: datetime,
    *, gift: bool,
) -> Case:  # fmt: skip
    return Case(ask, subject_of(ask, line, order, customer), line, order, customer, policy, now, gift)


def _stopped(case: Case) -> Refused | None:
    """What speaks against it whatever the rules say: there is nothing that could go back, or not now."""
    ask, line = case.ask, case.line
    if case.order.cancelled:
        return refused("order_cancelled")
    if case.order.changing and ask.kind is not ReturnKind.WITHDRAWAL:
        return refused("edit_in_progress")
    units = line.arrived
    if ask.kind is ReturnKind.WITHDRAWAL:
        units = line.sold
    elif ask.reason is ReturnReason.NEVER_ARRIVED:
        units = line.shipped
    free = units - line.used_up
    if free >= ask.quantity:
        return None
    if free > 0:
        return refused("not_so_many", left=free)
    if line.used_up and line.used_up >= units:
        return refused("already_in_return" if line.in_return else "already_returned")
    if line.shipped:
        return refused("not_delivered")
    found = refused("not_sent_yet")
    return replace(found, next_step=NextStep.WAIT) if ask.kind is ReturnKind.CLAIM else found


def _offered(case: Case, granted: Granted) -> Granted | Refused:
    offered = granted.resolutions
    if case.gift:
        offered = tuple(each for each in offered if each in case.policy.gifts.resolutions)
        if not offered:
            return refused("gift_not_offered", granted.rule, granted.until)
    if case.ask.resolution not in offered:
        found = refused("resolution_not_offered", granted.rule, granted.until, offered=sorted(offered))
        return replace(found, resolutions=offered)
    return replace(granted, resolutions=offered)


def _unsent(case: Case) -> bool:
    """Whether some of a withdrawal's units have not left: the rest of its line cannot cover it."""
    return case.ask.kind is ReturnKind.WITHDRAWAL and case.line.shipped - case.line.used_up < case.ask.quantity


def _goods(case: Case, value: int) -> tuple[Goods, tuple[Reason, ...]]:
    if case.ask.reason in NOT_THERE:
        return Goods.NOTHING, ()
    if _unsent(case) and case.line.shipped <= case.line.used_up:
        return Goods.UNSENT, ()
    keep, customer, currency = case.policy.keep, case.customer, case.order.currency
    fits = keep.scope.fits(case.subject) and 0 < value <= keep.up_to.of(currency)
    # to a recipient, that it is not worth its way back would tell what it cost
    if not fits or case.gift or case.ask.resolution is Resolution.REPAIR:
        return Goods.SEND_BACK, ()
    units = customer.kept_units + case.ask.quantity
    total = customer.kept_minor.get(currency, 0) + value
    if units > keep.units_at_most or total > keep.total_at_most.of(currency):
        return Goods.SEND_BACK, (Reason("keep_cap_reached"),)
    return Goods.KEEP, (Reason("kept"),)


def _reviews(case: Case, granted: Granted, value: int) -> tuple[Reason, ...]:
    """A withdrawal is valid when it is declared, whoever declares it: only money that may go twice waits."""
    reviews, customer = case.policy.reviews, case.customer
    found = [Reason("dispute_open")] if case.order.disputed else []
    if granted.withdrawal is not None and (granted.lawful or case.ask.kind is ReturnKind.WITHDRAWAL):
        return tuple(found)
    if value > (limit := reviews.value_above.of(case.order.currency)):
        found.append(Reason("return_value_high", {"minor": value, "limit_minor": limit}))
    if case.ask.kind is ReturnKind.CLAIM and customer.claims >= reviews.claims_at_most:
        found.append(Reason("many_claims", {"claims": customer.claims}))
    if customer.returns >= reviews.returns_at_most:
        found.append(Reason("many_returns", {"returns": customer.returns}))
    return tuple(found)


def _when(case: Case, tier: TrustTier, value: int, goods: Goods) -> When:
    if goods is not Goods.SEND_BACK:
        return When.AT_ONCE
    wanted = tier.refund if case.ask.resolution in OF_MONEY else tier.exchange
    if case.ask.resolution is Resolution.REPAIR:
        return When.RECEIPT
    ahead = case.customer.ahead_minor.get(case.order.currency, 0)
    if wanted in (When.AT_ONCE, When.FIRST_SCAN) and ahead + value > tier.ahead_up_to.of(case.order.currency):
        return When.INSPECTION
    return wanted


def _with_legal_clocks(case: Case, granted: Granted, ruling: LineRuling) -> LineRuling:
    """A return within the time of a withdrawal is one, whatever it is called: the money is due by the same day."""
    right = granted.withdrawal
    if right is None or case.ask.resolution is not Resolution.REFUND:
        return ruling
    send = case.now + timedelta(days=right.law.send_back_days) if ruling.goods is Goods.SEND_BACK else None
    return replace(ruling, send_by=send, refund_by=case.now + timedelta(days=right.law.refund_days))


def _with_fees(case: Case, ruling: LineRuling) -> LineRuling:
    if ruling.goods is not Goods.SEND_BACK or (case.gift and not case.policy.gifts.fees):
        return ruling
    rules = fee_rules(case.subject, case.policy.fees)
    waived = _waived(case)
    dropped = tuple(f"fee:{rule.name}" for rule in rules if rule.code in waived)
    kept = [rule for rule in rules if rule.code not in waived]
    fees = line_fees(kept, ruling.currency, ruling.value_minor, case.ask.quantity)
    return replace(ruling, fees=fees, overridden=(*ruling.overridden, *dropped))


def _waived(case: Case) -> frozenset[FeeCode]:
    """Fees that the law does not let a shop ask for."""
    if case.ask.kind is ReturnKind.CLAIM:
        return frozenset(FeeCode) if case.guarantee() is not None else frozenset()
    right = None if case.gift else case.withdrawal()
    if right is None or right.refused is not None:
        return frozenset()
    return frozenset({FeeCode.RESTOCKING}) if right.law.customer_pays_return else frozenset(FeeCode)


def _charged(case: Case, ruling: LineRuling) -> tuple[FeeRule, ...]:
    if ruling.goods is not Goods.SEND_BACK or (case.gift and not case.policy.gifts.fees):
        return ()
    waived = _waived(case)
    return tuple(rule for rule in fee_rules(case.subject, case.policy.fees) if rule.code not in waived)


def _after(customer: CustomerFacts, ruling: LineRuling) -> CustomerFacts:
    """The customer as the next line of the request finds them."""
    currency, value = ruling.currency, ruling.value_minor
    if ruling.goods is Goods.KEEP:
        kept = {**customer.kept_minor, currency: customer.kept_minor.get(currency, 0) + value}
        return replace(customer, kept_units=customer.kept_units + ruling.ask.quantity, kept_minor=kept)
    if ruling.goods is Goods.SEND_BACK and ruling.when in (When.AT_ONCE, When.FIRST_SCAN):
        ahead = {**customer.ahead_minor, currency: customer.ahead_minor.get(currency, 0) + value}
        return replace(customer, ahead_minor=ahead)
    return customer
