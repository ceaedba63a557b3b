"""What an inspection means: where the unit goes, and, as another question, what it does to the customer's money.

A unit may be thrown away with its full price given back, or go on sale again with a part of it kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.decisions import Reason
from domain.returns.policy import ReturnPolicy
from domain.returns.scope import Subject
from domain.returns.words import Disposition, Grade, Reception, ReturnKind


@dataclass(frozen=True, slots=True)
class Inspected:
    """One unit as the warehouse found it; of a wrong or an extra item the subject is what came. `value_minor`: what
    was paid for it. `grade` None: nothing came that could be graded. `by_withdrawal`: the law's right is used,
    whatever the request is called (`LineRuling.refund_by` is set then)."""

    subject: Subject
    currency: str
    value_minor: int
    grade: Grade | None
    reception: Reception = Reception.RECEIVED
    by_withdrawal: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """`to` None: there is nothing to place."""

    to: Disposition | None
    rule: str

    def as_json(self) -> dict[str, Any]:
        return {"to": str(self.to) if self.to else None, "rule": self.rule}


@dataclass(frozen=True, slots=True)
class Consequence:
    """`kept_percent` of what was paid stays with the shop, for `reason`; None where nothing does. `review`: a person
    decides first, and the per cent are a proposal."""

    kept_percent: int
    review: bool
    rule: str
    reason: Reason | None = None

    def as_json(self) -> dict[str, Any]:
        reason = self.reason.as_json() if self.reason else None
        return {"kept_percent": self.kept_percent, "review": self.review, "rule": self.rule, "reason": reason}


_UNEXPECTED: Mapping[Reception, str] = {
    Reception.MISSING: "unit_missing",
    Reception.WRONG_ITEM: "wrong_item_came",
    Reception.EXTRA: "extra_item_came",
}


def place(unit: Inspected, policy: ReturnPolicy) -> Placed:
    """Where the unit goes. What nobody expected waits in quarantine: it may be another customer's. Raises: ValueError
    for a received unit without a grade."""
    if unit.reception is Reception.MISSING:
        return Placed(None, "reception:missing")
    if unit.reception in _UNEXPECTED:
        return Placed(Disposition.QUARANTINE, f"reception:{unit.reception}")
    rule = next(
        rule
        for rule in policy.dispositions
        if (not rule.grades or _graded(unit) in rule.grades)
        and (rule.value_up_to is None or unit.value_minor <= rule.value_up_to.of(unit.currency))
        and rule.scope.fits(unit.subject)
    )
    return Placed(rule.to, f"disposition:{rule.name}")


def consequence(unit: Inspected, policy: ReturnPolicy) -> Consequence:
    """What the finding does to the money of the unit.

    What a withdrawal may be reduced by is the seller's to show (Directive 2011/83/EU, Article 14(2)): a person decides.
    Raises: ValueError for a received unit without a grade.
    """
    if code := _UNEXPECTED.get(unit.reception):
        nothing_for_it = unit.reception is not Reception.EXTRA
        return Consequence(100 if nothing_for_it else 0, True, f"reception:{unit.reception}", Reason(code))
    grade = _graded(unit)
    rule = next(
        rule
        for rule in policy.consequences
        if (not rule.grades or grade in rule.grades) and rule.scope.fits(unit.subject)
    )
    name = f"consequence:{rule.name}"
    if not rule.kept_percent:
        return Consequence(
            0, rule.review, name, Reason("grade_reviewed", {"grade": str(grade)}) if rule.review else None
        )
    withdrawn = unit.by_withdrawal or unit.subject.kind is ReturnKind.WITHDRAWAL
    code = "value_lost_by_handling" if withdrawn else "value_lost"
    facts = {"grade": str(grade), "percent": rule.kept_percent}
    return Consequence(rule.kept_percent, rule.review or withdrawn, name, Reason(code, facts))


def _graded(unit: Inspected) -> Grade:
    if unit.grade is None:
        raise ValueError("a unit that was received has a grade")
    return unit.grade
