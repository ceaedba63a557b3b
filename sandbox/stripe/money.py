"""Amounts as Stripe counts them: integers of the smallest unit (docs.stripe.com/currencies)."""

from sandbox.stripe.common import StripeError, bad

_ZERO = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
_THREE = frozenset("bhd jod kwd omr tnd".split())
# Two decimals to the API, but whole units only.
_WHOLE = frozenset("isk ugx".split())
_TWO = frozenset(
    "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc "
    "cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr jmd kes kgs khr kyd "
    "kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php "
    "pkr pln qar ron rsd sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah usd uyu uzs wst "
    "xcd yer zar zmw".split()
)
_LEAST = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
_MOST = 99_999_999


def decimals(currency: str) -> int:
    return 0 if currency in _ZERO else 3 if currency in _THREE else 2


def human(amount: int, currency: str) -> str:
    """`12.50 EUR`; the currency says how many decimals."""
    places = decimals(currency)
    return f"{amount / 10**places:.{places}f} {currency.upper()}"


def check_currency(currency: str, param: str) -> str:
    """The code in lower case. Raises StripeError."""
    code = currency.lower()
    if code not in _ZERO | _THREE | _WHOLE | _TWO:
        raise bad(f"Invalid currency: {code}.", param=param)
    return code


def check_total(amount: int, currency: str) -> None:
    """What a checkout page can collect. Raises StripeError."""
    least = _LEAST.get(currency, 1)
    if amount < least:
        raise StripeError(
            400,
            f"The Checkout Session's total amount due must add up to at least {human(least, currency)}.",
            code="amount_too_small",
        )
    if amount > _MOST:
        raise StripeError(
            400,
            f"The Checkout Session's total amount must be no more than {human(_MOST, currency)}.",
            code="amount_too_large",
        )


def check_step(amount: int, currency: str, param: str) -> None:
    """Three-decimal currencies go in tens, two others in whole units. Raises StripeError."""
    step = 10 if currency in _THREE else 100 if currency in _WHOLE else 1
    if amount % step:
        raise bad(
            f"Invalid amount. Amounts in {currency.upper()} must be evenly divisible by {step}.",
            param=param,
            code="invalid_charge_amount_no_decimal_compatible" if currency in _WHOLE else "parameter_invalid_integer",
        )
