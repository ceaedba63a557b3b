"""Money is whole minor units, exactly, whatever the currency's decimals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money, MoneyError, allocate, exponent, to_decimal_text, to_minor

AMOUNTS = st.integers(-(2**53), 2**53)
CURRENCIES = st.sampled_from(["JPY", "USD", "EUR", "KWD"])


@pytest.mark.parametrize(("currency", "decimals"), [("JPY", 0), ("KRW", 0), ("USD", 2), ("KWD", 3), ("IQD", 3)])
def test_exponent(currency: str, decimals: int) -> None:
    assert exponent(currency) == decimals


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("19.99", "USD", 1999), ("1999", "JPY", 1999), ("1.999", "KWD", 1999), (" 20 ", "EUR", 2000), ("20.00", "JPY", 20),
     ("-0.5", "USD", -50), ("1e2", "USD", 10000), (7, "USD", 700), (Decimal("0.10"), "USD", 10)],
)  # fmt: skip
def test_reads_exactly(text: str | int | Decimal, currency: str, minor: int) -> None:
    assert to_minor(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [("", "USD", "not_an_amount"), ("12,50", "USD", "not_an_amount"), ("secret", "USD", "not_an_amount"),
     ("NaN", "USD", "not_an_amount"), ("Infinity", "USD", "not_an_amount"), ("0.001", "USD", "too_many_decimals"),
     ("0.5", "JPY", "too_many_decimals"), ("1e20", "USD", "amount_too_large"), ("1", "XYZ", "unknown_currency"),
     ("1", "usd", "unknown_currency"), ("1", "", "unknown_currency")],
)  # fmt: skip
def test_bad_amount_is_refused_by_code_without_repeating_it(text: str, currency: str, code: str) -> None:
    with pytest.raises(MoneyError) as caught:
        to_minor(text, currency)

    assert str(caught.value) == code


@pytest.mark.parametrize("text", ["1e999999999", "9" * 40 + ".99", "0." + "0" * 40 + "1", "1" * 5000, "0." + "1" * 5000,
                                  "1e-999999999", "1." + "0" * 30 + "1"])  # fmt: skip
def test_absurd_amount_is_refused_quickly(text: str) -> None:
    with pytest.raises(MoneyError):
        to_minor(text, "USD")


@pytest.mark.parametrize("text", ["0", "-0.000", "0e999999999", "0e-999999999"])
def test_zero_is_zero_however_it_is_written(text: str) -> None:
    assert to_minor(text, "USD") == 0


def test_trailing_zeros_are_no_decimals() -> None:
    assert to_minor("1." + "0" * 50, "USD") == 100


@given(AMOUNTS, CURRENCIES)
def test_what_is_written_is_read_back(minor: int, currency: str) -> None:
    text = to_decimal_text(minor, currency)

    assert to_minor(text, currency) == minor
    assert "e" not in text.lower()
    assert len(text.partition(".")[2]) == exponent(currency)


@given(st.lists(AMOUNTS), CURRENCIES)
def test_sum_of_texts_is_text_of_sum(amounts: list[int], currency: str) -> None:
    as_decimals = sum((Decimal(to_decimal_text(minor, currency)) for minor in amounts), Decimal(0))

    assert as_decimals * 10 ** exponent(currency) == sum(amounts)


@given(AMOUNTS, AMOUNTS, CURRENCIES)
def test_adding_and_taking_away(a: int, b: int, currency: str) -> None:
    left, right = Money(a, currency), Money(b, currency)

    assert (left + right) - right == left


def test_currencies_do_not_mix() -> None:
    with pytest.raises(MoneyError, match="currencies_differ"):
        Money(1, "USD") + Money(1, "EUR")
    with pytest.raises(MoneyError, match="currencies_differ"):
        Money(1, "USD") - Money(1, "EUR")


@given(AMOUNTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_shares_sum_exactly_and_are_fair(total: int, weights: list[int]) -> None:
    parts = allocate(total, weights)

    assert sum(parts) == total
    whole = sum(weights) or len(weights)
    for part, weight in zip(parts, weights if sum(weights) else [1] * len(weights), strict=True):
        assert abs(part * whole - total * weight) < whole  # within one minor unit of its exact share


def test_first_wins_a_tie_and_nothing_shares_evenly() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]
    assert allocate(5, [0, 0]) == [3, 2]


@pytest.mark.parametrize("weights", [[], [1, -1]])
def test_impossible_shares_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"allocate|negative"):
        allocate(1, weights)


@pytest.mark.parametrize(
    ("money", "locale", "text"),
    [(Money(1999, "USD"), "en", "$19.99"), (Money(1999, "JPY"), "en", "¥1,999"),
     (Money(1999, "KWD"), "de", "1,999 KWD"),
     (Money(-50, "USD"), "en", "-$0.50"), (Money(123456, "EUR"), "de", "1.234,56 €")],
)  # fmt: skip
def test_display_for_people(money: Money, locale: str, text: str) -> None:
    assert money.display(locale).replace("\xa0", " ") == text
