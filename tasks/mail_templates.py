"""The Jinja environment of mails: MJML compiled at load, texts translated, nothing undefined accepted."""

import hashlib
import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import mrml
from jinja2 import Environment, FileSystemLoader

from config.brand import Brand
from config.templating import make_environment

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "email"
_MJML = ".mjml.j2"
_INCLUDE = re.compile(r'<mj-include path="(?P<path>partials/[\w.]+)" />')
_TAG = re.compile(r"<(table|tr|td|th|div|a|p) ")  # a break inside a tag shows nowhere and keeps lines short
_SENTENCES = (
    *("exception_title", "exception_text", "address_text", "carrier_name"),
    *("change_text", "refusal_text", "next_step_text", "return_refusal_text", "return_step_text"),
    *("delay_cause_text", "offer_text"),
)


class MailLoader(FileSystemLoader):
    """Loads templates; those in MJML are compiled to HTML on the way."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, filename, uptodate = super().get_source(environment, template)
        if template.endswith(_MJML):
            source = compile_mjml(source)
        return source, filename, uptodate


@cache
def compile_mjml(source: str) -> str:
    """HTML of an MJML template, its Jinja expressions untouched.

    They must not hold a bare `<`, which the parser takes for a tag. Raises: OSError for broken MJML.
    """
    # mrml's own include leaves out the table cell around an included element, and with it the padding
    whole = _INCLUDE.sub(lambda found: (TEMPLATES / found["path"]).read_text("utf-8"), source)
    return _TAG.sub(r"<\1\n", str(mrml.to_html(whole).content))


@cache
def environment(language: str, brand: Brand) -> Environment:
    """The environment of one language. HTML escapes every value, text and subjects nothing."""
    env = make_environment(MailLoader(TEMPLATES), language, brand, escaped=_is_html)
    module = env.get_template("partials/sentences.j2").module
    env.globals.update({name: partial(_sentence, getattr(module, name)) for name in _SENTENCES})
    return env


@cache
def template_version(kind: str) -> str:
    """Digest of everything that a mail of this kind is made from, kept with the message that was sent."""
    digest = hashlib.sha256()
    for path in sorted([*TEMPLATES.glob(f"{kind}.*"), *TEMPLATES.glob("partials/*")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(_MJML)


def _sentence(macro: Callable[..., str], *facts: object) -> str:
    return " ".join(macro(*facts).split())
