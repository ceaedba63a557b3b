"""Read config/policies/edits.toml into `domain.policy.EditPolicy`."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from config.reading import TomlFile, duration, flag, limits, listing, mapping, text, whole
from domain.edits import EditKind
from domain.money import AmountLimit, MoneyError, to_minor
from domain.policy import (
    AlternativesPolicy,
    EditPolicy,
    NextStepPolicy,
    Phase,
    PriceIncrease,
    ShippingMethod,
)

E = TypeVar("E", bound=StrEnum)
_LINK_LIVES = (timedelta(minutes=30), timedelta(hours=24))  # a Checkout Session's, the strictest that we know


def edit_policy(file: TomlFile) -> EditPolicy:
    """Raises: ConfigError."""
    windows = file.get("edits.window", mapping(duration))
    _check_kinds(file, windows)
    return EditPolicy(
        window={EditKind(kind): window for kind, window in windows.items()},
        open_while_held=file.get("edits.open_while_held", set_of(EditKind)),
        agents_past_window=file.get("edits.agents_past_window", flag),
        reservation=file.get("edits.reservation", _some_time),
        review_lives=file.get("edits.review_lives", _some_time),
        price_increase=file.get("edits.payment.price_increase", lambda value: word(PriceIncrease, value)),
        link_lives=file.get("edits.payment.link_lives", _link_lives),
        answer_within=file.get("edits.payment.answer_within", duration),
        auto_approve=file.get("edits.auto_approve", set_of(EditKind)),
        review_promotion=file.get("edits.review.promotion_changed", flag),
        review_country=file.get("edits.review.country_changed", flag),
        rises_by=file.get("edits.review.total_rises_by", amount_limit),
        value_above=file.get("edits.review.value_above", amount_limit),
        refund_above=file.get("edits.review.refund_above", amount_limit),
        edits_at_most=file.get("edits.review.edits_at_most", whole),
        shipping={
            code: ShippingMethod(
                title=file.get(f"edits.shipping.{code}.title", text),
                price_minor=file.get(f"edits.shipping.{code}.price", amounts),
            )
            for code in file.get("edits.shipping", mapping(lambda method: method))
        },
        next_steps=tuple(_step(file, number) for number in range(len(file.get("edits.next_steps", listing)))),
        alternatives=_alternatives(file),
    )


def word(of: type[E], value: Any) -> E:
    """Raises: ValueError with the words that there are."""
    try:
        return of(value)
    except ValueError:
        known = ", ".join(f'"{each}"' for each in of)
        raise ValueError(f"write one of {known}") from None


def set_of(of: type[E]) -> Any:
    return lambda value: frozenset(word(of, entry) for entry in listing(value))


def amounts(value: Any) -> dict[str, int]:
    """Currency -> minor units, from decimal text. Raises: ValueError."""
    parsed: dict[str, int] = {}
    for currency, amount in mapping(text)(value).items():
        try:
            parsed[currency] = to_minor(amount, currency)
        except MoneyError as error:
            raise ValueError(f"{error} among the currencies") from None
        if parsed[currency] < 0:
            raise ValueError("write amounts that are not negative")
    return parsed


def _some_time(value: Any) -> timedelta:
    length = duration(value)
    if not length:
        raise ValueError("write more than no time")
    return length


def _link_lives(value: Any) -> timedelta:
    length = duration(value)
    if not _LINK_LIVES[0] <= length <= _LINK_LIVES[1]:
        raise ValueError('write a duration from "30 min" to "24 h"')
    return length


def amount_limit(value: Any) -> AmountLimit:
    """Whole major units by currency, with a default. Raises: ValueError."""
    table = dict(mapping(whole)(value))
    if "default" not in table:
        raise ValueError("write a default for currencies that are not listed")
    default = table.pop("default")
    return AmountLimit(limits(table), default)


def _check_kinds(file: TomlFile, windows: Mapping[str, timedelta]) -> None:
    known = set(map(str, EditKind))
    for kind in sorted(windows.keys() ^ known):
        raise file.wrong(f"edits.window.{kind}", "there is no such kind of edit" if kind not in known else "is missing")


def _step(file: TomlFile, number: int) -> NextStepPolicy:
    path = f"edits.next_steps.{number}"
    return NextStepPolicy(
        code=file.get(f"{path}.code", text),
        kinds=file.get(f"{path}.kinds", set_of(EditKind)),
        phase=file.get(f"{path}.phase", lambda value: word(Phase, value)),
        price_minor=file.get(f"{path}.price", amounts, {}),
    )


def _alternatives(file: TomlFile) -> AlternativesPolicy:
    names = AlternativesPolicy.__slots__
    return AlternativesPolicy(**{name: file.get(f"edits.alternatives.{name}", whole) for name in names})
