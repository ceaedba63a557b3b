"""Free words that people type: cleaned of what is no writing, otherwise as they are."""

from typing import Any, TypeGuard
from unicodedata import category

LONGEST_NAME = 200
_UNWRITTEN = frozenset({"Cc", "Cs", "Co"})  # control characters, halves of a pair, private ones
# They turn the direction of all that follows, so that a text shows otherwise than it reads.
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_name(value: Any) -> TypeGuard[str]:
    """Whether it may be an id, a SKU or a code: a line of at most 200 signs."""
    return isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_NAME


def tidy(text: str) -> str:
    """Lines end with a line feed, tabs are spaces, and nothing stands around the text."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = (sign for sign in lines if sign == "\n" or (category(sign) not in _UNWRITTEN and sign not in _OVERRIDES))
    return "".join(kept).strip()
