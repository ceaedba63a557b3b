"""Turn a claim and its facts into a text to a phone.

A template of a text is given nothing but the names that its purpose allows (`domain.texts.NAMES`): one that names
anything else is refused when it is loaded, whatever its words are and in whatever language.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel.dates import format_skeleton
from jinja2 import Environment, FileSystemLoader, meta

from config.brand import Brand
from config.languages import pick_locale
from config.templating import make_environment
from domain.claims import ClaimKind
from domain.message_catalogue import CATALOGUE
from domain.message_facts import is_web_url, parse_date
from domain.messages import FactsError, check_facts
from domain.order import Facts
from domain.texts import NAMES, TEXTED, Size, TooLong, check_names, plainer, size_of
from tasks.rendering import one_line

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "sms"
_GETTEXT = frozenset({"_"})  # the environment's own, no value


@dataclass(frozen=True, slots=True)
class TextFacts:
    """Everything that a text can say; a template gets of it what its purpose allows."""

    shop: str
    order_name: str
    carrier: str
    link: str
    day_from: str
    day_to: str


@dataclass(frozen=True, slots=True)
class RenderedText:
    """`locale` is what it is really written in, as a BCP 47 tag."""

    body: str
    size: Size
    locale: str


def render_text(
    kind: ClaimKind, facts: Facts, *, link: str, locale: str, brand: Brand, tz: tzinfo, most: int
) -> RenderedText:
    """Write the text. Left out where it would cost more than `most` segments: the link.

    Raises: FactsError; TooLong when it does not fit without its link either; ForbiddenName for a template that names
    what its purpose has no right to."""
    check_facts(kind, facts)
    if link and not is_web_url(link):
        raise FactsError("invalid", "link")
    picked = pick_locale(locale)
    env = environment(picked.language, brand)
    _check_template(kind)
    known = TextFacts(
        shop=brand.name,
        order_name=facts["order_name"],
        carrier=facts.get("carrier") or "",
        link=link,
        day_from=facts.get("arrives_from") or "",
        day_to=facts.get("arrives_to") or "",
    )
    for given in [link, ""] if link else [""]:
        context = {**asdict(known), "link": given, "day": lambda text: _day(text, picked.format, tz)}
        body = _write(env, kind, context)
        size = size_of(body)
        if size.segments <= most:
            return RenderedText(body, size, picked.tag)
    raise TooLong(kind, size)


def preview_texts(brand: Brand, *, locale: str = "en", tz: tzinfo = UTC, most: int) -> dict[ClaimKind, RenderedText]:
    """Every template with its sample data."""
    link = f"{brand.website_url}/sample/order_status"
    return {
        kind: render_text(kind, CATALOGUE[kind].sample, link=link, locale=locale, brand=brand, tz=tz, most=most)
        for kind in CATALOGUE
        if kind in TEXTED
    }


@cache
def environment(language: str, brand: Brand) -> Environment:
    return make_environment(FileSystemLoader(TEMPLATES), language, brand, escaped=False)


def named_in(source: str) -> frozenset[str]:
    """The names that a template takes from outside."""
    bare = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    return frozenset(meta.find_undeclared_variables(bare.parse(source))) - _GETTEXT


@cache
def _check_template(kind: ClaimKind) -> None:
    source = (TEMPLATES / f"{kind}.txt.j2").read_text("utf-8")
    check_names(kind, CATALOGUE[kind].purpose, named_in(source))


def _write(env: Environment, kind: ClaimKind, context: dict[str, Any]) -> str:
    allowed = NAMES[CATALOGUE[kind].purpose]
    written = env.get_template(f"{kind}.txt.j2").render({name: context[name] for name in allowed})
    return plainer(" ".join("".join(char for char in written if char.isprintable() or char.isspace()).split()))


@lru_cache(maxsize=1024)
def _day(text: str, locale: str, tz: tzinfo) -> str:
    found = parse_date(text)
    day = found.astimezone(tz).date() if isinstance(found, datetime) else found
    return one_line(format_skeleton("MMMEd", day, locale=locale))
