"""The Jinja environment of the desk's pages, their headers, and what every page shows."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from apps.desk.sitting import Sitting
from apps.desk.times import day, moment, near
from apps.portal.pages import HEADERS as PORTAL_HEADERS
from config.brand import Brand
from config.templating import make_environment

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "desk"
HOME = "/desk/cases"
LOGIN = "/desk/login"
STYLE = "/desk/style.css"
# No script, no foreign source, no frame, no style but our own file.
HEADERS: Mapping[str, str] = {
    **PORTAL_HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@cache
def environment(brand: Brand) -> Environment:
    made = make_environment(FileSystemLoader(TEMPLATES), "en", brand, escaped=True)
    made.filters |= {"moment": moment, "day": day, "near": near}
    return made


@cache
def style(brand: Brand) -> tuple[str, str]:
    """The style sheet, and its address, which changes with it."""
    text = environment(brand).get_template("style.css.j2").render()
    return text, f"{STYLE}?v={sha256(text.encode()).hexdigest()[:12]}"


class Pages:
    """Renders pages of one brand."""

    def __init__(self, brand: Brand) -> None:
        self._brand = brand

    def style(self, _request: Request) -> Response:
        headers = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
        return Response(style(self._brand)[0], media_type="text/css", headers=headers)

    def show(
        self,
        name: str,
        *,
        sitting: Sitting | None = None,
        now: datetime | None = None,
        status: int = 200,
        **context: Any,
    ) -> HTMLResponse:
        """One page. `sitting` is whose page it is; none before somebody has logged in."""
        template = environment(self._brand).get_template(f"{name}.html.j2")
        html = template.render(style_url=style(self._brand)[1], sitting=sitting, now=now, **context)
        return HTMLResponse(html, status_code=status, headers=HEADERS)

    def problem(self, status: int, title: str, text: str, *, sitting: Sitting | None = None) -> HTMLResponse:
        """What went wrong, and what to do."""
        return self.show("problem", sitting=sitting, status=status, title=title, text=text)


def go(path: str) -> RedirectResponse:
    """After a post: the browser asks for the page itself, so that a reload repeats nothing."""
    return RedirectResponse(path, status_code=303, headers=HEADERS)
