"""Rights that a shop's own rules cannot take away.

Withdrawal: Directive 2011/83/EU on consumer rights (consolidated 28 May 2022; the withdrawal function is Article 11a,
added by Directive (EU) 2023/2673 and applied from 19 June 2026).
- Article 9(1), (2)(b): 14 days without a reason, from the day on which the consumer has the goods, of several goods of
  one order the last; the right exists from the contract on. Recital 41 with Regulation (EEC, Euratom) No 1182/71,
  Article 3: the day of delivery is not counted, and a period that ends on a Saturday, Sunday or public holiday ends
  with the next working day. Public holidays are not known here: a merchant who sends to where they matter sets a day
  or two more.
- Article 13(1): everything that was paid goes back within 14 days by the same means of payment, the outbound delivery
  included; 13(2): but not what was paid beyond the least expensive standard delivery; 13(3): the seller may wait for
  the goods or for evidence that they were sent.
- Article 14(1): the consumer sends them within 14 days and bears the direct cost of that where they were told so;
  14(2): and answers for lost value only where they did more with the goods than what shows nature, characteristics and
  functioning. Article 12 and 14(5): no other cost, so no restocking fee.
- Article 16: exceptions, among them (c) made to measure, (d) perishable, (e) sealed for health or hygiene and opened,
  (i) sealed recordings and software and opened, (j) newspapers, (m) digital content. A final sale is none of them.
- The United Kingdom has the same in the Consumer Contracts Regulations 2013, regulations 28 to 35, without the rule of
  working days.

Guarantee: Directive (EU) 2019/771 on the sale of goods. Article 10(1): the seller is liable for a lack of conformity
that shows within two years of delivery, 10(3): states may have longer periods; Article 11(1): what shows within one
year counts as there at delivery; Article 13: repair or replacement first, then a lower price or the money; Article 14:
free of charge and at the seller's expense.

Both are for consumers only. Directive 2011/83/EU, Article 20: what is lost or damaged on its way is the seller's risk.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.decisions import Reason
from domain.returns.facts import CustomerFacts, LineFacts, OrderFacts
from domain.returns.policy import GuaranteeLaw, ReturnPolicy, WithdrawalLaw
from domain.returns.scope import Subject
from domain.returns.windows import add_months, arrival, end_of_day, local_day
from domain.returns.words import Condition
from domain.zones import zone_of

_WEEKEND = (5, 6)  # Saturday, Sunday


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The right as it stands: `refused` says why there is none any more, `doubt` what a person has to find out.

    `until` None: its time has not begun.
    """

    law: WithdrawalLaw
    until: datetime | None
    refused: Reason | None = None
    doubt: Reason | None = None

    @property
    def rule(self) -> str:
        return f"law:withdrawal:{self.law.name}"


def withdrawal_right(
    subject: Subject,
    order: OrderFacts,
    customer: CustomerFacts,
    policy: ReturnPolicy,
    now: datetime,
    *,
    condition: Condition | None = None,
) -> Withdrawal | None:
    """None where no law gives one. What is exempt once it was opened is not refused before somebody says that it was:
    the function asks for no condition, inspection finds it."""
    law = next((law for law in policy.withdrawals if order.country in law.countries), None)
    if law is None or customer.business:
        return None
    opened = condition is not None and condition is not Condition.UNOPENED
    for exclusion in policy.exclusions:
        if exclusion.lawful and (opened or not exclusion.once_opened) and exclusion.scope.fits(subject):
            return Withdrawal(law, None, Reason("withdrawal_exempt", {"exclusion": exclusion.name}))
    if order.complete_at is not None:
        until = _withdrawal_end(order.complete_at, order, law)
        over = Reason("withdrawal_over", {"ended": until.isoformat()}) if now >= until else None
        return Withdrawal(law, until, over)
    if order.all_sent_at is None or order.on_its_way:
        return Withdrawal(law, None)
    assumed = _withdrawal_end(order.all_sent_at + timedelta(days=policy.unknown_delivery_days), order, law)
    # that it was delivered is the seller's to prove: a person looks before it is refused
    return Withdrawal(law, None, doubt=Reason("delivery_unknown") if now >= assumed else None)


def _withdrawal_end(start: datetime, order: OrderFacts, law: WithdrawalLaw) -> datetime:
    zone = zone_of(order.country, order.region)
    last = local_day(start, zone) + timedelta(days=law.days)
    return end_of_day(_working_day(last) if law.to_working_day else last, zone)


def _working_day(day: date) -> date:
    while day.weekday() in _WEEKEND:
        day += timedelta(days=1)
    return day


@dataclass(frozen=True, slots=True)
class Guarantee:
    """`until` None: nothing has arrived. `presumed_until`: before it the customer has nothing to prove."""

    law: GuaranteeLaw
    until: datetime | None
    presumed_until: datetime | None

    @property
    def rule(self) -> str:
        return f"law:guarantee:{self.law.name}"

    def runs(self, now: datetime) -> bool:
        return self.until is None or now < self.until

    def presumed(self, now: datetime) -> bool:
        return self.presumed_until is None or now < self.presumed_until


def guarantee(line: LineFacts, order: OrderFacts, customer: CustomerFacts, policy: ReturnPolicy) -> Guarantee | None:
    """None where no law gives one."""
    law = next((law for law in policy.guarantees if order.country in law.countries), None)
    if law is None or customer.business:
        return None
    arrived = arrival(line, policy)
    if arrived is None:
        return Guarantee(law, None, None)
    zone = zone_of(order.country, order.region)
    day, months = local_day(arrived, zone), law.months_of.get(order.country, law.months)
    return Guarantee(
        law, end_of_day(add_months(day, months), zone), end_of_day(add_months(day, law.burden_months), zone)
    )
