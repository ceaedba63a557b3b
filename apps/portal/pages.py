"""The Jinja environment of the customers' pages and the headers that every page carries."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.responses import HTMLResponse

from config.brand import Brand
from config.languages import pick_locale
from config.templating import make_environment

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
def environment(language: str, brand: Brand) -> Environment:
    return make_environment(FileSystemLoader(TEMPLATES), language, brand, escaped=True)


def page(name: str, *, brand: Brand, locale: str, status: int = 200, **context: Any) -> HTMLResponse:
    """Render one page."""
    picked = pick_locale(locale)
    html = environment(picked.language, brand).get_template(f"{name}.html.j2").render(lang=picked.tag, **context)
    return HTMLResponse(html, status_code=status, headers=HEADERS)
