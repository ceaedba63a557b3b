"""Read [returns.money] of config/policies/returns.toml."""

from config.edit_policy import amount_limit, amounts, word
from config.reading import TomlFile, flag, text
from config.returns_scope import Table, code, percent, tables, texts
from domain.returns.policy import Destination, MoneyPolicy, ShippingBack, TenderRule
from domain.returns.words import ReturnKind

_OWED = (ShippingBack.STANDARD, ShippingBack.WHOLE_ORDER)


def money_policy(file: TomlFile) -> MoneyPolicy:
    """Raises: ConfigError."""
    table = Table(file, "returns.money", MoneyPolicy.__slots__)
    return MoneyPolicy(
        tenders=_tenders(file),
        shipping=_shipping(file),
        standard_shipping=table.get("standard_shipping", amounts),
        bonus_percent=table.get("bonus_percent", percent),
        bonus_at_most=table.get("bonus_at_most", amount_limit),
        even_exchange=table.get("even_exchange", flag),
        credit_gateway=table.get("credit_gateway", text),
    )


def _shipping(file: TomlFile) -> dict[ReturnKind, ShippingBack]:
    table = Table(file, "returns.money.shipping", map(str, ReturnKind))
    found = {kind: table.get(str(kind), lambda value: word(ShippingBack, value)) for kind in ReturnKind}
    if found[ReturnKind.WITHDRAWAL] not in _OWED:
        raise table.wrong("withdrawal", "write standard or whole_order: Directive 2011/83/EU, Article 13(1)")
    return found


def _tenders(file: TomlFile) -> tuple[TenderRule, ...]:
    found = tuple(
        TenderRule(
            name=table.get("name", code),
            gateways=table.get("gateways", texts) if table.has("gateways") else frozenset(),
            back=table.get("back", lambda value: word(Destination, value)),
            bonus=table.maybe("bonus", flag, False),
        )
        for table in tables(file, "returns.money.tenders", ["gateways", "back", "bonus"])
    )
    if not found or found[-1].gateways or any(not rule.gateways for rule in found[:-1]):
        raise file.wrong("returns.money.tenders", "the last one, and no other, is without gateways: it takes the rest")
    return found
