"""The one builder of Jinja environments: mails and pages are written by the same rules."""

from collections.abc import Callable, Iterator, MutableMapping
from operator import attrgetter
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, pass_eval_context
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.nodes import EvalContext
from markupsafe import Markup

from config.brand import Brand
from config.languages import translations


def make_environment(
    loader: BaseLoader, language: str, brand: Brand, *, escaped: bool | Callable[[str | None], bool]
) -> Environment:
    """Texts are translated and nothing undefined is accepted. Templates may name `brand`: it needs no rendering."""
    env = _Environment(
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
    env.filters["filled"] = _filled
    return env


class _Environment(Environment):
    """Templates share the environment's globals as they are. Jinja's own view of them is made for globals of single
    templates, which we have none of, and is copied slowly each time that a template is rendered or included."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


@pass_eval_context
def _filled(context: EvalContext, text: str, **values: object) -> str:
    """What Jinja's own new-style gettext makes of a translated text with placeholders, by one call instead of three."""
    return (Markup(text) if context.autoescape else text) % values  # values are escaped in Markup


class _Steady(Extension):
    """Writes into a template, when it is loaded, what is the same in each rendering of it: `brand.…`, and texts in
    their language. Half of what a mail's templates had to say each time was of this kind."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        tokens = list(stream)
        at = 0
        while at < len(tokens):
            length = _brand_at(tokens, at) or _text_at(tokens, at, "rparen") or _text_at(tokens, at, "comma")
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
        text = self.environment.translated(tokens[2].value)  # type: ignore[attr-defined]  # as `brand`
        if tokens[-1].type == "comma":  # the values follow, and end the filter's call
            yield from _tokens(line, ("string", text), ("pipe", "|"), ("name", "filled"), ("lparen", "("))
            return
        # a text of ours may hold HTML, as it may where it has placeholders
        safe = (("pipe", "|"), ("name", "safe"), ("rparen", ")"))
        yield from _tokens(line, ("lparen", "("), ("string", text % {}), *safe)


def _tokens(line: int, *tokens: tuple[str, str]) -> Iterator[Token]:
    return (Token(line, kind, value) for kind, value in tokens)


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


def _text_at(tokens: list[Token], at: int, end: str) -> int:
    """The same for `_('text')`, and for the beginning of `_('text', name=value)`."""
    found = _types(tokens, at, 4) == ["name", "lparen", "string", end] and tokens[at].value == "_"
    return 4 if found else 0
