"""Turn a claim and its facts into a mail: subject, text and HTML in the customer's language.

Rendering is a plain function, no Prefect task: it touches nothing outside and costs under a millisecond.
MJML is compiled to HTML once per template, Jinja expressions pass through that compilation untouched.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any, Literal

from babel.core import Locale
from babel.dates import format_date, format_time

from config.brand import Brand
from config.languages import PickedLocale, pick_locale
from domain.addresses import format_lines
from domain.claims import QUESTIONS
from domain.masking import masked_email
from domain.message_catalogue import CATALOGUE, ClaimEntry, ClaimKind
from domain.message_facts import is_web_url, parse_date
from domain.messages import FactsError, check_facts
from domain.money import Money
from domain.order import Address, Facts
from domain.postal import country_code
from tasks.mail_templates import environment

_SUBJECT_LIMIT = 150
_SPACES = re.compile(r"\s+")
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\n\r"})
_BLANK_LINES = re.compile(r"\n{3,}")

SAMPLE_ADDRESS = Address(
    name="Ada Example",
    line1="12 Main Street",
    line2="Apt 4",
    city="Boston",
    region="MA",
    postal_code="02110",
    country="US",
)
SAMPLE_QUESTION = "You ask for a parcel to another name.\nIs it a present, or have you moved?"
SAMPLE_MAILBOX = masked_email("ada.new@example.com")
SAMPLE_SUGGESTION = replace(SAMPLE_ADDRESS, line1="12 Main St", postal_code="02110-1234")


@dataclass(frozen=True, slots=True)
class Recipient:
    """What a mail says of a person, joined at the moment of sending and stored nowhere.

    `links` may hold more than a template offers; each is http or https. `question`: what an agent asks, in free words.
    `mailbox`: the order's new one, masked, where the mail goes to the old one.
    """

    first_name: str = ""
    address: Address | None = None
    suggestion: Address | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    question: str = ""
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail without its envelope. `locale` is what it is really written in, as a BCP 47 tag."""

    subject: str
    text: str
    html: str
    locale: str


def render(kind: ClaimKind, facts: Facts, recipient: Recipient, *, locale: str, brand: Brand, tz: tzinfo) -> Rendered:
    """Write the mail. Falls back to English where `locale` has no catalogue.

    Raises: FactsError, before any template is touched, when facts or links could not be said.
    """
    check_facts(kind, facts)
    picked = pick_locale(locale)
    env = environment(picked.language, brand)
    context = _context(CATALOGUE[kind], facts, recipient, picked, tz)
    subject = one_line(env.get_template(f"{kind}.subject.j2").render(context))
    context["subject"] = subject
    return Rendered(
        subject=subject,
        text=_tidy_text(_sendable(env.get_template(f"{kind}.txt.j2").render(context))),
        html=_sendable(env.get_template(f"{kind}.mjml.j2").render(context)),
        locale=picked.tag,
    )


def render_subject(kind: ClaimKind, facts: Facts, *, locale: str, brand: Brand, tz: tzinfo) -> str:
    """A mail's subject alone: what a list of messages shows. Raises: FactsError."""
    check_facts(kind, facts)
    picked = pick_locale(locale)
    context = _context(CATALOGUE[kind], facts, Recipient(), picked, tz)
    return one_line(environment(picked.language, brand).get_template(f"{kind}.subject.j2").render(context))


def preview_all(brand: Brand, *, locale: str = "en", tz: tzinfo = UTC) -> Iterator[tuple[ClaimKind, Rendered]]:
    """Every template with its sample data."""
    for kind, entry in CATALOGUE.items():
        links = {name: f"{brand.website_url}/sample/{name}" for name in entry.links}
        suggestion = SAMPLE_SUGGESTION if kind is ClaimKind.ADDRESS_QUESTION else None
        question = SAMPLE_QUESTION if kind in QUESTIONS else ""
        recipient = Recipient("Ada", SAMPLE_ADDRESS, suggestion, links, question, SAMPLE_MAILBOX)
        yield kind, render(kind, entry.sample, recipient, locale=locale, brand=brand, tz=tz)


def _context(entry: ClaimEntry, facts: Facts, recipient: Recipient, picked: PickedLocale, tz: tzinfo) -> dict[str, Any]:
    currency = facts.get("currency", "")
    lines = facts.get("lines") or ()
    amount = facts.get("amount_minor")
    return {
        **dict.fromkeys(entry.optional),
        "lines": (),
        **facts,
        "priced": any("total_minor" in line or "total_text" in line for line in lines),
        "line_total": _line_total(currency, picked.format),
        "amount_text": _money(amount, currency, picked.format) if currency and amount else "",
        "money": lambda minor: _money(minor, currency, picked.format),
        "day": lambda text: _day(text, picked.format, tz),
        "moment": lambda text: _moment(text, picked.format, tz),
        "first_name": one_line(recipient.first_name),
        "mailbox": one_line(recipient.mailbox),
        "address_lines": _address_lines(recipient.address, picked.format),
        "suggestion_lines": _address_lines(recipient.suggestion, picked.format),
        "links": _links(entry, recipient.links),
        "question_lines": recipient.question.splitlines(),
        "lang": picked.tag,
    }


def _links(entry: ClaimEntry, links: Mapping[str, str]) -> dict[str, str]:
    wanted = {name: links.get(name, "") for name in entry.links}
    wanted.setdefault("order_status", "")
    for name, url in wanted.items():
        if url and not is_web_url(url):
            raise FactsError("invalid", f"links.{name}")
    return wanted


def _address_lines(address: Address | None, locale: str) -> tuple[str, ...]:
    if address is None:
        return ()
    lines = tuple(_SPACES.sub(" ", line) for line in format_lines(address))
    country = Locale.parse(locale).territories.get(country_code(address.country))
    return (*lines, country) if country else lines


def _line_total(currency: str, locale: str) -> Callable[[Mapping[str, Any]], str]:
    def total(line: Mapping[str, Any]) -> str:
        if "total_text" in line:
            return str(line["total_text"])
        return _money(line["total_minor"], currency, locale) if "total_minor" in line else ""

    return total


@lru_cache(maxsize=4096)
def _money(minor: int, currency: str, locale: str) -> str:
    return Money(minor, currency).display(locale)


def _day(text: str, locale: str, tz: tzinfo) -> str:
    day = parse_date(text)
    return _written(day.astimezone(tz).date() if isinstance(day, datetime) else day, "long", locale)


def _moment(text: str, locale: str, tz: tzinfo) -> str:
    """A point in time with its zone, for a date the date alone."""
    moment = parse_date(text)
    if not isinstance(moment, datetime):
        return _day(text, locale, tz)
    local = moment.astimezone(tz)
    time: str = format_time(local.timetz(), "short", locale=locale)
    return f"{_written(local.date(), 'full', locale)}, {time} {local.tzname()}"


@lru_cache(maxsize=1024)
def _written(day: date, width: Literal["long", "full"], locale: str) -> str:
    written: str = format_date(day, width, locale=locale)
    return written


def one_line(text: str) -> str:
    return _SPACES.sub(" ", _sendable(text)).strip()[:_SUBJECT_LIMIT]


def _sendable(text: str) -> str:
    """Without what no mail can carry: control characters and lone surrogates."""
    return text.encode("utf-8", "replace").translate(None, _CONTROLS).decode()


def _tidy_text(text: str) -> str:
    lines = (line if line == "-- " else line.rstrip() for line in text.strip().splitlines())
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)) + "\n"
