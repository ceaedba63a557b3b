"""The vendor's search syntax, as far as it is served: `field:value`, `field:>='value'`, joined by spaces or AND.

A field the sandbox does not know is ignored, as the vendor does.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from sandbox.core.clock import parse_time

_TERM = re.compile(r"""(-?)(\w+):\s*(>=|<=|>|<|=)?\s*(?:'([^']*)'|"([^"]*)"|(\S+))""")


class Term(NamedTuple):
    negated: bool
    field: str
    operator: str
    value: str


def terms(query: str | None) -> list[Term]:
    found = []
    for minus, field, operator, single, double, bare in _TERM.findall(query or ""):
        found.append(Term(bool(minus), field, operator or "=", single or double or bare.rstrip(")")))
    return found


def moment(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError:
        return None


def compare(value: Any, operator: str, wanted: Any) -> bool:
    if operator == ">=":
        return bool(value >= wanted)
    if operator == "<=":
        return bool(value <= wanted)
    if operator == ">":
        return bool(value > wanted)
    if operator == "<":
        return bool(value < wanted)
    return bool(value == wanted)


Getter = Callable[[Any], Any]


def matcher(
    query: str | None, times: dict[str, Getter], texts: dict[str, Getter], numbers: dict[str, Getter] | None = None
) -> Callable[[Any], bool]:
    """Whether a thing fits the query: `times` compare as moments and `numbers` as such, `texts` equal without case or
    are contained. A moment or a number that cannot be read is ignored.
    """
    checks: list[Callable[[Any], bool]] = []
    for term in terms(query):
        if term.field in times and (wanted := moment(term.value)) is not None:
            checks.append(_order_check(times[term.field], term, wanted))
        elif numbers and term.field in numbers and term.value.isdecimal():
            checks.append(_order_check(numbers[term.field], term, int(term.value)))
        elif term.field in texts:
            checks.append(_text_check(texts[term.field], term))
    return lambda thing: all(check(thing) for check in checks)


def _order_check(getter: Getter, term: Term, wanted: datetime | int) -> Callable[[Any], bool]:
    return lambda thing: compare(getter(thing), term.operator, wanted) is not term.negated


def _text_check(getter: Getter, term: Term) -> Callable[[Any], bool]:
    wanted = {part.strip().lower() for part in term.value.split(",")}

    def check(thing: Any) -> bool:
        value = getter(thing)
        values = value if isinstance(value, list | set | tuple) else [value]
        return any(str(each).lower() in wanted for each in values) is not term.negated

    return check
