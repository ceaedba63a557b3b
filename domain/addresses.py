"""Is an address complete and well formed, and do two addresses mean one place? No network, nothing stored.

A check tells what is wrong by code and never by value; it never raises on odd input and never touches a unit.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from domain.order import Address
from domain.postal import CountryRules, country_code, country_rules

MISSING, INVALID, UNKNOWN_COUNTRY, TOO_LONG = "missing", "invalid", "unknown_country", "too_long"

# What carriers and warehouses take at most; longer text is cut off by one of them without a word.
LIMITS = {
    "name": 100,
    "company": 100,
    "line1": 100,
    "line2": 100,
    "city": 60,
    "region": 60,
    "postal_code": 20,
    "phone": 30,
}
_EMAIL_LIMIT = 254


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field. A warning does not stop an order (a bad phone number)."""

    field: str
    code: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class FormatCheck:
    """`normalised` is the address with tidied spelling; `line2` is always as it came."""

    problems: tuple[Problem, ...]
    normalised: Address

    @property
    def ok(self) -> bool:
        """No problem but warnings."""
        return all(problem.warning for problem in self.problems)


def check_format(address: Address) -> FormatCheck:
    """Check against the rules of the address's country."""
    long = [Problem(name, TOO_LONG) for name, limit in LIMITS.items() if len(getattr(address, name)) > limit]
    if long:
        return FormatCheck(tuple(long), address)
    tidy = _tidied(address)
    if not tidy.country:
        return FormatCheck((Problem("country", MISSING),), tidy)
    rules = country_rules(tidy.country)
    if rules is None:
        return FormatCheck((Problem("country", UNKNOWN_COUNTRY),), tidy)
    problems = _text_problems(tidy, rules)
    region_problems, tidy = _check_region(tidy, rules)
    postal_problems, tidy = _check_postal(tidy, rules)
    phone_problems, tidy = _check_phone(tidy)
    return FormatCheck((*problems, *region_problems, *postal_problems, *phone_problems), tidy)


def _tidied(address: Address) -> Address:
    return Address(
        name=_tidy(address.name),
        company=_tidy(address.company),
        line1=_tidy(address.line1),
        line2=address.line2,
        city=_tidy(address.city),
        region=_tidy(address.region),
        postal_code=_tidy(address.postal_code),
        country=country_code(address.country),
        phone=_tidy(address.phone),
    )


def _tidy(text: str) -> str:
    """Without control characters, lone surrogates and doubled spaces."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split()) if "  " in text or text[:1] == " " or text[-1:] == " " else text
    kept = "".join(" " if unicodedata.category(char) in ("Cc", "Cs") else char for char in text)
    return " ".join(kept.split())


def _text_problems(address: Address, rules: CountryRules) -> list[Problem]:
    problems = []
    if not address.name and not address.company:
        problems.append(Problem("name", MISSING))
    if not address.line1:
        problems.append(Problem("line1", MISSING))
    elif not any(char.isalnum() for char in address.line1):
        problems.append(Problem("line1", INVALID))
    elif not any(char.isalpha() for char in address.line1):
        # "3-4-1" is a street in Japan and a slip in Ohio
        problems.append(Problem("line1", INVALID, warning=True))
    if not address.city:
        problems += [Problem("city", MISSING)] if "C" in rules.required else []
    elif not any(char.isalpha() for char in address.city):
        problems.append(Problem("city", INVALID))
    return problems


def _check_region(address: Address, rules: CountryRules) -> tuple[list[Problem], Address]:
    """An unlisted region stops an order only where the country needs one."""
    needed = "S" in rules.required
    if not address.region:
        return ([Problem("region", MISSING)] if needed else []), address
    if not rules.regions:
        return [], address
    region = rules.region(address.region)
    if region is None:
        return [Problem("region", INVALID, warning=not needed)], address
    return [], replace(address, region=region.code)


def _check_postal(address: Address, rules: CountryRules) -> tuple[list[Problem], Address]:
    if not address.postal_code:
        return ([Problem("postal_code", MISSING)] if "Z" in rules.required else []), address
    if "Z" not in rules.used:
        return [], address
    code = rules.postal_code(address.postal_code)
    if code is None:
        return [Problem("postal_code", INVALID)], address
    address = replace(address, postal_code=code)
    region = rules.region(address.region) if address.region else None
    if region is not None and region.postal is not None and not region.postal.match(code):
        return [Problem("postal_code", INVALID)], address
    return [], address


def _check_phone(address: Address) -> tuple[list[Problem], Address]:
    if not address.phone:
        return [], address
    number = _e164(address.phone, address.country)
    if number is None:
        return [Problem("phone", INVALID, warning=True)], address
    return [], replace(address, phone=number)


@lru_cache(maxsize=2048)
def _e164(text: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def valid_email(text: str) -> bool:
    """Well formed by RFC 5321 and 6531; nobody is asked whether it exists."""
    if not text or len(text) > _EMAIL_LIMIT:
        return False
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def format_lines(address: Address) -> tuple[str, ...]:
    """The lines of a label in the order of the address's country, without the country itself."""
    rules = country_rules(country_code(address.country))
    street = ", ".join(part for part in (address.line1, address.line2) if part)
    values = {
        "N": address.name,
        "O": address.company,
        "A": street,
        "C": address.city,
        "S": address.region,
        "Z": address.postal_code,
    }
    lines = rules.lines if rules else ("%N", "%O", "%A", "%C %S %Z")
    written = (re.sub("%([A-Z])", lambda field: values.get(field[1], ""), line).strip(" ,-〒") for line in lines)
    return tuple(line for line in written if line)
