"""Read config/policies/offers.toml and carrier_claims.toml."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import pairwise
from math import isfinite
from typing import Any, TypeVar

from config.edit_policy import amount_limit
from config.reading import TomlFile, duration, flag, list_of, listing, text, whole
from domain.carrier_claims import ClaimPolicy, ClaimWindow, CountsFrom, Ground
from domain.money import MoneyError, to_minor
from domain.remedies import LostShare, OfferPolicy

T = TypeVar("T")
W = TypeVar("W", bound=StrEnum)


def offer_policy(file: TomlFile) -> OfferPolicy:
    """Raises: ConfigError."""
    return OfferPolicy(
        lost=_lost(file),
        replacement_from=file.get("offers.replacement_from", _share),
        refund_from=file.get("offers.refund_from", _share),
        credit_from=file.get("offers.credit_from", _share),
        goods_percent=file.get("offers.costs.goods_percent", _percent),
        send_minor=file.get("offers.costs.send", amount_limit),
        comes_back_percent=file.get("offers.costs.comes_back_percent", _percent),
        search_minor=file.get("offers.costs.search", amount_limit),
        goodwill_percent=file.get("offers.costs.goodwill_percent", _percent),
        goodwill_at_most=file.get("offers.costs.goodwill_at_most", amount_limit),
        goodwill_per_order_percent=file.get("offers.costs.goodwill_per_order_percent", _percent),
        goodwill_orders_at_most=file.get("offers.costs.goodwill_orders_at_most", whole),
        soothes_percent=file.get("offers.costs.soothes_percent", _percent),
        credit_percent=file.get("offers.credit.percent", _percent),
        credit_at_least=file.get("offers.credit.at_least", amount_limit),
        credit_at_most=file.get("offers.credit.at_most", amount_limit),
        value_above=file.get("offers.review.value_above", amount_limit),
        remedies_at_most=file.get("offers.review.remedies_at_most", whole),
        claims_at_most=file.get("offers.review.claims_at_most", whole),
        history=file.get("offers.history", duration),
        lives=file.get("offers.lives", duration),
        quiet_after=file.get("offers.quiet_after", duration),
    )


def claim_policy(file: TomlFile) -> ClaimPolicy:
    """Raises: ConfigError."""
    count = len(file.get("claims.windows", listing))
    windows = tuple(_window(file, number) for number in range(count))
    named = [(window.carrier, window.ground) for window in windows]
    if twice := {name for name in named if named.count(name) > 1}:
        said = ", ".join(f"{carrier} {ground}" for carrier, ground in sorted(twice))
        raise file.wrong("claims.windows", f"{said}: there is more than one window")
    fallback = file.get("claims.fallback", text)
    for ground in Ground:
        if (fallback, ground) not in named:
            raise file.wrong("claims.fallback", f"there is no window of {fallback!r} for {ground}")
    return ClaimPolicy(windows, fallback, file.get("claims.margin", duration))


def _lost(file: TomlFile) -> tuple[LostShare, ...]:
    steps = tuple(
        LostShare(
            file.get(f"offers.lost.{number}.silent_days", _positive), file.get(f"offers.lost.{number}.share", _share)
        )
        for number in range(len(file.get("offers.lost", listing)))
    )
    rising = all(one.silent_days < other.silent_days and one.share <= other.share for one, other in pairwise(steps))
    if not steps or not rising:
        raise file.wrong("offers.lost", "write at least one entry, silent_days and share rising")
    return steps


def _window(file: TomlFile, number: int) -> ClaimWindow:
    def get(key: str, parse: Callable[[Any], T], default: Any = None) -> T:
        return file.get(f"claims.windows.{number}.{key}", parse, default)

    covered, currency = get("covered", whole, 0), get("currency", text, "")
    opens_after, closes_after = get("opens_after", duration), get("closes_after", duration)
    if opens_after >= closes_after:
        raise file.wrong(f"claims.windows.{number}.closes_after", "write a later day than opens_after")
    try:
        covered_minor = to_minor(covered, currency) if covered else None
    except MoneyError:
        raise file.wrong(f"claims.windows.{number}.currency", "write the currency of what is covered") from None
    return ClaimWindow(
        carrier=get("carrier", text).lower(),
        ground=get("ground", _word(Ground)),
        counts_from=get("counts_from", _word(CountsFrom)),
        opens_after=opens_after,
        closes_after=closes_after,
        covered_minor=covered_minor,
        covered_currency=currency,
        pays_postage=get("pays_postage", flag),
        proofs=_some(file, number, get("proofs", list_of(text))),
        source=get("source", text),
    )


def _some(file: TomlFile, number: int, proofs: Sequence[str]) -> tuple[str, ...]:
    if not proofs:
        raise file.wrong(f"claims.windows.{number}.proofs", "name at least one proof")
    return tuple(proofs)


def _word(words: type[W]) -> Callable[[Any], W]:
    def parse(value: Any) -> W:
        try:
            return words(value)
        except ValueError:
            raise ValueError(f"write one of {', '.join(words)}") from None

    return parse


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
        raise ValueError("write a number above 0")
    return float(value)


def _share(value: Any) -> float:
    if (found := _positive(value)) > 1:
        raise ValueError("write a share above 0 and at most 1")
    return found


def _percent(value: Any) -> int:
    if (found := whole(value)) > 100:
        raise ValueError("write per cent, at most 100")
    return found
