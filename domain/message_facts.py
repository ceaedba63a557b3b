"""Types of the facts that messages are made of, and their checks."""

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from domain.money import MoneyError, exponent


class FactsError(ValueError):
    """Facts that cannot be said. `code`: missing, unknown or invalid; `name`: the fact's, with its place."""

    def __init__(self, code: str, name: str) -> None:
        super().__init__(f"{code} fact: {name}")
        self.code = code
        self.name = name


class FactType(StrEnum):
    TEXT = "text"  # not empty
    CODE = "code"  # lower-case word with underscores
    MINOR = "minor"  # minor units of the fact `currency`
    CURRENCY = "currency"
    DATE = "date"  # ISO 8601 date, or date and time with offset
    URL = "url"  # http or https
    MAYBE_TEXT = "maybe_text"  # must be named, may be empty: an own courier has no tracking number
    MAYBE_URL = "maybe_url"
    FLAG = "flag"
    LINES = "lines"  # [{title, sku, quantity, total_minor?, total_text?}]
    CHANGES = "changes"  # [{kind, title, to?, was?, quantity?}], what an edit asks for; may be empty


_LINE_REQUIRED = {"title": FactType.TEXT, "sku": FactType.MAYBE_TEXT}
_LINE_OPTIONAL = {"total_minor": FactType.MINOR, "total_text": FactType.TEXT}
_CHANGE_REQUIRED = {"kind": FactType.CODE, "title": FactType.MAYBE_TEXT}
_CHANGE_OPTIONAL = {"to": FactType.MAYBE_TEXT, "was": FactType.MINOR, "quantity": FactType.MINOR}


def check_fact(name: str, fact_type: FactType, value: Any) -> None:
    """Raises: FactsError `invalid` with the name of the fact, for lines with the place inside."""
    if fact_type is FactType.LINES:
        _check_lines(name, value)
    elif fact_type is FactType.CHANGES:
        _check_changes(name, value)
    elif not _CHECKS[fact_type](value):
        raise FactsError("invalid", name)


def is_web_url(text: str) -> bool:
    """A link that may stand in a mail: http or https with a host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def parse_date(text: str) -> date | datetime:
    """A date, or an aware date and time. Raises: ValueError."""
    if len(text) == len("2026-01-31"):
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and value.replace("_", "a").isalnum() and value == value.lower()


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_currency(value: Any) -> bool:
    try:
        exponent(value if isinstance(value, str) else "")
    except MoneyError:
        return False
    return True


def _is_date(value: Any) -> bool:
    try:
        parse_date(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and is_web_url(value)


_CHECKS: dict[FactType, Callable[[Any], bool]] = {
    FactType.TEXT: _is_text,
    FactType.CODE: _is_code,
    FactType.MINOR: _is_int,
    FactType.CURRENCY: _is_currency,
    FactType.DATE: _is_date,
    FactType.URL: _is_url,
    FactType.MAYBE_TEXT: lambda value: isinstance(value, str),
    FactType.MAYBE_URL: lambda value: value == "" or _is_url(value),
    FactType.FLAG: lambda value: isinstance(value, bool),
}


def _check_lines(name: str, value: Any) -> None:
    if not isinstance(value, list | tuple) or not value:
        raise FactsError("invalid", name)
    for number, line in enumerate(value, start=1):
        place = f"{name}[{number}]"
        if not isinstance(line, dict):
            raise FactsError("invalid", place)
        for key, fact_type in _LINE_REQUIRED.items():
            if key not in line:
                raise FactsError("missing", f"{place}.{key}")
            if not _CHECKS[fact_type](line[key]):
                raise FactsError("invalid", f"{place}.{key}")
        if "quantity" not in line:
            raise FactsError("missing", f"{place}.quantity")
        if not _is_int(line["quantity"]) or line["quantity"] < 1:
            raise FactsError("invalid", f"{place}.quantity")
        _check_line_extras(place, line)


def _check_line_extras(place: str, line: dict[str, Any]) -> None:
    for key in line.keys() - _LINE_REQUIRED.keys() - {"quantity"}:
        if key not in _LINE_OPTIONAL:
            raise FactsError("unknown", f"{place}.{key}")
        if not _CHECKS[_LINE_OPTIONAL[key]](line[key]):
            raise FactsError("invalid", f"{place}.{key}")


def _check_changes(name: str, value: Any) -> None:
    if not isinstance(value, list | tuple):
        raise FactsError("invalid", name)
    for number, change in enumerate(value, start=1):
        place = f"{name}[{number}]"
        if not isinstance(change, dict):
            raise FactsError("invalid", place)
        if missing := _CHANGE_REQUIRED.keys() - change.keys():
            raise FactsError("missing", f"{place}.{sorted(missing)[0]}")
        known = _CHANGE_REQUIRED | _CHANGE_OPTIONAL
        for key, fact in change.items():
            if key not in known:
                raise FactsError("unknown", f"{place}.{key}")
            if not _CHECKS[known[key]](fact):
                raise FactsError("invalid", f"{place}.{key}")
