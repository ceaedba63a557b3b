"""Cuts what we sent, and what looks personal, out of a vendor's message, so that it may be stored."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

CAP = 300
MARK = "[…]"
_SHORTEST_VALUE = 3
_SHORTEST_WORD = 4  # of a value of several words: a vendor may quote only the surname or the street
_LONGEST_SPLIT = 120  # a longer text, or one with braces, is a document whose words are no secrets
_EMAIL = re.compile(r"[^\s@<>()\"',;:]+@[^\s@<>()\"',;:]+")
_PHONE = re.compile(r"\+?\d(?:[\s().\-]?\d){6,}")


def redact(text: str, *sent: Any) -> str:
    """The text without any string value of `sent` (JSON, parameters), e-mail address or phone number."""
    values = {value for part in sent for value in _values(part)}
    if values:
        longest_first = sorted(values, key=len, reverse=True)
        text = re.sub("|".join(map(re.escape, longest_first)), MARK, text, flags=re.IGNORECASE)
    text = _PHONE.sub(MARK, _EMAIL.sub(MARK, text))
    return text if len(text) <= CAP else text[: CAP - 1] + "…"


def _values(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield from _forms(part.strip())
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from _values(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _values(value)


def _forms(value: str) -> Iterator[str]:
    if len(value) >= _SHORTEST_VALUE:
        yield value
    if len(value) <= _LONGEST_SPLIT and "{" not in value:
        yield from (word for word in value.split() if len(word) >= _SHORTEST_WORD)
