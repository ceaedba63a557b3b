"""Texts to phones: how many segments one costs, its number, what it may name, and the words that end or begin it.

Sizes: 3GPP TS 23.038 (GSM 7-bit alphabet and its extension) and TS 23.040 (a segment of 140 octets, 6 of them the
header of a longer text). Words: CTIA Messaging Principles and Best Practices (2023), section 5.1.3, and the vendor's
own list of the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.claims import ClaimKind, Purpose

_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_TWICE = frozenset("\f^{}\\[~]|€")  # of the extension: an escape and the character
# What word processors and languages write for something that the alphabet has: one of them alone would make
# every segment hold 70 characters instead of 160.
_PLAINER = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2013": "-",
    "\u2014": "-", "\u2026": "...", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2022": "-", "\t": " ",
})  # fmt: skip
_E164 = re.compile(r"\+[1-9]\d{6,14}\Z", re.ASCII)
_BETWEEN_DIGITS = re.compile(r"[\s()./\u2010-\u2015-]+")


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Size:
    """`units` are septets of GSM-7, 16-bit units of UCS-2."""

    encoding: Encoding
    units: int
    segments: int


def plainer(text: str) -> str:
    """The same text with typographic signs in their plain form."""
    return text.translate(_PLAINER)


def size_of(text: str) -> Size:
    """What a phone network makes of a text. An extended or a 4-byte character is never cut in two."""
    if all(char in _GSM7 or char in _GSM7_TWICE for char in text):
        widths = [2 if char in _GSM7_TWICE else 1 for char in text]
        return Size(Encoding.GSM7, sum(widths), _segments(widths, alone=160, each=153))
    widths = [2 if ord(char) > 0xFFFF else 1 for char in text]
    return Size(Encoding.UCS2, sum(widths), _segments(widths, alone=70, each=67))


def _segments(widths: list[int], *, alone: int, each: int) -> int:
    if sum(widths) <= alone:
        return 1
    segments, filled = 1, 0
    for width in widths:
        if filled + width > each:
            segments, filled = segments + 1, 0
        filled += width
    return segments


def phone_number(typed: str) -> str:
    """A number as E.164 has it, or empty: without its country's prefix a number is nobody's in particular."""
    number = _BETWEEN_DIGITS.sub("", typed.strip())
    if number.startswith("00"):
        number = f"+{number[2:]}"
    return number if _E164.match(number) else ""


class Answer(StrEnum):
    """What somebody who answers a text wants."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    WORDS = "words"  # anything else: a person reads it


_WORDS: Mapping[str, Answer] = {
    **dict.fromkeys(
        ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out"), Answer.STOP
    ),
    **dict.fromkeys(("start", "unstop", "yes"), Answer.START),
    **dict.fromkeys(("help", "info"), Answer.HELP),
}
_MARKS = " \t\r\n.!?,;:\"'"


def answer_of(text: str) -> Answer:
    """A word counts when it stands alone, in any case and with any mark behind it."""
    return _WORDS.get(" ".join(text.strip(_MARKS).casefold().split()), Answer.WORDS)


# Names that the template of a text may use. There is no amount, no product, no code and no link but the order's own
# page among them: a text that says sorry cannot sell, because there is nothing in it to sell with. A text with an
# offer says that there is one, and the page shows it.
_NOTICE = frozenset({"shop", "order_name", "carrier", "link"})
NAMES: Mapping[Purpose, frozenset[str]] = {
    Purpose.CONTRACT: _NOTICE,
    Purpose.NOTICE: _NOTICE,
    Purpose.APOLOGY: _NOTICE | {"day_from", "day_to", "day"},
}
# Kinds that have a template of a text.
TEXTED = frozenset(
    {
        ClaimKind.PARCEL_OUT_FOR_DELIVERY,
        ClaimKind.PARCEL_DELIVERED,
        ClaimKind.PARCEL_DELAYED,
        ClaimKind.PARCEL_STUCK,
        ClaimKind.PARCEL_ATTEMPTED,
        ClaimKind.PARCEL_LOST,
        ClaimKind.PARCEL_OFFER,
        ClaimKind.PARCEL_RECOVERED,
    }
)


class ForbiddenName(ValueError):
    """A template of a text names what its purpose has no right to. `name` is the template's word."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind}: {name} may not stand in a text of this purpose")
        self.kind, self.name = kind, name


class TooLong(ValueError):
    """A text would cost more segments than the merchant allows."""

    def __init__(self, kind: str, size: Size) -> None:
        super().__init__(f"{kind}: {size.segments} segments ({size.encoding})")
        self.kind, self.size = kind, size


def check_names(kind: ClaimKind, purpose: Purpose, named: frozenset[str]) -> None:
    """Raises: ForbiddenName for the first name, in order, that a text of this purpose may not use."""
    for name in sorted(named - NAMES[purpose]):
        raise ForbiddenName(kind, name)
