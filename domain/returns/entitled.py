"""By what rule units may go back or be claimed, or why not: first the shop's rules, then the law above them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.decisions import Reason
from domain.returns.asks import ReturnAsk, ReturnError
from domain.returns.facts import CustomerFacts, LineFacts, OrderFacts
from domain.returns.law import Guarantee, Withdrawal, guarantee, withdrawal_right
from domain.returns.policy import ClaimTerms, ReturnPolicy
from domain.returns.rulings import NEXT_STEP, NextStep
from domain.returns.scope import Subject
from domain.returns.windows import arrival, end_of_day, local_day, shop_window
from domain.returns.words import NOT_THERE, OF_CONFORMITY, Condition, Resolution, ReturnKind, ReturnReason
from domain.zones import zone_of


@dataclass(frozen=True, slots=True)
class Case:
    """One line with all that it is judged by."""

    ask: ReturnAsk
    subject: Subject
    line: LineFacts
    order: OrderFacts
    customer: CustomerFacts
    policy: ReturnPolicy
    now: datetime
    gift: bool = False

    def withdrawal(self) -> Withdrawal | None:
        return withdrawal_right(
            self.subject, self.order, self.customer, self.policy, self.now, condition=self.ask.condition
        )

    def guarantee(self) -> Guarantee | None:
        return guarantee(self.line, self.order, self.customer, self.policy)


@dataclass(frozen=True, slots=True)
class Granted:
    """`withdrawal` is set where it runs, whatever the customer calls it. `lawful`: only the law allows it."""

    rule: str
    until: datetime | None
    resolutions: tuple[Resolution, ...]
    overridden: tuple[str, ...] = ()
    doubts: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()
    withdrawal: Withdrawal | None = None
    lawful: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    reasons: tuple[Reason, ...]
    next_step: NextStep
    rule: str = ""
    until: datetime | None = None
    next_at: datetime | None = None
    resolutions: tuple[Resolution, ...] = ()


def refused(code: str, rule: str = "", until: datetime | None = None, **facts: object) -> Refused:
    return Refused((Reason(code, facts),), NEXT_STEP[code], rule, until)


def entitled(case: Case) -> Granted | Refused:
    if case.ask.kind is ReturnKind.CLAIM:
        return _claim(case)
    if case.ask.kind is ReturnKind.WITHDRAWAL:
        return _withdrawal(case)
    return _return(case)


def _return(case: Case) -> Granted | Refused:
    window = shop_window(case.subject, case.line, case.order, case.policy)
    against = _against(case, window.until)
    right = None if case.gift else case.withdrawal()
    runs = right if right is not None and right.refused is None else None
    if not against:
        until = window.until
        if runs is not None and runs.until is not None and until is not None:
            until = max(until, runs.until)
        notes = (Reason("delivery_assumed"),) if window.assumed else ()
        offered = case.policy.resolutions[case.ask.kind]
        return Granted(window.rule, until, offered, notes=notes, withdrawal=runs)
    codes = tuple(reason.code for reason in against)
    if runs is not None:  # the law gives the money back, not another product
        offered = case.policy.resolutions[ReturnKind.WITHDRAWAL]
        doubts = (runs.doubt,) if runs.doubt else ()
        return Granted(runs.rule, runs.until, offered, codes, doubts, withdrawal=runs, lawful=True)
    return Refused(against, _if_faulty(case), window.rule, window.until)


def _against(case: Case, until: datetime | None) -> tuple[Reason, ...]:
    """Everything in the shop's rules that speaks against taking it back."""
    ask, policy = case.ask, case.policy
    found: list[Reason] = []
    if until is not None and case.now >= until:
        found.append(Reason("window_closed", {"ended": until.isoformat()}))
    if case.line.final_sale:
        found.append(Reason("final_sale"))
    for rule in policy.exclusions:
        if (not rule.once_opened or ask.condition not in (None, Condition.UNOPENED)) and rule.scope.fits(case.subject):
            found.append(Reason("excluded", {"exclusion": rule.name}))
            break
    accepted = next((rule.accepted for rule in policy.conditions if rule.scope.fits(case.subject)), None)
    if accepted is not None and ask.condition is not None and ask.condition not in accepted:
        found.append(Reason("condition_not_accepted", {"accepted": sorted(accepted)}))
    return tuple(found)


def _if_faulty(case: Case) -> NextStep:
    law = case.guarantee()
    runs = law is not None and law.runs(case.now)
    arrived = arrival(case.line, case.policy)
    claimable = arrived is not None and any(
        case.now < _days_after(case, arrived, terms.days) for terms in _terms(case, OF_CONFORMITY)
    )
    return NextStep.CLAIM_IF_FAULTY if runs or claimable else NextStep.ASK_US


def _terms(case: Case, reasons: frozenset[ReturnReason]) -> Sequence[ClaimTerms]:
    return [terms for reason, terms in case.policy.claims.items() if reason in reasons]


def _days_after(case: Case, moment: datetime, days: int) -> datetime:
    zone = zone_of(case.order.country, case.order.region)
    return end_of_day(local_day(moment, zone) + timedelta(days=days), zone)


def _withdrawal(case: Case) -> Granted | Refused:
    if case.gift:
        return refused("withdrawal_of_buyer")
    right = case.withdrawal()
    window = shop_window(case.subject, case.line, case.order, case.policy)
    against = _against(case, window.until)
    if right is None or right.refused is not None:
        reason = right.refused if right and right.refused else Reason("withdrawal_not_here")
        step = _if_faulty(case) if against else NextStep.RETURN
        return Refused((reason,), step, right.rule if right else "", right.until if right else None)
    doubts = [right.doubt] if right.doubt else []
    doubts += [Reason("edit_in_progress")] if case.order.changing else []  # it is declared all the same
    codes = tuple(reason.code for reason in against)
    offered = case.policy.resolutions[ReturnKind.WITHDRAWAL]
    return Granted(right.rule, right.until, offered, codes, tuple(doubts), withdrawal=right, lawful=True)


def _claim(case: Case) -> Granted | Refused:
    reason = case.ask.reason
    if reason is None:
        raise ReturnError("missing", "reason")
    terms, rule, law = case.policy.claims[reason], f"claim:{reason}", case.guarantee()
    doubts: list[Reason] = []
    since = arrival(case.line, case.policy)
    if reason is ReturnReason.NEVER_ARRIVED:
        since = _due(case, terms)
        if case.ask.quantity > case.line.shipped - case.line.delivered:
            since = case.line.delivered_at or since
            doubts.append(Reason("carrier_says_delivered"))
        elif since is not None and case.now < since:
            found = refused("parcel_on_its_way", rule)
            return Refused(found.reasons, found.next_step, rule, next_at=since)
    until = _days_after(case, since, terms.days) if since is not None else None
    covered = law if law is not None and (reason in NOT_THERE or law.runs(case.now)) else None
    overridden: tuple[str, ...] = ()
    if until is not None and case.now >= until:
        if covered is None:
            return refused("claim_window_closed", rule, until, ended=until.isoformat())
        overridden, rule, until = ("claim_window_closed",), covered.rule, covered.until
        if reason in NOT_THERE:  # no period ends it, but nobody may know any more what happened
            until = None
            doubts.append(Reason("claimed_late"))
        elif not covered.presumed(case.now):
            doubts.append(Reason("proof_needed"))
    if terms.photos and not case.ask.photos:
        if covered is None:
            return refused("photo_needed", rule, until)
        doubts.append(Reason("photo_missing"))
    return Granted(rule, until, terms.resolutions, overridden, tuple(doubts), lawful=bool(overridden))


def _due(case: Case, terms: ClaimTerms) -> datetime | None:
    """When a parcel that has not come may be called lost."""
    line = case.line
    promised = line.promised_by
    if promised is None and line.shipped_at is not None:
        promised = line.shipped_at + timedelta(days=case.policy.unknown_delivery_days)
    return promised + terms.wait if promised is not None else None
