"""The Jinja environment of the customers' pages and the headers that every page carries."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from config.brand import Brand
from config.languages import pick_locale, translations

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "portal"
# No script, no foreign source, no frame: a page shows one thing and offers one button.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",  # the address of the page is the customer's key
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


@cache
def environment(language: str) -> Environment:
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translations(language)
    env.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        catalogue.gettext, catalogue.ngettext, newstyle=True
    )
    return env


def page(name: str, *, brand: Brand, locale: str, status: int = 200, **context: Any) -> HTMLResponse:
    """Render one page."""
    picked = pick_locale(locale)
    html = environment(picked.language).get_template(f"{name}.html.j2").render(brand=brand, lang=picked.tag, **context)
    return HTMLResponse(html, status_code=status, headers=HEADERS)
