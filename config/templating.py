"""The one builder of Jinja environments: mails and pages are written by the same rules."""

from collections.abc import Callable, Iterator
from operator import attrgetter

from jinja2 import BaseLoader, Environment, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from config.brand import Brand
from config.languages import translations


def make_environment(
    loader: BaseLoader, language: str, brand: Brand, *, escaped: bool | Callable[[str | None], bool]
) -> Environment:
    """Texts are translated and nothing undefined is accepted. Templates may name `brand`: it needs no rendering."""
    env = Environment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n", _Steady],
    )
    catalogue = translations(language)
    env.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        catalogue.gettext, catalogue.ngettext, newstyle=True
    )
    env.extend(brand=brand, translated=catalogue.gettext)
    return env


class _Steady(Extension):
    """Writes into a template, when it is loaded, what is the same in each rendering of it: `brand.…`, and texts
    without a placeholder. Half of what a mail's templates had to say each time was of this kind."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        tokens = list(stream)
        at = 0
        while at < len(tokens):
            length = _brand_at(tokens, at) or _text_at(tokens, at)
            if length:
                yield from self._steady(tokens[at : at + length])
            else:
                yield tokens[at]
            at += length or 1

    def _steady(self, tokens: list[Token]) -> Iterator[Token]:
        line = tokens[0].lineno
        if tokens[0].value == "brand":
            path = "".join(token.value for token in tokens[1:])
            brand = self.environment.brand  # type: ignore[attr-defined]  # ours, set beside this extension
            yield Token(line, "string", attrgetter(path.removeprefix("."))(brand))
            return
        yield Token(line, "lparen", "(")
        translated = self.environment.translated  # type: ignore[attr-defined]  # as `brand`
        yield Token(line, "string", translated(tokens[2].value) % {})
        yield Token(line, "pipe", "|")
        yield Token(line, "name", "safe")  # a text of ours may hold HTML, as it may where it has placeholders
        yield Token(line, "rparen", ")")


def _types(tokens: list[Token], at: int, count: int) -> list[str]:
    return [token.type for token in tokens[at : at + count]]


def _brand_at(tokens: list[Token], at: int) -> int:
    """How many tokens the brand's value at this place takes; 0 when there is none."""
    length = 1
    if tokens[at].type != "name" or tokens[at].value != "brand" or (at and tokens[at - 1].type == "dot"):
        return 0
    while _types(tokens, at + length, 2) == ["dot", "name"]:
        length += 2
    return length if length > 1 else 0


def _text_at(tokens: list[Token], at: int) -> int:
    """The same for `_('text')`."""
    found = _types(tokens, at, 4) == ["name", "lparen", "string", "rparen"] and tokens[at].value == "_"
    return 4 if found else 0
