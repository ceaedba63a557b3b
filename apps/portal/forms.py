"""Cookies and forms: a visit before somebody is known, a session for one order, and the token of every form."""

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from apps.portal.pages import PORTAL
from apps.receiver.answers import Refusal
from apps.receiver.bodies import read_body
from config.links import (
    ORDER_SESSION,
    BadLink,
    Grant,
    check_link,
    expiry_of,
    is_form_token,
    is_https,
    path_prefix,
    seal,
    unseal,
)
from config.settings import Settings
from config.wiring import Wiring
from domain.ids import digest

VISIT, SESSION = "aftercart_visit", "aftercart_order"
TOKEN = "token"  # the field of a form
REQUESTS, RETURNS = "/changes", "/returns"  # below an order's page: its requests
LARGEST_FORM_BYTES = 64_000
MOST_FIELDS = 500
_RANDOM = re.compile(r"[0-9a-f]{32}")
Form = Mapping[str, str]


async def read_form(request: Request) -> Form:
    """The fields of a form; of a repeated one the last. Raises: Refusal."""
    body = await read_body(request, LARGEST_FORM_BYTES)
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Refusal("body_too_large") from None
    return dict(pairs)


def new_random() -> str:
    return secrets.token_hex(16)


def random_or_new(text: str) -> str:
    """A random name that a form of ours was given; a new one when it is none of ours."""
    return text if _RANDOM.fullmatch(text) else new_random()


def request_name(kind: str, order_id: str, form: Form) -> str:
    """The id of what a form asks for, by the random name it was made with: sent twice it is one request, and nobody
    can name another order's."""
    return f"{kind}_{digest([order_id, random_or_new(form.get('request', ''))])}"


def visit_of(request: Request) -> str:
    """The visit of this browser, or a new one for the response to set."""
    return random_or_new(request.cookies.get(VISIT, ""))


def is_token_of_visit(settings: Settings, request: Request, form: Form) -> bool:
    """Whether the form comes from a page that this browser was shown."""
    visit = request.cookies.get(VISIT, "")
    return bool(_RANDOM.fullmatch(visit)) and is_form_token(settings, visit, form.get(TOKEN, ""))


def keep_visit(settings: Settings, response: Response, visit: str, *, path: str = PORTAL) -> Response:
    """`path`: of the pages whose forms are bound to it."""
    _set_cookie(settings, response, VISIT, visit, path)
    return response


def session_of(wiring: Wiring, request: Request, order_id: str) -> Grant | None:
    """The session that this browser has for this order."""
    try:
        grant = unseal(wiring.settings, request.cookies.get(SESSION, ""), purpose=ORDER_SESSION, now=wiring.now())
    except BadLink:
        return None
    return grant if grant.subject == order_id else None


def signed(wiring: Wiring, path: Mapping[str, Any], granted: Callable[[int], Grant]) -> Grant | None:
    """What the link whose address this is grants; none when it is not ours, grants something else, or has ended.
    `granted`: what is looked for, by the second at which it ends."""
    expires = expiry_of(path["expires"])
    if expires is None:
        return None
    wanted = granted(expires)
    try:
        return check_link(
            wiring.settings, purpose=wanted.purpose, subject=wanted.subject, version=wanted.version,
            expires=expires, signature=path["signature"], now=wiring.now(),
        )  # fmt: skip
    except BadLink:
        return None


def open_session(settings: Settings, response: Response, grant: Grant) -> Response:
    """The cookie goes to this order's pages only, so that one browser may have several orders open."""
    _set_cookie(settings, response, SESSION, seal(settings, grant), order_path(grant.subject))
    return response


def end_session(settings: Settings, response: Response, order_id: str) -> Response:
    response.delete_cookie(SESSION, path=path_prefix(settings) + order_path(order_id), httponly=True, samesite="lax")
    return response


def order_path(order_id: str) -> str:
    return f"{PORTAL}/orders/{order_id}"


def request_path(order_id: str, request_id: str) -> str:
    below = RETURNS if request_id.startswith("ret_") else REQUESTS
    return f"{order_path(order_id)}{below}/{request_id}"


def _set_cookie(settings: Settings, response: Response, name: str, value: str, path: str) -> None:
    response.set_cookie(
        name, value, path=path_prefix(settings) + path, secure=is_https(settings), httponly=True, samesite="lax"
    )
