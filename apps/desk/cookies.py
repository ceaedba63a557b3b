"""Cookies of the desk: not for scripts, and over https bound to the host and to https."""

from starlette.requests import Request
from starlette.responses import Response

SESSION = "desk_session"  # the token of an agent's session
FLOOR = "desk_floor"  # what a warehouse's token has opened
VISITOR = "desk_visitor"  # binds the login form to the browser that it was shown to


class Cookies:
    """`secure`: the desk is reached over https."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure

    def get(self, request: Request, name: str) -> str:
        return request.cookies.get(self._named(name), "")

    def put(self, response: Response, name: str, value: str) -> None:
        """Until the browser closes. Lax: links in mails and in the helpdesk's tickets lead to cases here, and what
        changes anything is posted with the session's token."""
        response.set_cookie(
            self._named(name), value, path="/", secure=self._secure, httponly=True, samesite="lax"
        )  # fmt: skip

    def drop(self, response: Response, name: str) -> None:
        response.delete_cookie(self._named(name), path="/", secure=self._secure, httponly=True, samesite="lax")

    def _named(self, name: str) -> str:
        return f"__Host-{name}" if self._secure else name
