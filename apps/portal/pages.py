"""The customers' pages: their Jinja environment, the headers that every page carries, style sheet and script."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from apps.receiver.answers import RETRY_AFTER_S, Refusal
from config.brand import Brand
from config.languages import pick_locale
from config.links import path_prefix
from config.templating import make_environment
from config.wiring import Wiring

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "portal"
PORTAL = "/portal"
WITHDRAW = f"{PORTAL}/withdraw"
# No foreign script or frame, nothing inline: what a customer typed could at worst be read, never run.
_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",  # the address of the page is the customer's key
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")
_ASSETS = {"portal.css": "text/css; charset=utf-8", "clock.js": "text/javascript; charset=utf-8"}
_ONE_YEAR = "public, max-age=31536000, immutable"
_TITLES = {503: "unavailable", 500: "unavailable", 400: "unreadable", 408: "unreadable", 413: "unreadable"}


@cache
def environment(language: str, brand: Brand) -> Environment:
    return make_environment(FileSystemLoader(TEMPLATES), language, brand, escaped=True)


def image_host(url: str) -> str:
    """The origin of a picture that a page may show; empty for anything but https with a plain host name."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.lower()
    return f"https://{host}" if parts.scheme == "https" and _HOST.fullmatch(host) else ""


class Pages:
    """Renders pages. Nothing is read or loaded before the first one."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    @cached_property
    def root(self) -> str:
        """What addresses of our own begin with."""
        return path_prefix(self._wiring.settings)

    @property
    def withdraws(self) -> bool:
        """Whether the law of a country that the shop sells to gives a right of withdrawal: then every page leads to the
        function (Directive 2011/83/EU, Article 11a(1): continuously available, prominent, easy to reach)."""
        return bool(self._wiring.policies.returns.withdrawals)

    def show(
        self,
        name: str,
        *,
        locale: str,
        status: int = 200,
        images: Iterable[str] = (),
        script: bool = False,
        **context: Any,
    ) -> HTMLResponse:
        """Render one page. `images`: origins of its pictures (see `image_host`), the only foreign things on it."""
        picked = pick_locale(locale)
        template = environment(picked.language, self._wiring.brand).get_template(f"{name}.html.j2")
        html = template.render(
            lang=picked.tag, root=self.root, style=self._address("portal.css"),
            script=self._address("clock.js") if script else "",
            withdraw=WITHDRAW if self.withdraws else "", **context,
        )  # fmt: skip
        policy = _POLICY + "".join(
            f"; {kind} {' '.join(sorted(set(sources)))}"
            for kind, sources in (("img-src", images), ("script-src", ["'self'"] if script else []))
            if sources
        )
        return HTMLResponse(html, status, {**HEADERS, "Content-Security-Policy": policy})

    def gone(self, locale: str = "en") -> HTMLResponse:
        """The one page for whatever is not there or not the visitor's: they look the same."""
        return self.show("gone", locale=locale, status=404)

    def refusal(self, request: Request, refusal: Refusal, status: int) -> HTMLResponse:
        """What the receiver says to programs in JSON, for people."""
        locale = locale_of(request)
        if status not in _TITLES:
            return self.gone(locale)
        answer = self.show("trouble", locale=locale, status=status, what=_TITLES[status])
        if status == 503:
            answer.headers["Retry-After"] = str(RETRY_AFTER_S)
        if refusal.code == "body_too_slow":
            answer.headers["Connection"] = "close"
        return answer

    def redirect(self, path: str) -> RedirectResponse:
        """To another page of ours, after a form was taken."""
        return RedirectResponse(self.root + path, 303, {**HEADERS})

    def asset(self, request: Request) -> Response:
        """`GET /portal/assets/{digest}/{name}`."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            return self.gone(locale_of(request))
        fresh = request.path_params["digest"] == self._digest(name)  # a page of an older program may ask for its own
        headers = {**HEADERS, "Cache-Control": _ONE_YEAR if fresh else "no-store"}
        return Response(self._assets[name], 200, headers, _ASSETS[name])

    def _address(self, name: str) -> str:
        return f"{self.root}{PORTAL}/assets/{self._digest(name)}/{name}"

    def _digest(self, name: str) -> str:
        return hashlib.sha256(self._assets[name]).hexdigest()[:16]

    @cached_property
    def _assets(self) -> Mapping[str, bytes]:
        plain = make_environment(FileSystemLoader(TEMPLATES), "en", self._wiring.brand, escaped=False)
        return {name: plain.get_template(f"{name}.j2").render().encode() for name in _ASSETS}


def locale_of(request: Request) -> str:
    """What the browser asks for first; a page about an order is written in the order's language instead."""
    return request.headers.get("accept-language", "").partition(",")[0].partition(";")[0][:35] or "en"
