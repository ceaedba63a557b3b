"""What sending something back costs the customer. A fee is never more than what the line was paid with."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from domain.money import allocate
from domain.returns.policy import FeeCode, FeeRule, Per
from domain.returns.rulings import Fee, Goods, LineRuling, Verdict
from domain.returns.scope import Subject


def fee_rules(subject: Subject, rules: Sequence[FeeRule]) -> tuple[FeeRule, ...]:
    """Of each code the first that fits."""
    found: dict[FeeCode, FeeRule] = {}
    for rule in rules:
        if rule.scope.fits(subject):
            found.setdefault(rule.code, rule)
    return tuple(found.values())


def line_fees(rules: Sequence[FeeRule], currency: str, value_minor: int, quantity: int) -> tuple[Fee, ...]:
    """Those that are counted by unit or line; a part of a minor unit is the customer's."""
    fees: list[Fee] = []
    left = value_minor
    for rule in rules:
        if rule.per is Per.REQUEST:
            continue
        times = quantity if rule.per is Per.UNIT else 1
        amount = value_minor * rule.percent // 100 if rule.percent else rule.minor.get(currency, 0) * times
        fees += [Fee(rule.code, part, f"fee:{rule.name}")] if (part := min(amount, left)) > 0 else []
        left -= part
    return tuple(fees)


def with_request_fees(rulings: Sequence[LineRuling], rules: Sequence[Collection[FeeRule]]) -> tuple[LineRuling, ...]:
    """Adds what is asked once for all lines that come back, the highest of each code, shared by value among the lines
    whose rules ask for it. `rules`: those of each line. Lines in several currencies are parcels' worth each."""
    charged = list(rulings)
    for currency in dict.fromkeys(ruling.currency for ruling in rulings):
        for code in FeeCode:
            _share_out(charged, rules, currency, code)
    return tuple(charged)


def _share_out(rulings: list[LineRuling], rules: Sequence[Collection[FeeRule]], currency: str, code: FeeCode) -> None:
    asked: dict[int, FeeRule] = {}
    for number, ruling in enumerate(rulings):
        pays = ruling.verdict is not Verdict.REFUSED and ruling.goods is Goods.SEND_BACK
        rule = next((rule for rule in rules[number] if rule.code is code and rule.per is Per.REQUEST), None)
        if ruling.currency == currency and pays and rule is not None and rule.minor.get(currency, 0):
            asked[number] = rule  # a rule without a price makes its line free
    if not asked:
        return
    dearest = max(asked.values(), key=lambda rule: rule.minor.get(currency, 0))
    left = [rulings[number].value_minor - rulings[number].fee_minor for number in asked]
    amount = min(dearest.minor.get(currency, 0), sum(left))
    if amount <= 0:
        return
    for number, part in zip(asked, allocate(amount, left), strict=True):
        if part:
            fee = Fee(code, part, f"fee:{dearest.name}")
            rulings[number] = replace(rulings[number], fees=(*rulings[number].fees, fee))
