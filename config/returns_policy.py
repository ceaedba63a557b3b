"""Read config/policies/returns.toml into `domain.returns.policy.ReturnPolicy`."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from config.edit_policy import amount_limit, amounts, set_of, word
from config.reading import TomlFile, duration, flag, listing, mapping, whole
from config.returns_inspection import consequences, dispositions
from config.returns_money import money_policy
from config.returns_scope import Groups, Table, at_least, code, country, country_groups, day_of_year, percent, tables
from domain.returns.policy import (
    ClaimTerms,
    ConditionRule,
    ExchangePolicy,
    Exclusion,
    FeeCode,
    FeeRule,
    GiftPolicy,
    GuaranteeLaw,
    KeepPolicy,
    Per,
    ReturnPolicy,
    ReturnReviews,
    Season,
    TrustTier,
    When,
    WindowRule,
    WithdrawalLaw,
)
from domain.returns.words import OF_CLAIMS, RESOLUTIONS, Condition, Resolution, ReturnKind, ReturnReason

_TABLES = frozenset(
    "windows seasons unknown_delivery_days exclusions conditions resolutions claims fees keep trust claw_back history"
    " review law gifts money exchanges dispositions consequences country_groups".split()
)
_DIRECTIVE = "Directive 2011/83/EU, Article"
_SALES = "Directive (EU) 2019/771, Article"
_OFFERED = [kind for kind in ReturnKind if kind is not ReturnKind.CLAIM]  # claims have theirs by reason


def return_policy(file: TomlFile) -> ReturnPolicy:
    """Raises: ConfigError."""
    Table(file, "returns", _TABLES)
    Table(file, "returns.law", ["withdrawal", "guarantee"])
    groups = file.get("returns.country_groups", country_groups)
    return ReturnPolicy(
        windows=_windows(file, groups),
        seasons=tuple(
            Season(table.get("name", code), table.scope(), table.get("open_until", day_of_year))
            for table in tables(file, "returns.seasons", ["open_until"], groups)
        ),
        unknown_delivery_days=file.get("returns.unknown_delivery_days", whole),
        exclusions=tuple(
            Exclusion(
                table.get("name", code),
                _narrow(table),
                lawful=table.maybe("lawful", flag, False),
                once_opened=table.maybe("once_opened", flag, False),
            )
            for table in tables(file, "returns.exclusions", ["lawful", "once_opened"], groups)
        ),
        conditions=tuple(
            ConditionRule(table.get("name", code), table.scope(), table.get("accepted", set_of(Condition)))
            for table in tables(file, "returns.conditions", ["accepted"], groups)
        ),
        resolutions=_resolutions(file),
        claims=_claims(file),
        fees=tuple(_fee(table) for table in tables(file, "returns.fees", ["code", "per", "percent", "price"], groups)),
        keep=_keep(file, groups),
        trust=_trust(file),
        claw_back=file.get("returns.claw_back", duration),
        history=file.get("returns.history", duration),
        reviews=_reviews(file),
        withdrawals=_withdrawals(file, groups),
        guarantees=_guarantees(file, groups),
        gifts=_gifts(file),
        money=money_policy(file),
        exchanges=_exchanges(file),
        dispositions=dispositions(file, groups),
        consequences=consequences(file, groups),
    )


def _windows(file: TomlFile, groups: Groups) -> tuple[WindowRule, ...]:
    found = tuple(
        WindowRule(table.get("name", code), table.scope(), table.get("days", whole))
        for table in tables(file, "returns.windows", ["days"], groups)
    )
    if not found or not found[-1].scope.everything:
        raise file.wrong("returns.windows", "the last one has to fit everything: write only its name and days")
    return found


def _narrow(table: Table) -> Any:
    scope = table.scope()
    if scope.everything:
        raise table.wrong("name", "this would exclude everything: write what it is about")
    return scope


def _offer(allowed: frozenset[Resolution]) -> Callable[[Any], tuple[Resolution, ...]]:
    def parse(value: Any) -> tuple[Resolution, ...]:
        found = tuple(dict.fromkeys(word(Resolution, each) for each in listing(value)))
        if not found or set(found) - allowed:
            raise ValueError(f"write one or more of {', '.join(sorted(allowed))}")
        return found

    return parse


def _resolutions(file: TomlFile) -> dict[ReturnKind, tuple[Resolution, ...]]:
    table = Table(file, "returns.resolutions", map(str, _OFFERED))
    found: dict[ReturnKind, tuple[Resolution, ...]] = {
        kind: table.get(str(kind), _offer(RESOLUTIONS[kind])) for kind in _OFFERED
    }
    if Resolution.REFUND not in found[ReturnKind.WITHDRAWAL]:
        raise table.wrong("withdrawal", f"write refund too: {_DIRECTIVE} 13(1)")
    return found


def _claims(file: TomlFile) -> dict[ReturnReason, ClaimTerms]:
    names = Table(file, "returns.claims", map(str, OF_CLAIMS))
    found = {}
    for reason in sorted(OF_CLAIMS):
        if not names.has(reason):
            raise names.wrong(reason, "is missing")
        late = reason is ReturnReason.NEVER_ARRIVED
        keys = ["days", "photos", "resolutions", *(["wait"] if late else [])]
        table = Table(file, f"returns.claims.{reason}", keys)
        offered = table.get("resolutions", _offer(RESOLUTIONS[ReturnKind.CLAIM]))
        if not {Resolution.REPLACEMENT, Resolution.REPAIR} & set(offered):
            raise table.wrong("resolutions", f"write replacement or repair too: {_SALES} 13(1)")
        found[reason] = ClaimTerms(
            days=table.get("days", whole),
            photos=table.get("photos", flag),
            resolutions=offered,
            wait=table.get("wait", duration) if late else timedelta(0),
        )
    return found


def _fee(table: Table) -> FeeRule:
    share = table.maybe("percent", percent, 0)
    per = table.get("per", lambda value: word(Per, value))
    if table.has("percent") == table.has("price"):
        raise table.wrong("price", "write either percent or price")
    if share and per is not Per.LINE:
        raise table.wrong("per", 'per cent are counted per "line"')
    return FeeRule(
        name=table.get("name", code),
        code=table.get("code", lambda value: word(FeeCode, value)),
        scope=table.scope(),
        per=per,
        percent=share,
        minor=table.maybe("price", amounts, {}),
    )


def _keep(file: TomlFile, groups: Groups) -> KeepPolicy:
    table = Table(file, "returns.keep", ["up_to", "period", "units_at_most", "total_at_most"], groups)
    return KeepPolicy(
        scope=table.scope(),
        up_to=table.get("up_to", amount_limit),
        period=table.get("period", duration),
        units_at_most=table.get("units_at_most", whole),
        total_at_most=table.get("total_at_most", amount_limit),
    )


def _trust(file: TomlFile) -> tuple[TrustTier, ...]:
    limits = ["return_percent_at_most", "claims_at_most", "unreturned_at_most"]
    terms = ["refund", "exchange", "ahead_up_to"]
    found = tuple(
        TrustTier(
            table.get("name", code),
            table.maybe("orders_at_least", whole, 0),
            return_percent_at_most=table.maybe("return_percent_at_most", whole, None),
            claims_at_most=table.maybe("claims_at_most", whole, None),
            unreturned_at_most=table.maybe("unreturned_at_most", whole, None),
            refund=table.get("refund", lambda value: word(When, value)),
            exchange=table.get("exchange", lambda value: word(When, value)),
            ahead_up_to=table.get("ahead_up_to", amount_limit),
        )
        for table in tables(file, "returns.trust", ["orders_at_least", *limits, *terms])
    )
    last = found[-1] if found else None
    if last is None or last.orders_at_least or any(getattr(last, limit) is not None for limit in limits):
        raise file.wrong("returns.trust", "the last one has to take everybody: write it without limits")
    return found


def _reviews(file: TomlFile) -> ReturnReviews:
    table = Table(file, "returns.review", ReturnReviews.__slots__)
    return ReturnReviews(
        value_above=table.get("value_above", amount_limit),
        claims_at_most=table.get("claims_at_most", whole),
        returns_at_most=table.get("returns_at_most", whole),
    )


def _withdrawals(file: TomlFile, groups: Groups) -> tuple[WithdrawalLaw, ...]:
    keys = [key for key in WithdrawalLaw.__slots__ if key not in ("name", "countries")]
    return tuple(
        WithdrawalLaw(
            name=table.get("name", code),
            countries=table.countries(),
            days=table.get("days", at_least(14, f"{_DIRECTIVE} 9(1)")),
            to_working_day=table.get("to_working_day", flag),
            send_back_days=table.get("send_back_days", at_least(14, f"{_DIRECTIVE} 14(1)")),
            refund_days=table.get("refund_days", _refund_days),
            customer_pays_return=table.get("customer_pays_return", flag),
        )
        for table in tables(file, "returns.law.withdrawal", keys, groups)
    )


def _refund_days(value: Any) -> int:
    if (found := whole(value)) > 14:
        raise ValueError(f"write at most 14: {_DIRECTIVE} 13(1)")
    return found


def _guarantees(file: TomlFile, groups: Groups) -> tuple[GuaranteeLaw, ...]:
    keys = ["months", "burden_months", "months_of"]
    months = at_least(24, f"{_SALES} 10(1)")
    found = []
    for table in tables(file, "returns.law.guarantee", keys, groups):
        longer: dict[str, int] = table.get("months_of", mapping(months)) if table.has("months_of") else {}
        for name in longer:
            table.get("months_of", lambda _, name=name: country(name))  # type: ignore[misc]  # mypy knows no lambda with a default
        found.append(
            GuaranteeLaw(
                name=table.get("name", code),
                countries=table.countries(),
                months=table.get("months", months),
                burden_months=table.get("burden_months", at_least(12, f"{_SALES} 11(1)")),
                months_of=longer,
            )
        )
    return tuple(found)


def _exchanges(file: TomlFile) -> ExchangePolicy:
    table = Table(file, "returns.exchanges", ExchangePolicy.__slots__)
    within = table.get("pay_within", duration)
    if not timedelta(minutes=30) <= within <= timedelta(hours=24):
        raise table.wrong("pay_within", "hosted payment pages live for 30 minutes to 24 hours")
    return ExchangePolicy(table.get("hold_for", duration), within, table.get("priority", whole))


def _gifts(file: TomlFile) -> GiftPolicy:
    table = Table(file, "returns.gifts", GiftPolicy.__slots__)
    offered = table.get("resolutions", set_of(Resolution))
    if Resolution.REFUND in offered:
        raise table.wrong("resolutions", "a refund would go to the buyer: leave it out")
    return GiftPolicy(offered, table.get("fees", flag), table.get("tell_buyer", flag))
