"""The rules of returns are data: the shipped file parses, and a wrong value is refused with file, key and reason."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from config.accounts import ConfigError
from config.policies import load_policies
from domain.returns.policy import When
from domain.returns.scope import DayOfYear, Span
from domain.returns.words import OF_CLAIMS, Resolution, ReturnKind, ReturnReason
from tests.support.shared import ROOT

SHIPPED = ROOT / "config" / "policies"


def test_shipped_rules_of_returns_are_right() -> None:
    policy = load_policies(SHIPPED).returns

    assert [rule.name for rule in policy.windows][-1] == "standard"
    assert policy.windows[-1].scope.everything
    assert policy.seasons[0].scope.placed == Span(DayOfYear(11, 1), DayOfYear(12, 24))
    assert set(policy.claims) == OF_CLAIMS
    assert policy.claims[ReturnReason.NEVER_ARRIVED].wait == timedelta(days=3)
    assert Resolution.REFUND in policy.resolutions[ReturnKind.WITHDRAWAL]
    assert (policy.trust[0].refund, policy.trust[-1].name) == (When.AT_ONCE, "watched")
    laws = {law.name: law for law in policy.withdrawals}
    assert len(laws["eu"].countries) == 30
    assert {law.days for law in laws.values()} == {14}
    assert (policy.guarantees[0].months, policy.guarantees[0].months_of["ES"]) == (24, 36)
    assert len(policy.guarantees[0].countries) == 27
    assert policy.keep.up_to.of("KWD") == 3000
    assert policy.keep.up_to.of("BHD") == 10_000  # not listed: the default in major units


@pytest.mark.parametrize(
    ("first", "last", "day", "held"),
    [
        ((11, 1), (12, 24), date(2026, 11, 1), True),
        ((11, 1), (12, 24), date(2026, 12, 24), True),
        ((11, 1), (12, 24), date(2026, 12, 25), False),
        ((12, 1), (1, 6), date(2027, 1, 6), True),
        ((12, 1), (1, 6), date(2026, 12, 31), True),
        ((12, 1), (1, 6), date(2026, 11, 30), False),
    ],
)
def test_a_span_may_go_over_new_year(first: tuple[int, int], last: tuple[int, int], day: date, held: bool) -> None:
    assert Span(DayOfYear(*first), DayOfYear(*last)).holds(day) is held


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'name = "standard"            #',
            'tags = ["x"]\nname = "standard" #',
            "returns.windows: the last one has to fit",
        ),
        (
            "days = 60\n\n[[returns.windows]]",
            "day = 60\n\n[[returns.windows]]",
            "returns.windows.1.day: there is no such",
        ),
        (
            'categories = ["Electronics"]',
            'categorys = ["Electronics"]',
            "returns.windows.0.categorys: there is no such",
        ),
        ('categories = ["Electronics"]', "categories = []", "returns.windows.0.categories: write at least one"),
        ('countries = ["JP", "AU", "NZ"]', 'countries = ["Japan"]', "returns.windows.3.countries: write country codes"),
        ('name = "gold"', 'name = "electronics"', "returns.windows.1.name: is there twice"),
        ('name = "gold"', 'name = "Gold tier"', "returns.windows.1.name: write lower-case letters"),
        ('placed_from = "11-01"', 'placed_from = "02-29"', "returns.seasons.0.placed_from: write month and day"),
        ('placed_until = "12-24"\n', "", "returns.seasons.0.placed_until is missing"),
        ('open_until = "01-31"', 'open_until = "31.1."', "returns.seasons.0.open_until: write month and day"),
        ('tags = ["gift-card"]\n', "", "returns.exclusions.0.name: this would exclude everything"),
        ("discount_from_percent = 60", "discount_from_percent = 160", "discount_from_percent: write per cent"),
        ('["unopened", "opened"]', '["new"]', 'returns.conditions.0.accepted: write one of "unopened"'),
        ('withdrawal = ["refund", "store_credit"]', 'withdrawal = ["store_credit"]', "withdrawal: write refund too"),
        ('exchange = ["exchange"]', 'exchange = ["refund"]', "returns.resolutions.exchange: write one or more of"),
        ("[returns.claims.missing]", "[returns.claims.mising]", "returns.claims.mising: there is no such key"),
        ('wait = "3 d"  ', 'wait = "three"  ', "returns.claims.never_arrived.wait: write a duration"),
        (
            '["replacement", "repair", "refund", "store_credit"]',
            '["refund"]',
            "defective.resolutions: write replacement",
        ),
        ('code = "restocking"', 'code = "handling"', 'returns.fees.3.code: write one of "label", "restocking"'),
        ("percent = 15", "", "returns.fees.3.price: write either percent or price"),
        ('per = "line"', 'per = "unit"', 'returns.fees.3.per: per cent are counted per "line"'),
        ('EUR = "4.90", GBP', 'EUR = "4.905", GBP', "returns.fees.2.price: too_many_decimals among the currencies"),
        ("up_to = { default = 10,", "up_to = {", "returns.keep.up_to: write a default"),
        ("units_at_most = 3", 'units_at_most = "3"', "returns.keep.units_at_most: write a whole number"),
        ('refund = "at_once"', 'refund = "now"', 'returns.trust.0.refund: write one of "at_once"'),
        (
            'name = "watched"',
            'name = "watched"\norders_at_least = 1',
            "returns.trust: the last one has to take everybody",
        ),
        ("returns_at_most = 20\n", "", "returns.review.returns_at_most is missing"),
        (
            "days = 14\nto_working_day = true",
            "days = 13\nto_working_day = true",
            "days: write at least 14: Directive 2011",
        ),
        ("refund_days = 14", "refund_days = 30", "returns.law.withdrawal.0.refund_days: write at most 14: Directive"),
        ("months = 24", "months = 12", "returns.law.guarantee.0.months: write at least 24: Directive (EU) 2019/771"),
        ("{ ES = 36,", "{ Spain = 36,", "returns.law.guarantee.0.months_of: write country codes"),
        (
            'resolutions = ["store_credit", "exchange", "r',
            'resolutions = ["refund", "r',
            "returns.gifts.resolutions: a refund",
        ),
        ('pay_within = "12 h"', 'pay_within = "3 d"', "returns.exchanges.pay_within: hosted payment pages live"),
        ("priority = 3", 'priority = "soon"', "returns.exchanges.priority: write a whole number"),
        ('hold_for = "30 d"', "", "returns.exchanges.hold_for is missing"),
        (
            'grades = ["a", "b"]',
            'grades = ["a", "damaged"]',
            "returns.dispositions.4.grades: write which of a, b and c",
        ),
        ('grades = ["a", "b"]', "grades = []", "returns.dispositions.4.grades: write at least one"),
        ('to = "repair"', 'to = "shelf"', 'returns.dispositions.6.to: write one of "restock"'),
        ('to = "repair"', 'to = "repair"\ntags = ["x"]', "returns.dispositions: the last one has to fit everything"),
        ('name = "full"', 'name = "full"\ngrades = ["a"]', "returns.consequences: the last one has to fit everything"),
        ("kept_percent = 30", "kept_percent = 130", "returns.consequences.2.kept_percent: write per cent"),
        (
            'withdrawal = "standard"',
            'withdrawal = "share"',
            "returns.money.shipping.withdrawal: write standard or whole",
        ),
        ('claim = "share"', 'claim = "some"', 'returns.money.shipping.claim: write one of "whole_order"'),
        ('back = "by_hand"', 'back = "cash"', 'returns.money.tenders.2.back: write one of "original"'),
        ('gateways = ["gift_card"]\n', "", "returns.money.tenders: the last one, and no other, is without gateways"),
        ("bonus_percent = 5 ", "bonus_percent = 500 ", "returns.money.bonus_percent: write per cent"),
        ('JPY = "650"', 'JPY = "6.5"', "returns.money.standard_shipping: too_many_decimals among the currencies"),
        ('history = "365 d"', 'histroy = "365 d"', "returns.histroy: there is no such key"),
        ('EU = ["AT"', 'EU = ["Austria"', "returns.country_groups: write country codes"),
    ],
)
def test_wrong_value_is_refused_with_file_key_and_reason(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "policies"))
    path = folder / "returns.toml"
    rules = path.read_text()
    assert old in rules, f"returns.toml no longer says {old}"
    path.write_text(rules.replace(old, new, 1))

    with pytest.raises(ConfigError) as caught:
        load_policies(folder)

    assert str(caught.value).startswith("returns.toml: ")
    assert said in str(caught.value)
