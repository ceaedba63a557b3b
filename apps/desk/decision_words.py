"""Decision records in plain words: what was chosen, why, from what, and what else there was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.desk.words import RISK
from domain.decisions import in_words
from domain.money import Money

Row = Mapping[str, Any]
Pairs = list[tuple[str, str]]
_TOLD = {"route": ("nodes", "backordered")}  # facts of its reason that the choice and its table tell better


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class DecisionTold:
    at: datetime
    title: str
    choice: str
    because: list[str]
    policy: str
    facts: Pairs = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def decision_words(row: Row, currency: str, places: Mapping[str, str], titles: Mapping[str, str]) -> DecisionTold:
    """`places`: names of nodes by id; `titles`: of products by SKU. A workflow without words of its own is shown as
    it was recorded."""
    teller = {"validate": _validate, "route": _route, "edit": _edit, "remedy": _remedy}.get(row["workflow"], _plain)
    title, choice, facts, tables = teller(row, currency, places, titles)
    return DecisionTold(
        at=row["decided_at"],
        title=title,
        choice=choice,
        because=[reason_words(reason, currency, told=_TOLD.get(row["workflow"], ())) for reason in row["explanation"]],
        policy=row["policy_version"],
        facts=facts,
        tables=tables,
    )


def reason_words(reason: Row, currency: str, *, told: Sequence[str] = ()) -> str:
    """`the value is above the review limit (limit $1,500.00)`; without the facts that are `told` already."""
    facts = ", ".join(
        _fact(name, value, currency)
        for name, value in reason.items()
        if name not in ("code", *told) and value not in (False, "", None, {}, [])
    )
    return in_words(str(reason.get("code", ""))) + (f" ({facts})" if facts else "")


def _fact(name: str, value: Any, currency: str) -> str:
    word = in_words(name.removesuffix("_minor").replace("minor", "amount"))
    return word if value is True else f"{word} {_value(name, value, currency)}"


def _validate(
    row: Row, currency: str, _places: Mapping[str, str], _titles: Mapping[str, str]
) -> tuple[str, str, Pairs, list[Table]]:
    holds = [in_words(name) for name in row["choice"].get("holds", [])]
    choice = "Accepted: nothing speaks against it." if row["choice"].get("accepted") else f"Held for {_and(holds)}."
    seen = row["inputs"]
    address = ", ".join(in_words(problem.replace(":", " ")) for problem in seen.get("address_problems", []))
    facts = [
        ("Value", Money(int(seen.get("total_minor", 0)), seen.get("currency") or currency).display()),
        ("Payment", in_words(str(seen.get("payment", "")))),
        ("Address", address or in_words(str(seen.get("address_verdict") or "not asked online"))),
        ("Address confirmed by a person", _yes(seen.get("address_confirmed"))),
        ("Risk", RISK.get(str(seen.get("risk_level")), str(seen.get("risk_level")))),
        ("Risk cleared by a person", _yes(seen.get("risk_cleared"))),
        (
            "Billing and shipping country",
            f"{seen.get('billing_country') or '–'}, {seen.get('shipping_country') or '–'}",
        ),
        ("Orders of this customer lately", str(seen.get("recent_orders", ""))),
        ("Unknown products", ", ".join(seen.get("unknown_skus", [])) or "none"),
    ]
    return "May it be sent?", choice, facts, []


def _route(
    row: Row, _currency: str, places: Mapping[str, str], titles: Mapping[str, str]
) -> tuple[str, str, Pairs, list[Table]]:
    def place(node: str) -> str:
        return places.get(node, node)

    given = row["choice"].get("allocations", [])
    parts = [f"{quantity} × {titles.get(sku, sku)} from {place(node)}" for node, _line, sku, quantity in given]
    seen = row["inputs"]
    facts = [
        ("Goes to", str(seen.get("country", ""))),
        ("Promised within", f"{seen.get('max_days', '')} days"),
        ("How it was searched", {"exact": "all combinations", "greedy": "nearest first"}.get(
            str(row["choice"].get("solver")), str(row["choice"].get("solver")))),
    ]  # fmt: skip
    tables = [
        Table(
            "Plans that were compared",
            ("from", "cost (planning units)", "left on backorder"),
            [
                (_and([place(node) for node in plan["nodes"]]) or "nowhere", _points(plan["cost_minor"]),
                 str(plan.get("backordered", 0)))
                for plan in row["candidates"]
            ],
        ),
        Table(
            "Stock left at each place afterwards",
            ("place", "product", "units"),
            [(place(node), titles.get(sku, sku), str(units)) for node, sku, units in seen.get("stock", [])],
        ),
    ]  # fmt: skip
    choice = f"{'; '.join(parts)}." if parts else "Nothing could be promised."
    return "Where is it sent from?", choice, facts, [table for table in tables if table.rows]


def _edit(
    row: Row, currency: str, _places: Mapping[str, str], _titles: Mapping[str, str]
) -> tuple[str, str, Pairs, list[Table]]:
    made = row["choice"]
    who = "A person looks at it first." if made.get("review") else "It is carried out without a person."
    money = [
        f"{Money(made[name], currency).display()} {what}."
        for name, what in (("to_pay_minor", "is to be paid"), ("to_refund_minor", "goes back"))
        if made.get(name)
    ]
    seen = row["inputs"]
    quote = {name: value for name, value in seen.get("quote", {}).items() if name != "refunds"}
    facts = [*plain_facts(seen.get("order", {}), currency), *plain_facts(quote, currency)]
    return "May it be changed?", " ".join([who, *money]), facts, []


def _remedy(
    row: Row, currency: str, _places: Mapping[str, str], _titles: Mapping[str, str]
) -> tuple[str, str, Pairs, list[Table]]:
    """The reckoning says itself in words; the table has what each cost is made of."""
    costs = [
        (
            in_words(each["kind"]).capitalize(),
            Money(each["cost_minor"], currency).display(),
            "; ".join(f"{in_words(n)} {Money(v, currency).display()}" for n, v in each["parts"].items() if v),
            in_words(each["refused"]["code"]) if each["refused"] else "",
        )
        for each in row["candidates"]
    ]
    table = Table("Expected costs", ("Remedy", "Cost", "Of it", "Not allowed because"), costs)
    return "What is offered?", " ".join(row["choice"]["words"]), plain_facts(row["inputs"], currency), [table]


def _plain(
    row: Row, currency: str, _places: Mapping[str, str], _titles: Mapping[str, str]
) -> tuple[str, str, Pairs, list[Table]]:
    choice = "; ".join(f"{name}: {value}" for name, value in plain_facts(row["choice"], currency))
    candidates = [tuple(f"{n}: {v}" for n, v in plain_facts(one, currency)) for one in row["candidates"]
                  if isinstance(one, Mapping)]  # fmt: skip
    tables = [Table("What was compared", ("",), [("; ".join(one),) for one in candidates])] if candidates else []
    return in_words(row["workflow"]).capitalize(), choice, plain_facts(row["inputs"], currency), tables


def plain_facts(facts: Row, currency: str) -> Pairs:
    """Names and values as they are, amounts and lists made readable."""
    own = str(facts.get("currency") or currency)
    return [
        (in_words(name.removesuffix("_minor")).capitalize(), _value(name, value, own))
        for name, value in facts.items()
        if value not in ("", None, [], {})
    ]


def _value(name: str, value: Any, currency: str) -> str:
    if isinstance(value, bool):
        return _yes(value)
    if isinstance(value, int) and name.endswith("minor") and currency:
        return Money(value, currency).display()
    if isinstance(value, Mapping):
        return ", ".join(f"{in_words(str(key))} {_value(str(key), one, currency)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_value("", one, currency) for one in value)
    return in_words(str(value)) if name in ("code", "state", "cause") else str(value)


def _points(cost_minor: int) -> str:
    return f"{cost_minor / 100:,.2f}"


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
